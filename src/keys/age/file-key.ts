// How a stanza carries age's file key: ChaCha20-Poly1305 under a key that wraps this one only, and binary arguments in
// canonical base64 without padding.
import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto'

// Bun 1.4 has no such cipher in node:crypto; for X25519 the library's own classes do its work there.
export const hasNativeCipher: boolean = getCiphers().includes('chacha20-poly1305')

export const fileKeyLength = 16
const tagLength = 16
// Each key wraps one file key, so that the nonce may stay zero.
const nonce = new Uint8Array(12)

export function sealFileKey(key: Uint8Array, fileKey: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagLength })
  return Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
}

/** Throws Error unless `body` has the length of a wrapped file key: another one could be made to fit several keys. */
export function checkBody(body: Uint8Array): void {
  if (body.length !== fileKeyLength + tagLength) throw new Error('incorrect file key size')
}

/** null: it was sealed with another key. */
export function openFileKey(key: Uint8Array, body: Uint8Array): Uint8Array | null {
  checkBody(body)
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: tagLength })
  decipher.setAuthTag(body.subarray(fileKeyLength))
  const fileKey = decipher.update(body.subarray(0, fileKeyLength))
  try {
    decipher.final()
    return fileKey
  } catch {
    return null
  }
}

export function encodeArgument(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}

/** undefined: not the canonical spelling of that many bytes. */
export function decodeArgument(text: string, length?: number): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return (length === undefined || bytes.length === length) && encodeArgument(bytes) === text ? bytes : undefined
}
