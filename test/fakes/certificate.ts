// A self-signed certificate for localhost and 127.0.0.1, made anew for each use: no file with a key in it, none to expire.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import tls from 'node:tls'

export interface Certificate {
  /** PEM. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

export function makeCertificate(): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const serial = randomBytes(8)
  // Its own name, so that nobody takes another of its kind for the one that has signed it.
  const name = Buffer.from(`localhost ${serial.toString('hex')}`)
  const subject = der(0x30, der(0x31, der(0x30, oid('2.5.4.3'), der(0x0c, name))))
  const algorithm = der(0x30, oid('1.2.840.10045.4.3.2'))
  const hour = 3_600_000
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), serial])),
    algorithm,
    subject,
    der(0x30, time(Date.now() - hour), time(Date.now() + 24 * hour)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, ...extensions)),
  )
  const signature = der(0x03, Buffer.of(0), sign('sha256', body, privateKey))
  return {
    cert: pem('CERTIFICATE', der(0x30, body, algorithm, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** Lets this process trust the certificate, beside what it trusts already. The answer takes that back. */
export function trust(certificate: Certificate): () => void {
  const original = tls.createSecureContext
  tls.createSecureContext = (options = {}) =>
    original({ ...options, ca: [options.ca ?? [...tls.rootCertificates], certificate.cert].flat() })
  return () => {
    tls.createSecureContext = original
  }
}

const extensions = [
  // An authority, so that it may stand at the end of its own chain.
  der(0x30, oid('2.5.29.19'), der(0x01, Buffer.of(0xff)), der(0x04, der(0x30, der(0x01, Buffer.of(0xff))))),
  der(
    0x30,
    oid('2.5.29.17'),
    der(0x04, der(0x30, der(0x82, Buffer.from('localhost')), der(0x87, Buffer.of(127, 0, 0, 1)))),
  ),
]

function time(milliseconds: number): Buffer {
  const digits = new Date(milliseconds)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '')
  return der(0x18, Buffer.from(digits))
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]))
}

function base128(value: number): number[] {
  const digits = [value & 0x7f]
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
