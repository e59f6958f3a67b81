import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, KeyBackendError } from '../../src/errors.ts'
import type { Host } from '../../src/host.ts'
import { azureKv } from '../../src/keys/azure-kv/backend.ts'
import type { AzureKvKey } from '../../src/keys/azure-kv/key.ts'
import { checkAddress } from '../../src/keys/azure-kv/vault-address.ts'
import { testKeyBackend } from '../contract/key-backend.ts'
import { startAzureKv } from '../fakes/azure-kv.ts'
import { trust } from '../fakes/certificate.ts'
import { fakeHost } from './hosts.ts'

// Two parses of one key must give the same created_at.
vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })

const fake = await startAzureKv(['one', 'two'])
const distrust = trust(fake.certificate)
afterAll(async () => {
  distrust()
  await fake.close()
})
beforeEach(signIn)
afterEach(() => {
  vi.unstubAllEnvs()
  fake.requests.length = 0
  Object.assign(fake.mood, { throttled: 0, delay: 0, revoked: false })
  for (const permission of ['get', 'encrypt', 'decrypt']) fake.permissions.add(permission)
  for (const version of fake.keys.get('one') ?? []) version.enabled = true
})

// The SDK looks for credentials in the environment of the process.
function signIn(): void {
  for (const [name, value] of Object.entries(fake.env)) vi.stubEnv(name, value)
}

function signOut(): void {
  vi.unstubAllEnvs()
  vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'EnvironmentCredential')
}

const allowed = { TSOPS_AZURE_ALLOWLIST: `vault.example, ${fake.vaultUrl}` }
const hostWith = (env: Readonly<Record<string, string>> = {}): Host => fakeHost({ env: { ...allowed, ...env } })
const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)

const versionOf = (name: string): string => fake.keys.get(name)?.at(-1)?.version ?? ''
const one = `${fake.vaultUrl}/keys/one/${versionOf('one')}`
const two = `${fake.vaultUrl}/keys/two/${versionOf('two')}`
const keyOf = (url: string): AzureKvKey => azureKv.parse(url)[0]!

async function failureOf(work: Promise<unknown>): Promise<KeyBackendError> {
  const error = await work.catch((thrown: unknown) => thrown)
  if (!(error instanceof KeyBackendError)) throw new Error('it did not fail as a key does', { cause: error })
  for (const secret of [fake.token, fake.env.IDENTITY_HEADER ?? ''])
    expect(`${error.message} ${error.hint ?? ''}`).not.toContain(secret)
  expect(error).toMatchObject({ keyType: 'azure_kv', hint: expect.any(String) as string })
  expect(error.cause).toBeUndefined()
  return error
}

testKeyBackend(azureKv, {
  specs: [one, two],
  badSpecs: [
    ...['one', 'http://v.vault.azure.net/keys/k/1', 'https://v.vault.azure.net/k', 'https://v.vault.azure.net/keys/'],
    ...[`${one}/more`, `${one},`, 'https:///keys/k/1'],
  ],
  groupEntry: { vaultUrl: `${fake.vaultUrl}/`, key: 'one', version: versionOf('one') },
  host: () => {
    signIn()
    return hostWith()
  },
  emptyHost: () => {
    signOut()
    return hostWith()
  },
  secrets: [fake.token],
})

describe('encryption and decryption', () => {
  test('the encrypted data key is base64url without padding', async () => {
    const wrapped = await azureKv.encryptDataKey(keyOf(one), dataKey, hostWith())
    expect(wrapped.enc).toMatch(/^[\w-]{342}$/)
    expect(azureKv.isWrapped?.(wrapped)).toBe(true)
  })

  test('with a version nothing but the operation is asked for, nor allowed', async () => {
    const host = hostWith()
    fake.permissions.delete('get')
    const wrapped = await azureKv.encryptDataKey(keyOf(one), dataKey, host)
    fake.permissions.delete('encrypt')
    expect(new Uint8Array((await azureKv.decryptDataKey(wrapped, host)) ?? [])).toEqual(dataKey)
    const path = `/keys/one/${versionOf('one')}`
    expect(fake.requests).toEqual([`POST ${path}/encrypt`, `POST ${path}/decrypt`])
  })

  test.each(['', '/'])('without a version (%j) the current one is taken and kept', async (end) => {
    const host = hostWith()
    const old = versionOf('one')
    const wrapped = await azureKv.encryptDataKey(keyOf(`${fake.vaultUrl}/keys/one${end}`), dataKey, host)
    fake.addVersion('one')
    expect(azureKv.toMetadata(wrapped)).toMatchObject({ vault_url: fake.vaultUrl, name: 'one', version: old })
    expect(wrapped.id).toBe(`${fake.vaultUrl}/keys/one/${old}`)
    expect(new Uint8Array((await azureKv.decryptDataKey(wrapped, host)) ?? [])).toEqual(dataKey)
    const newer = await azureKv.encryptDataKey(keyOf(`${fake.vaultUrl}/keys/one`), dataKey, host)
    expect(newer.version).toBe(versionOf('one'))
  })

  test('the version that a key leaves open is asked for, and no other', async () => {
    const open = keyOf(`${fake.vaultUrl}/keys/one`)
    expect(azureKv.toMetadata(open)[azureKv.openField?.name ?? '']).toBe('')
    const filled = await azureKv.openField?.fill(open, hostWith())
    expect(filled).toMatchObject({ id: `${fake.vaultUrl}/keys/one/${versionOf('one')}`, enc: '' })
    fake.requests.length = 0
    expect(await azureKv.openField?.fill(keyOf(two), hostWith())).toEqual(keyOf(two))
    expect(fake.requests).toEqual([])
  })

  test('many at the same time', async () => {
    const host = hostWith()
    const wrapped = await azureKv.encryptDataKey(keyOf(one), dataKey, host)
    const fresh = hostWith()
    const opened = await Promise.all(Array.from({ length: 30 }, () => azureKv.decryptDataKey(wrapped, fresh)))
    for (const part of opened) expect(new Uint8Array(part ?? [])).toEqual(dataKey)
  })
})

describe('failures', () => {
  test.each<[string, () => void, string, string]>([
    ['a wrong token', () => (fake.mood.revoked = true), 'denied', '401'],
    ['no permission', () => fake.permissions.delete('decrypt'), 'denied', '403'],
    ['a disabled key', () => fake.keys.get('one')?.forEach((key) => (key.enabled = false)), 'denied', '403'],
    ['a vault without patience', () => (fake.mood.throttled = 1000), 'offline', '429'],
    ['nobody signed in', signOut, 'no-credential', 'no Azure credential'],
    ['an unknown kind', () => vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'x'), 'no-credential', 'AZURE_TOKEN_CREDENTIALS'],
  ])('%s', async (_, happen, reason, words) => {
    const wrapped = await azureKv.encryptDataKey(keyOf(one), dataKey, hostWith())
    happen()
    const error = await failureOf(azureKv.decryptDataKey(wrapped, hostWith()))
    expect(error.reason).toBe(reason)
    expect(error.message).toContain(words)
  })

  test('a key or version that does not exist', async () => {
    const wrapped = await azureKv.encryptDataKey(keyOf(one), dataKey, hostWith())
    for (const change of [{ name: 'none' }, { version: 'f'.repeat(32) }])
      expect(await failureOf(azureKv.decryptDataKey({ ...wrapped, ...change }, hostWith()))).toMatchObject({
        reason: 'denied',
        message: expect.stringContaining('404') as string,
      })
    const unversioned = keyOf(`${fake.vaultUrl}/keys/none`)
    expect(await failureOf(azureKv.encryptDataKey(unversioned, dataKey, hostWith()))).toMatchObject({
      reason: 'denied',
    })
  })

  test('a vault that is busy for a moment', async () => {
    const wrapped = await azureKv.encryptDataKey(keyOf(one), dataKey, hostWith())
    fake.mood.throttled = 2
    expect(new Uint8Array((await azureKv.decryptDataKey(wrapped, hostWith())) ?? [])).toEqual(dataKey)
  })

  test('a vault that does not answer in time', async () => {
    fake.mood.delay = 5000
    const work = azureKv.encryptDataKey(keyOf(one), dataKey, hostWith({ TSOPS_KEY_TIMEOUT: '0.2' }))
    expect(await failureOf(work)).toMatchObject({ reason: 'offline' })
  })

  test('nobody at the address', async () => {
    const host = fakeHost({ env: { TSOPS_AZURE_ALLOWLIST: '127.0.0.1:1' } })
    const work = azureKv.encryptDataKey(keyOf('https://127.0.0.1:1/keys/one/1'), dataKey, host)
    expect(await failureOf(work)).toMatchObject({ reason: 'offline' })
  })
})

describe('addresses', () => {
  const enc = Buffer.alloc(256).toString('base64url')
  const open = (vaultUrl: string, allowlist = ''): Promise<KeyBackendError> =>
    failureOf(
      azureKv.decryptDataKey({ ...keyOf(one), vaultUrl, enc }, fakeHost({ env: { TSOPS_AZURE_ALLOWLIST: allowlist } })),
    )

  test.each([
    ...['https://vault.azure.net', 'https://evilvault.azure.net', 'https://v.vault.azure.net.evil.example'],
    ...[
      'https://v.vault.azure.net.',
      'https://v.vault.azure.net:8443',
      'https://v.vault.azure.com',
      'https://127.0.0.1',
    ],
    'https://169.254.169.254',
  ])('no token goes to %s', async (url) => {
    const error = await open(url)
    expect(error.reason).toBe('denied')
    expect(error.hint).toContain('TSOPS_AZURE_ALLOWLIST')
    expect(fake.requests).toEqual([])
  })

  test.each([
    ...['http://v.vault.azure.net', 'https://evil.example#.vault.azure.net', 'https://evil.example?.vault.azure.net'],
    ...['https://evil.example\\.vault.azure.net', 'https://v.vault.azure.net@evil.example', '', 'file:///etc/passwd'],
    ...['https://evil.example/x.vault.azure.net', 'https://v.vault.azure.net\n', 'https://%zz.vault.azure.net'],
  ])('%j is no address', async (url) => {
    expect((await open(url)).reason).toBe('malformed')
  })

  test.each(['*', 'all', 'https://', 'v.example:1', 'http://v.example', 'example', '.example'])(
    'a list of %j does not hold v.example',
    async (allowlist) => {
      expect((await open('https://v.example', allowlist)).reason).toBe('denied')
    },
  )

  test.each(['..', 'a/../../b', 'a?b', 'a%2fb', 'a b', ''])('a key named %j is refused', async (name) => {
    const work = azureKv.decryptDataKey({ ...keyOf(one), name, enc }, hostWith())
    expect(await failureOf(work)).toMatchObject({ reason: 'malformed' })
    expect(fake.requests).toEqual([])
  })

  test.each([
    ...['https://v.vault.azure.net', 'https://V.Vault.Azure.Net/', 'https://v.vault.azure.cn'],
    ...['https://v.vault.usgovcloudapi.net', 'https://v.vault.microsoftazure.de', 'https://h.managedhsm.azure.net'],
  ])('%s is known', (vaultUrl) => {
    const address = checkAddress({ ...keyOf(one), vaultUrl }, fakeHost({}))
    expect(address).toEqual({ origin: vaultUrl.toLowerCase().replace(/\/$/, ''), listed: false })
  })

  test.each(['https://v.example', 'v.example', ' V.EXAMPLE:443 ', 'x, https://v.example/'])(
    'a list of %j holds v.example',
    (allowlist) => {
      const host = fakeHost({ env: { TSOPS_AZURE_ALLOWLIST: allowlist } })
      const address = checkAddress({ ...keyOf(one), vaultUrl: 'https://v.example' }, host)
      expect(address).toEqual({ origin: 'https://v.example', listed: true })
    },
  )
})

describe('keys', () => {
  test.each(['x', null, { vaultUrl: 'https://v' }, { key: 'k' }, { vaultUrl: 1, key: 'k' }])(
    '%j is no entry of a key group',
    (entry) => {
      expect(() => azureKv.parseGroupEntry(entry)).toThrow(ConfigError)
    },
  )

  test('an address of a million slashes is soon seen through', async () => {
    const vaultUrl = `https://v.vault.azure.net${'/'.repeat(1_000_000)}x`
    expect(azureKv.parseGroupEntry({ vaultUrl, key: 'k' })).toMatchObject([{ vaultUrl }])
    const work = azureKv.decryptDataKey({ ...keyOf(one), vaultUrl, enc: 'AAAA' }, hostWith())
    expect(await failureOf(work)).toMatchObject({ reason: 'malformed' })
  })

  test.each(['x'.repeat(64), 'x.'.repeat(130)])('a name that is too long for a host is not asked for', async (name) => {
    const key = { ...keyOf(one), vaultUrl: `https://${name}.vault.azure.net`, enc: 'AAAA' }
    expect(await failureOf(azureKv.decryptDataKey(key, hostWith()))).toMatchObject({ reason: 'malformed' })
  })

  test('an entry of a key group needs no version', () => {
    const [key] = azureKv.parseGroupEntry({ vaultUrl: 'https://v.vault.azure.net/', key: 'k' })
    expect(key).toMatchObject({ id: 'https://v.vault.azure.net/keys/k/', version: '' })
  })

  test('what is not base64url is not wrapped', () => {
    for (const enc of ['', 'a', 'a+/b', 'ab==', 'A'.repeat(1 << 20)])
      expect(azureKv.isWrapped?.({ ...keyOf(one), enc }), enc.slice(0, 10)).toBe(false)
  })
})
