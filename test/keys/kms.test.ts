import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { ConfigError, KeyBackendError, SopsError } from '../../src/errors.ts'
import type { Host } from '../../src/host.ts'
import { kms } from '../../src/keys/kms/backend.ts'
import { parseArns, regionOf, type KmsKey } from '../../src/keys/kms/key.ts'
import { testKeyBackend } from '../contract/key-backend.ts'
import { startFakeAws, type FakeKey } from '../fakes/aws-kms.ts'
import { fakeHost } from './hosts.ts'

// Two parses of one key must give the same created_at.
vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })

// From the start: the SDK gives its warning once.
const warnings: string[] = []
const environment = JSON.stringify(process.env)
process.on('warning', ({ message }) => warnings.push(message))

const account = '111122223333'
const arnOf = (id: string, region = 'us-east-1'): string => `arn:aws:kms:${region}:${account}:key/${id}`
const one = arnOf('11111111-1111-1111-1111-111111111111')
const two = arnOf('22222222-2222-2222-2222-222222222222', 'eu-central-1')
const alias = `arn:aws:kms:us-east-1:${account}:alias/sops`
const roleOnly = arnOf('33333333-3333-3333-3333-333333333333')
const disabled: FakeKey = { arn: arnOf('44444444-4444-4444-4444-444444444444'), enabled: true }
const role = `arn:aws:iam::${account}:role/sops`
const assumedRole = `arn:aws:sts::${account}:assumed-role/sops`

const user = { accessKeyId: 'AKIAFAKEUSER', secretAccessKey: 'fake-secret-of-the-user' }
const other = { accessKeyId: 'AKIAFAKEOTHER', secretAccessKey: 'fake-secret-of-the-other' }
const expired = {
  accessKeyId: 'ASIAFAKEEXPIRED',
  secretAccessKey: 'fake-secret-expired',
  sessionToken: 'fake-token-expired',
  expired: true,
}
const secrets = [user, other, expired].flatMap(
  ({ secretAccessKey, sessionToken }: typeof expired | (typeof user & { sessionToken?: string })) =>
    sessionToken === undefined ? [secretAccessKey] : [secretAccessKey, sessionToken],
)

const aws = await startFakeAws({
  credentials: [user, other, expired],
  keys: [{ arn: one, alias }, { arn: two }, { arn: roleOnly, onlyFor: [role] }, disabled],
  roles: [role],
  webIdentities: ['fake-web-token'],
})
const directory = mkdtempSync(join(tmpdir(), 'tsops-kms-'))
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await aws.close()
})
beforeEach(() => {
  aws.requests.length = 0
  aws.sessions.length = 0
})

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const signedIn = { AWS_ACCESS_KEY_ID: user.accessKeyId, AWS_SECRET_ACCESS_KEY: user.secretAccessKey }
const network = { AWS_ENDPOINT_URL: aws.url, AWS_EC2_METADATA_DISABLED: 'true' }

/** A host with the real network and file system, and an environment of its own. */
function hostWith(env: Readonly<Record<string, string>>, fetched: typeof fetch = fetch): Host {
  return { ...fakeHost({ env: { ...network, ...env } }), fetch: fetched, readFile: (path) => readFile(path) }
}

function only(spec: string, options?: Parameters<typeof kms.parse>[1]): KmsKey {
  return parseArns(spec, options)[0]!
}

async function wrapped(key: KmsKey, host = hostWith(signedIn)): Promise<KmsKey> {
  return kms.encryptDataKey(key, dataKey, host)
}

async function failureOf(work: Promise<unknown>): Promise<KeyBackendError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(KeyBackendError)
  if (!(error instanceof KeyBackendError)) throw new Error('unreachable')
  for (const secret of secrets)
    expect(`${error.message} ${error.hint ?? ''} ${String(error.cause)}`).not.toContain(secret)
  return error
}

testKeyBackend(kms, {
  specs: [one, two, alias],
  badSpecs: [
    ...['x', ',', `${one},`, 'arn:aws:kms:us-east-1:1:key/', 'arn:aws:kms::1:key/x', 'arn:aws:s3:us-east-1:1:key/x'],
    ...['arn:aws:kms:evil.example/:1:key/x', 'arn:aws:kms:a#:1:key/x', `${one}\n`, `x${one}`],
  ],
  groupEntry: { arn: one },
  host: () => hostWith(signedIn),
  emptyHost: () => hostWith({}),
  secrets,
})

describe('keys', () => {
  test.each([
    [one, {}, one],
    [` ${one} `, {}, one],
    [`${one}+${role}`, {}, `${one}+${role}`],
    [one, { profile: 'p' }, `${one}||p`],
    [one, { context: { b: '2', a: '1' } }, `${one}|a:1,b:2`],
    [`${one}+${role}`, { profile: 'p', context: { a: '1' } }, `${one}+${role}|a:1|p`],
  ])('%j with %j is %s', (spec, options, id) => {
    expect(only(spec, options).id).toBe(id)
  })

  test('an entry of a key group has role, context and profile', () => {
    const [key] = kms.parseGroupEntry({ arn: one, role, context: { a: '1' }, aws_profile: 'p' })
    expect(key).toEqual(only(`${one}+${role}`, { profile: 'p', context: { a: '1' } }))
  })

  test.each([
    ['x'],
    [{}],
    [{ arn: `${one}+${role}` }],
    [{ arn: one, context: 'a:1' }],
    [{ arn: one, role: {} }],
    [null],
  ])('the entry %j is refused', (entry) => {
    expect(() => kms.parseGroupEntry(entry)).toThrow(ConfigError)
  })

  test('the metadata has what sops writes', () => {
    const created = { created_at: '2024-01-02T03:04:05+02:00', enc: 'x' }
    const least = { arn: one, aws_profile: '', ...created }
    const most = { ...least, aws_profile: 'p', role, context: { __proto: '1', b: '2' } }
    for (const entry of [least, most]) expect(kms.toMetadata(kms.fromMetadata(entry))).toEqual(entry)
    expect(kms.toMetadata(kms.fromMetadata({ ...least, role: '', context: {} }))).toEqual(least)
    expect(kms.fromMetadata({ ...least, arn: 'nonsense' }).id).toBe('nonsense')
  })

  test('a region cannot name a host', () => {
    expect(regionOf(two)).toBe('eu-central-1')
    for (const region of ['a.b', 'a/b', 'a@b', 'a:b', '', ' ', 'a\n', 'ä', 'x'.repeat(64)])
      expect(regionOf(arnOf('x', region))).toBeUndefined()
  })
})

describe('requests', () => {
  test('bring no warning of the SDK about the Node that it will need, and change no variable', async () => {
    await wrapped(only(`${one}+${role}`))
    await new Promise(setImmediate)
    expect(warnings).toEqual([])
    expect(JSON.stringify(process.env)).toBe(environment)
  })

  test('go to the region of the ARN, signed with the credentials of the environment', async () => {
    const key = await wrapped(only(two))
    await kms.decryptDataKey(key, hostWith(signedIn))
    expect(aws.requests).toEqual([
      `kms Encrypt eu-central-1 ${user.accessKeyId}`,
      `kms Decrypt eu-central-1 ${user.accessKeyId}`,
    ])
  })

  test('go to the hosts of AWS when no endpoint is set', async () => {
    const urls: string[] = []
    const host = {
      ...fakeHost({ env: { ...signedIn, AWS_MAX_ATTEMPTS: '1' } }),
      fetch: async (url: string | URL | Request) => {
        urls.push(String(url instanceof Request ? url.url : url))
        throw new TypeError('fetch failed')
      },
    }
    await failureOf(kms.encryptDataKey(only(two), dataKey, host))
    await failureOf(kms.encryptDataKey(only(`${two}+${role}`), dataKey, host))
    expect(urls).toEqual(['https://kms.eu-central-1.amazonaws.com/', 'https://sts.eu-central-1.amazonaws.com/'])
  })

  test('use nothing of the process but what the host gives', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', other.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', other.secretAccessKey)
    vi.stubEnv('AWS_ENDPOINT_URL_KMS', 'http://127.0.0.1:9')
    vi.stubEnv('AWS_PROFILE', 'of-the-process')
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true')
    try {
      await wrapped(only(one))
      expect(aws.requests).toEqual([`kms Encrypt us-east-1 ${user.accessKeyId}`])
      expect((await failureOf(wrapped(only(one), hostWith({})))).reason).toBe('no-credential')
    } finally {
      vi.unstubAllEnvs()
    }
  })

  test('are tried again when there are too many', async () => {
    aws.throttled = 2
    await wrapped(only(one))
    expect(aws.requests).toHaveLength(3)
  })

  test('share one client per host', async () => {
    const host = hostWith(signedIn)
    await Promise.all(Array.from({ length: 20 }, () => wrapped(only(`${one}+${role}`), host)))
    expect(aws.requests.filter((line) => line.startsWith('sts'))).toHaveLength(1)
  })

  test('do not follow a redirect', async () => {
    const redirected: typeof fetch = (input, init) => {
      expect(init?.redirect).toBe('error')
      return fetch(input, init)
    }
    await wrapped(only(one), hostWith(signedIn, redirected))
  })
})

describe('the encryption context', () => {
  const context = { app: 'web', env: 'prod', ünï: 'ß:,' }

  test('is part of the data key', async () => {
    const key = await wrapped(only(one, { context }))
    expect(new Uint8Array((await kms.decryptDataKey(key, hostWith(signedIn)))!)).toEqual(dataKey)
    for (const wrong of [{}, { app: 'web' }, { ...context, env: 'test' }]) {
      const failure = await failureOf(
        kms.decryptDataKey({ ...only(one, { context: wrong }), enc: key.enc }, hostWith(signedIn)),
      )
      expect(failure).toMatchObject({
        reason: 'malformed',
        message: expect.stringContaining('encryption context') as string,
      })
    }
  })

  test('a name that the SDK would drop is refused', async () => {
    const key = only(one, { context: JSON.parse('{"__proto__":"1"}') as Record<string, string> })
    expect((await failureOf(wrapped(key))).reason).toBe('malformed')
  })
})

describe('credentials', () => {
  const file = (name: string, text: string): string => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  const profiles = file(
    'credentials',
    `[default]\naws_access_key_id=${other.accessKeyId}\naws_secret_access_key=${other.secretAccessKey}\n` +
      `[me]\naws_access_key_id=${user.accessKeyId}\naws_secret_access_key=${user.secretAccessKey}\n`,
  )
  const config = file(
    'config',
    `[profile assumes]\nrole_arn=${role}\nsource_profile=me\n[profile empty]\nregion=x\n[profile signs-on]\n` +
      `sso_start_url=https://x.example\nsso_account_id=1\nsso_region=eu-central-1\nsso_role_name=r\n`,
  )
  const inFiles = { AWS_SHARED_CREDENTIALS_FILE: profiles, AWS_CONFIG_FILE: config }
  const askedBy = async (key: KmsKey, env: Readonly<Record<string, string>>): Promise<readonly string[]> => {
    await wrapped(key, hostWith(env))
    return aws.requests.map((line) => line.replace(/ASIA[0-9A-F]+$/, 'ASIA'))
  }

  test("the key's profile comes before the environment", async () => {
    expect(await askedBy(only(one, { profile: 'me' }), { ...inFiles, ...network })).toEqual([
      `kms Encrypt us-east-1 ${user.accessKeyId}`,
    ])
    const env = { ...inFiles, AWS_ACCESS_KEY_ID: other.accessKeyId, AWS_SECRET_ACCESS_KEY: other.secretAccessKey }
    aws.requests.length = 0
    expect(await askedBy(only(one, { profile: 'me' }), env)).toEqual([`kms Encrypt us-east-1 ${user.accessKeyId}`])
  })

  test('the environment comes before AWS_PROFILE', async () => {
    expect(await askedBy(only(one), { ...inFiles, ...signedIn, AWS_PROFILE: 'default' })).toEqual([
      `kms Encrypt us-east-1 ${user.accessKeyId}`,
    ])
  })

  test('AWS_PROFILE comes before the default profile', async () => {
    expect(await askedBy(only(one), { ...inFiles, AWS_PROFILE: 'me' })).toEqual([
      `kms Encrypt us-east-1 ${user.accessKeyId}`,
    ])
    aws.requests.length = 0
    expect(await askedBy(only(one), inFiles)).toEqual([`kms Encrypt us-east-1 ${other.accessKeyId}`])
  })

  test('a profile may assume a role', async () => {
    expect(await askedBy(only(roleOnly, { profile: 'assumes' }), inFiles)).toEqual([
      `sts AssumeRole us-east-1 ${user.accessKeyId}`,
      'kms Encrypt us-east-1 ASIA',
    ])
  })

  test('a web identity gives credentials', async () => {
    const env = {
      AWS_WEB_IDENTITY_TOKEN_FILE: file('token', 'fake-web-token\n'),
      AWS_ROLE_ARN: role,
      AWS_ROLE_SESSION_NAME: 'pod',
    }
    expect(await askedBy(only(roleOnly), env)).toEqual([
      'sts AssumeRoleWithWebIdentity - -',
      'kms Encrypt us-east-1 ASIA',
    ])
    expect(aws.sessions).toEqual(['pod'])
    const wrong = { ...env, AWS_WEB_IDENTITY_TOKEN_FILE: file('wrong-token', 'fake-wrong') }
    expect((await failureOf(wrapped(only(one), hostWith(wrong)))).message).toContain('AWS_WEB_IDENTITY_TOKEN_FILE')
    const absent = { ...env, AWS_WEB_IDENTITY_TOKEN_FILE: join(directory, 'absent') }
    expect((await failureOf(wrapped(only(one), hostWith(absent)))).reason).toBe('no-credential')
  })

  test.each([
    ['absent', 'no-credential', /no AWS credentials were found in the profile "absent"/],
    ['empty', 'no-credential', /no AWS credentials were found in the profile "empty"/],
    ['signs-on', 'no-credential', /single sign-on/],
  ])('the profile %s gives none', async (profile, reason, message) => {
    // For single sign-on the SDK looks at the files of this process.
    vi.stubEnv('AWS_CONFIG_FILE', config)
    vi.stubEnv('HOME', directory)
    const failure = await failureOf(wrapped(only(one, { profile }), hostWith({ ...inFiles, HOME: directory })))
    vi.unstubAllEnvs()
    expect(failure.reason).toBe(reason)
    expect(failure.message).toMatch(message)
    expect(failure.hint).toMatch(/aws sso login/)
  })

  const document = { AccessKeyId: user.accessKeyId, SecretAccessKey: user.secretAccessKey }
  const answering = (answers: Readonly<Record<string, string>>, asked: string[] = []): typeof fetch => {
    return (input, init) => {
      const url = String(input instanceof Request ? input.url : input)
      if (url.startsWith(aws.url)) return fetch(input, init)
      const line = `${init?.method ?? 'GET'} ${url}`
      asked.push(`${line} ${new Headers(init?.headers).get('authorization') ?? ''}`.trim())
      const answer = answers[line]
      return Promise.resolve(new Response(answer ?? '', { status: answer === undefined ? 404 : 200 }))
    }
  }

  test('a machine gives those of its role', async () => {
    const base = 'http://169.254.169.254/latest'
    const fetched = answering({
      [`PUT ${base}/api/token`]: 'fake-imds-token',
      [`GET ${base}/meta-data/iam/security-credentials/`]: 'the-role',
      [`GET ${base}/meta-data/iam/security-credentials/the-role`]: JSON.stringify(document),
    })
    await wrapped(only(one), hostWith({ AWS_EC2_METADATA_DISABLED: '' }, fetched))
    const off = hostWith({ AWS_EC2_METADATA_DISABLED: 'TRUE' }, fetched)
    expect((await failureOf(wrapped(only(one), off))).reason).toBe('no-credential')
    const none = hostWith({ AWS_EC2_METADATA_DISABLED: '' }, answering({}))
    expect((await failureOf(wrapped(only(one), none))).reason).toBe('no-credential')
  })

  test('a container gives its own, with its token', async () => {
    const asked: string[] = []
    const uri = 'http://169.254.170.23/v1/credentials'
    const fetched = answering({ [`GET ${uri}`]: JSON.stringify(document) }, asked)
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'fake-container-token' }
    await wrapped(only(one), hostWith(env, fetched))
    expect(asked).toEqual([`GET ${uri} fake-container-token`])
    const evil = hostWith({ ...env, AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://evil.example/' }, fetched)
    expect((await failureOf(wrapped(only(one), evil))).reason).toBe('denied')
    const silent = hostWith(env, answering({}))
    expect((await failureOf(wrapped(only(one), silent))).reason).toBe('offline')
  })
})

describe('roles', () => {
  const key = only(`${roleOnly}+${role}`)

  test("are assumed, with sops' name of the session", async () => {
    const host = {
      ...hostWith(signedIn),
      readFile: async () => new TextEncoder().encode(`my-host_1.${'x'.repeat(80)}\n`),
    }
    expect((await wrapped(key, host)).enc).not.toBe('')
    expect(aws.sessions).toEqual([`sops@myhost_1.${'x'.repeat(50)}`])
  })

  test('are refused by AWS', async () => {
    const failure = await failureOf(wrapped(only(`${one}+${role}-of-another`)))
    expect(failure).toMatchObject({ reason: 'denied' })
    expect(failure.message).toContain(`failed to assume role '${role}-of-another': access was denied to arn:aws:iam`)
  })

  test.each([
    ['', true],
    ['all', true],
    ['none', false],
    [`x, ${role}`, true],
    [`${role}2`, false],
  ])('TSOPS_AWS_ROLE_ALLOWLIST=%j allows: %j', async (list, allowed) => {
    const work = wrapped(key, hostWith({ ...signedIn, TSOPS_AWS_ROLE_ALLOWLIST: list }))
    if (allowed) expect((await work).enc).not.toBe('')
    else expect((await failureOf(work)).message).toContain('TSOPS_AWS_ROLE_ALLOWLIST')
    if (!allowed) expect(aws.requests).toEqual([])
  })

  test('a key for a role alone says who was denied', async () => {
    const failure = await failureOf(wrapped(only(roleOnly)))
    expect(failure.reason).toBe('denied')
    expect(failure.message).toContain(
      'access was denied to arn:aws:iam::111122223333:user/nobody (AccessDeniedException)',
    )
    expect(failure.message).not.toContain(assumedRole)
  })
})

describe('failures', () => {
  const cases: readonly (readonly [string, KmsKey, Readonly<Record<string, string>>, string, RegExp])[] = [
    ['an unknown key', only(arnOf('99999999-9999-9999-9999-999999999999')), signedIn, 'denied', /there is no such key/],
    ['unknown credentials', only(one), { ...signedIn, AWS_ACCESS_KEY_ID: 'AKIANOBODY' }, 'denied', /not known/],
    [
      'a wrong secret',
      only(one),
      { ...signedIn, AWS_SECRET_ACCESS_KEY: 'fake-wrong' },
      'denied',
      /secret access key is wrong/,
    ],
    [
      'a wrong token',
      only(one),
      { ...signedIn, AWS_SESSION_TOKEN: 'fake-token-expired', AWS_SECRET_ACCESS_KEY: 'fake-wrong' },
      'denied',
      /secret access key is wrong/,
    ],
    [
      'an expired token',
      only(one),
      {
        AWS_ACCESS_KEY_ID: expired.accessKeyId,
        AWS_SECRET_ACCESS_KEY: expired.secretAccessKey,
        AWS_SESSION_TOKEN: expired.sessionToken,
      },
      'denied',
      /have expired/,
    ],
    ['no credentials', only(one), {}, 'no-credential', /no AWS credentials were found/],
    [
      'no network',
      only(one),
      { ...signedIn, AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_MAX_ATTEMPTS: '2' },
      'offline',
      /ECONN|reached/,
    ],
  ]

  test.each(cases)('%s', async (_, key, env, reason, message) => {
    const host = hostWith(env)
    const enc = (await wrapped(only(one))).enc
    for (const work of [() => wrapped(key, host), () => kms.decryptDataKey({ ...key, enc }, host)]) {
      const failure = await failureOf(work())
      expect(failure).toMatchObject({ code: 'ERR_SOPS_KEY_BACKEND', reason, keyId: key.id, keyType: 'kms' })
      expect(failure.message).toMatch(message)
    }
  })

  test('a key that was disabled', async () => {
    const key = await wrapped(only(disabled.arn))
    disabled.enabled = false
    expect(await failureOf(kms.decryptDataKey(key, hostWith(signedIn)))).toMatchObject({ reason: 'denied' })
    disabled.enabled = true
  })

  test('the data key of another key', async () => {
    const { enc } = await wrapped(only(arnOf('44444444-4444-4444-4444-444444444444')))
    expect((await failureOf(kms.decryptDataKey({ ...only(one), enc }, hostWith(signedIn)))).reason).toBe('malformed')
  })

  test('too many requests for too long', async () => {
    aws.throttled = 100
    const failure = await failureOf(wrapped(only(one), hostWith({ ...signedIn, AWS_MAX_ATTEMPTS: '2' })))
    aws.throttled = 0
    expect(failure).toMatchObject({
      reason: 'offline',
      message: expect.stringContaining('too many requests') as string,
    })
  })

  test('no answer within the time', async () => {
    aws.latency = 60_000
    const failure = await failureOf(wrapped(only(one), hostWith({ ...signedIn, TSOPS_KEY_TIMEOUT: '0.2' })))
    aws.latency = 0
    expect(failure).toMatchObject({ reason: 'offline', message: 'there was no answer within 0.2 s' })
  })

  test.each([
    ['TSOPS_KEY_TIMEOUT', 'soon'],
    ['TSOPS_KEY_TIMEOUT', '0'],
    ['AWS_MAX_ATTEMPTS', '0'],
    ['AWS_ENDPOINT_URL_KMS', 'nonsense'],
    ['AWS_ENDPOINT_URL', 'file:///x'],
  ])('%s=%s', async (name, value) => {
    await expect(wrapped(only(one), hostWith({ ...signedIn, [name]: value }))).rejects.toThrow(SopsError)
    await expect(wrapped(only(one), hostWith({ ...signedIn, [name]: value }))).rejects.toThrow(name)
  })

  test.each(['arn:aws:kms:evil.example:1:key/x', 'nonsense', ''])('the ARN %j in a file', async (arn) => {
    const key = kms.fromMetadata({ arn, enc: 'AAAA', created_at: '2024-01-02T03:04:05Z' })
    expect(await failureOf(kms.decryptDataKey(key, hostWith(signedIn)))).toMatchObject({ reason: 'malformed' })
    expect(aws.requests).toEqual([])
  })

  test('a data key that is no base64 is not sent', async () => {
    for (const enc of ['', 'a', '====', 'A'.repeat(20_000)]) {
      expect((await failureOf(kms.decryptDataKey({ ...only(one), enc }, hostWith(signedIn)))).reason).toBe('malformed')
    }
    expect(aws.requests).toEqual([])
  })
})
