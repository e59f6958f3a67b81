import { inspect } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import {
  type CreationRule,
  decrypt,
  editFile,
  encrypt,
  isEncrypted,
  keyGroup,
  openTree,
  parseTreePath,
  rotate,
  update,
  updateKeys,
} from '../../src/index.ts'
import { generateIdentity } from '../../src/keys/age/keygen.ts'
import { memoryHost } from './memory-host.ts'

type Identity = Awaited<ReturnType<typeof generateIdentity>>
let alice: Identity
let bob: Identity
let host = memoryHost({})
let bobsHost = memoryHost({})
let rule: CreationRule

beforeAll(async () => {
  alice = await generateIdentity('x25519')
  bob = await generateIdentity('x25519')
  host = memoryHost({ SOPS_AGE_KEY: alice.identity })
  bobsHost = memoryHost({ SOPS_AGE_KEY: bob.identity })
  rule = { keyGroups: [keyGroup({ age: alice.recipient })] }
})

const plain = `# owner: me
db:
    user: "admin"   # who
    password: hunter2

    ports: [5432, 5433]
flag: true
ratio: 1.0
note_unencrypted: clear
`
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const seal = (source = plain, extra: Partial<CreationRule> = {}): Promise<Uint8Array> =>
  encrypt(Buffer.from(source), { ...rule, ...extra }, { format: 'yaml', host })
const open = (file: Uint8Array, extra: object = {}): Promise<Uint8Array> =>
  decrypt(file, { format: 'yaml', host, ...extra })
const lines = (bytes: Uint8Array): string[] => text(bytes).split('\n')

describe('encrypt and decrypt', () => {
  test('the author’s bytes come back', async () => {
    expect(text(await open(await seal()))).toBe(plain)
  })

  test('only secrets differ, and the section', async () => {
    const encrypted = lines(await seal())
    expect(encrypted.filter((line) => !line.includes('ENC[')).slice(0, 4)).toEqual([
      'db:',
      '',
      'note_unencrypted: clear',
      'sops:',
    ])
    expect(encrypted.join('\n')).not.toMatch(/hunter2|admin|5432|owner|who/)
  })

  test('a value of sops is opened in another format', async () => {
    const json = JSON.parse(text(await open(await seal(), { outputFormat: 'json' }))) as unknown
    expect(json).toMatchObject({ db: { user: 'admin', ports: [5432, 5433] }, flag: true, ratio: 1 })
  })

  test('a part is extracted', async () => {
    const file = await seal()
    expect(text(await open(file, { extract: parseTreePath('["db"]["password"]') }))).toBe('hunter2')
    expect(text(await open(file, { extract: parseTreePath('["db"]["ports"]') }))).toBe('- 5432\n- 5433\n')
    await expect(open(file, { extract: ['nope'] })).rejects.toMatchObject({ code: 'ERR_SOPS_PATH_MISSING' })
  })

  test('the tree of a file', async () => {
    const { branches, metadata } = await openTree(await seal(), { format: 'yaml', host })
    expect(branches).toHaveLength(1)
    expect(metadata).toMatchObject({
      version: '3.13.3',
      selection: { by: 'unencrypted_suffix', suffix: '_unencrypted' },
    })
  })

  test.each([
    ['yaml', ''],
    ['json', ''],
  ])('an empty %s file is refused', async (format, source) => {
    await expect(encrypt(Buffer.from(source), rule, { format, host })).rejects.toBeInstanceOf(SopsError)
  })

  test('an encrypted file is not encrypted again', async () => {
    await expect(encrypt(await seal(), rule, { format: 'yaml', host })).rejects.toMatchObject({
      code: 'ERR_SOPS_ALREADY_ENCRYPTED',
    })
    await expect(seal('a: 1\nsops: 1\n')).rejects.toMatchObject({ code: 'ERR_SOPS_ALREADY_ENCRYPTED' })
    await expect(seal('a: 1\n---\nsops: {}\n')).rejects.toMatchObject({ code: 'ERR_SOPS_EMIT' })
  })

  test('a rule that selects nothing is refused, unless it is asked for', async () => {
    const selection = { by: 'encrypted_regex', pattern: '^data$' } as const
    await expect(seal(plain, { selection })).rejects.toMatchObject({ code: 'ERR_SOPS_NOTHING_ENCRYPTED' })
    const allowed = await encrypt(
      Buffer.from(plain),
      { ...rule, selection },
      { format: 'yaml', host, allowUnencrypted: true },
    )
    expect(text(allowed)).toContain('hunter2')
    expect(text(await seal('a: ""\nb: null\nc: {}\n', { selection }))).toContain('sops:')
  })

  test('an integer that sops cannot hold is refused with its path', async () => {
    const clear = { macOnlyEncrypted: true, selection: { by: 'encrypted_regex', pattern: 'c' } } as const
    await expect(seal('b: 18446744073709551615\nc: 1\n', clear)).rejects.toMatchObject({
      code: 'ERR_SOPS_VALUE_ENCRYPT',
      path: ['b'],
    })
    await expect(seal('a:\n  b: 18446744073709551615\n')).rejects.toMatchObject({
      code: 'ERR_SOPS_VALUE_ENCRYPT',
      path: ['a', 'b'],
    })
  })

  test('an unknown format is refused', async () => {
    await expect(open(await seal(), { format: 'toml' })).rejects.toMatchObject({ code: 'ERR_SOPS_INPUT' })
  })

  test('without a key nothing opens', async () => {
    await expect(open(await seal(), { host: bobsHost })).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
  })

  test('a binary file ignores selection and says so', async () => {
    const warnings: string[] = []
    const bytes = Buffer.from([0, 255, 10, 13, 0])
    const options = { format: 'binary', host, onWarning: (message: string) => void warnings.push(message) }
    const file = await encrypt(bytes, { ...rule, selection: { by: 'encrypted_regex', pattern: 'x' } }, options)
    expect(warnings).toHaveLength(1)
    expect(text(file)).not.toContain('encrypted_regex')
    expect(Buffer.from(await decrypt(file, { format: 'binary', host }))).toEqual(bytes)
  })

  test('several groups need their threshold', async () => {
    const groups = [keyGroup({ age: alice.recipient }), keyGroup({ age: bob.recipient })]
    const file = await seal(plain, { keyGroups: groups })
    await expect(open(file)).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY', threshold: 2 })
    const both = memoryHost({ SOPS_AGE_KEY: `${alice.identity} ${bob.identity}` })
    expect(text(await open(file, { host: both }))).toBe(plain)
  })
})

test('a comment that the rule selects never stands in clear, wherever encryption moves it', async () => {
  const source = '  x:\n    password2:\n      e: |+\n\n # abc\n\n  y: 0x1F\n  password: 0x1F\n'
  const file = await seal(source, { selection: { by: 'encrypted_regex', pattern: '^password' } })
  expect(text(file)).not.toContain('abc')
  expect(text(await open(file))).toBe(source)
})

describe('tampering', () => {
  const swap = (file: Uint8Array, a: RegExp, b: RegExp): Uint8Array => {
    const [one, two] = [a.exec(text(file))?.[0] ?? '', b.exec(text(file))?.[0] ?? '']
    return Buffer.from(text(file).replace(one, '\0').replace(two, one).replace('\0', two))
  }
  test.each<[string, string, (file: Uint8Array) => Uint8Array]>([
    ['a clear value', 'ERR_SOPS_MAC', (file) => Buffer.from(text(file).replace(': clear', ': other'))],
    [
      'a value moved to another key',
      'ERR_SOPS_VALUE_DECRYPT',
      (file) => Buffer.from(text(file).replace('password:', 'passwort:')),
    ],
    ['two list items', 'ERR_SOPS_MAC', (file) => swap(file, /(?<=\[')ENC[^']*/, /(?<=, ')ENC[^']*/)],
    [
      'the time',
      'ERR_SOPS_MAC',
      (file) => Buffer.from(text(file).replace(/lastmodified: "\d{4}/, 'lastmodified: "1999')),
    ],
    ['no MAC', 'ERR_SOPS_MAC', (file) => Buffer.from(text(file).replace(/\n {4}mac: .*/, ''))],
    ['a value that was added', 'ERR_SOPS_VALUE_DECRYPT', (file) => Buffer.from(`new: hunter3\n${text(file)}`)],
    ['a value taken out', 'ERR_SOPS_MAC', (file) => Buffer.from(text(file).replace(/flag: .*\n/, ''))],
  ])('%s', async (_name, code, tamper) => {
    const file = await seal()
    const bad = tamper(file)
    expect(text(bad)).not.toBe(text(file))
    await expect(open(bad)).rejects.toMatchObject({ code })
  })

  test('a file without its MAC opens when that is asked for, with a warning', async () => {
    const warnings: string[] = []
    const file = Buffer.from(text(await seal()).replace(/\n {4}mac: .*/, ''))
    const opened = await open(file, { ignoreMac: true, onWarning: (message: string) => void warnings.push(message) })
    expect(text(opened)).toBe(plain)
    expect(warnings).toHaveLength(1)
  })
})

test('values in clear keep their types where an alias is written out', async () => {
  const source = 'a: &n\n  f: 1.0\n  e: 1e3\n  secret: x\n  # c\nb: *n\nc:\n  <<: [*n]\n'
  const selection = { by: 'encrypted_regex', pattern: 'secret' } as const
  expect(text(await open(await seal(source, { selection })))).toBe(source)
})

test('the layout comes back where encryption moves a comment out of what is encrypted', async () => {
  const source = '  x:\n    password2:\n      e: |+\n\n # abc\n\n  y: 0x1F\n  password: 0x1F\n'
  const selection = { by: 'encrypted_regex', pattern: '^password' } as const
  expect(text(await open(await seal(source, { selection })))).toBe(source)
})

describe('update', () => {
  const options = (): { format: string; host: typeof host } => ({ format: 'yaml', host })

  test('no change, no byte', async () => {
    const file = await seal()
    expect(await update(file, Buffer.from(plain), options())).toBe(file)
  })

  test('unchanged values keep their ciphertext', async () => {
    const file = await seal()
    const next = plain.replace('hunter2', 'hunter3').replace('5433', '5434')
    const updated = await update(file, Buffer.from(next), options())
    expect(text(await open(updated))).toBe(next)
    const [before, after] = [lines(file), lines(updated)]
    expect(after).toHaveLength(before.length)
    const changed = before.flatMap((line, index) => (line === after[index] ? [] : [line.trim().split(/[: ]/)[0] ?? '']))
    expect(changed.filter((key) => key !== '#')).toEqual(expect.arrayContaining(['password', 'ports', 'mac']))
    expect(changed).not.toContain('user')
    expect(changed).not.toContain('flag')
  })

  test('a change of layout alone keeps MAC and time', async () => {
    const file = await seal('a: 1\nb: two\n')
    const updated = await update(file, Buffer.from('a: 1\n\n\nb: two\n'), options())
    expect(lines(updated).filter((line) => line !== '')).toEqual(lines(file).filter((line) => line !== ''))
  })

  test('a file whose MAC was not checked gets a MAC of its own', async () => {
    const edited = Buffer.from(text(await seal()).replace(': clear', ': other'))
    const next = plain.replace(': clear', ': other').replace('# owner: me', '# owner: you')
    const updated = await update(edited, Buffer.from(next), { ...options(), ignoreMac: true })
    expect(text(await open(updated))).toBe(next)
  })

  test('keys, selection and other master keys stay', async () => {
    const file = await seal(plain, {
      keyGroups: [keyGroup({ age: `${alice.recipient},${bob.recipient}` })],
      selection: { by: 'encrypted_regex', pattern: '^db$' },
    })
    const updated = await update(file, Buffer.from(`${plain}more: x\n`), options())
    expect(text(updated)).toContain('more: x')
    expect(text(await open(updated, { host: bobsHost }))).toBe(`${plain}more: x\n`)
  })
})

describe('rotate and updateKeys', () => {
  test('rotate makes a new data key and keeps every byte of the layout', async () => {
    const file = await seal()
    const rotated = await rotate(file, { format: 'yaml', host })
    expect(text(await open(rotated))).toBe(plain)
    const ciphertexts = (bytes: Uint8Array): string[] => text(bytes).match(/data:[^,]*/g) ?? []
    expect(ciphertexts(rotated).filter((each) => each.length > 12 && ciphertexts(file).includes(each))).toEqual([])
  })

  test('rotate names the keys that only the file names', async () => {
    const warnings: string[] = []
    await rotate(await seal(), { format: 'yaml', host, onWarning: (message) => void warnings.push(message) })
    expect(warnings.join()).toContain(alice.recipient)
  })

  test('a recipient that somebody wrote into the file gets no new data key', async () => {
    const file = text(await seal())
    const injected = file.replace('    age:\n', `    age:\n        - enc: x\n          recipient: ${bob.recipient}\n`)
    expect(injected).not.toBe(file)
    await expect(rotate(Buffer.from(injected), { format: 'yaml', host })).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY_WRAP',
    })
    const named = await rotate(Buffer.from(injected), { format: 'yaml', host, keyGroups: rule.keyGroups })
    expect(text(named)).not.toContain(bob.recipient)
  })

  test('updateKeys changes the master keys and nothing else', async () => {
    const file = await seal()
    const updated = await updateKeys(file, { keyGroups: [keyGroup({ age: bob.recipient })] }, { format: 'yaml', host })
    expect(text(await open(updated, { host: bobsHost }))).toBe(plain)
    await expect(open(updated)).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
    const body = (bytes: Uint8Array): string => text(bytes).slice(0, text(bytes).indexOf('sops:'))
    expect(body(updated)).toBe(body(file))
  })
})

test('isEncrypted', async () => {
  const file = await seal()
  expect(isEncrypted(file, { format: 'yaml' })).toBe(true)
  expect(isEncrypted(Buffer.from(plain), { format: 'yaml' })).toBe(false)
  expect(isEncrypted(Buffer.from(text(file).replace(/\n {4}mac: .*/, '')), { format: 'yaml' })).toBe(false)
})

describe('a text that is no Uint8Array', () => {
  const secret = 'password: hunter2\n'
  // As JavaScript may call it.
  const wrong = secret as unknown as Uint8Array

  test.each(['yaml', 'json', 'dotenv', 'ini', 'binary'])('%s: is told of, without a word of it', async (format) => {
    const file = await encrypt(
      Buffer.from(format === 'json' ? '{"a": 1}' : format === 'ini' ? '[s]\na=1\n' : 'a=1\n'),
      rule,
      {
        format: format === 'yaml' ? 'dotenv' : format,
        outputFormat: format,
        host,
      },
    )
    const calls = [
      () => encrypt(wrong, rule, { format, host }),
      () => update(file, wrong, { format, host }),
      () => decrypt(wrong, { format, host }),
      async () => (await editFile(file, { format, host })).finish(wrong),
    ]
    for (const call of calls) {
      const error: unknown = await call().catch((caught: unknown) => caught)
      expect(error).toMatchObject({ code: 'ERR_SOPS_INPUT' })
      expect(inspect(error, { depth: 10 })).not.toContain('hunter2')
    }
  })
})
