// How Sealed Secrets (0.40.0, pkg/crypto) encrypts a value: a key of its own under AES-256-GCM, which the controller's
// RSA key wraps. Per value: the length of the wrapped key in two bytes, the wrapped key, ciphertext and tag.
import {
  constants,
  createCipheriv,
  createDecipheriv,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto'

export const scopes = ['strict', 'namespace-wide', 'cluster-wide'] as const

/** What a sealed value is bound to: name and namespace, the namespace, or nothing. */
export type Scope = (typeof scopes)[number]

export interface ObjectName {
  readonly name: string
  readonly namespace: string
}

// Every value has a key of its own, so that the nonce need not change.
const nonce = Buffer.alloc(12)
const tagLength = 16

/** Seals one value: base64. */
export function sealValue(value: Uint8Array, publicKey: KeyObject, label: string): string {
  const sessionKey = randomBytes(32)
  const cipher = createCipheriv('aes-256-gcm', sessionKey, nonce)
  const ciphertext = Buffer.concat([cipher.update(value), cipher.final(), cipher.getAuthTag()])
  const wrapped = publicEncrypt({ key: publicKey, ...wrapping(label) }, sessionKey)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(wrapped.length)
  return Buffer.concat([length, wrapped, ciphertext]).toString('base64')
}

/** The value; undefined when none of the keys opens it. */
export function unsealValue(sealed: string, privateKeys: readonly KeyObject[], label: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64')
  if (bytes.length < 2) return undefined
  const start = 2 + bytes.readUInt16BE()
  for (const key of privateKeys) {
    try {
      const sessionKey = privateDecrypt({ key, ...wrapping(label) }, bytes.subarray(2, start))
      const decipher = createDecipheriv('aes-256-gcm', sessionKey, nonce, { authTagLength: tagLength })
      decipher.setAuthTag(bytes.subarray(-tagLength))
      return Buffer.concat([decipher.update(bytes.subarray(start, -tagLength)), decipher.final()])
    } catch {
      // Another key may open it: the controller keeps all that it ever had.
    }
  }
  return undefined
}

function wrapping(label: string): { padding: number; oaepHash: string; oaepLabel: Buffer } {
  return { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256', oaepLabel: Buffer.from(label) }
}

/** What ties the ciphertext to its place. */
export function labelOf(scope: Scope, { name, namespace }: ObjectName): string {
  switch (scope) {
    case 'strict':
      return `${namespace}/${name}`
    case 'namespace-wide':
      return namespace
    case 'cluster-wide':
      return ''
  }
}

export const scopePrefix = 'sealedsecrets.bitnami.com/'

/** The annotations that tell the controller the scope. */
export function scopeAnnotations(scope: Scope): ReadonlyMap<string, string> {
  return new Map(scope === 'strict' ? [] : [[scopePrefix + scope, 'true']])
}

/** The scope that annotations tell; cluster-wide wins, as in the controller. */
export function scopeOf(annotations: ReadonlyMap<string, string>): Scope {
  const told = (['cluster-wide', 'namespace-wide'] as const).find(
    (scope) => annotations.get(scopePrefix + scope) === 'true',
  )
  return told ?? 'strict'
}
