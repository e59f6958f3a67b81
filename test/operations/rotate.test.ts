// Rotation, and above all who gets the new data key: nobody whom only the file names.
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type CreationRule,
  DataKeyCache,
  decrypt,
  encrypt,
  type KeyGroup,
  keyGroup,
  rotate,
  type RotateOptions,
} from '../../src/index.ts'
import { backends } from '../../src/keys/registry.ts'
import { corpus } from '../corpus/corpus.ts'
import { alice, bob, carol } from '../test-keys.ts'
import { type KeyRecorder, keyRecorder, wellFormed } from './key-recorder.ts'
import { memoryHost } from './memory-host.ts'

/** Two keys of each kind: one that belongs there and one of an attacker. */
const samples: Readonly<Record<string, readonly [mine: string, theirs: string]>> = {
  age: [carol.recipient, bob.recipient],
  pgp: ['85D77543B3D624B63CEA9E6DBC17301B491B3F21', 'FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4'],
  kms: [
    'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111',
    'arn:aws:kms:eu-central-1:666666666666:key/22222222-2222-2222-2222-222222222222',
  ],
  gcp_kms: [
    'projects/mine/locations/global/keyRings/r/cryptoKeys/k',
    'projects/theirs/locations/global/keyRings/r/cryptoKeys/k',
  ],
  hckms: ['tr-west-1:aaaaaaaa-0000-0000-0000-aaaaaaaaaaaa', 'tr-west-1:bbbbbbbb-0000-0000-0000-bbbbbbbbbbbb'],
  azure_kv: ['https://mine.vault.azure.net/keys/k/1', 'https://theirs.vault.azure.net/keys/k/1'],
  hc_vault: ['https://vault.example.com:8200/v1/transit/keys/k', 'https://vault.example.com:8200/v1/transit/keys/evil'],
}

const types = Object.keys(samples)

let keys: KeyRecorder
let warnings: string[]

beforeEach(() => {
  keys = keyRecorder()
  warnings = []
})

const plain = 'a: secret\nlist: [1, two]\n# a comment\n'
const of = (type: string, spec: string): KeyGroup => keyGroup({ [type]: spec })
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

const options = (more: Partial<RotateOptions> = {}): RotateOptions => ({
  format: 'json',
  host: memoryHost({}),
  keyServices: [keys],
  onWarning: (message) => void warnings.push(message),
  ...more,
})

async function seal(keyGroups: readonly KeyGroup[], shamirThreshold = 0): Promise<Uint8Array> {
  const rule = { keyGroups, shamirThreshold }
  const file = await encrypt(Buffer.from('{"a": "secret"}'), rule, { format: 'json', keyServices: [keys] })
  keys.encryptedFor.length = 0
  return file
}

interface JsonFile {
  readonly sops: Record<string, unknown> & { readonly key_groups?: Record<string, unknown[]>[] }
}

const parse = (file: Uint8Array): JsonFile => JSON.parse(text(file)) as JsonFile

/** The file with one more entry in its section: what anybody can do who can write the file. */
function inject(
  file: Uint8Array,
  [key]: KeyGroup,
  change: { readonly enc: string; readonly group?: number },
): Uint8Array {
  if (key === undefined) throw new Error('there is no key')
  const backend = backends.find(({ type }) => type === key.type)
  const entry = { ...backend?.toMetadata(key), enc: change.enc }
  const parsed = parse(file)
  const section = change.group === undefined ? parsed.sops : parsed.sops.key_groups?.[change.group]
  if (section === undefined) throw new Error('there is no such key group')
  section[key.type] = [...((section[key.type] as unknown[] | undefined) ?? []), entry]
  return Buffer.from(JSON.stringify(parsed))
}

const garbage = ['x', '', 'garbage', 'AAAA']

describe('the kinds of keys', () => {
  test('are all tried', () => {
    expect(types.toSorted()).toEqual(backends.map(({ type }) => type).toSorted())
  })

  test.each(types)('an enc of the recorder has the form that %s demands', (type) => {
    const [key] = of(type, samples[type]?.[0] ?? '')
    const backend = backends.find((each) => each.type === type)
    expect(key && backend?.isWrapped?.({ ...key, enc: wellFormed(type) })).toBe(true)
  })
})

describe.each(types)('a %s key that somebody wrote into the file', (type) => {
  const [mine = '', theirs = ''] = samples[type] ?? []
  const own = (): KeyGroup => [...keyGroup({ age: alice.recipient }), ...of(type, mine)]
  const rule = (): Partial<RotateOptions> => ({ rule: { keyGroups: [own()] } })
  const fail = (file: Uint8Array, more: Partial<RotateOptions>): Promise<void> =>
    expect(rotate(file, options(more))).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY_WRAP',
      message: expect.stringContaining(theirs) as string,
    })

  test.each(garbage)('with the enc %j gets nothing, with and without a rule, whatever is kept', async (enc) => {
    const file = inject(await seal([own()]), of(type, theirs), { enc })
    for (const more of [rule(), {}, { ...rule(), keepUnknownKeys: true }, { keepUnknownKeys: true }])
      await fail(file, more)
    expect(keys.encryptedFor).toEqual([])
  })

  test('with the enc of another file gets nothing where a rule names the others', async () => {
    const other = await seal([of(type, theirs)])
    const [entry] = (parse(other).sops[type] ?? []) as { readonly enc: string }[]
    const file = inject(await seal([own()]), of(type, theirs), { enc: entry?.enc ?? '' })
    await fail(file, rule())
    expect(keys.encryptedFor).toEqual([])
  })

  test('is kept without a rule if its enc has the right form, and named', async () => {
    const file = inject(await seal([own()]), of(type, theirs), { enc: wellFormed(type) })
    await rotate(file, options())
    expect(warnings).toHaveLength(3)
    expect(warnings.join('\n')).toContain(theirs)
  })

  test('is kept where that is asked for, and named; those of the rule are not', async () => {
    const file = inject(await seal([own()]), of(type, theirs), { enc: wellFormed(type) })
    await rotate(file, options({ ...rule(), keepUnknownKeys: true }))
    expect(warnings).toEqual([expect.stringContaining(theirs)])
    expect(keys.encryptedFor).toContain(`${type} ${of(type, theirs)[0]?.id ?? ''}`)
  })

  test('gets a data key once the user names it', async () => {
    const file = inject(await seal([own()]), of(type, theirs), { enc: 'x' })
    const rotated = await rotate(file, options({ ...rule(), addKeys: of(type, theirs) }))
    expect((parse(rotated).sops[type] as unknown[]).length).toBe(type === 'age' ? 3 : 2)
    expect(warnings).toEqual([])
  })

  test.each(['its key', 'its name'])('goes by %s, whatever form it has', async (way) => {
    const file = inject(await seal([own()]), of(type, theirs), { enc: 'x' })
    const removeKeys = way === 'its key' ? of(type, theirs) : [{ type, id: of(type, theirs)[0]?.id ?? '' }]
    const rotated = await rotate(file, options({ ...rule(), removeKeys }))
    expect(text(rotated)).not.toContain(theirs)
    expect(keys.encryptedFor).toHaveLength(2)
  })

  test('in a key group gets no share, although another group of the rule names it', async () => {
    const groups = [own(), [...keyGroup({ age: bob.recipient }), ...of(type, theirs)]]
    const file = inject(await seal(groups), of(type, theirs), { enc: wellFormed(type), group: 0 })
    await fail(file, { rule: { keyGroups: groups } })
    expect(keys.encryptedFor).toEqual([])
  })
})

describe('a copy of a key that belongs there, under other conditions', () => {
  const arn = samples.kms?.[0] ?? ''
  const kms = (spec: string, more: object = {}): KeyGroup =>
    backends.find(({ type }) => type === 'kms')?.parse(spec, more) ?? []

  test.each<[string, KeyGroup, KeyGroup]>([
    ['a role', kms(arn), kms(`${arn}+arn:aws:iam::666666666666:role/evil`)],
    ['another role', kms(`${arn}+arn:aws:iam::123456789012:role/a`), kms(`${arn}+arn:aws:iam::666666666666:role/evil`)],
    ['no role', kms(`${arn}+arn:aws:iam::123456789012:role/a`), kms(arn)],
    ['a context', kms(arn), kms(arn, { context: { app: 'evil' } })],
    ['another context', kms(arn, { context: { app: 'a' } }), kms(arn, { context: { app: 'evil' } })],
    ['no context', kms(arn, { context: { app: 'a' } }), kms(arn)],
    ['a profile', kms(arn), kms(arn, { profile: 'evil' })],
    ['a context that prints alike', kms(arn, { context: { a: '1', b: '2' } }), kms(arn, { context: { a: '1,b:2' } })],
    [
      'a context that prints like a profile',
      kms(arn, { context: { a: '1' }, profile: 'p' }),
      kms(arn, { context: { a: '1|p' } }),
    ],
  ])('AWS KMS: %s', async (_, mine, copy) => {
    const file = inject(await seal([mine]), copy, { enc: wellFormed('kms') })
    const rule = { keyGroups: [mine] }
    await expect(rotate(file, options({ rule }))).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY_WRAP' })
    expect(keys.encryptedFor).toEqual([])
    await rotate(await seal([mine]), options({ rule }))
    expect(warnings).toEqual([])
  })

  test.each<[string, string, string]>([
    ['azure_kv', 'https://mine.vault.azure.net/keys/k/1', 'https://mine.vault.azure.net/keys/k/2'],
    ['azure_kv', 'https://mine.vault.azure.net/keys/k/1', 'https://mine.vault.azure.net.evil.test/keys/k/1'],
    ['hc_vault', 'https://vault.example.com/v1/transit/keys/k', 'https://vault.example.com/v1/other/keys/k'],
    ['hc_vault', 'https://vault.example.com/v1/transit/keys/k', 'https://evil.test/v1/transit/keys/k'],
    ['hckms', 'tr-west-1:aaaaaaaa', 'tr-west-2:aaaaaaaa'],
  ])('%s: %s and %s', async (type, mine, copy) => {
    const file = inject(await seal([of(type, mine)]), of(type, copy), { enc: wellFormed(type) })
    const refused = rotate(file, options({ rule: { keyGroups: [of(type, mine)] } }))
    await expect(refused).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY_WRAP' })
    expect(keys.encryptedFor).toEqual([])
  })

  test('Azure: a rule without a version names every version of its key', async () => {
    const [first, second] = ['1', '2'].map((version) =>
      of('azure_kv', `https://mine.vault.azure.net/keys/k/${version}`),
    )
    const file = inject(await seal([first ?? []]), second ?? [], { enc: wellFormed('azure_kv') })
    const rule = { keyGroups: [of('azure_kv', 'https://mine.vault.azure.net/keys/k')] }
    await rotate(file, options({ rule }))
    expect(keys.encryptedFor).toHaveLength(2)
    expect(warnings).toEqual([])
  })
})

describe('key groups', () => {
  const groups = [alice, bob, carol].map(({ recipient }) => keyGroup({ age: recipient }))
  const rule: CreationRule = { keyGroups: groups, shamirThreshold: 3 }

  test('a threshold that was lowered is not written again', async () => {
    const file = await seal(groups, 3)
    const lowered = Buffer.from(text(file).replace('"shamir_threshold": 3', '"shamir_threshold": 2'))
    expect(lowered).not.toEqual(Buffer.from(file))
    await expect(rotate(lowered, options({ rule }))).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY_WRAP' })
    const gone = Buffer.from(text(file).replace('"shamir_threshold": 3', '"shamir_threshold": 0'))
    expect(parse(await rotate(gone, options({ rule }))).sops.shamir_threshold).toBe(3)
    await rotate(lowered, options({ rule, keepUnknownKeys: true }))
    expect(parse(await rotate(file, options({ rule }))).sops.shamir_threshold).toBe(3)
  })

  test('a whole group that was added gets no share', async () => {
    const file = await seal(groups.slice(0, 2), 2)
    const parsed = parse(file)
    parsed.sops.key_groups?.push({ age: [{ recipient: carol.recipient, enc: wellFormed('age') }], hc_vault: [] })
    const added = Buffer.from(JSON.stringify(parsed))
    await expect(rotate(added, options({ rule: { keyGroups: groups.slice(0, 2) } }))).rejects.toMatchObject({
      message: expect.stringContaining(carol.recipient) as string,
    })
  })

  test('a key that is removed from every group', async () => {
    const twice = [
      [...keyGroup({ age: `${alice.recipient},${bob.recipient}` })],
      keyGroup({ age: `${bob.recipient},${carol.recipient}` }),
    ]
    const rotated = await rotate(await seal(twice), options({ removeKeys: keyGroup({ age: bob.recipient }) }))
    expect(text(rotated)).not.toContain(bob.recipient)
    expect(parse(rotated).sops.key_groups).toHaveLength(2)
  })

  test('the last key of a group stays', async () => {
    const file = await seal(groups.slice(0, 2))
    await expect(rotate(file, options({ removeKeys: groups[1] ?? [] }))).rejects.toMatchObject({
      message: 'Could not generate data key: [empty key group provided]',
    })
  })
})

describe('adding and removing', () => {
  const [one, two] = [alice, bob].map(({ recipient }) => keyGroup({ age: recipient }))

  test('a key is added once, however often it is named', async () => {
    const rotated = await rotate(
      await seal([one ?? []]),
      options({ addKeys: [...(two ?? []), ...(two ?? []), ...(one ?? [])] }),
    )
    expect(parse(rotated).sops.age).toHaveLength(2)
  })

  test('a key that is there twice goes twice', async () => {
    const file = await seal([[...(one ?? []), ...(two ?? []), ...(two ?? [])]])
    expect(parse(await rotate(file, options({ removeKeys: two ?? [] }))).sops.age).toHaveLength(1)
  })

  test('a key that is added and removed is removed', async () => {
    const rotated = await rotate(await seal([one ?? []]), options({ addKeys: two, removeKeys: two }))
    expect(text(rotated)).not.toContain(bob.recipient)
  })

  test('a key that is not there is told of; a name that is not, is an error', async () => {
    await rotate(await seal([one ?? []]), options({ rule: { keyGroups: [one ?? []] }, removeKeys: two }))
    expect(warnings).toEqual([expect.stringContaining(bob.recipient)])
    const named = rotate(await seal([one ?? []]), options({ removeKeys: [{ type: 'age', id: 'nonsense' }] }))
    await expect(named).rejects.toMatchObject({ code: 'ERR_SOPS_CONFIG_INVALID' })
  })

  test('the last key stays', async () => {
    await expect(rotate(await seal([one ?? []]), options({ removeKeys: one ?? [] }))).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY_WRAP',
      message: 'Could not generate data key: [empty key group provided]',
    })
  })
})

describe('the text', () => {
  const host = memoryHost({ SOPS_AGE_KEY: alice.identity })
  const rule = { keyGroups: [keyGroup({ age: alice.recipient })] }
  const files = corpus()

  // What may differ: ciphertexts and the entries of the section that a new data key changes. In a binary file sops and we
  // write the selection that no selection stands for.
  const rest = (bytes: Uint8Array): string =>
    Buffer.from(bytes)
      .toString('latin1')
      .replace('\t\t"unencrypted_suffix": "_unencrypted",\n', '')
      .replaceAll(/ENC\[AES256_GCM,[^\]]*\]/g, 'ENC')
      .replaceAll(/-----BEGIN AGE[^]*?-----END AGE[^-]*-----/g, 'AGE')
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')

  test.each(files)(
    '$name: every byte but secrets stays, and decryption gives what it gave',
    async ({ format, bytes }) => {
      const file = await encrypt(bytes, rule, { format, host, allowUnencrypted: true })
      const rotated = await rotate(file, { format, host, rule })
      expect(rest(rotated)).toBe(rest(file))
      expect(Buffer.from(await decrypt(rotated, { format, host }))).toEqual(bytes)
      const secrets = (each: Uint8Array): readonly string[] => text(each).match(/ENC\[[^\]]*\]/g) ?? []
      expect(secrets(rotated).filter((each) => secrets(file).includes(each))).toEqual([])
    },
  )

  test.each([
    ['yaml', 'json'],
    ['yaml', 'dotenv'],
    ['json', 'yaml'],
    ['dotenv', 'json'],
  ])('%s is printed as %s on demand', async (format, outputFormat) => {
    const source = { yaml: 'a: secret\nb: "2"\n', json: '{"a": "secret", "b": "2"}', dotenv: 'a=secret\nb=2\n' }[format]
    const file = await encrypt(Buffer.from(source ?? ''), rule, { format, host })
    const rotated = await rotate(file, { format, outputFormat, host, rule })
    const opened = await decrypt(rotated, { format: outputFormat, outputFormat: 'json', host })
    expect(JSON.stringify(JSON.parse(text(opened)))).toMatch(/"a":"secret","b":"2"/)
  })

  test('a layout that is asked for', async () => {
    const file = await encrypt(Buffer.from('a:\n  b: secret\n'), rule, { format: 'yaml', host })
    const rotated = await rotate(file, { format: 'yaml', layout: { indent: 6 }, host, rule })
    expect(text(rotated)).toMatch(/^a:\n {6}b: ENC/)
    expect(text(await decrypt(rotated, { format: 'yaml', host }))).toBe('a:\n      b: secret\n')
  })

  test('a format in which the file would not open again is refused', async () => {
    const commented = { ...rule, selection: { by: 'encrypted_comment_regex', pattern: 'sops:enc' } as const }
    const file = await encrypt(Buffer.from('# sops:enc\na: secret\nb: clear\n'), commented, { format: 'yaml', host })
    const asJson = rotate(file, { format: 'yaml', outputFormat: 'json', host, rule })
    await expect(asJson).rejects.toMatchObject({ code: 'ERR_SOPS_EMIT' })
  })

  test('a format that cannot hold the tree is refused', async () => {
    const file = await encrypt(Buffer.from(plain), rule, { format: 'yaml', host })
    const asDotenv = rotate(file, { format: 'yaml', outputFormat: 'dotenv', host, rule })
    await expect(asDotenv).rejects.toMatchObject({ code: 'ERR_SOPS_EMIT' })
  })

  test('a MAC that is wrong stops it, unless it is not asked', async () => {
    const selection = { by: 'encrypted_regex', pattern: 'a' } as const
    const file = await encrypt(Buffer.from('a: s\nb: clear\n'), { ...rule, selection }, { format: 'yaml', host })
    const edited = Buffer.from(text(file).replace('clear', 'other'))
    await expect(rotate(edited, { format: 'yaml', host, rule })).rejects.toMatchObject({ code: 'ERR_SOPS_MAC' })
    const rotated = await rotate(edited, { format: 'yaml', host, rule, ignoreMac: true })
    expect(text(await decrypt(rotated, { format: 'yaml', host }))).toBe('a: s\nb: other\n')
  })

  test('a cache of data keys does not give the old one for the new file', async () => {
    const dataKeys = new DataKeyCache()
    const file = await encrypt(Buffer.from(plain), rule, { format: 'yaml', host })
    const rotated = await rotate(file, { format: 'yaml', host, rule, dataKeys })
    expect(text(await decrypt(rotated, { format: 'yaml', host, dataKeys }))).toBe(plain)
  })
})
