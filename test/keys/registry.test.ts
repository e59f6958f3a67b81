import { describe, expect, test } from 'vitest'
import {
  backends,
  defaultDecryptionOrder,
  distinctBackends,
  findBackend,
  inRuleOrder,
} from '../../src/keys/registry.ts'

const created = { created_at: '2024-01-02T03:04:05Z', enc: 'wrapped' }

const entries = [
  ['pgp', { fp: 'ABCD', ...created }, 'ABCD'],
  ['gcp_kms', { resource_id: 'projects/p', ...created }, 'projects/p'],
  ['hckms', { key_id: 'r:u', ...created }, 'r:u'],
  ['azure_kv', { vault_url: 'https://v', name: 'n', version: '1', ...created }, 'https://v/keys/n/1'],
  [
    'hc_vault',
    { vault_address: 'https://v', engine_path: 'a/b', key_name: 'k', ...created },
    'https://v/v1/a/b/keys/k',
  ],
  ['kms', { arn: 'arn:x', aws_profile: '', ...created }, 'arn:x'],
  ['kms', { arn: 'arn:x', aws_profile: '', role: 'arn:r', ...created }, 'arn:x+arn:r'],
  ['kms', { arn: 'arn:x', aws_profile: '', context: { b: '2', a: '1' }, ...created }, 'arn:x|a:1,b:2'],
  ['kms', { arn: 'arn:x', aws_profile: 'p', role: 'arn:r', ...created }, 'arn:x+arn:r||p'],
  ['kms', { arn: 'arn:x', aws_profile: 'p', context: { a: '1' }, ...created }, 'arn:x|a:1|p'],
] as const

describe('metadata of every kind', () => {
  test.each(entries)('%s: the metadata %j is kept and named as sops names it', (type, entry, id) => {
    const backend = findBackend(type)!
    const key = backend.fromMetadata(entry)
    expect(key).toMatchObject({ type, id, enc: 'wrapped' })
    expect(backend.toMetadata(key)).toEqual(entry)
  })

  test.each(['', 'yesterday', '2024-02-30T00:00:00Z', '2024-01-02 03:04:05Z'])(
    'created_at %j is refused',
    (created_at) => {
      expect(() => findBackend('pgp')?.fromMetadata({ fp: 'A', enc: '', created_at })).toThrow(
        expect.objectContaining({ code: 'ERR_SOPS_METADATA_INVALID' }) as Error,
      )
    },
  )

  test('empty optional fields are not written', () => {
    const backend = findBackend('kms')!
    const entry = { arn: 'arn:x', aws_profile: '', ...created }
    expect(backend.toMetadata(backend.fromMetadata({ ...entry, role: '', context: {} }))).toEqual(entry)
  })
})

describe('registry', () => {
  test('the kinds stand in the order in which sops reads them', () => {
    expect(backends.map(({ type }) => type)).toEqual(['kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault', 'pgp', 'age'])
  })

  test('a creation rule reads age and pgp first', () => {
    expect(defaultDecryptionOrder).toEqual(['age', 'pgp'])
    expect(inRuleOrder(backends).map(({ type }) => type)).toEqual([
      ...['age', 'pgp', 'kms', 'gcp_kms', 'hckms', 'azure_kv', 'hc_vault'],
    ])
  })

  test('names, flags and variables are all different', () => {
    for (const spelling of ['rule', 'flag', 'env'] as const) {
      expect(new Set(backends.map(({ names }) => names[spelling])).size).toBe(backends.length)
    }
  })

  test("a caller's backend takes the place of ours", () => {
    const own = { ...findBackend('pgp')! }
    expect(findBackend('pgp', [own])).toBe(own)
    const all = distinctBackends([own, ...backends])
    expect(all).toHaveLength(backends.length)
    expect(all[5]).toBe(own)
  })

  test('an unknown type has no backend', () => {
    expect(findBackend('__proto__')).toBeUndefined()
  })
})
