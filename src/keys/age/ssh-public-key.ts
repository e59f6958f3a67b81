// Public SSH keys of the two kinds that age knows, from the line of a .pub file or from their bytes.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { encodeArgument } from './file-key.ts'
import { signed, SshReader, writeFields } from './ssh-wire.ts'

export interface Ed25519PublicKey {
  readonly type: 'ssh-ed25519'
  readonly blob: Uint8Array
  readonly point: Uint8Array
}

export interface RsaPublicKey {
  readonly type: 'ssh-rsa'
  readonly blob: Uint8Array
  readonly key: KeyObject
  readonly bits: number
}

export type SshPublicKey = Ed25519PublicKey | RsaPublicKey

const pointLength = 32
// x/crypto's limits; sops accepts no larger key.
const maxModulusLength = 8192 / 8
const maxExponentLength = 3
const maxLineLength = 16_384

/** Throws Error with a reason that shows nothing of the line. The comment after the key is free. */
export function parsePublicLine(line: string): SshPublicKey {
  if (line.length > maxLineLength) throw new Error('the line is too long')
  if (/[\r\n]/.test(line)) throw new Error('there is more than one line')
  const [type, text = ''] = line.trim().split(/[ \t]+/, 2)
  const blob = Buffer.from(text, 'base64')
  if (text === '' || blob.toString('base64') !== text) throw new Error('the key is not base64')
  const key = parsePublicBlob(blob)
  if (key.type !== type) throw new Error('the type before the key is not the one in it')
  return key
}

export function parsePublicBlob(blob: Uint8Array): SshPublicKey {
  const reader = new SshReader(blob)
  const type = reader.text()
  if (type === 'ssh-ed25519') {
    const point = reader.bytes()
    reader.checkEnd()
    return makeEd25519Key(point)
  }
  if (type !== 'ssh-rsa') throw new Error('only ssh-ed25519 and ssh-rsa keys can be used')
  const exponent = reader.integer()
  const modulus = reader.integer()
  reader.checkEnd()
  return makeRsaKey(modulus, exponent)
}

export function makeEd25519Key(point: Uint8Array): Ed25519PublicKey {
  if (point.length !== pointLength) throw new Error('an Ed25519 key has 32 bytes')
  return { type: 'ssh-ed25519', blob: writeFields(Buffer.from('ssh-ed25519'), point), point }
}

/** From the bytes of positive numbers, without sign or leading zeros. */
export function makeRsaKey(modulus: Uint8Array, exponent: Uint8Array): RsaPublicKey {
  if (modulus.length > maxModulusLength) throw new Error('the RSA modulus is too large')
  const last = exponent.at(-1) ?? 0
  if (exponent.length > maxExponentLength || last % 2 === 0 || (exponent.length === 1 && last < 3)) {
    throw new Error('the RSA exponent cannot be used')
  }
  const jwk = { kty: 'RSA', n: toBase64Url(modulus), e: toBase64Url(exponent) }
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  const blob = writeFields(Buffer.from('ssh-rsa'), signed(exponent), signed(modulus))
  return { type: 'ssh-rsa', blob, key, bits: key.asymmetricKeyDetails?.modulusLength ?? 0 }
}

/** The tag by which a stanza names its recipient. */
export function fingerprint({ blob }: SshPublicKey): string {
  return encodeArgument(createHash('sha256').update(blob).digest().subarray(0, 4))
}

/** As it stands in a .pub file, without comment. */
export function emitPublicLine({ type, blob }: SshPublicKey): string {
  return `${type} ${Buffer.from(blob).toString('base64')}`
}

export function toBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
