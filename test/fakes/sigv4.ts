// AWS' signature, version 4, as the receiver sees it.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface SignedRequest {
  readonly method: string
  /** Path and query, as they stand in the request line. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Uint8Array
}

export interface Signature {
  readonly accessKeyId: string
  readonly region: string
  readonly service: string
  matches(secretAccessKey: string): boolean
}

const algorithm = 'AWS4-HMAC-SHA256'
const pattern =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/

/** The request's signature; undefined when it has none. */
export function readSignature(request: SignedRequest): Signature | undefined {
  const match = pattern.exec(request.headers.authorization ?? '')
  if (match === null) return undefined
  const [, accessKeyId = '', day = '', region = '', service = '', signedHeaders = '', signature = ''] = match
  const time = String(request.headers['x-amz-date'])
  const scope = `${day}/${region}/${service}/aws4_request`
  const canonical = canonicalRequest(request, signedHeaders)
  const text = [algorithm, time, scope, sha256(canonical)].join('\n')
  return {
    accessKeyId,
    region,
    service,
    matches(secretAccessKey) {
      const steps = [day, region, service, 'aws4_request']
      const key = steps.reduce<Buffer>((last, step) => hmac(last, step), Buffer.from(`AWS4${secretAccessKey}`))
      return time.startsWith(day) && isSigned(signedHeaders) && timingSafeEqual(hmac(key, text), hex(signature))
    },
  }
}

function isSigned(signedHeaders: string): boolean {
  const names = signedHeaders.split(';')
  return names.includes('host') && names.includes('x-amz-date')
}

function canonicalRequest({ method, url, headers, body }: SignedRequest, signedHeaders: string): string {
  const [path = '/', query = ''] = url.split('?')
  const lines = signedHeaders.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}`)
  const sorted = query.split('&').sort().join('&')
  return [method, path, sorted, ...lines, '', signedHeaders, sha256(body)].join('\n')
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex')
}
