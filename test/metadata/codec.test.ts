import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { backends } from '../../src/keys/registry.ts'
import { emitMetadata, readMetadata } from '../../src/metadata/codec.ts'
import type { Metadata } from '../../src/metadata/types.ts'
import type { Value } from '../../src/tree/types.ts'
import { branchOf, toBranch, toPlain } from '../branches.ts'
import { alice, bob } from '../test-keys.ts'

const time = '2024-01-02T03:04:05Z'
const ageEntry = (recipient: string = alice.recipient): unknown => ({ enc: 'wrapped\n', recipient })
const pgpEntry = { created_at: time, enc: 'wrapped', fp: 'ABCD' }
const base = { age: [ageEntry()], lastmodified: time, mac: 'ENC[x]', version: '3.13.3' }

const read = (fields: Readonly<Record<string, unknown>>): Metadata => readMetadata(toBranch(fields), backends)
const emit = (metadata: Metadata): unknown => toPlain(emitMetadata(metadata, backends))
const reprint = (fields: Readonly<Record<string, unknown>>): unknown => emit(read(fields))
const timestamp: Value = { type: 'time', value: time }

describe('a section as sops writes it', () => {
  test('is read', () => {
    expect(read({ ...base, shamir_threshold: 1, mac_only_encrypted: true, encrypted_regex: '^a' })).toEqual({
      keyGroups: [[{ type: 'age', id: alice.recipient, enc: 'wrapped\n' }]],
      shamirThreshold: 1,
      selection: { by: 'encrypted_regex', pattern: '^a' },
      macOnlyEncrypted: true,
      mac: 'ENC[x]',
      lastModified: time,
      version: '3.13.3',
    })
  })

  test('is written again with its names sorted at every level', () => {
    const fields = {
      version: '3.13.3',
      pgp: [{ fp: 'ABCD', enc: 'wrapped', created_at: time }],
      unencrypted_suffix: '_x',
      mac: 'm',
      lastmodified: time,
      kms: [{ enc: 'w', created_at: time, context: { b: '2', a: '1' }, aws_profile: '', arn: 'arn:x' }],
      age: [ageEntry()],
    }
    const written = emitMetadata(read(fields), backends)
    expect(JSON.stringify(toPlain(written))).toBe(
      JSON.stringify({
        age: [{ enc: 'wrapped\n', recipient: alice.recipient }],
        kms: [{ arn: 'arn:x', aws_profile: '', context: { a: '1', b: '2' }, created_at: time, enc: 'w' }],
        lastmodified: time,
        mac: 'm',
        pgp: [pgpEntry],
        unencrypted_suffix: '_x',
        version: '3.13.3',
      }),
    )
  })

  test('names are sorted by bytes', () => {
    const context = Object.fromEntries(['\u{1f600}', '\uffff', 'a', 'Z'].map((name) => [name, '']))
    const kms = [{ arn: 'arn', aws_profile: '', created_at: time, enc: '', context }]
    const written = JSON.stringify(reprint({ ...base, kms }))
    expect(['"Z"', '"a"', '"\uffff"', '"\u{1f600}"'].map((name) => written.indexOf(name))).toEqual(
      ['"Z"', '"a"', '"\uffff"', '"\u{1f600}"'].map((name) => written.indexOf(name)).toSorted((a, b) => a - b),
    )
  })

  test('unknown fields are dropped, whatever they hold', () => {
    const extra = { unknown: timestamp, '': [timestamp], __proto__x: {} }
    expect(
      reprint({ ...base, ...extra, age: [{ recipient: 'r', enc: '', created_at: timestamp, more: [[1]] }] }),
    ).toEqual(reprint({ ...base, age: [{ recipient: 'r', enc: '' }] }))
  })

  test('the types that are written', () => {
    const written = emitMetadata(read({ ...base, shamir_threshold: '2', mac_only_encrypted: 'true' }), backends)
    const types = written.items.map((item) => (item.type === 'item' ? [item.key, item.value.type] : []))
    expect(types).toEqual([
      ['age', 'list'],
      ['lastmodified', 'str'],
      ['mac', 'str'],
      ['mac_only_encrypted', 'bool'],
      ['shamir_threshold', 'int'],
      ['unencrypted_suffix', 'str'],
      ['version', 'str'],
    ])
  })

  test('no selector is written for a store with a single value', () => {
    expect(emit({ ...read(base), selection: { by: 'none' } })).not.toHaveProperty('unencrypted_suffix')
  })
})

describe('key groups', () => {
  const groups = [{ age: [ageEntry()], pgp: [pgpEntry] }, { hc_vault: [] }]

  test('several are read and written, age and hc_vault also when empty', () => {
    const metadata = read({ ...base, age: [], key_groups: groups })
    expect(metadata.keyGroups.map((group) => group.map(({ type }) => type))).toEqual([['pgp', 'age'], []])
    expect(emit(metadata)).toMatchObject({
      key_groups: [
        { age: [ageEntry()], hc_vault: [], pgp: [pgpEntry] },
        { age: [], hc_vault: [] },
      ],
    })
    expect(emit(metadata)).not.toHaveProperty('age')
  })

  test('a single one is written without key_groups', () => {
    expect(reprint({ ...base, age: [], key_groups: [groups[0]] })).toMatchObject({ age: [ageEntry()], pgp: [pgpEntry] })
  })

  test('they are passed over when a list beside them has a key', () => {
    const broken = [{ pgp: [{ fp: 'x', enc: '', created_at: 'never' }] }]
    expect(read({ ...base, key_groups: broken }).keyGroups).toHaveLength(1)
  })

  test('keys are read in the order of their kinds', () => {
    const keys = {
      age: [ageEntry(), ageEntry(bob.recipient)],
      pgp: [pgpEntry],
      gcp_kms: [{ resource_id: 'g', enc: '', created_at: time }],
    }
    expect(read({ ...base, ...keys }).keyGroups[0]?.map(({ id }) => id)).toEqual([
      'g',
      'ABCD',
      alice.recipient,
      bob.recipient,
    ])
  })

  test('a key without a backend is not lost in silence', () => {
    const metadata = { ...read(base), keyGroups: [[{ type: 'own', id: 'x', enc: '' }]] }
    expect(() => emitMetadata(metadata, backends)).toThrow('no backend for master keys of the type own')
  })

  test("a caller's backend takes the place of ours", () => {
    const own = { ...backends.find(({ type }) => type === 'age')!, alwaysInGroup: true }
    expect(readMetadata(toBranch(base), [own, ...backends]).keyGroups[0]).toHaveLength(1)
  })
})

describe('leniency', () => {
  test('names in any case; the exact one goes first', () => {
    const { lastmodified, ...rest } = base
    expect(read({ ...rest, LastModified: lastmodified, MAC: 'other' })).toMatchObject({
      lastModified: time,
      mac: 'ENC[x]',
    })
    const spelt = { AGE: [{ Recipient: 'r', ENC: 'e' }] }
    expect(() => read({ ...base, ...spelt, age: [] })).toThrow('No keys found in file')
  })

  test('the last of equal names counts', () => {
    const entries: [string, unknown][] = [...Object.entries(base), ['mac', 'last']]
    expect(readMetadata(branchOf(entries), backends).mac).toBe('last')
  })

  test.each([
    ['2', 2],
    [2, 2],
    ['0x0', 0],
    ['0x1F', 31],
    ['0b11', 3],
    ['0o17', 15],
    ['017', 15],
    ['1_000', 1000],
    ['-3', -3],
    ['+4', 4],
    ['', 0],
    [null, 0],
    [true, 1],
    [2.9, 2],
  ])('shamir_threshold %j is %i', (given, expected) => {
    expect(read({ ...base, shamir_threshold: given }).shamirThreshold).toBe(expected)
  })

  test.each(['08', '_1', '1__0', 'two', ' 2', '1.0', '0x', '9223372036854775808'])(
    'shamir_threshold %j is an error',
    (given) => {
      expect(() => read({ ...base, shamir_threshold: given })).toThrow(/'shamir_threshold' cannot parse value as 'int'/)
    },
  )

  test.each([
    ['true', true],
    ['T', true],
    ['1', true],
    [1, true],
    [0.5, true],
    ['', false],
    ['False', false],
    [0, false],
    [null, false],
  ])('mac_only_encrypted %j is %j', (given, expected) => {
    expect(read({ ...base, mac_only_encrypted: given }).macOnlyEncrypted).toBe(expected)
  })

  test('mac_only_encrypted of another text is an error', () => {
    expect(() => read({ ...base, mac_only_encrypted: 'yes' })).toThrow(
      "'mac_only_encrypted' cannot parse value as 'bool': strconv.ParseBool: invalid syntax",
    )
  })

  test.each([
    [3.9, '3.9'],
    [4, '4'],
    [true, '1'],
    [null, ''],
    [1e21, '1000000000000000000000'],
  ])('a text of %j is %j', (given, expected) => {
    expect(read({ ...base, version: given }).version).toBe(expected)
  })

  test('one map where a list is expected, and nothing where one is', () => {
    expect(read({ ...base, age: ageEntry() })).toEqual(read(base))
    expect(read({ ...base, pgp: {}, kms: null, key_groups: {} })).toEqual(read(base))
    const kms = { arn: 'a', created_at: time, enc: 'x' }
    expect(read({ ...base, kms: [{ ...kms, role: null, context: null }] })).toEqual(read({ ...base, kms: [kms] }))
  })

  test('comments are passed over', () => {
    const comment: Value = { type: 'comment', value: 'c', inline: false }
    const branch = toBranch({ ...base, age: { type: 'list', items: [comment, ...[toBranch({ recipient: 'r' })]] } })
    expect(
      readMetadata({ ...branch, items: [{ type: 'comment', value: 'c', inline: false }, ...branch.items] }, backends)
        .keyGroups,
    ).toEqual([[{ type: 'age', id: 'r', enc: '' }]])
  })

  test.each([
    ['2024-01-02T03:04:05.123456789Z', time],
    ['2024-01-02T03:04:05+00:00', time],
    ['2024-01-02T03:04:05-00:00', time],
    ['2024-01-02T3:04:05,5Z', time],
    ['2019-12-31T23:59:59.9+05:30', '2019-12-31T23:59:59+05:30'],
    ['2024-02-29T00:00:00-12:00', '2024-02-29T00:00:00-12:00'],
  ])('lastmodified %s becomes %s', (given, expected) => {
    expect(read({ ...base, lastmodified: given }).lastModified).toBe(expected)
  })
})

describe('errors', () => {
  const decoding = 'decoding failed due to the following error(s):\n\n'
  test.each([
    [{ lastmodified: '' }, 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'],
    [{ lastmodified: 'yesterday' }, "'lastmodified' is not an RFC 3339 time"],
    [{ lastmodified: '2023-02-29T00:00:00Z' }, "'lastmodified' is not an RFC 3339 time"],
    [
      { lastmodified: timestamp },
      `${decoding}'lastmodified' expected type 'string', got unconvertible type 'time.Time'`,
    ],
    [{ age: [] }, 'No keys found in file'],
    [{ age: ['x'] }, `${decoding}'age[0]' expected a map or struct, got "string"`],
    [{ age: 5 }, `${decoding}'age[0]' expected a map or struct, got "int"`],
    [{ key_groups: [['x']], age: [] }, `${decoding}'key_groups[0]' expected a map or struct, got "slice"`],
    [
      { pgp: [{ fp: 'a', enc: '', created_at: timestamp }] },
      `${decoding}'pgp[0].created_at' expected type 'string', got unconvertible type 'time.Time'`,
    ],
    [{ pgp: [{ fp: 'a', enc: '' }] }, "pgp[0]: 'created_at' is not an RFC 3339 time"],
    [{ mac: {} }, `${decoding}'mac' expected type 'string', got unconvertible type 'map[string]interface {}'`],
    [{ mac: ['x'] }, `${decoding}'mac' expected type 'string', got unconvertible type '[]interface {}'`],
    [
      { encrypted_regex: 'a', unencrypted_suffix: 'b' },
      'Cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, ' +
        'encrypted_comment_regex, or unencrypted_comment_regex in the same file',
    ],
  ])('%j', (change, message) => {
    expect(() => read({ ...base, ...change })).toThrow(
      expect.objectContaining({ code: 'ERR_SOPS_METADATA_INVALID', message }) as Error,
    )
  })

  test('no section', () => {
    expect(() => readMetadata(undefined, backends)).toThrow(
      expect.objectContaining({ code: 'ERR_SOPS_METADATA_MISSING', message: 'sops metadata not found' }) as Error,
    )
  })
})

describe('properties', () => {
  const names = fc.constantFrom(
    ...Object.keys(base),
    'pgp',
    'kms',
    'key_groups',
    'shamir_threshold',
    '__proto__',
    'constructor',
    'enc',
    'fp',
    'context',
    'created_at',
  )
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 1, 1.5, '', 'secret-marker', time, timestamp, {
        type: 'bytes',
        value: Uint8Array.of(255),
      }),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.array(fc.tuple(names, tie('value')), { maxLength: 4 }).map(branchOf),
    ),
  }))

  test('any section is read or refused with a SopsError that shows no value', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value), { maxLength: 6 }), (entries) => {
        const fields = [...Object.entries(base), ...entries]
        try {
          readMetadata(branchOf(fields), backends)
        } catch (error) {
          expect(error).toBeInstanceOf(SopsError)
          expect(String(error)).not.toContain('secret-marker')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('what is written is read back as the same', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(names, value), { maxLength: 4 }), (entries) => {
        let metadata: Metadata
        try {
          metadata = readMetadata(branchOf([...Object.entries(base), ...entries]), backends)
        } catch {
          return
        }
        // One group without a key is read from `key_groups: [{}]`, but sops writes it as no group at all.
        fc.pre(metadata.keyGroups.length !== 1 || metadata.keyGroups[0]?.length !== 0)
        expect(readMetadata(emitMetadata(metadata, backends), backends)).toEqual(metadata)
      }),
      { numRuns: 500 },
    )
  })
})
