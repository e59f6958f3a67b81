import { describe, expect, test } from 'vitest'
import { type DestinationRule, destinationWarnings, findDestinationRule } from '../../src/config/destination-rule.ts'
import { readConfig } from '../../src/config/schema.ts'
import type { Config } from '../../src/config/types.ts'
import { destinationKinds } from '../../src/destinations/registry.ts'
import { ConfigError } from '../../src/errors.ts'
import { backends } from '../../src/keys/registry.ts'
import { yaml } from '../../src/stores/yaml.ts'
import { fakeHost } from '../keys/hosts.ts'
import { alice, bob } from '../test-keys.ts'

const file = '/repo/.sops.yaml'
const host = fakeHost({})

function read(rules: string): Config {
  return readConfig(yaml.parse(Buffer.from(`destination_rules: [${rules}]`)).branches[0], file, backends)
}

async function find(rules: string, path = 'a.yaml'): Promise<DestinationRule> {
  return findDestinationRule(read(rules), path, destinationKinds, backends)
}

async function failureOf(rules: string, path?: string): Promise<ConfigError> {
  const error: unknown = await find(rules, path).catch((thrown: unknown) => thrown)
  if (error instanceof ConfigError) return error
  throw new Error('it was accepted', { cause: error })
}

describe('the rule of a file', () => {
  test('is the first that matches the path as it is', async () => {
    const rules = '{path_regex: ^sub/, s3_bucket: a}, {path_regex: \\.yaml$, s3_bucket: b}, {s3_bucket: c}'
    const uriOf = async (path: string): Promise<string> => (await find(rules, path)).destination.uri('n', host)
    expect(await uriOf('sub/x.yaml')).toBe('s3://a/n')
    expect(await uriOf('./sub/x.yaml')).toBe('s3://b/n')
    expect(await uriOf('/repo/sub/x.json')).toBe('s3://c/n')
  })

  test.each(['', '{path_regex: nope, s3_bucket: a}'])('%j has none', async (rules) => {
    await expect(find(rules)).rejects.toMatchObject({
      code: 'ERR_SOPS_NO_RULE',
      message: 'error loading config: no matching destination found in config',
    })
  })

  test('a pattern that does not compile is no pattern that never matches', async () => {
    const error = await failureOf('{path_regex: "(?=x)", s3_bucket: a}, {s3_bucket: b}')
    expect(error.message).toContain('destination_rules[0].path_regex')
  })

  test('null is passed over', async () => {
    expect((await find('null, {s3_bucket: b}')).destination.uri('n', host)).toBe('s3://b/n')
  })
})

describe('the destination', () => {
  test.each([
    ['s3_bucket: b, s3_prefix: p/', 's3', 's3://b/p/n'],
    ['gcs_bucket: b, gcs_prefix: p/', 'gcs', 'gcs://b/p/n'],
    ['vault_path: p', 'vault', 'https://127.0.0.1:8200/v1/secret/data/p/n'],
    ['vault_path: p/, vault_kv_version: 1', 'vault', 'https://127.0.0.1:8200/v1/secret/p/n'],
    ['vault_path: p, vault_kv_mount_name: m, vault_address: "http://v/"', 'vault', 'http://v//v1/m/data/p/n'],
    ['aws_secrets_manager_region: eu-west-1', 'aws_secrets_manager', 'aws-secrets-manager://eu-west-1/n'],
    [
      'gcp_secret_manager_project: p, gcp_secret_manager_prefix: x.',
      'gcp_secret_manager',
      'gcp-secret-manager://p/x-n',
    ],
    [
      'azure_key_vault_url: "https://v.vault.azure.net/", secret_per_key: true',
      'azure_key_vault',
      'https://v.vault.azure.net/secrets/n-*',
    ],
  ])('%s', async (fields, kind, uri) => {
    const rule = await find(`{${fields}}`)
    expect(rule.kind).toBe(kind)
    expect(rule.destination.uri('n', host)).toBe(uri)
    expect(rule.omitExtensions).toBe(false)
    expect(rule.recreation).toBeUndefined()
  })

  test('there must be one', async () => {
    expect((await failureOf('{s3_prefix: a}')).message).toBe('no destination configured for this file')
  })

  test('there must be one only', async () => {
    const { message, hint } = await failureOf('{s3_bucket: a, vault_path: b}')
    expect(message).toBe(
      'error loading config: more than one destinations were found in a single destination rule, you can only use one per rule',
    )
    expect(hint).toContain('s3_bucket and vault_path')
  })

  test('what is wrong with it names the rule', async () => {
    const error = await failureOf('{path_regex: x, s3_bucket: b}, {s3_bucket: "a/b"}')
    expect(error).toMatchObject({ file })
    expect(error.message).toMatch(/^error loading config: destination_rules\[1\]: s3_bucket /)
    expect((await failureOf('{s3_bucket: [a]}')).message).toContain(
      'destination_rules[0].s3_bucket: a string is expected',
    )
    expect((await failureOf('{vault_path: a, vault_kv_version: b}')).message).toContain('vault_kv_version: an int')
  })

  test('a broken rule that does not match is nobody’s concern', async () => {
    await expect(find('{path_regex: nope, s3_bucket: [a]}, {s3_bucket: b}')).resolves.toMatchObject({ kind: 's3' })
  })
})

describe('the recreation rule', () => {
  test('honours every field of a creation rule', async () => {
    const fields = `age: "${alice.recipient},${bob.recipient}", encrypted_regex: ^x, mac_only_encrypted: true, shamir_threshold: 1`
    expect((await find(`{s3_bucket: b, recreation_rule: {${fields}}}`)).recreation).toMatchObject({
      keyGroups: [[{ id: alice.recipient }, { id: bob.recipient }]],
      selection: { by: 'encrypted_regex', pattern: '^x' },
      macOnlyEncrypted: true,
      shamirThreshold: 1,
    })
  })

  test.each(['', '{}', 'null'])('%j says nothing', async (rule) => {
    expect((await find(`{s3_bucket: b, recreation_rule: ${rule}}`)).recreation).toBeUndefined()
  })

  test.each(['encrypted_regex: ^a', 'agee: x', 'key_groups: [{}]', 'age: ","'])(
    'without keys (%s) it stops the publication',
    async (fields) => {
      expect((await failureOf(`{s3_bucket: b, recreation_rule: {${fields}}}`)).message).toContain(
        'destination_rules[0].recreation_rule names no master keys',
      )
    },
  )

  test.each([
    'encrypted_regex: ^a, unencrypted_suffix: b',
    'encrypted_regex: "("',
    'unencrypted_comment_regex: "(?!x)"',
    'kms: nonsense',
  ])('%s is refused', async (fields) => {
    await failureOf(`{s3_bucket: b, recreation_rule: {age: "${alice.recipient}", ${fields}}}`)
  })
})

test('fields that nobody reads', () => {
  const rules = '{s3_buckt: a, omit_extensions: true, reencryption_rule: {}, recreation_rule: {agee: b}}, {x_other: 1}'
  expect(destinationWarnings(read(rules), destinationKinds)).toEqual([
    `${file}: unknown field "destination_rules[0].s3_buckt" is ignored; did you mean "s3_bucket"?`,
    expect.stringContaining('"destination_rules[0].reencryption_rule" is ignored'),
    `${file}: unknown field "destination_rules[0].recreation_rule.agee" is ignored; did you mean "age"?`,
    `${file}: unknown field "destination_rules[1].x_other" is ignored`,
  ])
})

test('fields of other destinations', () => {
  const foreign = '{vault_path: a, s3_prefix: b, recreation_rule: {age: c}, secret_per_key: true, vault_kv_version: 1}'
  const names = ['s3_prefix', 'recreation_rule', 'secret_per_key']
  expect(destinationWarnings(read(foreign), destinationKinds)).toEqual(
    names.map((name) => `${file}: destination_rules[0].${name} has no effect there`),
  )
})
