// The real sops and ours with the same vault: what one encrypts the other opens, with and without a key version.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startAzureKv } from '../fakes/azure-kv.ts'
import { alice } from '../test-keys.ts'
import { bytesOf, sops, tsops, type RunInput } from './sops.ts'

const fake = await startAzureKv(['one', 'two'])
const directory = mkdtempSync(join(tmpdir(), 'tsops-azure-'))
const trusted = join(directory, 'trusted.pem')
writeFileSync(trusted, fake.certificate.cert)
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await fake.close()
})

const env = {
  ...fake.env,
  SSL_CERT_FILE: trusted,
  NODE_EXTRA_CA_CERTS: trusted,
  TSOPS_AZURE_ALLOWLIST: fake.vaultUrl,
  SOPS_AGE_KEY: '',
}
const versionOf = (name: string): string => fake.keys.get(name)?.at(-1)?.version ?? ''
const plain = Buffer.from('a: secret\nb:\n    - 1\n    - two\n')
const input = (stdin: Uint8Array): RunInput => ({ stdin, env })
const encryption = (...args: readonly string[]): string[] => ['encrypt', '--filename-override', 'x.yaml', ...args]
const decryption = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']
const fieldsOf = (file: Uint8Array): string[] =>
  ['name', 'vault_url', 'version'].map((name) => new RegExp(`${name}: (.+)`).exec(file.toString())?.[1] ?? '')

describe.each([
  ['with a version', () => `${fake.vaultUrl}/keys/one/${versionOf('one')}`],
  ['without a version', () => `${fake.vaultUrl}/keys/one`],
])('a key %s', (_, url) => {
  const expected = (): string[] => ['one', fake.vaultUrl, versionOf('one')]

  test('sops opens ours', async () => {
    const { status, stdout, stderr } = await tsops(encryption('--azure-kv', url()), input(plain))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(fieldsOf(stdout)).toEqual(expected())
    expect(await bytesOf(sops(decryption, input(stdout)))).toEqual(plain)
  })

  test('ours opens that of sops, and says nothing else', async () => {
    const encrypted = await bytesOf(sops(encryption('--azure-kv', url()), input(plain)))
    expect(fieldsOf(encrypted)).toEqual(expected())
    const { status, stdout, stderr } = await tsops(decryption, input(encrypted))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toEqual(plain)
  })
})

test('key groups of a configuration, two of three', async () => {
  const config = join(directory, 'rules.yaml')
  const entry = (name: string): string => `{azure_keyvault: [{vaultUrl: "${fake.vaultUrl}", key: ${name}}]}`
  const groups = `[${entry('one')}, ${entry('two')}, {age: [${alice.recipient}]}]`
  writeFileSync(config, `creation_rules: [{shamir_threshold: 2, key_groups: ${groups}}]`)
  const programs = [sops, tsops]
  for (const encrypt of programs) {
    const args = ['--config', config, ...encryption()]
    const encrypted = await bytesOf(encrypt(args, input(plain)))
    for (const decrypt of programs) expect(await bytesOf(decrypt(decryption, input(encrypted)))).toEqual(plain)
  }
})

test('a rotated key still opens what its older version encrypted', async () => {
  const encrypted = await bytesOf(tsops(encryption('--azure-kv', `${fake.vaultUrl}/keys/two`), input(plain)))
  fake.addVersion('two')
  for (const decrypt of [sops, tsops]) expect(await bytesOf(decrypt(decryption, input(encrypted)))).toEqual(plain)
})

test('a vault of the file is not asked unless the user names it', async () => {
  const encrypted = await bytesOf(sops(encryption('--azure-kv', `${fake.vaultUrl}/keys/one`), input(plain)))
  fake.requests.length = 0
  const run = await tsops(decryption, { stdin: encrypted, env: { ...env, TSOPS_AZURE_ALLOWLIST: '' } })
  expect(run.status).toBe(128)
  expect(run.stderr).toContain('TSOPS_AZURE_ALLOWLIST')
  expect(fake.requests).toEqual([])
})
