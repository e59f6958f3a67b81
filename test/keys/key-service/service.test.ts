import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { ConfigError, KeyBackendError } from '../../../src/errors.ts'
import { parseAddress } from '../../../src/keys/key-service/address.ts'
import { localKeyService } from '../../../src/keys/key-service/local.ts'
import { remoteKeyService } from '../../../src/keys/key-service/remote.ts'
import { serveKeys, type KeyServer, type KeyServerOptions } from '../../../src/keys/key-service/server.ts'
import type { KeyService, MasterKey } from '../../../src/keys/types.ts'
import { ageGroup, hostWith } from '../../ours.ts'
import { alice, bob } from '../../test-keys.ts'
import { fakeHost } from '../hosts.ts'

const directory = mkdtempSync(join(tmpdir(), 'tsops-keyservice-'))
afterAll(() => rmSync(directory, { recursive: true }))

const servers: KeyServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const [key] = ageGroup(alice.recipient) as [MasterKey]

/** A key service with alice's identity; gives its address. */
async function serve(options: Partial<KeyServerOptions> = {}): Promise<string> {
  const keyService = localKeyService(hostWith(alice.identity))
  const server = await serveKeys({ network: 'tcp', address: '127.0.0.1:0', keyService, ...options })
  servers.push(server)
  return `tcp://127.0.0.1:${server.port}`
}

/** A service that answers every question alike. */
const saying = (answer: () => Promise<never> | Promise<MasterKey & Uint8Array>): KeyService => ({
  encrypt: answer,
  decrypt: answer,
})

async function failureOf(act: Promise<unknown>): Promise<KeyBackendError> {
  const error: unknown = await act.catch((reason: unknown) => reason)
  if (error instanceof KeyBackendError) return error
  throw new Error('there was no failure of a key', { cause: error })
}

describe('a key service', () => {
  test('encrypts and decrypts for who has no key', async () => {
    const remote = remoteKeyService(await serve(), fakeHost({}))
    const wrapped = await remote.encrypt(key, dataKey)
    expect({ ...wrapped, enc: '' }).toEqual(key)
    expect(await remote.decrypt(wrapped)).toEqual(dataKey)
  })

  test.skipIf(process.platform === 'win32')('listens on a Unix socket too', async () => {
    const path = join(directory, 's p.sock')
    await serve({ network: 'unix', address: path })
    const remote = remoteKeyService(`unix://${path}`, fakeHost({}))
    expect(await remote.decrypt(await remote.encrypt(key, dataKey))).toEqual(dataKey)
  })

  test('many questions at once, over one connection', async () => {
    const remote = remoteKeyService(await serve(), fakeHost({}))
    const wrapped = await remote.encrypt(key, dataKey)
    const opened = await Promise.all(Array.from({ length: 100 }, () => remote.decrypt(wrapped)))
    for (const part of opened) expect(part).toEqual(dataKey)
  })

  test('what its backend says is told', async () => {
    const remote = remoteKeyService(await serve(), fakeHost({}))
    const [other] = ageGroup(bob.recipient) as [MasterKey]
    const wrapped = await localKeyService(fakeHost({})).encrypt(other, dataKey)
    const failure = await failureOf(remote.decrypt(wrapped))
    expect(failure.message).toMatch(/^rpc error: code = Unknown desc = failed to create reader .*did not match/)
  })

  test('a defect of the service is not quoted', async () => {
    const keyService = saying(() => Promise.reject(new TypeError('secret 1234')))
    const failure = await failureOf(remoteKeyService(await serve({ keyService }), fakeHost({})).decrypt(key))
    expect(failure.message).toBe('rpc error: code = Internal desc = unexpected error')
  })

  test('asks before it uses a key', async () => {
    const asked: string[] = []
    const used: string[] = []
    const keyService = saying(() => {
      used.push('used')
      return Promise.reject(new TypeError('not to be used'))
    })
    const approve = (operation: string, { id }: MasterKey): Promise<boolean> => {
      asked.push(`${operation} ${id}`)
      return Promise.resolve(false)
    }
    const remote = remoteKeyService(await serve({ keyService, approve }), fakeHost({}))
    for (const act of [remote.encrypt(key, dataKey), remote.decrypt({ ...key, enc: 'x' })]) {
      expect(await failureOf(act)).toMatchObject({
        reason: 'denied',
        message: 'rpc error: code = PermissionDenied desc = Request rejected by user',
      })
    }
    expect(asked).toEqual([`encrypt ${alice.recipient}`, `decrypt ${alice.recipient}`])
    expect(used).toEqual([])
  })

  test.each([
    ['', 5, 'Must provide a key'],
    ['0a00', 5, 'Must provide a key'],
    ['0a', 3, 'the message is cut off'],
  ])('a request of %j', async (request, code, details) => {
    const target = (await serve()).replace('tcp://', '')
    const client = new Client(target, credentials.createInsecure())
    const pass = (bytes: Buffer): Buffer => bytes
    const error = await new Promise<ServiceError | null>((resolve) => {
      const bytes = Buffer.from(request, 'hex')
      client.makeUnaryRequest('/KeyService/Decrypt', pass, pass, bytes, new Metadata(), {}, resolve)
    })
    client.close()
    expect(error).toMatchObject({ code, details })
  })

  test.each([
    ['udp', '127.0.0.1:0'],
    ['tcp', '127.0.0.1'],
    ['tcp', 'no such host:1'],
    ['unix', join(directory, 'no/such/directory.sock')],
    ['unix', ''],
  ])('%s %j is no place to listen', async (network, address) => {
    await expect(serve({ network, address })).rejects.toBeInstanceOf(ConfigError)
  })

  test('a port that is taken', async () => {
    const address = (await serve()).replace('tcp://', '')
    await expect(serve({ address })).rejects.toBeInstanceOf(ConfigError)
  })
})

describe('asking', () => {
  test('nobody listens', async () => {
    const remote = remoteKeyService(`unix://${join(directory, 'absent.sock')}`, fakeHost({}))
    const failure = await failureOf(remote.decrypt({ ...key, enc: 'x' }))
    expect(failure).toMatchObject({ reason: 'offline', hint: expect.stringContaining('absent.sock') as string })
    expect(failure.message).toMatch(/^rpc error: code = Unavailable desc = .*[^ ]$/)
  })

  test('an answer that does not come is not waited for', async () => {
    const keyService = saying(() => new Promise(() => undefined))
    const host = fakeHost({ env: { TSOPS_KEY_TIMEOUT: '0.2' } })
    const failure = await failureOf(remoteKeyService(await serve({ keyService }), host).decrypt(key))
    expect(failure).toMatchObject({ reason: 'offline' })
  })

  test('a time that is over before the question is sent', async () => {
    const keyService = saying(() => new Promise(() => undefined))
    const host = fakeHost({ env: { TSOPS_KEY_TIMEOUT: '0.0001' } })
    const failure = await failureOf(remoteKeyService(await serve({ keyService }), host).decrypt(key))
    expect(failure).toMatchObject({ reason: 'offline' })
  })

  test('an answer that quotes the question is not told', async () => {
    const enc = 'a-long-ciphertext'
    const keyService = saying(() => Promise.reject(new ConfigError(`cannot read ${enc}`)))
    const failure = await failureOf(
      remoteKeyService(await serve({ keyService }), fakeHost({})).decrypt({ ...key, enc }),
    )
    expect(failure.message).toBe('rpc error: code = Unknown desc = cannot read …')
  })

  test.each(['', 'no age file', '\ud800'])('an enc of %j is none', async (enc) => {
    const keyService: KeyService = {
      encrypt: (asked) => Promise.resolve({ ...asked, enc }),
      decrypt: () => Promise.resolve(new Uint8Array()),
    }
    const remote = remoteKeyService(await serve({ keyService }), fakeHost({}))
    expect(await failureOf(remote.encrypt(key, dataKey))).toMatchObject({ reason: 'malformed' })
    expect(await failureOf(remote.decrypt(key))).toMatchObject({ reason: 'malformed' })
  })

  test('a key that cannot travel stays here', async () => {
    const remote = remoteKeyService('tcp://127.0.0.1:1', fakeHost({}))
    expect(await failureOf(remote.decrypt({ type: 'own', id: 'x', enc: 'y' }))).toMatchObject({
      reason: 'not-installed',
    })
  })
})

describe('addresses', () => {
  test.each([
    ['tcp://localhost:5000', 'dns:localhost:5000'],
    ['tcp://[::1]:5000', 'dns:[::1]:5000'],
    ['tcp4://10.0.0.1:80', 'dns:10.0.0.1:80'],
    ['unix:///run/sops.sock', 'unix:/run/sops.sock'],
    ['unix:sops.sock', 'unix:sops.sock'],
  ])('%s', (address, target) => {
    expect(parseAddress(address)).toBe(target)
  })

  test.each([
    '',
    'localhost:5000',
    'http://localhost:5000',
    'tcp://',
    'tcp://a b:1',
    'tcp://a:99999',
    'unix://a/b',
    'unix:',
  ])('%j is none', (address) => {
    expect(() => parseAddress(address)).toThrow(ConfigError)
  })
})
