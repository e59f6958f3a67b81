// Our client beside that of the SDK: the same answers of the service bring the same results, after as many requests.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SopsError } from '../../../src/errors.ts'
import type { Host } from '../../../src/host.ts'
import { kms } from '../../../src/keys/kms/backend.ts'
import { parseArns } from '../../../src/keys/kms/key.ts'
import { fakeHost } from '../hosts.ts'

const arnIn = (region: string): string => `arn:aws:kms:${region}:111122223333:key/1`
const signedIn = {
  AWS_ACCESS_KEY_ID: 'AKIAFAKEUSER',
  AWS_SECRET_ACCESS_KEY: 'fake-secret-of-the-user',
  AWS_EC2_METADATA_DISABLED: 'true',
}
// A setting that only the SDK knows.
const withSdk = { AWS_SDK_UA_APP_ID: 'x' }

interface Sent {
  readonly url: string
  readonly headers: Headers
  readonly body: unknown
}

type Answer = (sent: Sent) => Response | Error

interface Outcome {
  readonly result: unknown
  readonly sent: readonly Sent[]
}

interface Try {
  readonly env?: Readonly<Record<string, string>>
  readonly region?: string
  readonly context?: Readonly<Record<string, string>>
}

/** Decrypts while the service gives these answers, the last of them for ever. */
async function outcome(
  answers: readonly Answer[],
  { env = {}, region = 'eu-central-1', context }: Try,
): Promise<Outcome> {
  const sent: Sent[] = []
  const host: Host = {
    ...fakeHost({ env: { ...signedIn, ...env } }),
    fetch: (input, init) => {
      const url = String(input instanceof Request ? input.url : input)
      const bytes = init?.body
      const text =
        bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : typeof bytes === 'string' ? bytes : ''
      const request = { url, headers: new Headers(init?.headers), body: JSON.parse(text) as unknown }
      expect(init?.redirect).toBe('error')
      sent.push(request)
      const answer = answers[Math.min(sent.length, answers.length) - 1]?.(request)
      return answer instanceof Response ? Promise.resolve(answer) : Promise.reject(answer ?? new Error('no answer'))
    },
  }
  const key = { ...parseArns(arnIn(region), { ...(context && { context }) })[0]!, enc: 'AAAA' }
  const result = await kms.decryptDataKey(key, host).then(
    (bytes) => Buffer.from(bytes ?? []).toString('hex'),
    (error: unknown) => {
      if (!(error instanceof SopsError)) throw error
      return { reason: 'reason' in error ? error.reason : '', message: error.message, hint: error.hint }
    },
  )
  return { result, sent }
}

async function both(answers: readonly Answer[], setting: Try = {}): Promise<readonly [ours: Outcome, theirs: Outcome]> {
  const env = { ...setting.env, ...withSdk }
  return [await outcome(answers, setting), await outcome(answers, { ...setting, env })]
}

const summary = ({ result, sent }: Outcome): unknown => ({ result, requests: sent.length })

const answered =
  (status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  () =>
    new Response(body, { status, headers })
const refused = (name: string, status = 400, message = 'no'): Answer =>
  answered(status, JSON.stringify({ __type: name, message }))
const broken =
  (code: string): Answer =>
  () =>
    new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) })
const success = answered(200, JSON.stringify({ Plaintext: 'AAEC', KeyId: 'x' }))

// No wait between the attempts.
beforeAll(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterAll(() => {
  vi.restoreAllMocks()
})

const names = [
  ...['AccessDeniedException', 'NotFoundException', 'DisabledException', 'KMSInvalidStateException'],
  ...['InvalidCiphertextException', 'IncorrectKeyException', 'KMSInternalException', 'DependencyTimeoutException'],
  ...['KeyUnavailableException', 'InvalidSignatureException', 'ExpiredTokenException', 'ThrottlingException'],
  ...['RequestTimeout', 'SlowDown', 'LimitExceededException', 'TooManyRequestsException', 'com.amazonaws#Throttling'],
  ...['ValidationException:http://x.example/', 'a#RequestLimitExceeded:b', 'Odd name!', 'x', ''],
]
const codes = [
  'ECONNRESET',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CERT_HAS_EXPIRED',
  'UND_ERR_SOCKET',
  'ETIMEDOUT',
]
const denial = 'User: arn:aws:iam::111122223333:user/me is not authorized to perform: kms:Decrypt'

const answers: fc.Arbitrary<Answer> = fc.oneof(
  fc.constant(success),
  fc
    .tuple(
      fc.constantFrom(...names),
      fc.constantFrom(400, 403, 404, 429, 500, 502, 503, 504, 501),
      fc.constantFrom(denial, 'Signature expired: x'),
    )
    .map(([name, status, message]) => refused(name, status, message)),
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(400, 500))
    .map(([name, status]) => answered(status, '', { 'x-amzn-errortype': name })),
  fc.constantFrom(...codes).map(broken),
  fc
    .tuple(
      fc.constantFrom(200, 400, 503),
      fc.constantFrom(
        '',
        '{}',
        '<html>',
        '{"Plaintext":',
        '{"code":"SlowDown"}',
        '{"Message":"x"}',
        '{"Plaintext":"AA=="}',
      ),
    )
    .map(([status, body]) => answered(status, body)),
)

describe('the same as the SDK', () => {
  test('for any answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(answers, { minLength: 1, maxLength: 4 }), async (list) => {
        const [ours, theirs] = await both(list)
        expect(summary(ours)).toEqual(summary(theirs))
      }),
      { numRuns: 200 },
    )
  })

  test('for any context', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    const contexts = fc.dictionary(
      text.filter((name) => name !== '__proto__'),
      text,
      { noNullPrototype: true },
    )
    await fc.assert(
      fc.asyncProperty(contexts, async (context) => {
        const [ours, theirs] = await both([success], { context })
        expect(ours.sent.map(({ body }) => body)).toEqual(theirs.sent.map(({ body }) => body))
        for (const name of ['content-type', 'x-amz-target'])
          expect(ours.sent[0]?.headers.get(name)).toBe(theirs.sent[0]?.headers.get(name))
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    ...['us-east-1', 'ap-southeast-7', 'mx-central-1', 'il-central-1', 'us-gov-west-1', 'cn-north-1', 'cn-northwest-1'],
    ...['us-iso-east-1', 'us-isob-east-1', 'eu-isoe-west-1', 'eusc-de-east-1', 'us-isof-south-1', 'aws-global'],
    ...['xx-new-1', 'US-EAST-1', 'us-east-1-fips', 'fips-us-east-1', 'us-east', 'x', 'us-east-1a', '-', '1'],
  ])('for the region %s', async (region) => {
    const [ours, theirs] = await both([success], { region })
    expect(ours.sent.map(({ url }) => url)).toEqual(theirs.sent.map(({ url }) => url))
    expect(summary(ours)).toEqual(summary(theirs))
  })

  test.each([
    ['https://x.example'],
    ['HTTP://X.example:80/'],
    ['https://x.example:8443'],
    ['http://[::1]:4566'],
    ['https://x.example/a/b'],
    ['https://x.example/?a=b'],
    ['https://bücher.example'],
  ])('for the endpoint %s', async (url) => {
    for (const env of [
      { AWS_ENDPOINT_URL: url },
      { AWS_ENDPOINT_URL_KMS: url, AWS_ENDPOINT_URL: 'https://y.example' },
    ]) {
      const [ours, theirs] = await both([success], { env })
      expect(ours.sent.map(({ url: sent }) => sent)).toEqual(theirs.sent.map(({ url: sent }) => sent))
      expect(summary(ours)).toEqual(summary(theirs))
    }
  })

  test.each(['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'AWS_USE_FIPS_ENDPOINT', 'AWS_USE_DUALSTACK_ENDPOINT'])(
    'with %s',
    async (name) => {
      const [ours, theirs] = await both([success], {
        env: { [name]: 'true', AWS_ENDPOINT_URL_KMS: 'http://x.example' },
      })
      expect(ours.sent.map(({ url }) => url)).toEqual(theirs.sent.map(({ url }) => url))
      expect(summary(ours)).toEqual(summary(theirs))
    },
  )

  test.each(['1', '2', '5'])('with %s attempts', async (attempts) => {
    const [ours, theirs] = await both([refused('ThrottlingException')], { env: { AWS_MAX_ATTEMPTS: attempts } })
    expect(ours.sent).toHaveLength(Number(attempts))
    expect(summary(ours)).toEqual(summary(theirs))
  })

  test.each([-3600_000, 3600_000, 86_400_000])('with a clock that is wrong by %d ms', async (wrong) => {
    const now = Date.now() + wrong
    const service: Answer = ({ headers }) => {
      const [, day = '', time = ''] = /^(\d{8})T(\d{6})Z$/.exec(headers.get('x-amz-date') ?? '') ?? []
      const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.replace(/..\B/g, '$&:')}Z`
      const date = { date: new Date(now).toUTCString() }
      const isRight = Math.abs(Date.parse(iso) - now) < 300_000
      const refusal = JSON.stringify({ __type: 'InvalidSignatureException', message: 'Signature expired' })
      return isRight
        ? new Response('{"Plaintext":"AAEC"}', { headers: date })
        : new Response(refusal, { status: 400, headers: date })
    }
    const [ours, theirs] = await both([service])
    expect(summary(ours)).toEqual({ result: '000102', requests: 2 })
    expect(summary(ours)).toEqual(summary(theirs))
  })
})

describe('beyond the SDK', () => {
  test('a wrong clock does not make a refusal be asked for again and again', async () => {
    const date = { date: new Date(Date.now() + 3600_000).toUTCString() }
    const { result, sent } = await outcome([answered(400, '{"__type":"AccessDeniedException"}', date)], {})
    expect(result).toMatchObject({ reason: 'denied' })
    expect(sent).toHaveLength(2)
  })

  test('what the service says about when to come back is heeded', async () => {
    const start = performance.now()
    const { sent } = await outcome([answered(503, '{}', { 'x-amz-retry-after': '120' }), success], {})
    expect(sent).toHaveLength(2)
    expect(performance.now() - start).toBeGreaterThan(110)
  })

  test('the wait for another attempt ends with the time of the key', async () => {
    const env = { TSOPS_KEY_TIMEOUT: '0.1' }
    const { result, sent } = await outcome([answered(503, '{}', { 'retry-after': '4' })], { env })
    expect(result).toMatchObject({ message: 'there was no answer within 0.1 s' })
    expect(sent).toHaveLength(1)
  })

  test.each([
    ['too large', `{"Plaintext":"AAEC","x":"${'x'.repeat(1 << 20)}"}`],
    ['no base64', '{"Plaintext":"A!=="}'],
    ['no text', '{"Plaintext":{"a":1}}'],
    ['a list', '[]'],
    ['nothing', 'null'],
  ])('an answer that is %s holds no data key', async (_, body) => {
    const { result, sent } = await outcome([answered(200, body)], {})
    expect(result).toMatchObject({
      reason: 'malformed',
      message: expect.stringContaining('holds no data key') as string,
    })
    expect(sent).toHaveLength(1)
  })

  test('a service that fails for many is not asked three times by each', async () => {
    let requests = 0
    const host: Host = {
      ...fakeHost({ env: signedIn }),
      fetch: () => Promise.resolve(new Response('{}', { status: (requests++, 503) })),
    }
    const key = { ...parseArns(arnIn('eu-central-1'))[0]!, enc: 'AAAA' }
    await Promise.allSettled(Array.from({ length: 100 }, () => kms.decryptDataKey(key, host)))
    // 500 tokens, 14 for each.
    expect(requests).toBe(100 + Math.floor(500 / 14))
  })
})
