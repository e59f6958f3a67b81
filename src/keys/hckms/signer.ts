// SDK-HMAC-SHA256: the signature of a request to HuaweiCloud with an access key (AK) and its secret (SK).
import { createHash, createHmac } from 'node:crypto'

export interface Signer {
  readonly ak: string
  readonly sk: string
  readonly securityToken?: string
}

export interface UnsignedRequest {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const algorithm = 'SDK-HMAC-SHA256'

/** The headers to send, all but `content-type` signed, and the host too. */
export function signedHeaders(
  request: UnsignedRequest,
  signer: Signer,
  date: Date = new Date(),
): Record<string, string> {
  const time = date.toISOString().replace(/[-:]|\.\d+/g, '')
  const sent = {
    ...request.headers,
    'x-sdk-date': time,
    ...(signer.securityToken !== undefined && { 'x-security-token': signer.securityToken }),
  }
  const signed = Object.entries({ ...sent, host: request.url.host })
    .filter(([name]) => name !== 'content-type')
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const lines = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join('')
  const { method, url, body } = request
  const canonical = [method, canonicalPath(url), canonicalQuery(url), lines, names, sha256(body)].join('\n')
  const signature = createHmac('sha256', signer.sk)
    .update(`${algorithm}\n${time}\n${sha256(canonical)}`)
    .digest('hex')
  return { ...sent, authorization: `${algorithm} Access=${signer.ak}, SignedHeaders=${names}, Signature=${signature}` }
}

function canonicalPath({ pathname }: URL): string {
  const path = pathname
    .split('/')
    .map((part) => escape(decodeURIComponent(part)))
    .join('/')
  return path.endsWith('/') ? path : `${path}/`
}

function canonicalQuery({ searchParams }: URL): string {
  const pairs = [...searchParams].map(([name, value]) => `${escape(name)}=${escape(value)}`)
  return pairs.sort().join('&')
}

function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
