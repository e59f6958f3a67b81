// A file opened for editing: what comes back keeps its data key, its unchanged ciphertexts and its master keys, and the
// metadata change only as far as somebody asked.
import { describe, expect, test } from 'vitest'
import { decrypt, editFile, type EditOptions, editNew, encrypt, openTree, type SopsErrorCode } from '../../src/index.ts'
import { ageGroup, ageRule, hostWith } from '../ours.ts'
import { alice, bob, carol } from '../test-keys.ts'
import { keyRecorder } from './key-recorder.ts'

const host = hostWith(alice.identity)
const plain = '# about\na: 1\nb:\n  - x\n  - z\n'
const yaml = { format: 'yaml', host }
const shown = { ...yaml, showMetadata: true }

const encrypted = async (text = plain, rule = ageRule()): Promise<Uint8Array> =>
  encrypt(Buffer.from(text), rule, { ...yaml, allowUnencrypted: true })

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

async function edited(
  file: Uint8Array,
  change: (text: string) => string,
  options: EditOptions = yaml,
): Promise<string> {
  const edit = await editFile(file, options)
  return text(await edit.finish(Buffer.from(change(text(edit.text)))))
}

function changedLines(before: Uint8Array, after: string): readonly string[] {
  const old = new Set(text(before).split('\n'))
  return after
    .split('\n')
    .filter((line) => !old.has(line))
    .map((line) => line.trim().split(' ')[0] ?? '')
}

async function fails(work: Promise<unknown>, code: SopsErrorCode, message: RegExp | string = ''): Promise<void> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toMatchObject({ code })
  expect((error as Error).message).toMatch(message)
}

describe('an encrypted file', () => {
  test('shows the text of its author', async () => {
    expect(text((await editFile(await encrypted(), yaml)).text)).toBe(plain)
  })

  test('changes in the lines that were edited, and in its MAC', async () => {
    const file = await encrypted()
    const after = await edited(file, (each) => each.replace('a: 1', 'a: 2'))
    expect(changedLines(file, after).filter((each) => each !== 'lastmodified:')).toEqual(['a:', 'mac:'])
    expect(text(await decrypt(Buffer.from(after), yaml))).toBe(plain.replace('a: 1', 'a: 2'))
  })

  test('keeps its MAC when only comments and layout change', async () => {
    const file = await encrypted()
    const after = await edited(file, (each) => each.replace('# about', '# More'))
    expect(changedLines(file, after)).toHaveLength(1)
  })

  test('can be finished more than once', async () => {
    const edit = await editFile(await encrypted(), yaml)
    for (const value of ['2', '3']) {
      const after = await edit.finish(Buffer.from(`a: ${value}\n`))
      expect(text(await decrypt(after, yaml))).toBe(`a: ${value}\n`)
    }
  })

  test('of an older sops is of this version when it was edited', async () => {
    const old = text(await encrypted()).replace('version: 3.13.3', 'version: 3.5.0')
    const newer = text(await encrypted()).replace('version: 3.13.3', 'version: 4.0.0')
    expect(await edited(Buffer.from(old), (each) => `${each}c: 1\n`)).toContain('version: 3.13.3')
    expect(await edited(Buffer.from(newer), (each) => `${each}c: 1\n`)).toContain('version: 4.0.0')
  })

  test('is edited in the output format, and becomes one', async () => {
    const edit = await editFile(await encrypted(), { ...yaml, outputFormat: 'json' })
    expect(JSON.parse(text(edit.text))).toEqual({ a: 1, b: ['x', 'z'] })
    const after = await edit.finish(Buffer.from('{"a": 2, "b": ["x", "z"]}\n'))
    expect(text(await decrypt(after, { format: 'json', host }))).toBe('{"a": 2, "b": ["x", "z"]}\n')
    await fails(edit.finish(Buffer.from('a: 2\n')), 'ERR_SOPS_PARSE')
  })

  test('gets a MAC of its own when the old one was not checked', async () => {
    const file = text(await encrypted('a: 1\nb_unencrypted: x\n')).replace('b_unencrypted: x', 'b_unencrypted: y')
    await fails(editFile(Buffer.from(file), yaml), 'ERR_SOPS_MAC')
    const after = await edited(Buffer.from(file), (each) => `# new\n${each}`, { ...yaml, ignoreMac: true })
    expect(text(await decrypt(Buffer.from(after), yaml))).toBe('# new\na: 1\nb_unencrypted: y\n')
  })

  test.for([
    ['a: [', 'ERR_SOPS_PARSE'],
    ['', 'ERR_SOPS_EMPTY'],
    ['sops: 1\n', 'ERR_SOPS_ALREADY_ENCRYPTED'],
    ['a_unencrypted: 1\n', 'ERR_SOPS_NOTHING_ENCRYPTED'],
  ] as const)('does not become %j', async ([after, code]) => {
    await fails(
      edited(await encrypted(), () => after),
      code,
    )
  })

  test('that was left in clear on purpose may stay so', async () => {
    const file = await encrypted('a_unencrypted: 1\n')
    expect(await edited(file, () => 'a_unencrypted: 2\n')).toContain('a_unencrypted: 2\n')
  })
})

describe('a new file', () => {
  test('is encrypted for the keys of its rule', async () => {
    const edit = await editNew(Buffer.from('a: 1\n'), ageRule(), yaml)
    expect(text(edit.text)).toBe('a: 1\n')
    const after = await edit.finish(Buffer.from('b: 2\n'))
    expect(text(after)).not.toContain('b: 2')
    expect(text(await decrypt(after, yaml))).toBe('b: 2\n')
  })

  test('asks its keys before anybody writes a text', async () => {
    const rule = { keyGroups: [[]] }
    await fails(editNew(Buffer.from('a: 1\n'), rule, yaml), 'ERR_SOPS_DATA_KEY_WRAP', /^Error encrypting the data key/)
  })

  test('has the selection of its rule, and the layout that is asked for', async () => {
    const rule = ageRule({ by: 'encrypted_regex', pattern: '^s$' }, true)
    const edit = await editNew(Buffer.from('a:\n    s: x\n'), rule, { ...yaml, layout: { indent: 2 } })
    expect(text(edit.text)).toBe('a:\n  s: x\n')
    const after = text(await edit.finish(Buffer.from('a:\n  s: x\n  c: y\n')))
    expect(after).toMatch(/^a:\n {2}s: ENC.*\n {2}c: y\n/)
    expect(after).toContain('mac_only_encrypted: true')
  })

  test('shows its metadata', async () => {
    const edit = await editNew(Buffer.from('a: 1\n'), ageRule(), shown)
    expect(text(edit.text)).toContain(`recipient: ${alice.recipient}`)
    const after = await edit.finish(Buffer.from(text(edit.text).replace('a: 1', 'a: 2')))
    expect(text(await decrypt(after, yaml))).toBe('a: 2\n')
  })
})

describe('the metadata section in the text', () => {
  const newKey = (recipient: string, enc = ''): string => `    age:\n        - recipient: ${recipient}\n${enc}`

  test('may stay as it is while values change', async () => {
    const file = await encrypted()
    const after = await edited(file, (each) => each.replace('a: 1', 'a: 2'), shown)
    expect(changedLines(file, after).filter((each) => each !== 'lastmodified:')).toEqual(['a:', 'mac:'])
    expect(text(await decrypt(Buffer.from(after), yaml))).toBe(plain.replace('a: 1', 'a: 2'))
  })

  test('may get a key, which then opens the file', async () => {
    const after = await edited(await encrypted(), (each) => each.replace('    age:\n', newKey(bob.recipient)), shown)
    for (const { identity } of [alice, bob]) {
      expect(text(await decrypt(Buffer.from(after), { format: 'yaml', host: hostWith(identity) }))).toBe(plain)
    }
  })

  test('may get a key with an enc of another file, which is not believed', async () => {
    const change = (each: string): string =>
      each.replace('    age:\n', newKey(bob.recipient, '          enc: nonsense\n'))
    const after = await edited(await encrypted(), change, shown)
    expect(after).not.toContain('nonsense')
    expect(text(await decrypt(Buffer.from(after), { format: 'yaml', host: hostWith(bob.identity) }))).toBe(plain)
  })

  test('gives a key that was there before nothing, whoever wrote it', async () => {
    const injected = text(await encrypted()).replace('    age:\n', newKey(bob.recipient, '          enc: garbage\n'))
    const change = (each: string): string => each.replace('a: 1', 'a: 2').replace('    age:\n', newKey(carol.recipient))
    const after = Buffer.from(await edited(Buffer.from(injected), change, shown))
    await fails(decrypt(after, { format: 'yaml', host: hostWith(bob.identity) }), 'ERR_SOPS_DATA_KEY')
    expect(text(await decrypt(after, { format: 'yaml', host: hostWith(carol.identity) }))).toContain('a: 2')
  })

  test('asks for nobody but the key that came, written without a time', async () => {
    const keys = keyRecorder()
    const options = { format: 'yaml', keyServices: [keys], showMetadata: true }
    const file = await encrypt(Buffer.from(plain), ageRule(), options)
    keys.encryptedFor.length = 0
    const arn = 'arn:aws:kms:eu-west-1:123456789012:key/a'
    const after = await edited(
      file,
      (each) => each.replace('sops:\n', `sops:\n    kms:\n        - arn: ${arn}\n`),
      options,
    )
    expect(keys.encryptedFor).toEqual([`kms ${arn}`])
    expect(after).toMatch(/arn: arn:aws.*\n +aws_profile: ""\n +created_at: "2\d{3}-/)
    expect(text(await decrypt(Buffer.from(after), options))).toBe(plain)
  })

  test('may lose a key', async () => {
    const two = { keyGroups: [ageGroup(alice.recipient, bob.recipient)] }
    const remove = (each: string): string => each.replace(/ +- enc: \|\n(?: {12}.*\n)+ +recipient: age1cg.*\n/, '')
    const after = await edited(await encrypted(plain, two), remove, shown)
    const { metadata } = await openTree(Buffer.from(after), yaml)
    expect(metadata.keyGroups.map((group) => group.map(({ id }) => id))).toEqual([[alice.recipient]])
  })

  test('may say that other values are encrypted', async () => {
    const change = (each: string): string => each.replace('unencrypted_suffix: _unencrypted', 'encrypted_regex: ^a$')
    const after = await edited(await encrypted(), change, shown)
    expect(after).toMatch(/^a: ENC/m)
    expect(after).toMatch(/^ {2}- x$/m)
    const nothing = edited(await encrypted(), (each) => change(each).replace('^a$', '^none$'), shown)
    await fails(nothing, 'ERR_SOPS_NOTHING_ENCRYPTED')
    await fails(
      edited(await encrypted(), (each) => change(each).replace('^a$', '(['), shown),
      'ERR_SOPS_CONFIG_INVALID',
    )
  })

  test.for([
    ['mac', (each: string) => each.replace(/mac: .*/, 'mac: x')],
    ['lastmodified', (each: string) => each.replace(/lastmodified: .*/, 'lastmodified: "2020-01-01T00:00:00Z"')],
    ['version', (each: string) => each.replace('version: 3.13.3', 'version: 3.13.2')],
    ['shamir_threshold', (each: string) => `${each}    shamir_threshold: 2\n`],
    ['the entry of age key', (each: string) => each.replace(/-----BEGIN AGE/, '-----XXXXX AGE')],
  ] as const)('must keep %s', async ([name, change]) => {
    await fails(edited(await encrypted(), change, shown), 'ERR_SOPS_METADATA_INVALID', name)
  })

  test('must be there, and hold a key', async () => {
    const file = await encrypted()
    await fails(
      edited(file, (each) => each.replace(/^sops:[^]*/m, ''), shown),
      'ERR_SOPS_METADATA_MISSING',
    )
    await fails(
      edited(file, (each) => each.replace(/ {4}age:\n(?: {8}.*\n)+/, ''), shown),
      'ERR_SOPS_METADATA_INVALID',
      'No keys',
    )
  })

  test('keeps several key groups, from which keys may go, to which none may come', async () => {
    const rule = {
      keyGroups: [ageGroup(alice.recipient, carol.recipient), ageGroup(bob.recipient)],
      shamirThreshold: 2,
    }
    const both = { ...shown, host: hostWith(alice.identity, bob.identity) }
    const file = await encrypted(plain, rule)
    const remove = (each: string): string => each.replace(/ +- enc: \|\n(?: {16}\S.*\n)+ +recipient: age1cf8.*\n/, '')
    const after = Buffer.from(await edited(file, remove, both))
    expect(text(await decrypt(after, both))).toBe(plain)
    expect(text(after)).not.toContain(carol.recipient)
    const add = (each: string): string =>
      each.replace('- age:\n', `- age:\n            - recipient: ${bob.recipient}\n`)
    await fails(edited(file, add, both), 'ERR_SOPS_METADATA_INVALID', 'key groups')
    const drop = (each: string): string => each.replace(/( +)- age:\n(?:\1 .*\n)+(?=\1- age)/, '')
    await fails(edited(file, drop, both), 'ERR_SOPS_METADATA_INVALID', 'key groups')
  })

  test('is the same in every document', async () => {
    const file = await encrypted('a: 1\n---\nb: 2\n')
    const key = `    age:\n        - recipient: ${bob.recipient}\n`
    const each = async (change: (text: string) => string): Promise<string> =>
      text(
        await decrypt(Buffer.from(await edited(file, change, shown)), { format: 'yaml', host: hostWith(bob.identity) }),
      )
    expect(await each((shown) => shown.replace('b: 2', 'b: 3').replaceAll('    age:\n', key))).toBe('a: 1\n---\nb: 3\n')
    const after = await edited(file, (shown) => shown.replace('b: 2', 'b: 3'), shown)
    expect(text(await decrypt(Buffer.from(after), yaml))).toBe('a: 1\n---\nb: 3\n')
    const second = (shown: string): string => shown.replace(/(b: 2\nsops:\n) {4}age:\n/, `$1${key}`)
    await fails(edited(file, second, shown), 'ERR_SOPS_METADATA_INVALID', 'every document')
    await fails(
      edited(file, (shown) => shown.replace('    age:\n', key), shown),
      'ERR_SOPS_METADATA_INVALID',
      'every document',
    )
  })

  test.for([
    ['json', '{"a": 1, "b": "x"}\n'],
    ['dotenv', '# c\nA=1\nB=x y\n'],
    ['ini', '[s]\na = 1\n; c\nb = x\n'],
    ['binary', 'text\n'],
  ] as const)('is shown in %s', async ([format, before]) => {
    const file = await encrypt(Buffer.from(before), ageRule(), { format, host })
    const edit = await editFile(file, { format, host, showMetadata: true })
    expect(text(edit.text)).toContain('recipient')
    const change = text(edit.text).replace(/x|text/, 'changed')
    const after = await edit.finish(Buffer.from(change))
    expect(text(await decrypt(after, { format, host }))).toBe(before.replace(/x|text/, 'changed'))
  })

  test('is not shown with bytes that no text can hold', async () => {
    const file = await encrypt(Uint8Array.of(0xff, 0xfe, 0), ageRule(), { format: 'binary', host })
    await fails(editFile(file, { format: 'binary', host, showMetadata: true }), 'ERR_SOPS_EMIT')
  })
})
