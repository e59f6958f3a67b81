// Key groups that come and go, and who gets a share of the data key.
import { beforeEach, describe, expect, test } from 'vitest'
import { addGroup, decrypt, deleteGroup, encrypt, type GroupOptions, type KeyGroup, keyGroup } from '../../src/index.ts'
import { storeFor } from '../../src/stores/registry.ts'
import { corpus } from '../corpus/corpus.ts'
import { alice, bob, carol } from '../test-keys.ts'
import { type KeyRecorder, keyRecorder, readOnly, wellFormed } from './key-recorder.ts'
import { memoryHost } from './memory-host.ts'

let keys: KeyRecorder
let warnings: string[]
beforeEach(() => {
  keys = keyRecorder()
  warnings = []
})

const age = (...all: readonly { readonly recipient: string }[]): KeyGroup =>
  keyGroup({ age: all.map(({ recipient }) => recipient).join(',') })
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const options = (more: Partial<GroupOptions> = {}): GroupOptions => ({
  format: 'json',
  keyServices: [keys],
  onWarning: (message) => void warnings.push(message),
  ...more,
})

async function seal(keyGroups: readonly KeyGroup[], shamirThreshold = 0): Promise<Uint8Array> {
  const file = await encrypt(Buffer.from('{"a": "secret"}'), { keyGroups, shamirThreshold }, options())
  keys.encryptedFor.length = 0
  return file
}

interface Section {
  readonly age?: unknown[]
  readonly key_groups?: { age?: unknown[] }[]
  readonly shamir_threshold?: number
}

const sectionOf = (file: Uint8Array): Section => (JSON.parse(text(file)) as { readonly sops: Section }).sops
const opens = (file: Uint8Array): Promise<string> => decrypt(file, options()).then(text)

describe('adding', () => {
  test('the first of several: all keys get shares, all groups are needed', async () => {
    const added = await addGroup(await seal([age(alice)]), age(bob, carol), options())
    expect(keys.encryptedFor).toEqual([alice, bob, carol].map(({ recipient }) => `age ${recipient}`))
    expect(sectionOf(added).key_groups).toHaveLength(2)
    expect(sectionOf(added).shamir_threshold).toBe(2)
    expect(await opens(added)).toBe('{"a": "secret"}')
  })

  test('a further one keeps the threshold, unless another is given', async () => {
    const file = await seal([age(alice), age(bob)])
    expect(sectionOf(await addGroup(file, age(carol), options())).shamir_threshold).toBe(2)
    const three = await addGroup(file, age(carol), options({ shamirThreshold: 3 }))
    expect(sectionOf(three).shamir_threshold).toBe(3)
    expect(await opens(three)).toBe('{"a": "secret"}')
  })

  test.each<[string, KeyGroup, number, string]>([
    ['a group without keys', [], 0, '[empty key group provided]'],
    ['a threshold of one', age(bob), 1, 'threshold must be at least 2'],
    ['a threshold that cannot be met', age(bob), 3, 'parts cannot be less than threshold'],
  ])('%s', async (_, group, shamirThreshold, message) => {
    const added = addGroup(await seal([age(alice)]), group, options({ shamirThreshold }))
    await expect(added).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY_WRAP',
      message: expect.stringContaining(message) as string,
    })
  })

  test('a key that cannot be encrypted for stops it', async () => {
    const file = await seal([age(alice)])
    await expect(addGroup(file, age(bob), options({ keyServices: [readOnly(keys)] }))).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY_WRAP',
      message: expect.stringMatching(/^error updating one or more master keys: \[failed to encrypt/) as string,
    })
  })
})

describe('deleting', () => {
  test('the others get new shares', async () => {
    const file = await seal([age(alice), age(bob), age(carol)], 2)
    const left = await deleteGroup(file, 1, options())
    expect(keys.encryptedFor).toEqual([alice, carol].map(({ recipient }) => `age ${recipient}`))
    expect(text(left)).not.toContain(bob.recipient)
    expect(await opens(left)).toBe('{"a": "secret"}')
  })

  test('the last but one leaves an ordinary file', async () => {
    const file = await seal([age(alice), age(bob)])
    const left = await deleteGroup(file, 0, options({ shamirThreshold: 1 }))
    expect(sectionOf(left)).toMatchObject({ age: [{ recipient: bob.recipient }], shamir_threshold: 1 })
    expect(await opens(left)).toBe('{"a": "secret"}')
  })

  test('a threshold that cannot be met any more', async () => {
    await expect(deleteGroup(await seal([age(alice), age(bob)]), 0, options())).rejects.toMatchObject({
      message:
        'removing this key group will make the Shamir threshold impossible to satisfy: ' +
        'Shamir threshold is 2, but we only have 1 key groups',
    })
  })

  test.each([2, 99, -1, 0.5, Number.NaN])('no group has the index %d', async (index) => {
    const left = deleteGroup(await seal([age(alice), age(bob)], 2), index, options({ shamirThreshold: 1 }))
    await expect(left).rejects.toMatchObject({ code: 'ERR_SOPS_CONFLICT' })
  })

  test('the only one stays', async () => {
    await expect(deleteGroup(await seal([age(alice)]), 0, options())).rejects.toMatchObject({
      message: 'error updating one or more master keys: [no key groups provided]',
    })
  })
})

describe('a key that somebody wrote into the file', () => {
  function inject(file: Uint8Array, enc: string): Uint8Array {
    const parsed = JSON.parse(text(file)) as { readonly sops: Section }
    const group = parsed.sops.key_groups?.[0] ?? parsed.sops
    group.age?.push({ recipient: carol.recipient, enc })
    return Buffer.from(JSON.stringify(parsed))
  }
  const refused = { code: 'ERR_SOPS_DATA_KEY_WRAP', message: expect.stringContaining(carol.recipient) as string }

  test.each(['x', wellFormed('age')])('gets no share where a rule names the others: %j', async (enc) => {
    const one = inject(await seal([age(alice)]), enc)
    const rule = { keyGroups: [age(alice)] }
    await expect(addGroup(one, age(bob), options({ rule }))).rejects.toMatchObject(refused)
    const two = inject(await seal([age(alice), age(bob)]), enc)
    const change = options({ rule: { keyGroups: [age(alice), age(bob)] }, shamirThreshold: 1 })
    await expect(deleteGroup(two, 1, change)).rejects.toMatchObject(refused)
    expect(keys.encryptedFor).toEqual([])
    await deleteGroup(two, 0, change)
    expect(keys.encryptedFor).toEqual([`age ${bob.recipient}`])
  })

  test('without a rule it is kept and named, but not with garbage', async () => {
    const file = await seal([age(alice)])
    await expect(addGroup(inject(file, 'x'), age(bob), options())).rejects.toMatchObject(refused)
    await addGroup(inject(file, wellFormed('age')), age(bob), options())
    expect(warnings.join('\n')).toContain(carol.recipient)
    const rule = { keyGroups: [age(alice)] }
    await addGroup(inject(file, wellFormed('age')), age(bob), options({ rule, keepUnknownKeys: true }))
  })

  test('a threshold that was lowered is not written again', async () => {
    const groups = [age(alice), age(bob), age(carol)]
    const file = Buffer.from(text(await seal(groups)).replace('"shamir_threshold": 3', '"shamir_threshold": 2'))
    const rule = { keyGroups: groups }
    await expect(addGroup(file, age(alice), options({ rule }))).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY_WRAP',
    })
    await addGroup(file, age(alice), options({ rule, shamirThreshold: 3 }))
  })
})

test.each(corpus())('$name: no byte outside the section changes', async ({ format, bytes }) => {
  const host = memoryHost({ SOPS_AGE_KEY: `${alice.identity} ${bob.identity}` })
  const file = await encrypt(bytes, { keyGroups: [age(alice)] }, { format, host, allowUnencrypted: true })
  const added = await addGroup(file, age(bob), { format, host })
  expect(Buffer.from(await decrypt(added, { format, host }))).toEqual(bytes)
  const back = await deleteGroup(added, 1, { format, host, shamirThreshold: 1 })
  const withoutSection = (all: Uint8Array): Buffer => Buffer.from(storeFor(format)?.parse(all).rewrite(new Map()) ?? [])
  expect(withoutSection(added)).toEqual(withoutSection(file))
  expect(withoutSection(back)).toEqual(withoutSection(file))
  expect(Buffer.from(await decrypt(back, { format, host }))).toEqual(bytes)
})
