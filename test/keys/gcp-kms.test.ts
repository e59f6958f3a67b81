import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, KeyBackendError } from '../../src/errors.ts'
import type { Host } from '../../src/host.ts'
import { gcpKms, type GcpKmsKey } from '../../src/keys/gcp-kms/backend.ts'
import { loadIdentity } from '../../src/keys/gcp-kms/credentials.ts'
import { testKeyBackend } from '../contract/key-backend.ts'
import { trust } from '../fakes/certificate.ts'
import { startGcpKms } from '../fakes/gcp-kms.ts'
import { fakeHost, type World } from './hosts.ts'

// Two parses of one key must give the same created_at.
vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })

const ring = 'projects/example.com:p-1/locations/europe-west1/keyRings/r/cryptoKeys'
const [one, two, missing] = [`${ring}/one`, `${ring}/two`, `${ring}/missing`]
const fake = await startGcpKms([one, two])
const distrust = trust(fake.certificate)
afterAll(async () => {
  distrust()
  await fake.close()
})
beforeEach(() => {
  fake.requests.length = 0
  fake.mood.throttled = 0
  fake.mood.delay = 0
  for (const key of fake.keys.values()) key.state = 'enabled'
})

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const token = { GOOGLE_OAUTH_ACCESS_TOKEN: fake.token }
const { grpc, http, https } = fake.endpoints
const transports = {
  gRPC: { SOPS_GCP_KMS_ENDPOINT: grpc },
  'REST over TLS': { SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: https },
  REST: { SOPS_GCP_KMS_CLIENT_TYPE: 'REST', SOPS_GCP_KMS_ENDPOINT: `${http}/` },
}
const secrets = [
  fake.token,
  fake.serviceAccount,
  (JSON.parse(fake.serviceAccount) as { private_key: string }).private_key,
]

function keyOf(id: string): GcpKmsKey {
  return gcpKms.parse(id)[0]!
}

async function failureOf(work: Promise<unknown>): Promise<KeyBackendError> {
  const error = await work.catch((thrown: unknown) => thrown)
  if (!(error instanceof KeyBackendError)) throw new Error('it did not fail as a key does', { cause: error })
  const text = `${error.message} ${error.hint ?? ''} ${error.cause instanceof Error ? error.cause.message : ''}`
  for (const secret of secrets) expect(text).not.toContain(secret)
  expect(error).toMatchObject({ keyType: 'gcp_kms', hint: expect.any(String) as string })
  return error
}

testKeyBackend(gcpKms, {
  specs: [one, two],
  badSpecs: [
    'one',
    `${ring}/`,
    `${one}/cryptoKeyVersions/1`,
    `/${one}`,
    `${one},`,
    `${ring}/..`,
    `${ring}/a?b`,
    `${ring}/a%2fb`,
  ],
  groupEntry: { resource_id: one },
  host: () => fakeHost({ env: { ...transports.gRPC, ...token } }),
  emptyHost: () => fakeHost({ env: transports.gRPC }),
  secrets,
})

describe.each(Object.entries(transports))('%s', (_, transport) => {
  const host = fakeHost({ env: { ...transport, ...token } })

  test('a data key comes back', async () => {
    const wrapped = await gcpKms.encryptDataKey(keyOf(one), dataKey, host)
    expect(wrapped.enc).toMatch(/^[A-Za-z\d+/]+={0,2}$/)
    expect(gcpKms.isWrapped?.(wrapped)).toBe(true)
    expect(await gcpKms.decryptDataKey(wrapped, host)).toEqual(dataKey)
    expect(fake.requests).toEqual([`encrypt ${one}`, `decrypt ${one}`])
  })

  test('a service account signs its own tokens', async () => {
    const own = fakeHost({ env: { ...transport, GOOGLE_CREDENTIALS: fake.serviceAccount } })
    const wrapped = await gcpKms.encryptDataKey(keyOf(one), dataKey, own)
    expect(await gcpKms.decryptDataKey(wrapped, own)).toEqual(dataKey)
  })

  test.each([
    ['a wrong token', { token: 'wrong' }, 'denied', 'UNAUTHENTICATED'],
    ['no permission', { state: 'forbidden' }, 'denied', 'PERMISSION_DENIED'],
    ['a disabled key', { state: 'disabled' }, 'denied', 'FAILED_PRECONDITION'],
    ['a key that does not exist', { id: missing }, 'denied', 'NOT_FOUND'],
    ["another key's ciphertext", { id: two }, 'malformed', 'INVALID_ARGUMENT'],
  ] as const)(
    '%s',
    async (_case, change: { token?: string; state?: 'forbidden' | 'disabled'; id?: string }, reason, status) => {
      const wrapped = await gcpKms.encryptDataKey(keyOf(one), dataKey, host)
      fake.keys.get(one)!.state = change.state ?? 'enabled'
      const caller =
        change.token === undefined ? host : fakeHost({ env: { ...transport, GOOGLE_OAUTH_ACCESS_TOKEN: change.token } })
      const error = await failureOf(gcpKms.decryptDataKey({ ...wrapped, id: change.id ?? one }, caller))
      expect(error.reason).toBe(reason)
      expect(error.message).toContain(status)
    },
  )

  test('throttled requests are repeated, but not for ever', async () => {
    const wrapped = await gcpKms.encryptDataKey(keyOf(one), dataKey, host)
    fake.mood.throttled = 2
    expect(await gcpKms.decryptDataKey(wrapped, host)).toEqual(dataKey)
    fake.mood.throttled = 1000
    const error = await failureOf(gcpKms.decryptDataKey(wrapped, host))
    expect(error).toMatchObject({ reason: 'offline', message: expect.stringContaining('RESOURCE_EXHAUSTED') as string })
  })

  test('a service that does not answer in time', async () => {
    fake.mood.delay = 5000
    const hasty = fakeHost({ env: { ...transport, ...token, TSOPS_KEY_TIMEOUT: '0.2' } })
    expect(await failureOf(gcpKms.encryptDataKey(keyOf(one), dataKey, hasty))).toMatchObject({ reason: 'offline' })
  })

  test('nobody at the address', async () => {
    const nowhere = transport.SOPS_GCP_KMS_ENDPOINT.replace(/:\d+/, ':1')
    const lost = fakeHost({ env: { ...transport, ...token, SOPS_GCP_KMS_ENDPOINT: nowhere } })
    const error = await failureOf(gcpKms.encryptDataKey(keyOf(one), dataKey, lost))
    expect(error).toMatchObject({
      reason: 'offline',
      message: expect.stringContaining('could not be reached') as string,
    })
  })

  test('many at the same time share one client', async () => {
    const wrapped = await gcpKms.encryptDataKey(keyOf(one), dataKey, host)
    const opened = await Promise.all(Array.from({ length: 50 }, () => gcpKms.decryptDataKey(wrapped, host)))
    for (const part of opened) expect(part).toEqual(dataKey)
  })
})

describe('credentials', () => {
  const rest = transports.REST
  const encrypt = (world: World, fetched?: Host['fetch']): Promise<GcpKmsKey> => {
    const host = fakeHost({ ...world, env: { ...rest, ...world.env } })
    return gcpKms.encryptDataKey(keyOf(one), dataKey, fetched === undefined ? host : { ...host, fetch: fetched })
  }
  const account = fake.serviceAccount

  test.each<[string, World]>([
    ['GOOGLE_CREDENTIALS as JSON', { env: { GOOGLE_CREDENTIALS: `\n${account}` } }],
    ['GOOGLE_CREDENTIALS as a path', { env: { GOOGLE_CREDENTIALS: '/a.json' }, files: { '/a.json': account } }],
    ['GOOGLE_CREDENTIALS before a token', { env: { GOOGLE_CREDENTIALS: account, GOOGLE_OAUTH_ACCESS_TOKEN: 'bad' } }],
    ['a token before the defaults', { env: { ...token, GOOGLE_APPLICATION_CREDENTIALS: '/missing' } }],
    ['the named file', { env: { GOOGLE_APPLICATION_CREDENTIALS: '/b.json' }, files: { '/b.json': account } }],
    [
      "gcloud's file",
      { env: { HOME: '/h' }, files: { '/h/.config/gcloud/application_default_credentials.json': account } },
    ],
    [
      "gcloud's file elsewhere",
      { env: { HOME: '/h', CLOUDSDK_CONFIG: '/c' }, files: { '/c/application_default_credentials.json': account } },
    ],
    [
      "gcloud's file on Windows",
      {
        platform: 'win32',
        env: { APPDATA: 'C:\\a' },
        files: { 'C:\\a/gcloud/application_default_credentials.json': account },
      },
    ],
  ])('%s', async (_, world) => {
    expect((await encrypt(world)).enc).not.toBe('')
  })

  test('the metadata server of a machine at Google', async () => {
    const asked: string[] = []
    const metadata: Host['fetch'] = (url, init) => {
      asked.push(
        `${url instanceof Request ? url.url : url.toString()} ${new Headers(init?.headers).get('metadata-flavor') ?? ''}`,
      )
      const headers = { 'metadata-flavor': 'Google' }
      return Promise.resolve(Response.json({ access_token: fake.token, expires_in: 3600 }, { headers }))
    }
    expect((await encrypt({}, metadata)).enc).not.toBe('')
    const root = 'http://169.254.169.254/computeMetadata/v1/instance/'
    expect(asked).toEqual([`${root} Google`, `${root}service-accounts/default/token Google`])
  })

  test('another server at its address is not believed', async () => {
    const portal: Host['fetch'] = () => Promise.resolve(new Response('Welcome'))
    expect(await failureOf(encrypt({}, portal))).toMatchObject({ reason: 'no-credential' })
  })

  test.each<[string, World]>([
    ['nothing at all', {}],
    ['a path to nothing', { env: { GOOGLE_CREDENTIALS: '/nothing' } }],
    ['broken JSON', { env: { GOOGLE_CREDENTIALS: account.slice(0, -20) } }],
    ['JSON of another kind', { env: { GOOGLE_CREDENTIALS: '/x' }, files: { '/x': '[1]' } }],
    ['an empty account', { env: { GOOGLE_CREDENTIALS: '{}' } }],
    ['a named file that is missing', { env: { GOOGLE_APPLICATION_CREDENTIALS: '/nothing' } }],
  ])('%s', async (_, world) => {
    expect(await failureOf(encrypt(world))).toMatchObject({ reason: 'no-credential' })
    expect(fake.requests).toEqual([])
  })

  test('requests are charged to the project that is named', async () => {
    const host = fakeHost({ env: { ...token, GOOGLE_CLOUD_QUOTA_PROJECT: 'payer' } })
    const { auth } = await loadIdentity(keyOf(one), host, { universeDomain: 'googleapis.com', timeout: 1000 })
    expect((await auth.getRequestHeaders()).get('x-goog-user-project')).toBe('payer')
  })

  test('credentials of another universe go nowhere', async () => {
    const foreign = JSON.stringify({ ...(JSON.parse(account) as object), universe_domain: 'example.org' })
    const host = fakeHost({ env: { GOOGLE_CREDENTIALS: foreign } })
    const error = await failureOf(gcpKms.encryptDataKey(keyOf(one), dataKey, host))
    expect(error).toMatchObject({ reason: 'no-credential', message: expect.stringContaining('example.org') as string })
  })
})

describe('endpoints', () => {
  test.each(['ftp://x', 'https://x/path', 'a b', 'https://user@x', 'x:port'])('%j is refused', async (endpoint) => {
    const host = fakeHost({ env: { ...token, SOPS_GCP_KMS_ENDPOINT: endpoint } })
    const error = await failureOf(gcpKms.encryptDataKey(keyOf(one), dataKey, host))
    expect(error).toMatchObject({
      reason: 'malformed',
      message: expect.stringContaining('SOPS_GCP_KMS_ENDPOINT') as string,
    })
  })

  test('an endpoint stands before a universe', async () => {
    const env = { ...transports.gRPC, ...token, SOPS_GCP_KMS_UNIVERSE_DOMAIN: 'example.invalid' }
    expect((await gcpKms.encryptDataKey(keyOf(one), dataKey, fakeHost({ env }))).enc).not.toBe('')
  })

  test('a universe leads to its own host', async () => {
    const env = { ...token, SOPS_GCP_KMS_UNIVERSE_DOMAIN: 'example.invalid', TSOPS_KEY_TIMEOUT: '1' }
    expect(await failureOf(gcpKms.encryptDataKey(keyOf(one), dataKey, fakeHost({ env })))).toMatchObject({
      reason: 'offline',
    })
    expect(fake.requests).toEqual([])
  })
})

describe('keys', () => {
  test('blanks are left out, as in sops', () => {
    expect(gcpKms.parse(` ${one} , ${two.replace('/', ' / ')}`).map(({ id }) => id)).toEqual([one, two])
  })

  test.each(['x', { resource: one }, null, { resource_id: 1 }, { resource_id: '' }])(
    '%j is no entry of a key group',
    (entry) => {
      expect(() => gcpKms.parseGroupEntry(entry)).toThrow(ConfigError)
    },
  )

  test('a resource id of a file is checked before anything is sent', async () => {
    const host = fakeHost({ env: { ...transports.REST, ...token } })
    const wrapped = await gcpKms.encryptDataKey(keyOf(one), dataKey, host)
    fake.requests.length = 0
    for (const id of ['', '../x', `${one}:decrypt?x=`, `${ring}/../../x`, 'https://evil.example/x', `${one}\n`]) {
      expect(await failureOf(gcpKms.decryptDataKey({ ...wrapped, id }, host))).toMatchObject({ reason: 'malformed' })
    }
    expect(fake.requests).toEqual([])
  })

  test('what is not base64 is not wrapped', () => {
    for (const enc of ['', '====', 'abc', 'ab=c', 'a-_b', 'A'.repeat(1 << 20)])
      expect(gcpKms.isWrapped?.({ ...keyOf(one), enc }), enc.slice(0, 10)).toBe(false)
  })
})
