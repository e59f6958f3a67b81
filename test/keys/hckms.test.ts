import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, KeyBackendError } from '../../src/errors.ts'
import type { Host } from '../../src/host.ts'
import { hckms } from '../../src/keys/hckms/backend.ts'
import type { HuaweiKey } from '../../src/keys/hckms/key.ts'
import { signedHeaders } from '../../src/keys/hckms/signer.ts'
import { testKeyBackend } from '../contract/key-backend.ts'
import { startFakeHuawei } from '../fakes/hckms.ts'
import { fakeHost } from './hosts.ts'

// Two parses of one key must give the same created_at.
vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })

const user = { ak: 'FAKEAK', sk: 'fake-secret-of-the-user' }
const guest = { ak: 'FAKEGUEST', sk: 'fake-secret-of-the-guest', securityToken: 'fake-security-token' }
const [keyA, keyB, off] = ['a', 'b', 'c'].map((digit) => `${digit.repeat(8)}-0000-0000-0000-${digit.repeat(12)}`)
const disabled = { id: off!, project: 'project-1', enabled: true }

const huawei = await startFakeHuawei({
  users: [user, guest],
  projects: new Map([
    ['tr-west-1', ['project-1']],
    ['cn-north-4', ['project-2', 'project-3']],
  ]),
  keys: [{ id: keyA!, project: 'project-1' }, { id: keyB!, project: 'project-1' }, disabled],
})
afterAll(() => huawei.close())
beforeEach(() => {
  huawei.requests.length = 0
})

const signedIn = {
  HUAWEICLOUD_SDK_AK: user.ak,
  HUAWEICLOUD_SDK_SK: user.sk,
  HUAWEICLOUD_SDK_PROJECT_ID: 'project-1',
}
const network = {
  HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.url,
  HUAWEICLOUD_SDK_REGION_KMS_CN_NORTH_4: `${huawei.url}/,https://second.example`,
  HUAWEICLOUD_SDK_IAM_ENDPOINT: huawei.url,
}

/** Only the fake can be reached, and what `answers` has. */
function hostWith(
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  answers: Readonly<Record<string, string>> = {},
): Host {
  const fetched: typeof fetch = (input, init) => {
    const url = String(input instanceof Request ? input.url : input)
    if (url.startsWith(huawei.url)) return fetch(input, init)
    const answer = answers[`${init?.method ?? 'GET'} ${url}`]
    return answer === undefined ? Promise.reject(new TypeError('fetch failed')) : Promise.resolve(new Response(answer))
  }
  return { ...fakeHost({ env: { HOME: '/home/me', ...network, ...env }, files }), fetch: fetched }
}

const idA = `tr-west-1:${keyA!}`
const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const keyOf = (id: string): HuaweiKey => hckms.parse(id)[0]!
const secrets = [user.sk, guest.sk, guest.securityToken]

async function failureOf(work: Promise<unknown>): Promise<KeyBackendError> {
  const error = await work.catch((thrown: unknown) => thrown)
  if (!(error instanceof KeyBackendError)) throw new Error('there was no such failure')
  for (const secret of secrets)
    expect(`${error.message} ${error.hint ?? ''} ${String(error.cause)}`).not.toContain(secret)
  return error
}

testKeyBackend(hckms, {
  specs: [idA, `tr-west-1:${keyB!}`],
  badSpecs: ['x', ':x', 'tr-west-1:', ' : ', 'evil.example/:x', 'a@b:x', '-a:x', 'TR-WEST-1:x', `${'a'.repeat(50)}:x`],
  groupEntry: { key_id: idA },
  host: () => hostWith(signedIn),
  emptyHost: () => hostWith({}),
  secrets,
})

describe('keys', () => {
  test('a list is trimmed, and its empty elements are passed over', () => {
    expect(hckms.parse(` ${idA} ,, tr-west-1:x`).map(({ id }) => id)).toEqual([idA, 'tr-west-1:x'])
  })

  test.each([
    ['x', `invalid key ID format: expected 'region:key-uuid', got "x"`],
    [':x', 'region cannot be empty in key ID: ":x"'],
    ['r:', 'key UUID cannot be empty in key ID: "r:"'],
  ])('%j is refused as sops does', (id, message) => {
    expect(() => hckms.parse(id)).toThrow(new ConfigError(message))
  })

  test.each([['x'], [{}], [{ key_id: {} }], [{ key_id: 'x' }], [null]])('the entry %j is refused', (entry) => {
    expect(() => hckms.parseGroupEntry(entry)).toThrow(ConfigError)
  })

  test('a broken id in a file is an error when it is used', async () => {
    const key = hckms.fromMetadata({ key_id: 'nonsense', enc: 'x', created_at: '2024-01-02T03:04:05Z' })
    expect(await failureOf(hckms.decryptDataKey(key, hostWith(signedIn)))).toMatchObject({ reason: 'malformed' })
    expect(huawei.requests).toEqual([])
  })
})

describe('signature', () => {
  test('of a request with a query', () => {
    const url = new URL('https://iam.example/v3/projects?name=tr west(1)!&a=b')
    const request = { method: 'GET', url, headers: { 'content-type': 'x', 'x-project-id': ' p ' }, body: '' } as const
    const headers = signedHeaders(
      request,
      { ak: 'AK', sk: 'SK', securityToken: 'T' },
      new Date('2024-01-02T03:04:05.678Z'),
    )
    expect(headers['x-sdk-date']).toBe('20240102T030405Z')
    expect(headers.authorization).toMatch(
      /^SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;x-project-id;x-sdk-date;x-security-token, Signature=[0-9a-f]{64}$/,
    )
  })
})

describe('hosts', () => {
  test.each([
    ['tr-west-1', 'https://kms.tr-west-1.myhuaweicloud.com/v1.0/p/kms/encrypt-data'],
    ['eu-west-101', 'https://kms.eu-west-101.myhuaweicloud.eu/v1.0/p/kms/encrypt-data'],
    ['new-region-9', 'https://kms.new-region-9.myhuaweicloud.com/v1.0/p/kms/encrypt-data'],
  ])('%s', async (region, url) => {
    const asked: string[] = []
    const fetched: typeof fetch = async (input) => {
      asked.push(String(input instanceof Request ? input.url : input))
      return new Response('{"cipher_text":"AAAA"}')
    }
    const env = { ...signedIn, HUAWEICLOUD_SDK_PROJECT_ID: 'p' }
    await hckms.encryptDataKey(keyOf(`${region}:x`), dataKey, { ...fakeHost({ env }), fetch: fetched })
    expect(asked).toEqual([url])
  })

  test.each([
    ['HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1', 'nonsense'],
    ['HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1', 'ftp://x'],
    ['TSOPS_KEY_TIMEOUT', 'x'],
  ])('%s=%s', async (name, value) => {
    const failure = await failureOf(hckms.encryptDataKey(keyOf(idA), dataKey, hostWith({ ...signedIn, [name]: value })))
    expect(failure.message).toContain(name)
  })
})

describe('credentials', () => {
  const wrap = (host: Host): Promise<HuaweiKey> => hckms.encryptDataKey(keyOf(idA), dataKey, host)

  test('with a security token', async () => {
    const env = {
      ...signedIn,
      HUAWEICLOUD_SDK_AK: guest.ak,
      HUAWEICLOUD_SDK_SK: guest.sk,
      HUAWEICLOUD_SDK_SECURITY_TOKEN: guest.securityToken,
    }
    expect((await wrap(hostWith(env))).enc).not.toBe('')
    expect((await failureOf(wrap(hostWith({ ...env, HUAWEICLOUD_SDK_SECURITY_TOKEN: '' })))).reason).toBe('denied')
  })

  test('from the profile file', async () => {
    const file = `; ak = no\n[other]\nak = no\n[basic]\r\nak = ${user.ak} ; mine\nsk = "${user.sk}"\nproject_id: project-1\n[x]\nsk=no\n`
    expect((await wrap(hostWith({}, { '/home/me/.huaweicloud/credentials': file }))).enc).not.toBe('')
    const named = { HUAWEICLOUD_SDK_CREDENTIALS_FILE: '/x' }
    expect((await wrap(hostWith(named, { '/x': file }))).enc).not.toBe('')
    const withoutProject = file.replace('project_id: project-1', `iam_endpoint = ${huawei.url}`)
    expect(
      (await wrap(hostWith({ ...named, HUAWEICLOUD_SDK_IAM_ENDPOINT: 'x' }, { '/x': withoutProject }))).enc,
    ).not.toBe('')
  })

  test('from the machine, asked for once', async () => {
    const credential = { access: guest.ak, secret: guest.sk, securitytoken: guest.securityToken }
    const answers = (hours: number): Record<string, string> => ({
      'PUT http://169.254.169.254/meta-data/latest/api/token': 'fake-metadata-token',
      'GET http://169.254.169.254/openstack/latest/securitykey': JSON.stringify({
        credential: { ...credential, expires_at: new Date(Date.now() + hours * 3600_000).toISOString() },
      }),
    })
    const host = hostWith({}, {}, answers(1))
    const fetched = vi.spyOn(host, 'fetch')
    await Promise.all([wrap(host), wrap(host), wrap(host)])
    // Two for the credentials, one for the project, three for the keys.
    expect(fetched).toHaveBeenCalledTimes(6)
    await wrap(host)
    expect(fetched).toHaveBeenCalledTimes(7)
    const old = hostWith({}, {}, answers(0))
    const refetched = vi.spyOn(old, 'fetch')
    await wrap(old)
    await wrap(old)
    expect(refetched).toHaveBeenCalledTimes(7)
  })

  test('the project is looked up once', async () => {
    const host = hostWith({ ...signedIn, HUAWEICLOUD_SDK_PROJECT_ID: '' })
    await wrap(host)
    await wrap(host)
    expect(huawei.requests).toEqual([
      'GET /v3/projects',
      ...Array.from({ length: 2 }, () => 'POST /v1.0/project-1/kms/encrypt-data'),
    ])
  })

  test.each([
    ['cn-north-4', /several projects were found/],
    ['cn-north-1', /no project was found/],
  ])('the projects of %s', async (region, message) => {
    const host = hostWith({ ...signedIn, HUAWEICLOUD_SDK_PROJECT_ID: '' })
    const failure = await failureOf(hckms.encryptDataKey(keyOf(`${region}:x`), dataKey, host))
    expect(failure.message).toMatch(message)
    expect(failure.hint).toContain('HUAWEICLOUD_SDK_PROJECT_ID')
  })
})

describe('failures', () => {
  test.each([
    ['an unknown key', `tr-west-1:${'d'.repeat(36)}`, {}, 'denied', /there is no such key \(KMS\.0401\)/],
    ['a wrong secret', idA, { HUAWEICLOUD_SDK_SK: 'fake-wrong' }, 'denied', /refused \(APIGW\.0301\)/],
    ['another project', idA, { HUAWEICLOUD_SDK_PROJECT_ID: 'of-another' }, 'denied', /there is no such key/],
    ['no credentials', idA, { HUAWEICLOUD_SDK_AK: '' }, 'no-credential', /no HuaweiCloud credentials were found/],
    ['no network', 'af-south-1:x', {}, 'offline', /kms\.af-south-1\.myhuaweicloud\.com could not be reached/],
  ])('%s', async (_, id, env, reason, message) => {
    const host = hostWith({ ...signedIn, ...env })
    const { enc } = await hckms.encryptDataKey(keyOf(idA), dataKey, hostWith(signedIn))
    for (const work of [
      () => hckms.encryptDataKey(keyOf(id), dataKey, host),
      () => hckms.decryptDataKey({ ...keyOf(id), enc }, host),
    ]) {
      const failure = await failureOf(work())
      expect(failure).toMatchObject({ reason, keyId: id, keyType: 'hckms' })
      expect(failure.message).toMatch(message)
      expect(failure.message).not.toContain(enc)
    }
  })

  test('a key that was disabled, and the data key of another', async () => {
    const key = await hckms.encryptDataKey(keyOf(`tr-west-1:${off!}`), dataKey, hostWith(signedIn))
    disabled.enabled = false
    expect((await failureOf(hckms.decryptDataKey(key, hostWith(signedIn)))).reason).toBe('denied')
    disabled.enabled = true
    expect((await failureOf(hckms.decryptDataKey({ ...keyOf(idA), enc: key.enc }, hostWith(signedIn)))).reason).toBe(
      'malformed',
    )
  })

  test('too many requests are tried again', async () => {
    huawei.throttled = 2
    expect((await hckms.encryptDataKey(keyOf(idA), dataKey, hostWith(signedIn))).enc).not.toBe('')
    expect(huawei.requests).toHaveLength(3)
    huawei.throttled = 100
    const failure = await failureOf(hckms.encryptDataKey(keyOf(idA), dataKey, hostWith(signedIn)))
    huawei.throttled = 0
    expect(failure).toMatchObject({
      reason: 'offline',
      message: expect.stringContaining('too many requests') as string,
    })
  })

  test('no answer within the time', async () => {
    huawei.latency = 60_000
    const host = hostWith({ ...signedIn, TSOPS_KEY_TIMEOUT: '0.2' })
    const failure = await failureOf(hckms.encryptDataKey(keyOf(idA), dataKey, host))
    huawei.latency = 0
    expect(failure).toMatchObject({ reason: 'offline', message: 'there was no answer within 0.2 s' })
  })

  test.each(['', 'not json', '[]', '{}', '{"cipher_text":1}', 'null'])('the answer %j', async (answer) => {
    const host = { ...fakeHost({ env: signedIn }), fetch: () => Promise.resolve(new Response(answer)) }
    expect((await failureOf(hckms.encryptDataKey(keyOf(idA), dataKey, host))).reason).toBe('offline')
  })
})
