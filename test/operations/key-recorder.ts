// A key service that opens and wraps data keys of every kind in memory, and remembers for whom. What it writes into `enc`
// has the form that the kind of key demands.
import { randomBytes } from 'node:crypto'
import { armor } from 'age-encryption'
import { KeyBackendError } from '../../src/errors.ts'
import type { KeyService, MasterKey } from '../../src/keys/types.ts'

export interface KeyRecorder extends KeyService {
  /** The keys for which something was encrypted, in order, as `type id`. */
  readonly encryptedFor: string[]
  /** What those who hold the key can open: the latest that was encrypted for them. */
  opened(enc: string): Uint8Array | undefined
}

export function keyRecorder(): KeyRecorder {
  const parts = new Map<string, Uint8Array>()
  const encryptedFor: string[] = []
  return {
    encryptedFor,
    opened: (enc) => parts.get(enc),
    encrypt(key, dataKey) {
      encryptedFor.push(`${key.type} ${key.id}`)
      const enc = wellFormed(key.type)
      parts.set(enc, dataKey)
      return Promise.resolve({ ...key, enc } satisfies MasterKey)
    },
    decrypt(key) {
      const part = parts.get(key.enc)
      if (part !== undefined) return Promise.resolve(part)
      return Promise.reject(new KeyBackendError(key.type, key.id, 'denied', 'not mine'))
    },
  }
}

/** An `enc` of the right form, with nothing in it. */
export function wellFormed(type: string): string {
  const bytes = randomBytes(120)
  switch (type) {
    case 'age':
      return armor.encode(Buffer.concat([Buffer.from('age-encryption.org/v1\n-> X25519 '), bytes]))
    case 'azure_kv':
      return bytes.toString('base64url')
    case 'hc_vault':
      return `vault:v1:${bytes.toString('base64')}`
    case 'pgp':
      return pgpMessage(bytes)
    default:
      return bytes.toString('base64')
  }
}

// A session key for a public key, then data with integrity protection.
function pgpMessage(bytes: Buffer): string {
  const packet = (tag: number, body: Buffer): Buffer => Buffer.concat([Buffer.from([0xc0 | tag, body.length]), body])
  const session = packet(
    1,
    Buffer.concat([Buffer.from([3]), bytes.subarray(0, 8), Buffer.from([18]), bytes.subarray(8, 40)]),
  )
  const data = packet(18, Buffer.concat([Buffer.from([1]), bytes.subarray(40)]))
  const text = Buffer.concat([session, data]).toString('base64')
  return `-----BEGIN PGP MESSAGE-----\n\n${text.match(/.{1,64}/g)?.join('\n') ?? ''}\n-----END PGP MESSAGE-----\n`
}

/** The same keys, but nobody can encrypt for them. */
export function readOnly(keys: KeyRecorder): KeyService {
  return {
    encrypt: (key) => Promise.reject(new KeyBackendError(key.type, key.id, 'offline', 'not now')),
    decrypt: (key) => keys.decrypt(key),
  }
}
