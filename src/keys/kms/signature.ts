// AWS' signature, version 4, of a request with a body and no query.
import { createHash, createHmac } from 'node:crypto'
import type { Credentials } from './failure.ts'

export interface UnsignedRequest {
  readonly method: string
  readonly url: URL
  /** By names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Signer {
  readonly credentials: Credentials
  readonly region: string
  readonly service: string
}

const algorithm = 'AWS4-HMAC-SHA256'

/** The headers to send, the signature among them; without that of the host, which whoever sends the request adds. */
export function signedHeaders(request: UnsignedRequest, signer: Signer, time: Date): Readonly<Record<string, string>> {
  const { accessKeyId, secretAccessKey, sessionToken } = signer.credentials
  const date = time.toISOString().replace(/[-:]|\.\d+/g, '')
  const headers = {
    ...request.headers,
    'x-amz-date': date,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const scope = [date.slice(0, 8), signer.region, signer.service, 'aws4_request']
  const { names, canonical } = canonicalRequest(request, { ...headers, host: request.url.host })
  const text = [algorithm, date, scope.join('/'), sha256(canonical)].join('\n')
  const key = scope.reduce<string | Buffer>((last, part) => hmac(last, part), `AWS4${secretAccessKey}`)
  const credential = `${accessKeyId}/${scope.join('/')}`
  const signature = hmac(key, text).toString('hex')
  const authorization = `${algorithm} Credential=${credential}, SignedHeaders=${names}, Signature=${signature}`
  return { ...headers, authorization }
}

function canonicalRequest(
  { method, url, body }: UnsignedRequest,
  headers: Readonly<Record<string, string>>,
): { readonly names: string; readonly canonical: string } {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1))
  const lines = sorted.map(([name, value]) => `${name}:${oneLine(value)}`)
  const names = sorted.map(([name]) => name).join(';')
  return { names, canonical: [method, url.pathname, '', ...lines, '', names, sha256(body)].join('\n') }
}

function oneLine(value: string): string {
  return value.replace(/[ \t\r\n]+/g, ' ').replace(/^ | $/g, '')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
