// Our signatures are those of the SDK's own signer.
import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { signedHeaders } from '../../../src/keys/kms/signature.ts'

class Sha256 {
  readonly #hash
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret === undefined || typeof secret === 'string' ? secret : bytesOf(secret)
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key)
  }
  update(data: Uint8Array): void {
    this.#hash.update(data)
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest())
  }
  reset(): void {
    throw new Error('nobody does this')
  }
}

function bytesOf(secret: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(secret)
    ? new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength)
    : new Uint8Array(secret)
}

const visible = fc.string({
  unit: fc.constantFrom('A', 'z', '0', '/', '+', '=', '.', '-', '_', '~', ' ', '\t'),
  minLength: 1,
  maxLength: 40,
})
const requests = fc.record({
  host: fc.constantFrom(
    'kms.eu-central-1.amazonaws.com',
    '127.0.0.1:4566',
    'localhost',
    'kms.cn-north-1.amazonaws.com.cn',
  ),
  headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,12}(-[a-z0-9]{1,8})?$/), visible, { maxKeys: 5 }),
  body: fc.string({ unit: 'grapheme', maxLength: 300 }),
  accessKeyId: fc.stringMatching(/^A[A-Z0-9]{15,19}$/),
  secretAccessKey: fc.oneof(visible, fc.string({ unit: 'grapheme', minLength: 1 })),
  sessionToken: fc.option(visible, { nil: undefined }),
  region: fc.stringMatching(/^[A-Za-z0-9-]{1,20}$/),
  service: fc.constantFrom('kms', 'sts'),
  time: fc.date({ min: new Date('1970-01-01'), max: new Date('2999-12-31'), noInvalidDate: true }),
})

test('the headers for a request are those that the SDK signs', async () => {
  await fc.assert(
    fc.asyncProperty(requests, async ({ host, headers, body, region, service, time, ...rest }) => {
      const { accessKeyId, secretAccessKey, sessionToken } = rest
      const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
      const signer = new SignatureV4({ credentials, region, service, sha256: Sha256, applyChecksum: false })
      const request = { method: 'POST', protocol: 'https:', hostname: host, path: '/', query: {}, body }
      const theirs = await signer.sign({ ...request, headers: { ...headers, host } }, { signingDate: time })
      const unsigned = { method: 'POST', url: new URL(`https://${host}/`), headers, body }
      expect({ ...signedHeaders(unsigned, { credentials, region, service }, time), host }).toEqual(theirs.headers)
    }),
    { numRuns: 300 },
  )
})

// From the test suite that AWS published for signature version 4.
test.each([
  ['post-vanilla', {}, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
  [
    'post-header-key-sort',
    { 'my-header1': 'value1' },
    'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
  ],
])('%s', (_, headers, signature) => {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }
  const request = { method: 'POST', url: new URL('https://example.amazonaws.com/'), headers, body: '' }
  const signer = { credentials, region: 'us-east-1', service: 'service' }
  const signed = signedHeaders(request, signer, new Date('2015-08-30T12:36:00Z'))
  expect(signed.authorization).toMatch(new RegExp(`, Signature=${signature}$`))
})
