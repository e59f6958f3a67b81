// groups add and delete beside those of the real sops, with a key of every kind.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { alice, bob, carol } from '../test-keys.ts'
import { identityOf, kinds, useEveryKey } from './every-key.ts'

const keys = useEveryKey()

async function encrypted(): Promise<void> {
  keys.write('plain.yaml', 'a: hunter2\nlist:   [ 1, two ]\n')
  const written = await keys.ours(['encrypt', '--age', alice.recipient, '--output', 'file.yaml', 'plain.yaml'])
  expect(written.status, written.stderr).toBe(0)
}

const programs = () => [keys.ours, keys.sops]

describe.each(kinds)('$type', ({ type, flag }) => {
  test('a group of this kind is needed, and opens with another, on both sides', async () => {
    for (const writer of programs()) {
      await encrypted()
      const added = await writer(['groups', 'add', '-i', '--file', 'file.yaml', `--${flag}`, keys.spec(type)])
      expect(added.status, added.stderr).toBe(0)
      // sops takes a key of Huawei's and leaves it out: the new group is empty then, and the file lost.
      if (writer === keys.sops && type === 'hckms') {
        expect(readFileSync(keys.path('file.yaml'), 'utf8')).not.toContain('hckms')
        expect((await keys.sops(['decrypt', 'file.yaml'])).status).toBe(128)
        continue
      }
      const identities = `${alice.identity} ${identityOf(type)}`
      for (const reader of programs()) {
        const opened = await reader(['decrypt', 'file.yaml'], { identities })
        expect(opened.status, opened.stderr).toBe(0)
        expect((await reader(['decrypt', 'file.yaml'], { identities: identityOf(type) })).status).toBe(128)
      }
      for (const remover of programs()) {
        const line = ['groups', 'delete', '--file', 'file.yaml', '--shamir-secret-sharing-threshold', '1', '0']
        const removed = await remover(line, { identities })
        expect(removed.status, removed.stderr).toBe(0)
        keys.write('left.yaml', removed.stdout)
        for (const reader of programs()) {
          const opened = await reader(['decrypt', 'left.yaml'], { identities: identityOf(type) })
          expect(opened.status, opened.stderr).toBe(0)
          expect(opened.stdout.toString()).toContain('a: hunter2\n')
        }
      }
    }
  })
})

describe('where sops writes a file that nobody can open, we write none', () => {
  const unusable = 'arn:aws:kms:eu-central-1:123456789012:key/99999999-9999-9999-9999-999999999999'
  test.each([
    ['a key that cannot be used', ['add', '--kms', unusable]],
    ['no keys', ['add']],
    ['no group left', ['delete', '0']],
    ['a threshold that cannot be met', ['add', '--age', bob.recipient, '--shamir-secret-sharing-threshold', '5']],
  ])('%s', async (_, [verb = '', ...args]) => {
    await encrypted()
    const before = readFileSync(keys.path('file.yaml'))
    const ours = await keys.ours(['groups', verb, '-i', '-f', 'file.yaml', ...args])
    expect(ours.status, ours.stderr).toBe(1)
    expect(ours.stderr).toContain('error updating one or more master keys: [')
    expect(readFileSync(keys.path('file.yaml'))).toEqual(before)
    const theirs = await keys.sops(['groups', verb, '-i', '-f', 'file.yaml', ...args])
    expect(theirs.status, theirs.stderr).toBe(0)
    const opened = await keys.sops(['decrypt', 'file.yaml'], { identities: `${alice.identity} ${bob.identity}` })
    expect(opened.status).not.toBe(0)
  })
})

test('several keys, the threshold, and what cannot be', async () => {
  for (const writer of programs()) {
    await encrypted()
    const more = ['--age', `${bob.recipient},${carol.recipient}`, '--pgp', keys.spec('pgp')]
    const added = await writer(['groups', 'add', '-i', '-f', 'file.yaml', ...more])
    expect(added.status, added.stderr).toBe(0)
    const file = readFileSync(keys.path('file.yaml'), 'utf8')
    expect([...file.matchAll(/recipient: (\S+)|fp: (\S+)/g)].map(([, age, pgp]) => age ?? pgp)).toEqual([
      ...[alice, bob, carol].map(({ recipient }) => recipient),
      keys.spec('pgp'),
    ])
    expect(file).toContain('shamir_threshold: 2')
    const impossible = await writer(['groups', 'delete', '-f', 'file.yaml', '1'], {
      identities: `${alice.identity} ${bob.identity}`,
    })
    expect(impossible.status).toBe(1)
    expect(impossible.stderr).toContain(
      'msg="removing this key group will make the Shamir threshold impossible to satisfy: Shamir threshold is 2, but we only have 1 key groups"',
    )
  }
})
