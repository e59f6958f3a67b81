import { afterAll, describe, expect, test, vi } from 'vitest'
import { awsSecretsManager } from '../../src/destinations/aws-secrets-manager.ts'
import { azureKeyVault } from '../../src/destinations/azure-key-vault.ts'
import { gcpSecretManager } from '../../src/destinations/gcp-secret-manager.ts'
import { gcs } from '../../src/destinations/gcs.ts'
import { destinationKinds } from '../../src/destinations/registry.ts'
import { s3 } from '../../src/destinations/s3.ts'
import { vault } from '../../src/destinations/vault.ts'
import type { Host } from '../../src/host.ts'
import { testDestination } from '../contract/destination.ts'
import { startAwsStores } from '../fakes/aws-stores.ts'
import { startAzureKv } from '../fakes/azure-kv.ts'
import { trust } from '../fakes/certificate.ts'
import { startGoogleStores } from '../fakes/google-stores.ts'
import type { KvMount } from '../fakes/vault-kv.ts'
import { startFakeVault } from '../fakes/vault.ts'
import { fakeHost } from '../keys/hosts.ts'

const token = 'hvs.fake-token-of-the-user'
const mounts = new Map<string, KvMount & { writeOnly?: boolean }>([
  ['secret', { version: 2, secrets: new Map() }],
  ['kv', { version: 1, secrets: new Map() }],
])
const [aws, azure, google, hashicorp] = await Promise.all([
  startAwsStores(),
  startAzureKv([]),
  startGoogleStores(),
  startFakeVault({ token, mounts }),
])
const distrust = trust(azure.certificate)
// The SDK looks for credentials in the environment of the process.
for (const [name, value] of Object.entries(azure.env)) vi.stubEnv(name, value)
afterAll(async () => {
  vi.unstubAllEnvs()
  distrust()
  await Promise.all([aws, azure, google, hashicorp].map((server) => server.close()))
})

const hostWith = (env: Readonly<Record<string, string>>): Host => ({
  ...fakeHost({ env: { TSOPS_KEY_TIMEOUT: '20', ...env } }),
  fetch: (...request) => globalThis.fetch(...request),
})
const nowhere = 'http://127.0.0.1:1'

const awsCredentials = {
  AWS_ACCESS_KEY_ID: aws.credential.accessKeyId,
  AWS_SECRET_ACCESS_KEY: aws.credential.secretAccessKey,
}
const awsEnv = { AWS_ENDPOINT_URL: aws.url, AWS_REGION: 'eu-central-1', AWS_EC2_METADATA_DISABLED: 'true' }
const awsHosts = {
  host: () => hostWith({ ...awsEnv, ...awsCredentials }),
  emptyHost: () => hostWith(awsEnv),
  wrongHost: () => hostWith({ ...awsEnv, ...awsCredentials, AWS_SECRET_ACCESS_KEY: 'wrong' }),
  deadHost: () => hostWith({ ...awsEnv, ...awsCredentials, AWS_ENDPOINT_URL: nowhere, AWS_MAX_ATTEMPTS: '1' }),
  requests: () => aws.requests.length,
  reset: () => {
    aws.requests.length = 0
    for (const held of [aws.objects, aws.secrets, aws.forbidden]) held.clear()
  },
  secrets: [aws.credential.secretAccessKey],
}

testDestination(s3, {
  ...awsHosts,
  rule: { s3_bucket: 'bucket', s3_prefix: 'team a/' },
  badRules: [{ s3_bucket: 'a/b' }, { s3_bucket: '../x' }, { s3_bucket: 'evil.example/#' }, { s3_prefix: 'a/../../b/' }],
  elsewhere: { s3_bucket: 'other' },
  uri: 's3://bucket/team a/app.yaml',
  stored: () => [...aws.objects].flatMap(([path, bytes]) => (path === 'bucket/team a/app.yaml' ? [String(bytes)] : [])),
  forbidReading: undefined,
})

aws.deleted.add('gone/app.yaml')

testDestination(awsSecretsManager, {
  ...awsHosts,
  rule: { aws_secrets_manager_region: 'eu-central-1', aws_secrets_manager_prefix: 'team/' },
  badRules: [
    { aws_secrets_manager_region: 'evil.example#' },
    { aws_secrets_manager_region: 'eu-central-1.evil' },
    { aws_secrets_manager_prefix: 'a b/' },
    { aws_secrets_manager_prefix: 'x'.repeat(512) },
  ],
  // A secret of this name is scheduled for deletion.
  elsewhere: { aws_secrets_manager_prefix: 'gone/' },
  uri: 'aws-secrets-manager://eu-central-1/team/app.yaml',
  stored: () => aws.secrets.get('team/app.yaml') ?? [],
  forbidReading: () => void aws.forbidden.add('GetSecretValue'),
})

const googleEnv = { TSOPS_GCP_SECRET_MANAGER_ENDPOINT: google.url, METADATA_SERVER_DETECTION: 'none' }
const googleHosts = {
  requests: () => google.requests.length,
  reset: () => {
    google.requests.length = 0
    google.mood.writeOnly = false
    google.objects.clear()
    google.secrets.clear()
  },
  secrets: [google.token],
}

testDestination(gcpSecretManager, {
  ...googleHosts,
  rule: { gcp_secret_manager_project: 'my-project-1', gcp_secret_manager_prefix: 'team/' },
  badRules: [
    { gcp_secret_manager_project: '..' },
    { gcp_secret_manager_project: 'a/b' },
    { gcp_secret_manager_prefix: 'a b' },
    { gcp_secret_manager_prefix: 'x'.repeat(255) },
  ],
  elsewhere: { gcp_secret_manager_project: 'not-mine' },
  uri: 'gcp-secret-manager://my-project-1/team-app-yaml',
  host: () => hostWith({ ...googleEnv, GOOGLE_OAUTH_ACCESS_TOKEN: google.token }),
  emptyHost: () => hostWith(googleEnv),
  wrongHost: () => hostWith({ ...googleEnv, GOOGLE_OAUTH_ACCESS_TOKEN: 'wrong' }),
  deadHost: () =>
    hostWith({ ...googleEnv, GOOGLE_OAUTH_ACCESS_TOKEN: 'x', TSOPS_GCP_SECRET_MANAGER_ENDPOINT: nowhere }),
  stored: () => (google.secrets.get('projects/my-project-1/secrets/team-app-yaml') ?? []).map(String),
  forbidReading: () => {
    google.mood.writeOnly = true
  },
})

testDestination(gcs, {
  ...googleHosts,
  rule: { gcs_bucket: 'bucket', gcs_prefix: 'team a/' },
  badRules: [{ gcs_bucket: 'a/b' }, { gcs_bucket: '..' }, { gcs_bucket: 'a#' }],
  elsewhere: { gcs_bucket: 'other' },
  uri: 'gcs://bucket/team a/app.yaml',
  host: () => hostWith({ STORAGE_EMULATOR_HOST: google.url }),
  emptyHost: () => hostWith({ METADATA_SERVER_DETECTION: 'none' }),
  // It goes to the real service, which must not be asked here.
  wrongHost: () => ({
    ...fakeHost({ env: { GOOGLE_OAUTH_ACCESS_TOKEN: 'wrong' } }),
    fetch: async (input, init) => {
      const request = new Request(input, init)
      expect(request.url).toMatch(/^https:\/\/storage\.googleapis\.com\/upload\/storage\/v1\/b\/bucket\/o\?/)
      expect(request.headers.get('authorization')).toBe('Bearer wrong')
      return new Response(`you sent ${await request.text()}`, { status: 401 })
    },
  }),
  deadHost: () => hostWith({ STORAGE_EMULATOR_HOST: nowhere }),
  stored: () =>
    [...google.objects].flatMap(([path, bytes]) => (path === 'bucket/team a/app.yaml' ? [String(bytes)] : [])),
  forbidReading: undefined,
})

testDestination(azureKeyVault, {
  rule: { azure_key_vault_url: azure.vaultUrl, azure_key_vault_prefix: 'team_' },
  badRules: [
    { azure_key_vault_url: 'http://v.vault.azure.net' },
    { azure_key_vault_url: 'https://user@v.vault.azure.net' },
    { azure_key_vault_url: 'https://v.vault.azure.net/secrets' },
    { azure_key_vault_prefix: 'a b' },
    { azure_key_vault_prefix: 'x'.repeat(127) },
  ],
  // A token goes to no host of the configuration's choosing.
  elsewhere: { azure_key_vault_url: `https://localhost:${new URL(azure.vaultUrl).port}` },
  uri: `${azure.vaultUrl}/secrets/team-app-yaml`,
  host: () => hostWith({ TSOPS_AZURE_ALLOWLIST: azure.vaultUrl }),
  emptyHost: () => {
    azure.mood.revoked = true
    return hostWith({ TSOPS_AZURE_ALLOWLIST: azure.vaultUrl })
  },
  wrongHost: () => {
    azure.permissions.clear()
    return hostWith({ TSOPS_AZURE_ALLOWLIST: azure.vaultUrl })
  },
  deadHost: () => hostWith({}),
  stored: () => (azure.secrets.get('team-app-yaml') ?? []).map(({ value }) => value),
  requests: () => azure.requests.length,
  reset: () => {
    azure.requests.length = 0
    azure.secrets.clear()
    azure.mood.revoked = false
    for (const permission of ['secrets get', 'secrets set']) azure.permissions.add(permission)
  },
  forbidReading: () => void azure.permissions.delete('secrets get'),
  secrets: [azure.token],
})

const vaultHosts = {
  host: () => hostWith({ VAULT_ADDR: hashicorp.url, VAULT_TOKEN: token }),
  emptyHost: () => hostWith({ VAULT_ADDR: hashicorp.url }),
  wrongHost: () => hostWith({ VAULT_ADDR: hashicorp.url, VAULT_TOKEN: 'hvs.wrong' }),
  deadHost: () => hostWith({ VAULT_ADDR: nowhere, VAULT_TOKEN: token }),
  requests: () => hashicorp.requests.length,
  reset: () => {
    hashicorp.requests.length = 0
    for (const mount of mounts.values()) {
      mount.secrets.clear()
      mount.writeOnly = false
    }
  },
  forbidReading: () => {
    for (const mount of mounts.values()) mount.writeOnly = true
  },
  secrets: [token],
  badRules: [
    { vault_path: '../sys' },
    { vault_kv_mount_name: 'a/./b' },
    { vault_kv_version: 3 },
    { vault_address: 'ftp://x' },
    { vault_address: 'http://user@127.0.0.1' },
  ],
}

testDestination(vault, {
  ...vaultHosts,
  rule: { vault_path: 'team a' },
  elsewhere: { vault_kv_mount_name: 'nothing-there' },
  uri: `${hashicorp.url}/v1/secret/data/team a/app.yaml`,
  stored: () => mounts.get('secret')?.secrets.get('team a/app.yaml') ?? [],
})

testDestination(vault, {
  ...vaultHosts,
  rule: { vault_path: 'team/', vault_kv_mount_name: 'kv', vault_kv_version: 1, vault_address: hashicorp.url },
  // Somebody else's server: it is not asked, and is sent no token.
  elsewhere: { vault_address: 'http://localhost:1' },
  uri: `${hashicorp.url}/v1/kv/team/app.yaml`,
  stored: () => mounts.get('kv')?.secrets.get('team/app.yaml') ?? [],
})

describe('the registry', () => {
  test('every kind has names of its own', () => {
    const first = destinationKinds.map(({ fields }) => fields[0])
    expect(new Set(first).size).toBe(destinationKinds.length)
    expect(new Set(destinationKinds.map(({ kind }) => kind)).size).toBe(destinationKinds.length)
  })
})
