// A configuration may come with somebody else's repository. Whatever it names as a destination, no token or signature goes
// to a host of its choosing, and no redirect is followed with one.
import { createServer } from 'node:http'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { azureKeyVault } from '../../src/destinations/azure-key-vault.ts'
import { gcpSecretManager } from '../../src/destinations/gcp-secret-manager.ts'
import { s3 } from '../../src/destinations/s3.ts'
import type { DestinationKind, Outcome } from '../../src/destinations/types.ts'
import { vault } from '../../src/destinations/vault.ts'
import type { Host } from '../../src/host.ts'
import { type Fields, fieldsOf, hear, sample } from '../contract/destination.ts'
import { startAzureKv } from '../fakes/azure-kv.ts'
import { trust } from '../fakes/certificate.ts'
import { closeServer, listen } from '../fakes/server.ts'
import type { KvMount } from '../fakes/vault-kv.ts'
import { startFakeVault } from '../fakes/vault.ts'
import { fakeHost } from '../keys/hosts.ts'

const token = 'hvs.fake-token-of-the-user'
const mounts = new Map<string, KvMount>([['secret', { version: 2, secrets: new Map() }]])
const own = await startFakeVault({ token, mounts })
const hostile = await startFakeVault({ token, mounts })
const azure = await startAzureKv([])
const distrust = trust(azure.certificate)
for (const [name, value] of Object.entries(azure.env)) vi.stubEnv(name, value)
const asked: string[] = []
const redirecting = createServer((request, response) => {
  asked.push(request.url ?? '')
  response.writeHead(307, { location: hostile.url }).end()
})
const redirectingUrl = await listen(redirecting)
afterAll(async () => {
  vi.unstubAllEnvs()
  distrust()
  await Promise.all([own.close(), hostile.close(), azure.close(), closeServer(redirecting)])
})
beforeEach(() => {
  for (const { requests } of [own, hostile]) requests.length = 0
  azure.requests.length = 0
  asked.length = 0
})

const hostWith = (env: Readonly<Record<string, string>>): Host => ({
  ...fakeHost({ env: { TSOPS_KEY_TIMEOUT: '10', ...env } }),
  fetch: (...request) => globalThis.fetch(...request),
})

async function upload(kind: DestinationKind, rule: Fields, env: Readonly<Record<string, string>>): Promise<Outcome> {
  const destination = kind.open(fieldsOf(rule))
  const { world } = hear(hostWith(env))
  if (destination.takes === 'file') return destination.upload('a.yaml', Buffer.from('x'), world)
  return destination.upload('a.yaml', sample, world)
}

test('a Vault that only the rule names gets no request', async () => {
  const env = { VAULT_ADDR: own.url, VAULT_TOKEN: token }
  const rule = { vault_path: 'x', vault_address: hostile.url }
  const failure = upload(vault, rule, env)
  await expect(failure).rejects.toMatchObject({
    code: 'ERR_SOPS_DESTINATION',
    hint: expect.stringContaining('SOPS_HC_VAULT_ALLOWLIST') as string,
  })
  await expect(upload(vault, rule, { VAULT_TOKEN: token })).rejects.toThrow()
  expect(hostile.requests).toEqual([])
  expect(await upload(vault, rule, { ...env, SOPS_HC_VAULT_ALLOWLIST: hostile.url })).toBe('written')
  expect(await upload(vault, { vault_path: 'y' }, env)).toBe('written')
  expect(own.requests).toHaveLength(2)
})

test('a Vault that sends on to another one is not followed', async () => {
  const env = { VAULT_ADDR: redirectingUrl, VAULT_TOKEN: token }
  await expect(upload(vault, { vault_path: 'x' }, env)).rejects.toMatchObject({
    hint: expect.stringContaining('sends on') as string,
  })
  expect(asked).toHaveLength(2)
  expect(hostile.requests).toEqual([])
})

test('an Azure vault outside of Azure gets no request', async () => {
  const rule = { azure_key_vault_url: azure.vaultUrl }
  await expect(upload(azureKeyVault, rule, {})).rejects.toMatchObject({
    code: 'ERR_SOPS_DESTINATION',
    hint: expect.stringContaining('TSOPS_AZURE_ALLOWLIST') as string,
  })
  expect(azure.requests).toEqual([])
  expect(await upload(azureKeyVault, rule, { TSOPS_AZURE_ALLOWLIST: azure.vaultUrl })).toBe('written')
})

test('Google and AWS are not followed elsewhere', async () => {
  const google = { TSOPS_GCP_SECRET_MANAGER_ENDPOINT: redirectingUrl, GOOGLE_OAUTH_ACCESS_TOKEN: 'x' }
  await expect(upload(gcpSecretManager, { gcp_secret_manager_project: 'p' }, google)).rejects.toMatchObject({
    code: 'ERR_SOPS_DESTINATION',
  })
  const aws = { AWS_ENDPOINT_URL: redirectingUrl, AWS_REGION: 'eu-central-1', AWS_MAX_ATTEMPTS: '1' }
  const credential = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' }
  await expect(upload(s3, { s3_bucket: 'b' }, { ...aws, ...credential })).rejects.toMatchObject({
    code: 'ERR_SOPS_DESTINATION',
  })
  expect(asked.length).toBeGreaterThan(2)
  expect(hostile.requests).toEqual([])
})

test('the region of a profile leads to the bucket', async () => {
  const urls: string[] = []
  const host: Host = {
    ...fakeHost({
      env: { HOME: '/h', AWS_PROFILE: 'work', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' },
      files: {
        '/h/.aws/config': '[default]\nregion = us-east-1\n[profile work]\nregion=eu-west-3\n[profile z]\nregion=x\n',
      },
    }),
    fetch: async (input, init) => {
      urls.push(new Request(input, init).url)
      return new Response(null, { status: 200 })
    },
  }
  const destination = s3.open(fieldsOf({ s3_bucket: 'my-bucket', s3_prefix: 'a/' }))
  if (destination.takes !== 'file') throw new Error('it takes values')
  await destination.upload('b c.yaml', Buffer.from('x'), hear(host).world)
  expect(urls).toEqual([
    expect.stringMatching(/^https:\/\/my-bucket\.s3\.eu-west-3\.amazonaws\.com\/a\/b%20c\.yaml(\?|$)/),
  ])
  const nowhere = hear(hostWith({ AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' })).world
  await expect(destination.upload('b.yaml', Buffer.from('x'), nowhere)).rejects.toMatchObject({
    message: expect.stringContaining('region') as string,
  })
})
