// The master keys of a creation rule for a file that is there: what changes, and that nothing else does.
import { beforeEach, describe, expect, test } from 'vitest'
import { compareKeys, decrypt, encrypt, type KeyGroup, keyGroup, updateKeys } from '../../src/index.ts'
import { storeFor } from '../../src/stores/registry.ts'
import { corpus } from '../corpus/corpus.ts'
import { alice, bob, carol } from '../test-keys.ts'
import { type KeyRecorder, keyRecorder, readOnly, wellFormed } from './key-recorder.ts'
import { memoryHost } from './memory-host.ts'

let keys: KeyRecorder
beforeEach(() => {
  keys = keyRecorder()
})

const age = (...all: readonly { readonly recipient: string }[]): KeyGroup =>
  keyGroup({ age: all.map(({ recipient }) => recipient).join(',') })
const options = (): { format: string; keyServices: KeyRecorder[] } => ({ format: 'json', keyServices: [keys] })
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

async function seal(keyGroups: readonly KeyGroup[], shamirThreshold = 0): Promise<Uint8Array> {
  const file = await encrypt(Buffer.from('{"a": "secret"}'), { keyGroups, shamirThreshold }, options())
  keys.encryptedFor.length = 0
  return file
}

interface Section {
  readonly age?: readonly { readonly enc: string; readonly recipient: string }[]
  readonly key_groups?: readonly unknown[]
  readonly shamir_threshold?: number
}

const sectionOf = (file: Uint8Array): Section => (JSON.parse(text(file)) as { readonly sops: Section }).sops
const opens = (file: Uint8Array): Promise<string> => decrypt(file, options()).then(text)

describe('the comparison', () => {
  const ids = (group: KeyGroup): readonly string[] => group.map(({ id }) => id)

  test('names what both have, what is new and what goes, group by group', async () => {
    const file = await seal([age(alice, bob), age(carol)])
    const changes = await compareKeys(file, { keyGroups: [age(carol, alice)] }, options())
    expect(changes.any).toBe(true)
    expect(changes.shamirThreshold).toEqual({ before: 2, after: 1 })
    expect(changes.groups.map(({ common, added, removed }) => [common, added, removed].map(ids))).toEqual([
      [[alice.recipient], [carol.recipient], [bob.recipient]],
      [[], [], [carol.recipient]],
    ])
  })

  test('the order of the keys is no change', async () => {
    const file = await seal([age(alice, bob)])
    expect((await compareKeys(file, { keyGroups: [age(bob, alice)] }, options())).any).toBe(false)
  })

  test('a threshold alone is', async () => {
    const groups = [age(alice), age(bob), age(carol)]
    const file = await seal(groups)
    const rule = { keyGroups: groups, shamirThreshold: 2 }
    expect(await compareKeys(file, rule, options())).toMatchObject({
      any: true,
      shamirThreshold: { before: 3, after: 2 },
    })
    expect(sectionOf(await updateKeys(file, rule, options())).shamir_threshold).toBe(2)
  })

  test('a key that prints alike but has another context is another key', async () => {
    const arn = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111'
    const group = (context: string): KeyGroup =>
      keyGroup({ kms: arn }).map((key) => ({ ...key, id: `${arn}|a:1,b:2`, context: JSON.parse(context) as unknown }))
    const file = await seal([group('[["a","1"],["b","2"]]')])
    const changes = await compareKeys(file, { keyGroups: [group('[["a","1,b:2"]]')] }, options())
    expect(changes.groups[0]).toMatchObject({ common: [], added: [{}], removed: [{}] })
  })

  test('asks the service of a key that leaves its version open', async () => {
    const url = 'https://mine.vault.azure.net/keys/k'
    const file = await seal([keyGroup({ azure_kv: `${url}/1` })])
    const refused = compareKeys(
      file,
      { keyGroups: [keyGroup({ azure_kv: url })] },
      { ...options(), host: memoryHost({}) },
    )
    // There is none here.
    await expect(refused).rejects.toMatchObject({ code: 'ERR_SOPS_KEY_BACKEND' })
  })
})

test('thousands of keys take no time to compare', async () => {
  const group = keyGroup({
    azure_kv: Array.from({ length: 5000 }, (_, index) => `https://v.vault.azure.net/keys/k${index}/1`).join(','),
  })
  const file = await seal([group])
  const start = performance.now()
  const changes = await compareKeys(file, { keyGroups: [group.slice(1)] }, options())
  expect(performance.now() - start).toBeLessThan(3000)
  expect(changes.groups[0]?.removed).toHaveLength(1)
})

describe('the update', () => {
  test('the keys of both keep their entries: nobody needs the key of somebody else', async () => {
    const file = await seal([age(alice, bob)])
    const updated = await updateKeys(file, { keyGroups: [age(carol, bob, alice)] }, options())
    expect(keys.encryptedFor).toEqual([`age ${carol.recipient}`])
    expect(sectionOf(updated).age?.slice(1)).toEqual(sectionOf(file).age?.toReversed())
    expect(await opens(updated)).toBe('{"a": "secret"}')
  })

  test('a key is only taken away: no key is asked for anything but the data key', async () => {
    const file = await seal([age(alice, bob)])
    const updated = await updateKeys(file, { keyGroups: [age(alice)] }, options())
    expect(keys.encryptedFor).toEqual([])
    expect(sectionOf(updated).age).toEqual(sectionOf(file).age?.slice(0, 1))
  })

  test('an entry that holds no data key is written anew', async () => {
    const file = await seal([age(alice, bob)])
    const broken = Buffer.from(text(file).replace(JSON.stringify(sectionOf(file).age?.[1]?.enc), '"x"'))
    expect(sectionOf(broken).age?.[1]?.enc).toBe('x')
    await updateKeys(broken, { keyGroups: [age(alice, bob, carol)] }, options())
    expect(keys.encryptedFor).toEqual([`age ${bob.recipient}`, `age ${carol.recipient}`])
  })

  test('what somebody wrote into the file goes, and gets nothing', async () => {
    for (const enc of ['x', wellFormed('age')]) {
      const file = JSON.parse(text(await seal([age(alice)]))) as { sops: { age: unknown[] } }
      file.sops.age.push({ recipient: bob.recipient, enc })
      const updated = await updateKeys(Buffer.from(JSON.stringify(file)), { keyGroups: [age(alice, carol)] }, options())
      expect(keys.encryptedFor).toEqual([`age ${carol.recipient}`])
      expect(text(updated)).not.toContain(bob.recipient)
    }
  })

  test.each<[string, readonly KeyGroup[], readonly KeyGroup[], number, number | undefined]>([
    ['one group to two', [age(alice)], [age(alice), age(bob)], 0, 2],
    ['one group to three', [age(alice)], [age(alice), age(bob), age(carol)], 0, 3],
    ['three groups to two', [age(alice), age(bob), age(carol)], [age(alice), age(bob)], 0, 2],
    ['two of three to two', [age(alice), age(bob), age(carol)], [age(bob), age(carol)], 2, 2],
    ['two groups to one', [age(alice), age(bob)], [age(alice)], 0, 1],
  ])('%s', async (_, before, after, threshold, written) => {
    const file = await seal(before, threshold)
    const updated = await updateKeys(file, { keyGroups: after }, options())
    expect(keys.encryptedFor).toEqual(after.flat().map(({ id }) => `age ${id}`))
    expect(sectionOf(updated).shamir_threshold).toBe(written)
    expect(await opens(updated)).toBe('{"a": "secret"}')
  })

  test.each<[string, readonly KeyGroup[], string]>([
    ['no keys', [[]], 'error updating one or more master keys: [empty key group provided]'],
    ['no groups', [], 'error updating one or more master keys: [no key groups provided]'],
  ])('%s', async (_, keyGroups, message) => {
    await expect(updateKeys(await seal([age(alice)]), { keyGroups }, options())).rejects.toMatchObject({ message })
  })

  test('a key that cannot be encrypted for stops it', async () => {
    const file = await seal([age(alice)])
    const updated = updateKeys(
      file,
      { keyGroups: [age(alice, bob)] },
      { format: 'json', keyServices: [readOnly(keys)] },
    )
    await expect(updated).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY_WRAP' })
  })

  test('values and MAC are not looked at', async () => {
    const file = Buffer.from(text(await seal([age(alice)])).replace(/ENC\[[^\]]*\]/g, 'ENC[nonsense]'))
    await updateKeys(file, { keyGroups: [age(alice, bob)] }, options())
    expect(keys.encryptedFor).toEqual([`age ${bob.recipient}`])
  })
})

describe('the text', () => {
  const host = memoryHost({ SOPS_AGE_KEY: alice.identity })

  const withoutSection = (format: string, file: Uint8Array): Buffer =>
    Buffer.from(storeFor(format)?.parse(file).rewrite(new Map()) ?? [])

  test.each(corpus())('$name: no byte outside the section changes', async ({ format, bytes }) => {
    const file = await encrypt(bytes, { keyGroups: [age(alice)] }, { format, host, allowUnencrypted: true })
    const updated = await updateKeys(file, { keyGroups: [age(alice, bob)] }, { format, host })
    expect(withoutSection(format, updated)).toEqual(withoutSection(format, file))
    expect(updated.length).toBeGreaterThan(file.length)
    expect(Buffer.from(await decrypt(updated, { format, host }))).toEqual(bytes)
    const back = await updateKeys(updated, { keyGroups: [age(alice)] }, { format, host })
    if (format !== 'binary') expect(Buffer.from(back)).toEqual(Buffer.from(file))
  })
})
