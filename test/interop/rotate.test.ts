// Rotation with the real sops beside ours: who can open what, with a key of every kind; and the attack that sops falls for.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { RunResult } from '../cli/built-cli.ts'
import { alice } from '../test-keys.ts'
import { corpus } from '../corpus/corpus.ts'
import { memoryHost } from '../operations/memory-host.ts'
import { rotate } from '../../src/index.ts'
import { identityOf, kinds, useEveryKey } from './every-key.ts'
import { bytesOf, sopsDecrypt, sopsEncrypt } from './sops.ts'

const keys = useEveryKey()
const plain = '{"a":"hunter2"}'

interface File {
  readonly sops: Record<string, unknown>
}

async function encrypted(...args: readonly string[]): Promise<File> {
  keys.write('plain.json', plain)
  const { stdout, stderr, status } = await keys.sops(['encrypt', ...args, 'plain.json'])
  expect(status, stderr).toBe(0)
  return JSON.parse(stdout.toString()) as File
}

async function expectOpens(file: string, identities: string): Promise<void> {
  for (const program of [keys.sops, keys.ours]) {
    const { stdout, stderr, status } = await program(['decrypt', file], { identities })
    expect(status, stderr).toBe(0)
    expect(JSON.parse(stdout.toString())).toEqual(JSON.parse(plain))
  }
}

const ruleFor = (text: string): string => `creation_rules:\n  - ${text}\n`

describe.each(kinds)('$type', ({ type, flag }) => {
  /** A file of alice, into which somebody without any key has written one of another kind. */
  async function injected(enc: string | undefined): Promise<string> {
    const mine = await encrypted('--age', alice.recipient)
    const theirs = await encrypted(`--${flag}`, keys.spec(type))
    const [entry] = theirs.sops[type] as { readonly enc: string }[]
    const present = (mine.sops[type] as unknown[] | undefined) ?? []
    mine.sops[type] = [...present, { ...entry, enc: enc ?? entry?.enc }]
    keys.write('injected.json', JSON.stringify(mine))
    return 'injected.json'
  }

  function expectRefused({ status, stdout, stderr }: RunResult): void {
    expect(status, stderr).toBe(1)
    expect(stdout.toString()).toBe('')
    expect(stderr).toContain(`${type} key`)
    expect(stderr).toContain(`--rm-${flag}`)
  }

  test.each([['garbage', 'x'] as const, ['that of another file', undefined] as const])(
    'an injected key whose enc is %s gets the new data key from sops, and nothing from us',
    async (_, enc) => {
      const file = await injected(enc)
      const theirs = await keys.sops(['rotate', '--output', 'theirs.json', file])
      expect(theirs.status, theirs.stderr).toBe(0)
      // This is the attack.
      await expectOpens('theirs.json', identityOf(type))

      keys.write('rules.yaml', ruleFor(`age: ${alice.recipient}`))
      expectRefused(await keys.ours(['--config', 'rules.yaml', 'rotate', file]))
      expectRefused(await keys.ours(['--config', 'rules.yaml', '-r', file]))
      const withoutRule = await keys.ours(['--config', '/dev/null', 'rotate', file])
      if (enc === 'x') expectRefused(withoutRule)
      else expect(withoutRule.stderr).toContain('which only the file itself names')
    },
  )

  test('a key that is added opens what it is added to, on both sides; one that is removed does not', async () => {
    keys.write('mine.json', JSON.stringify(await encrypted('--age', alice.recipient)))
    for (const [writer, name] of [
      [keys.ours, 'ours.json'],
      [keys.sops, 'theirs.json'],
    ] as const) {
      const added = await writer(['rotate', `--add-${flag}`, keys.spec(type), '--output', name, 'mine.json'])
      expect(added.status, added.stderr).toBe(0)
      await expectOpens(name, identityOf(type))
      await expectOpens(name, alice.identity)
      for (const remover of [keys.ours, keys.sops]) {
        const removed = await remover(['rotate', `--rm-${flag}`, keys.spec(type), '--output', 'less.json', name])
        expect(removed.status, removed.stderr).toBe(0)
        await expectOpens('less.json', alice.identity)
        const { sops } = JSON.parse(readFileSync(keys.path('less.json'), 'utf8')) as File
        expect((sops[type] as unknown[] | undefined)?.length).toBe(type === 'age' ? 1 : undefined)
      }
    }
  })
})

test('what makes sops panic, or a key appear twice, is neither an error nor a defect here', async () => {
  keys.write('mine.json', JSON.stringify(await encrypted('--age', alice.recipient)))
  const again = ['rotate', '--add-age', `${alice.recipient},${alice.recipient}`, '--output', 'twice.json', 'mine.json']
  expect((await keys.sops(again)).status).toBe(0)
  const { sops } = JSON.parse(readFileSync(keys.path('twice.json'), 'utf8')) as File
  expect(sops.age).toHaveLength(3)
  expect((await keys.sops(['rotate', '--rm-age', alice.recipient, 'twice.json'])).stderr).toMatch(/^panic: /)
  const ours = await keys.ours(['rotate', '--rm-age', alice.recipient, 'twice.json'])
  expect(ours).toMatchObject({ status: 1, stderr: 'Could not generate data key: [empty key group provided]\n' })
  expect((await keys.ours(again)).status).toBe(0)
  expect((JSON.parse(readFileSync(keys.path('twice.json'), 'utf8')) as File).sops.age).toHaveLength(1)
})

test.each(['yaml', 'dotenv', 'ini', 'json'])('as %s, both open what both print', async (format) => {
  const source = format === 'ini' ? '{"s":{"a":"hunter2"}}' : plain
  keys.write('source.json', source)
  const written = await keys.sops(['encrypt', '--age', alice.recipient, '--output', 'any.json', 'source.json'])
  expect(written.status, written.stderr).toBe(0)
  for (const program of [keys.sops, keys.ours]) {
    const printed = await program(['rotate', '--output-type', format, '--output', 'printed', 'any.json'])
    expect(printed.status, printed.stderr).toBe(0)
    for (const reader of [keys.sops, keys.ours]) {
      const args = ['decrypt', '--input-type', format, '--output-type', 'json', 'printed']
      const { status, stdout, stderr } = await reader(args)
      expect(status, stderr).toBe(0)
      expect(JSON.parse(stdout.toString())).toMatchObject(JSON.parse(source) as object)
    }
  }
})

// sops panics at a comment of one of them.
describe.each(corpus().filter(({ name }) => name !== 'ini/php.ini'))('$name', ({ format, bytes }) => {
  test('a file of sops that we rotated opens in sops as it did', async () => {
    const file = await bytesOf(sopsEncrypt(format, bytes))
    const rotated = await rotate(file, { format, host: memoryHost({ SOPS_AGE_KEY: alice.identity }) })
    const opened = await sopsDecrypt(format, rotated)
    expect(opened.status, opened.stderr).toBe(0)
    expect(opened.stdout).toEqual(await bytesOf(sopsDecrypt(format, file)))
  })
})
