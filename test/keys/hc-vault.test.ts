import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, KeyBackendError } from '../../src/errors.ts'
import type { Host } from '../../src/host.ts'
import { hcVault, type HcVaultKey } from '../../src/keys/hc-vault/backend.ts'
import { nodeHost } from '../../src/node-host.ts'
import { testKeyBackend } from '../contract/key-backend.ts'
import { makeCertificate } from '../fakes/certificate.ts'
import { startFakeVault, type FakeVaultOptions } from '../fakes/vault.ts'

// Two parses of one key must give the same created_at.
vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })

const token = 'hvs.fake-token-of-the-user'
const namespace = 'team-a'
const keys = ['transit/sops', 'transit/other', 'deep/er/engine/sops']
const served: FakeVaultOptions = { token, namespace, keys }
const vault = await startFakeVault(served)
const elsewhere = await startFakeVault(served)
const certificate = makeCertificate()
const directory = mkdtempSync(join(tmpdir(), 'tsops-vault-'))
const certificateFile = join(directory, 'ca.pem')
const keyFile = join(directory, 'key.pem')
writeFileSync(certificateFile, certificate.cert)
writeFileSync(keyFile, certificate.key)
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await Promise.all([vault.close(), elsewhere.close()])
})
beforeEach(() => {
  for (const fake of [vault, elsewhere]) {
    fake.requests.length = 0
    fake.next.length = 0
  }
})

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const signedIn = { VAULT_ADDR: vault.url, VAULT_TOKEN: token, VAULT_NAMESPACE: namespace }

function hostOf(env: Readonly<Record<string, string>> = signedIn): Host {
  return {
    ...nodeHost(),
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    readFile: (path) => readFile(path),
    readDirectory: (path) => readdir(path),
    run: () => Promise.reject(new Error('nothing may be run')),
  }
}

const uriOf = (key: string, url = vault.url): string =>
  `${url}/v1/${key.slice(0, key.lastIndexOf('/'))}/keys/${key.slice(key.lastIndexOf('/') + 1)}`
const keyOf = (uri: string): HcVaultKey => hcVault.parse(uri)[0]!
const sops = keyOf(uriOf('transit/sops'))

testKeyBackend(hcVault, {
  specs: [uriOf('transit/sops'), uriOf('deep/er/engine/sops')],
  badSpecs: [
    'vault.example.com/v1/transit/keys/sops',
    ` ${uriOf('transit/sops')}`,
    'https://vault.example.com/transit/keys/sops',
    'https://vault.example.com/v1/transit/sops',
    'https://vault.example.com/prefix/v1/transit/keys/sops',
    'https://vault.example.com/v1/transit/../sys/keys/sops',
    'https://vault.example.com/v1/transit/keys/..',
    'https://user:password@vault.example.com/v1/transit/keys/sops',
    'https://vault.example.com/v1/transit/keys/sops?x',
    'https://vault.example.com:99999/v1/transit/keys/sops',
    'unix:///run/v1/transit/keys/sops',
    'https:///v1/transit/keys/sops',
    'https://vault.example.com/v1/transit/keys/%zz',
  ],
  groupEntry: uriOf('transit/sops'),
  host: () => hostOf(),
  emptyHost: () => hostOf({ VAULT_ADDR: vault.url }),
  secrets: [token, Buffer.from(dataKey).toString('base64')],
})

const wrapped = await hcVault.encryptDataKey(sops, dataKey, hostOf())

async function failureOf(key: HcVaultKey, host: Host): Promise<KeyBackendError> {
  const error: unknown = await hcVault.decryptDataKey(key, host).catch((reason: unknown) => reason)
  if (error instanceof KeyBackendError) return error
  throw new Error('there was no failure of a key', { cause: error })
}

describe('URIs', () => {
  test.each([
    ['https://vault.example.com:8200/v1/transit/keys/k', 'https://vault.example.com:8200', 'transit', 'k'],
    ['https://Vault.Kiosk.SKS/v1/transit/keys/k', 'https://Vault.Kiosk.SKS', 'transit', 'k'],
    ['http://[::1]:8200/v1/a/b/c/keys/k/', 'http://[::1]:8200', 'a/b/c', 'k'],
    ['HTTPS://Vault/v1/transit/other/k', 'https://Vault', 'transit', 'k'],
    ['https://v/v2/transit/keys/a%20b', 'https://v', 'transit', 'a%20b'],
    ['https://v/v1/a b/keys/k\u00e9', 'https://v', 'a%20b', 'k%C3%A9'],
  ])('%s', (uri, address, enginePath, keyName) => {
    const id = `${address}/v1/${enginePath}/keys/${keyName}`
    expect(hcVault.parse(uri)).toMatchObject([{ id, address, enginePath, keyName }])
  })

  test('empty elements of a list are passed over, an entry of a group is one URI', () => {
    expect(hcVault.parse(`,${uriOf('transit/sops')},`)).toHaveLength(1)
    expect(hcVault.parseGroupEntry('https://v/v1/transit/keys/a,b')).toMatchObject([{ keyName: 'a,b' }])
    for (const entry of ['', 7, { uri: 'x' }]) expect(() => hcVault.parseGroupEntry(entry)).toThrow(ConfigError)
  })
})

describe('requests', () => {
  test('go as Vault wants them', async () => {
    await hcVault.decryptDataKey(wrapped, hostOf())
    await hcVault.encryptDataKey(keyOf(uriOf('deep/er/engine/sops')), dataKey, hostOf())
    expect(vault.requests).toMatchObject([
      { method: 'PUT', path: '/v1/transit/decrypt/sops', body: JSON.stringify({ ciphertext: wrapped.enc }) },
      { method: 'PUT', path: '/v1/deep/er/engine/encrypt/sops' },
    ])
    for (const { headers } of vault.requests) {
      expect(headers).toMatchObject({
        'x-vault-token': token,
        'x-vault-request': 'true',
        'x-vault-namespace': namespace,
      })
    }
  })

  test('the token comes from ~/.vault-token when no variable gives it', async () => {
    writeFileSync(join(directory, '.vault-token'), `  ${token}\n`)
    const env = { VAULT_ADDR: vault.url, VAULT_NAMESPACE: namespace, HOME: directory }
    expect(await hcVault.decryptDataKey(wrapped, hostOf({ ...env, VAULT_TOKEN: '' }))).toEqual(dataKey)
    const failure = await failureOf(wrapped, hostOf({ ...env, VAULT_TOKEN: 'another' }))
    expect(failure).toMatchObject({ reason: 'denied', message: expect.stringContaining('permission denied') as string })
  })

  test.each([
    [429, { 'retry-after': '0' }],
    [503, {}],
    [412, {}],
  ])('status %i is asked again', async (status, headers) => {
    vault.next.push({ status, headers })
    expect(await hcVault.decryptDataKey(wrapped, hostOf())).toEqual(dataKey)
    expect(vault.requests).toHaveLength(2)
  })

  test('a deadline ends the patience', async () => {
    for (let count = 0; count < 9; count++) vault.next.push({ status: 503, headers: { 'retry-after': '3600' } })
    const host = hostOf({ ...signedIn, TSOPS_KEY_TIMEOUT: '0.3' })
    expect(await failureOf(wrapped, host)).toMatchObject({ reason: 'offline' })
    expect(vault.requests.length).toBeLessThan(3)
  })

  test.each<[string, HcVaultKey, string]>([
    ['another key', { ...wrapped, keyName: 'other' }, 'message authentication failed'],
    ['no such key', { ...wrapped, keyName: 'absent' }, 'encryption key not found'],
    ['no such engine', { ...wrapped, enginePath: 'absent' }, 'route entry not found'],
  ])('%s', async (_, key, text) => {
    const failure = await failureOf(key, hostOf())
    expect(failure).toMatchObject({ reason: 'malformed' })
    expect(failure.message).toContain(text)
  })

  test.each(['not json', '{}', '{"data":null}', '{"data":{"plaintext":7}}', '{"data":{"plaintext":"!!"}}', '[]', ''])(
    'an answer of %j is none',
    async (body) => {
      vault.next.push({ status: 200, body })
      expect(await failureOf(wrapped, hostOf())).toMatchObject({ reason: 'malformed' })
    },
  )

  test('an answer that quotes the question is not told', async () => {
    const body = JSON.stringify({ errors: [`bad: ${wrapped.enc}`, `token ${token} is unknown`, 'plain words'] })
    vault.next.push({ status: 400, body })
    const { message } = await failureOf(wrapped, hostOf())
    expect(message).toContain('plain words')
    expect(message).not.toContain(wrapped.enc)
    expect(message).not.toContain(token)
  })

  test('a token or a namespace that no header can hold is not told', async () => {
    for (const name of ['VAULT_TOKEN', 'VAULT_NAMESPACE']) {
      const failure = await failureOf(wrapped, hostOf({ ...signedIn, [name]: 'secret\nvalue' }))
      expect(failure).toMatchObject({ reason: 'no-credential' })
      expect(failure.message).not.toContain('secret')
    }
  })

  test('a server that is not there', async () => {
    const closed = await startFakeVault(served)
    await closed.close()
    const host = hostOf({ ...signedIn, VAULT_ADDR: closed.url })
    const failure = await failureOf({ ...wrapped, address: closed.url }, host)
    expect(failure).toMatchObject({ reason: 'offline', message: expect.stringContaining('ECONNREFUSED') as string })
  })
})

describe('where a token goes', () => {
  const hostile: HcVaultKey = { ...wrapped, address: elsewhere.url }
  const list = (text: string): Host => hostOf({ ...signedIn, SOPS_HC_VAULT_ALLOWLIST: text })

  test('by default to VAULT_ADDR alone', async () => {
    const failure = await failureOf(hostile, hostOf())
    expect(failure).toMatchObject({ reason: 'denied', hint: expect.stringContaining('VAULT_ADDR') as string })
    expect(failure.message).toContain('SOPS_HC_VAULT_ALLOWLIST')
    await expect(hcVault.encryptDataKey(hostile, dataKey, hostOf())).rejects.toBeInstanceOf(KeyBackendError)
    expect(elsewhere.requests).toEqual([])
  })

  test('without VAULT_ADDR to nobody', async () => {
    await failureOf(wrapped, hostOf({ VAULT_TOKEN: token }))
    expect(vault.requests).toEqual([])
  })

  test.each([
    ['all', true],
    ['none', false],
    [elsewhere.url, true],
    [`${elsewhere.url}/`, true],
    [`https://x.example.com, ${elsewhere.url} `, true],
    [vault.url, false],
    [elsewhere.url.slice(0, -1), false],
    [`${elsewhere.url}/v1`, false],
    ['all,https://x.example.com', false],
    [`${elsewhere.url},`, false],
  ])('a list of %j', async (text, allowed) => {
    const opened = await hcVault.decryptDataKey(hostile, list(text)).catch((error: unknown) => error)
    // The key of the other server is another one.
    expect(opened).toBeInstanceOf(KeyBackendError)
    expect(elsewhere.requests).toHaveLength(allowed ? 1 : 0)
  })

  test('a list counts instead of VAULT_ADDR', async () => {
    await failureOf(wrapped, list('none'))
    expect(vault.requests).toEqual([])
  })

  test.each([301, 302, 303, 307, 308])('a redirect with status %i is not followed', async (status) => {
    vault.next.push({ status, headers: { location: `${elsewhere.url}/v1/transit/decrypt/sops` } })
    expect(await failureOf(wrapped, hostOf())).toMatchObject({ reason: 'denied' })
    expect(elsewhere.requests).toEqual([])
  })

  const port = elsewhere.url.slice('http://127.0.0.1'.length)
  test.each([
    `${vault.url}@127.0.0.1${port}`,
    `http://user@127.0.0.1${port}`,
    `${vault.url}\\@127.0.0.1${port}`,
    `${vault.url}#@127.0.0.1${port}`,
    `${vault.url}?@127.0.0.1${port}`,
    `http://127.0.0.1${port}\t`,
    'file:///etc/passwd',
    '',
    'http://',
  ])('an address of %j gets nothing', async (address) => {
    await failureOf({ ...wrapped, address }, hostOf())
    await failureOf({ ...wrapped, address }, list(vault.url))
    expect([...vault.requests, ...elsewhere.requests]).toEqual([])
  })

  test.each([
    ['auth/token', '../create'],
    ['transit', '../../../../secret/data/x'],
    ['..', 'x'],
    ['transit/../sys', 'x'],
    ['transit//', 'x'],
    ['', 'x'],
    ['transit', ''],
    ['transit', '.'],
    ['transit', 'a/b'],
    ['transit\n', 'x'],
    ['transit', '\ud800'],
  ])('engine %j and key %j lead to no other path of the server', async (enginePath, keyName) => {
    expect(await failureOf({ ...wrapped, enginePath, keyName }, hostOf())).toMatchObject({ reason: 'malformed' })
    expect(vault.requests).toEqual([])
  })

  test('an address of a million slashes is soon seen through', async () => {
    const address = `${vault.url}${'/'.repeat(1_000_000)}x`
    expect(await failureOf({ ...wrapped, address }, hostOf())).toMatchObject({ reason: 'malformed' })
    expect(() => hcVault.parse(`${address}${'/'.repeat(1_000_000)}x`)).toThrow(ConfigError)
  })

  test('a name that is too long for a host is not asked for', async () => {
    const address = `https://${'x'.repeat(300)}.example.com`
    const host = hostOf({ VAULT_ADDR: address })
    expect(await failureOf({ ...wrapped, address }, host)).toMatchObject({ reason: 'malformed' })
  })

  test('what has a meaning in URLs is sent as text', async () => {
    await failureOf({ ...wrapped, keyName: 'a?b#c%2e%2e' }, hostOf())
    expect(vault.requests.map(({ path }) => path)).toEqual(['/v1/transit/decrypt/a%3Fb%23c%252e%252e'])
  })
})

describe('an agent', () => {
  test('is asked instead of the address, with or without a token', async () => {
    const key = { ...wrapped, address: 'https://vault.example.com' }
    expect(await hcVault.decryptDataKey(key, hostOf({ ...signedIn, VAULT_AGENT_ADDR: vault.url }))).toEqual(dataKey)
    await failureOf(key, hostOf({ VAULT_AGENT_ADDR: vault.url }))
    expect(vault.requests).toHaveLength(2)
    expect(vault.requests[1]?.headers).not.toHaveProperty('x-vault-token')
  })

  test.skipIf(process.platform === 'win32')('may listen on a Unix socket', async () => {
    const path = join(directory, 'agent.sock')
    const plaintext = Buffer.from(dataKey).toString('base64')
    const agent = createServer((_, response) => response.end(JSON.stringify({ data: { plaintext } })))
    await new Promise<void>((resolve) => agent.listen(path, resolve))
    const host = hostOf({ ...signedIn, VAULT_AGENT_ADDR: `unix://${path}` })
    expect(await hcVault.decryptDataKey(wrapped, host)).toEqual(dataKey)
    agent.closeAllConnections()
    await new Promise((resolve) => agent.close(resolve))
  })

  test('no address of an agent is made out of anything else', async () => {
    for (const address of ['file:///x', 'nonsense', 'ftp://x']) {
      const failure = await failureOf(wrapped, hostOf({ ...signedIn, VAULT_AGENT_ADDR: address }))
      expect(failure).toMatchObject({ reason: 'no-credential' })
    }
    expect(vault.requests).toEqual([])
  })
})

describe('TLS', async () => {
  const secure = await startFakeVault({ ...served, tls: { ...certificate } })
  const strict = await startFakeVault({
    ...served,
    tls: { ...certificate, requestCert: true, rejectUnauthorized: true, ca: certificate.cert },
  })
  afterAll(() => Promise.all([secure.close(), strict.close()]))
  const capath = mkdtempSync(join(directory, 'capath-'))
  writeFileSync(join(capath, 'one.pem'), certificate.cert)

  async function roundTrip(fake: typeof secure, env: Readonly<Record<string, string>>): Promise<Uint8Array | null> {
    const host = hostOf({ ...signedIn, VAULT_ADDR: fake.url, ...env })
    const key = keyOf(uriOf('transit/sops', fake.url))
    return hcVault.decryptDataKey(await hcVault.encryptDataKey(key, dataKey, host), host)
  }

  test.each([
    { VAULT_CACERT: certificateFile },
    { VAULT_CACERT_BYTES: certificate.cert },
    { VAULT_CAPATH: capath },
    { VAULT_SKIP_VERIFY: 'true' },
    { VAULT_CACERT: certificateFile, VAULT_TLS_SERVER_NAME: 'localhost' },
  ])('%o', async (env) => {
    expect(await roundTrip(secure, env)).toEqual(dataKey)
  })

  test('a client certificate', async () => {
    const own = { VAULT_CACERT: certificateFile, VAULT_CLIENT_CERT: certificateFile, VAULT_CLIENT_KEY: keyFile }
    expect(await roundTrip(strict, own)).toEqual(dataKey)
    await expect(roundTrip(strict, { VAULT_CACERT: certificateFile })).rejects.toMatchObject({ reason: 'offline' })
  })

  test.each([
    [{}, 'offline'],
    [{ VAULT_SKIP_VERIFY: 'false' }, 'offline'],
    [{ VAULT_CACERT: certificateFile, VAULT_TLS_SERVER_NAME: 'vault.example.com' }, 'offline'],
    [{ VAULT_SKIP_VERIFY: 'maybe' }, 'no-credential'],
    [{ VAULT_CACERT: join(directory, 'absent.pem') }, 'no-credential'],
    [{ VAULT_CAPATH: join(directory, 'absent') }, 'no-credential'],
    [{ VAULT_CACERT: certificateFile, VAULT_CLIENT_CERT: certificateFile }, 'no-credential'],
  ])('%o: nothing is sent', async (env, reason) => {
    secure.requests.length = 0
    await expect(roundTrip(secure, env)).rejects.toMatchObject({ reason })
    expect(secure.requests).toEqual([])
  })
})
