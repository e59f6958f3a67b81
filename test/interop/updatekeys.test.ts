// updatekeys beside that of the real sops: the same difference, the same question, the same status; and each opens what the
// other wrote, with a key of every kind.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { alice, bob, carol } from '../test-keys.ts'
import { identityOf, kinds, type RunOptions, useEveryKey } from './every-key.ts'

const keys = useEveryKey()
const plain = '# a comment\na: hunter2\nlist:   [ 1, two ]\n'

async function encrypted(name: string, ...args: readonly string[]): Promise<void> {
  keys.write('plain.yaml', plain)
  const written = await keys.ours([...args, 'encrypt', '--output', name, 'plain.yaml'])
  expect(written.status, written.stderr).toBe(0)
}

const rule = (text: string): string => `creation_rules:\n  - ${text}\n`
const both = `${alice.recipient},${bob.recipient}`

async function expectOpens(file: string, identities: string): Promise<void> {
  for (const program of [keys.sops, keys.ours]) {
    const { stdout, stderr, status } = await program(['decrypt', file], { identities })
    expect(status, stderr).toBe(0)
    expect(stdout.toString()).toContain('a: hunter2\n')
  }
}

describe.each(kinds)('$type', ({ type, rule: field }) => {
  test('a key of a rule opens the file of either program', async () => {
    keys.write('alice.config', rule(`age: ${alice.recipient}`))
    const spec = JSON.stringify(keys.spec(type))
    const list =
      type === 'age' ? `age: [${alice.recipient}, ${spec}]` : `{age: ${alice.recipient}, ${field}: [${spec}]}`
    keys.write('more.config', rule(list))
    for (const program of [keys.ours, keys.sops]) {
      await encrypted('file.yaml', '--config', 'alice.config')
      const before = readFileSync(keys.path('file.yaml'), 'utf8')
      const updated = await program(['--config', 'more.config', 'updatekeys', '-y', 'file.yaml'])
      expect(updated.status, updated.stderr).toBe(0)
      await expectOpens('file.yaml', identityOf(type))
      await expectOpens('file.yaml', alice.identity)
      const again = await keys.ours(['--config', 'more.config', 'updatekeys', '-y', 'file.yaml'])
      expect(again.stderr).toContain('already up to date')
      expect((await keys.sops(['--config', 'more.config', 'updatekeys', 'file.yaml'])).stderr).toContain(
        'already up to date',
      )
      const back = await keys.ours(['--config', 'alice.config', 'updatekeys', '-y', 'file.yaml'])
      expect(back.status, back.stderr).toBe(0)
      if (program === keys.ours) expect(readFileSync(keys.path('file.yaml'), 'utf8')).toBe(before)
    }
  })
})

describe('the same on both sides', () => {
  // Neither times nor the log and hints of ours are those of sops.
  const words = (text: string): string =>
    text
      .replaceAll(/\d{4}([/-])\d\d\1\d\d[ T]\d\d:\d\d:\d\dZ?/g, 'TIME')
      .replaceAll(/^\[SOPS\].*Keys were removed.*\n/gm, '')
      .replaceAll(/(?:^\n)?^Hint: (?:.*\n)+?(?=TIME|\[|failed |$(?![^]))/gm, '')
      .replaceAll('creation_rules[0]: ', '')

  const groups = (...all: readonly { readonly recipient: string }[]): string =>
    `key_groups: [${all.map(({ recipient }) => `{age: [${recipient}]}`).join(', ')}]`

  interface Case {
    readonly name: string
    /** The rule of the file, and the one that is to come. */
    readonly from: string
    readonly to: string
    readonly args?: readonly string[]
    readonly options?: RunOptions
  }

  const cases: readonly Case[] = [
    { name: 'one more', from: `age: ${alice.recipient}`, to: `age: ${both}`, args: ['-y'] },
    { name: 'one less', from: `age: ${both}`, to: `age: ${alice.recipient}`, args: ['-y'] },
    { name: 'another order', from: `age: ${both}`, to: `age: "${bob.recipient},${alice.recipient}"` },
    { name: 'a key twice', from: `age: ${alice.recipient}`, to: `age: "${both},${bob.recipient}"`, args: ['-y'] },
    {
      name: 'another threshold of the rule',
      from: groups(alice, bob),
      to: `{${groups(alice, bob)}, shamir_threshold: 2}`,
    },
    { name: 'one group to three', from: `age: ${alice.recipient}`, to: groups(alice, bob, carol), args: ['-y'] },
    { name: 'three groups to two', from: groups(alice, bob, carol), to: groups(alice, carol), args: ['-y'] },
    { name: 'two groups to one', from: groups(alice, bob), to: `age: ${bob.recipient}`, args: ['-y'] },
    { name: 'groups that swap', from: groups(alice, bob), to: groups(bob, alice), args: ['-y'] },
    { name: 'yes', from: `age: ${alice.recipient}`, to: `age: ${both}`, options: { stdin: 'y\n' } },
    { name: 'yes, without a line break', from: `age: ${alice.recipient}`, to: `age: ${both}`, options: { stdin: 'y' } },
    { name: 'yes at last', from: `age: ${alice.recipient}`, to: `age: ${both}`, options: { stdin: 'Y\nyes\n  y\r\n' } },
    { name: 'no', from: `age: ${alice.recipient}`, to: `age: ${both}`, options: { stdin: 'n\ny\n' } },
    { name: 'nothing', from: `age: ${alice.recipient}`, to: `age: ${both}` },
    { name: 'an empty line', from: `age: ${alice.recipient}`, to: `age: ${both}`, options: { stdin: '\ny\n' } },
    { name: 'two words', from: `age: ${alice.recipient}`, to: `age: ${both}`, options: { stdin: 'y y\ny\n' } },
    { name: 'a rule without keys', from: `age: ${alice.recipient}`, to: 'age: []', args: ['-y'] },
    { name: 'a rule for others', from: `age: ${alice.recipient}`, to: `{path_regex: nothing, age: "${both}"}` },
    { name: 'a rule that is broken', from: `age: ${alice.recipient}`, to: 'age: nonsense', args: ['-y'] },
    {
      name: 'without the key',
      from: `age: ${alice.recipient}`,
      to: `age: ${both}`,
      args: ['-y'],
      options: { identities: carol.identity },
    },
    { name: 'as another format', from: `age: ${alice.recipient}`, to: `age: ${both}`, args: ['--input-type', 'json'] },
  ]

  test.each(cases)('$name', async ({ from, to, args = [], options = {} }) => {
    const identities = options.identities ?? [alice, bob, carol].map(({ identity }) => identity).join(' ')
    const results = []
    for (const program of [keys.sops, keys.ours]) {
      keys.write('from.config', rule(from))
      keys.write('to.config', rule(to))
      await encrypted('file.yaml', '--config', 'from.config')
      const before = readFileSync(keys.path('file.yaml'), 'utf8')
      const line = ['--config', 'to.config', 'updatekeys', ...args, 'file.yaml']
      const { status, stdout, stderr } = await program(line, { ...options, identities })
      const after = readFileSync(keys.path('file.yaml'), 'utf8')
      const threshold = /shamir_threshold: (\d+)/.exec(after)?.[1]
      const recipients = [...after.matchAll(/recipient: (\S+)/g)].map(([, recipient]) => recipient)
      const all = [alice, bob, carol].map(({ identity }) => identity).join(' ')
      await expectOpens('file.yaml', all)
      // Only the words of sops' YAML and JSON readers are not ours.
      const said = args.includes('--input-type') ? '' : words(stderr)
      results.push({ status, stdout: stdout.toString(), said, changed: after !== before, threshold, recipients })
    }
    expect(results[1]).toEqual(results[0])
  })

  test('several files, with what is wrong with some', async () => {
    const results = []
    for (const program of [keys.sops, keys.ours]) {
      keys.write('from.config', rule(`age: ${alice.recipient}`))
      keys.write('to.config', rule(`age: ${both}`))
      for (const name of ['one.yaml', 'two.yaml', 'three.yaml']) await encrypted(name, '--config', 'from.config')
      const files = ['one.yaml', 'missing.yaml', 'two.yaml', 'one.yaml', 'plain.yaml', 'three.yaml']
      const line = ['--config', 'to.config', 'updatekeys', ...files]
      const { status, stdout, stderr } = await program(line, { stdin: 'y\nx\nn\ny\n' })
      const changed = files.map((name) =>
        readFileSync(keys.path(name === 'missing.yaml' ? 'plain.yaml' : name)).includes(bob.recipient),
      )
      results.push({ status, stdout: stdout.toString(), said: words(stderr), changed })
    }
    expect(results[1]).toEqual(results[0])
    expect(results[1]?.changed).toEqual([true, false, false, true, false, true])
  })
})
