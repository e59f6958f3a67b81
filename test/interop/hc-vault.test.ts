// sops and we at one transit engine.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { hcVault } from '../../src/keys/hc-vault/backend.ts'
import { makeCertificate } from '../fakes/certificate.ts'
import { startFakeVault, type FakeVault } from '../fakes/vault.ts'
import { type RunResult, sops, tsops } from './sops.ts'

const token = 'hvs.fake-token-of-the-user'
const namespace = 'team-a'
const keys = ['transit/sops', 'deep/er/sops']
const certificate = makeCertificate()
const vault = await startFakeVault({ token, namespace, keys })
const secure = await startFakeVault({ token, namespace, keys, tls: { ...certificate } })
const hostile = await startFakeVault({ token, namespace, keys })
const directory = await mkdtemp(join(tmpdir(), 'tsops-vault-'))
const ca = join(directory, 'ca.pem')
await writeFile(ca, certificate.cert)
await writeFile(join(directory, '.vault-token'), `${token}\n`)
afterAll(async () => {
  await Promise.all([vault.close(), secure.close(), hostile.close(), rm(directory, { recursive: true })])
})
beforeEach(() => {
  for (const fake of [vault, secure, hostile]) fake.requests.length = 0
})

const envOf = (fake: FakeVault): Record<string, string> => ({
  VAULT_ADDR: fake.url,
  VAULT_TOKEN: token,
  VAULT_NAMESPACE: namespace,
  VAULT_CACERT: ca,
})

const programs = { sops, tsops }
const pairs = [
  ['sops', 'tsops'],
  ['tsops', 'sops'],
] as const

const plain = '{"a": "b"}'

async function encrypt(name: 'sops' | 'tsops', uris: string, env: Record<string, string>): Promise<string> {
  const path = join(directory, 'file.json')
  await writeFile(path, plain)
  const { status, stdout, stderr } = await programs[name](['encrypt', '--hc-vault-transit', uris, path], { env })
  expect(status, stderr).toBe(0)
  const encrypted = join(directory, `${name}.json`)
  await writeFile(encrypted, stdout)
  return encrypted
}

function opens(result: RunResult): void {
  expect(result.status, result.stderr).toBe(0)
  expect(JSON.parse(result.stdout.toString())).toEqual(JSON.parse(plain))
}

describe.each(pairs)('%s encrypts, %s decrypts', (one, other) => {
  test.each([
    ['over HTTP', vault, 'transit/keys/sops'],
    ['over HTTPS', secure, 'transit/keys/sops'],
    ['in a deep engine', vault, 'deep/er/keys/sops'],
  ])('%s', async (_, fake, path) => {
    const env = envOf(fake)
    const encrypted = await encrypt(one, `${fake.url}/v1/${path}`, env)
    opens(await programs[other](['decrypt', encrypted], { env }))
    const bodies = fake.requests.map(({ method, path: url, body, headers }) => [
      ...[method, url.replace(/crypt\//, ' '), Object.keys(JSON.parse(body) as object)],
      ...[headers['x-vault-token'], headers['x-vault-namespace'], headers['x-vault-request']],
    ])
    expect(bodies.map(([method, , , ...headers]) => [method, ...headers])).toEqual(
      Array(2).fill(['PUT', token, namespace, 'true']),
    )
  })

  test('with the token of ~/.vault-token', async () => {
    const env = { ...envOf(vault), VAULT_TOKEN: '', HOME: directory }
    opens(await programs[other](['decrypt', await encrypt(one, `${vault.url}/v1/transit/keys/sops`, env)], { env }))
  })

  test('through an agent', async () => {
    const env = { ...envOf(vault), VAULT_AGENT_ADDR: vault.url }
    opens(
      await programs[other](['decrypt', await encrypt(one, 'https://v.example/v1/transit/keys/sops', env)], { env }),
    )
  })
})

test('both write the same entry', async () => {
  const uris = `${vault.url}/v1/transit/keys/sops,,${vault.url}/v1/deep/er/keys/sops`
  const [theirs, ours] = await Promise.all(
    (['sops', 'tsops'] as const).map(async (name) => {
      const { stdout } = await programs[name](['decrypt', await encrypt(name, uris, envOf(vault))], {
        env: envOf(vault),
      })
      expect(JSON.parse(stdout.toString())).toEqual(JSON.parse(plain))
      const { readFile } = await import('node:fs/promises')
      const file = JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8')) as {
        sops: { hc_vault: Record<string, string>[] }
      }
      return file.sops.hc_vault.map((entry) => ({ ...entry, enc: entry.enc?.slice(0, 9), created_at: '' }))
    }),
  )
  expect(ours).toEqual(theirs)
})

test.each([
  'vault.example.com/v1/transit/keys/sops',
  'https://vault.example.com/transit/keys/sops',
  'https://vault.example.com/v1/transit/sops',
  'https://vault.example.com/prefix/v1/transit/keys/sops',
])('both refuse %s', async (uri) => {
  await writeFile(join(directory, 'x.json'), plain)
  const args = ['encrypt', '--hc-vault-transit', uri, join(directory, 'x.json')]
  const [theirs, ours] = [await sops(args, { env: envOf(vault) }), await tsops(args, { env: envOf(vault) })]
  expect([ours.status, theirs.status]).toEqual([1, 1])
})

test.each([
  'https://vault.example.com:8200/v1/transit/keys/sops',
  'https://vault.example.com/v1/a/b/c/keys/k/',
  'http://Vault.example.com/v2/transit/other/k',
  'https://vault.example.com/v1/transit/keys/a%20b',
  'https://vault.example.com/v1/a b/keys/k\u00e9',
])('both read %s alike', async (uri) => {
  await writeFile(join(directory, 'x.json'), plain)
  const args = ['encrypt', '--hc-vault-transit', uri, join(directory, 'x.json')]
  const env = { ...envOf(vault), SOPS_HC_VAULT_ALLOWLIST: 'none' }
  const quoted = /master key "([^"]+)"/
  const id = (result: RunResult): string | undefined => quoted.exec(result.stderr)?.[1]
  const [theirs, ours] = [await sops(args, { env }), await tsops(args, { env })]
  expect(id(ours)).toBe(id(theirs))
  expect(id(ours)).toBe(hcVault.parse(uri)[0]?.id)
})

describe('a file that names another server', () => {
  async function hostileFile(): Promise<string> {
    const encrypted = await encrypt('sops', `${vault.url}/v1/transit/keys/sops`, envOf(vault))
    const { readFile } = await import('node:fs/promises')
    const path = join(directory, 'hostile.json')
    await writeFile(path, (await readFile(encrypted, 'utf8')).replaceAll(vault.url, hostile.url))
    return path
  }

  test('gets no request', async () => {
    const path = await hostileFile()
    const { status, stderr } = await tsops(['decrypt', path], { env: envOf(vault) })
    expect(status).toBe(128)
    expect(stderr.replace(/\n\s*\| /g, ' ')).toContain('SOPS_HC_VAULT_ALLOWLIST')
    expect(stderr).not.toContain(token)
    expect(hostile.requests).toEqual([])
    // This is what sops does by default.
    await sops(['decrypt', path], { env: envOf(vault) })
    expect(hostile.requests.map(({ headers }) => headers['x-vault-token'])).toEqual([token])
  })

  test.each([
    ['all', 1],
    ['none', 0],
    [` ${hostile.url} `, 1],
    [`${hostile.url}/`, 1],
    [hostile.url.slice(0, -1), 0],
    [vault.url, 0],
    [`https://x.example.com,${hostile.url}`, 1],
    [`https://x.example.com,`, 0],
  ])('a list of %j is read as sops reads it', async (list, count) => {
    const path = await hostileFile()
    const env = { ...envOf(vault), SOPS_HC_VAULT_ALLOWLIST: list }
    for (const program of [sops, tsops]) {
      hostile.requests.length = 0
      expect((await program(['decrypt', path], { env })).status).toBe(128)
      expect(hostile.requests).toHaveLength(count)
    }
  })
})
