// age's stanzas for SSH keys. They name their recipient by a tag of 32 bits, so that a file tells for whom it is.
import type { Identity, Recipient, Stanza } from 'age-encryption'
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  privateDecrypt,
  publicEncrypt,
  type KeyObject,
} from 'node:crypto'
import { agree, exportShare, importScalar, keyLength, toShare } from './curve25519.ts'
import { decodeArgument, encodeArgument, fileKeyLength, openFileKey, sealFileKey } from './file-key.ts'
import type { SshPrivateKey } from './ssh-private-key.ts'
import { fingerprint, type Ed25519PublicKey, type RsaPublicKey, type SshPublicKey } from './ssh-public-key.ts'

const ed25519Label = 'age-encryption.org/v1/ssh-ed25519'
const rsaPadding = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: 'sha256',
  oaepLabel: Buffer.from('age-encryption.org/v1/ssh-rsa'),
}
const minModulusBits = 2048

/** Throws Error with age's reason. */
export function sshRecipient(key: SshPublicKey): Recipient {
  return key.type === 'ssh-ed25519' ? ed25519Recipient(key) : rsaRecipient(key)
}

/** Gives null when no stanza bears the key's tag, and throws Error when one does but cannot be opened. */
export function sshIdentity({ key, publicKey }: SshPrivateKey): Identity {
  const unwrap = publicKey.type === 'ssh-ed25519' ? ed25519Unwrap(key, publicKey) : rsaUnwrap(key, publicKey)
  return {
    unwrapFileKey(stanzas) {
      for (const { args, body } of stanzas) {
        const fileKey = args[0] === publicKey.type ? unwrap(args, body) : null
        if (fileKey !== null) return fileKey
      }
      return null
    },
  }
}

/** Whether a stanza is for this key. Throws Error when one is malformed. */
export function isAddressed(stanzas: readonly Stanza[], publicKey: SshPublicKey): boolean {
  return stanzas.some(({ args: [type, tag] }) => {
    if (type !== publicKey.type) return false
    if (tag === undefined) throw invalidStanza(type)
    return tag === fingerprint(publicKey)
  })
}

type Unwrap = (args: readonly string[], body: Uint8Array) => Uint8Array | null

function rsaRecipient(key: RsaPublicKey): Recipient {
  if (key.bits < minModulusBits) throw new Error('RSA key size is too small')
  return {
    async wrapFileKey(fileKey) {
      const { Stanza } = await import('age-encryption')
      return [new Stanza(['ssh-rsa', fingerprint(key)], publicEncrypt({ key: key.key, ...rsaPadding }, fileKey))]
    },
  }
}

function rsaUnwrap(key: KeyObject, publicKey: RsaPublicKey): Unwrap {
  return (args, body) => {
    if (args.length !== 2) throw invalidStanza('ssh-rsa')
    if (args[1] !== fingerprint(publicKey)) return null
    const fileKey = privateDecrypt({ key, ...rsaPadding }, body)
    if (fileKey.length !== fileKeyLength) throw new Error('incorrect file key size')
    return fileKey
  }
}

function ed25519Recipient(key: Ed25519PublicKey): Recipient {
  const recipient = toShare(key.point)
  return {
    async wrapFileKey(fileKey) {
      const { Stanza } = await import('age-encryption')
      const ephemeral = generateKeyPairSync('x25519')
      const share = exportShare(ephemeral.publicKey)
      const secret = agree(ephemeral.privateKey, recipient)
      const sealed = sealFileKey(deriveKey(secret, key, Buffer.concat([share, recipient])), fileKey)
      return [new Stanza(['ssh-ed25519', fingerprint(key), encodeArgument(share)], sealed)]
    },
  }
}

function ed25519Unwrap(key: KeyObject, publicKey: Ed25519PublicKey): Unwrap {
  const scalar = toScalar(key)
  const recipient = exportShare(createPublicKey(scalar))
  return (args, body) => {
    const share = decodeArgument(args[2] ?? '', keyLength)
    if (args.length !== 3 || share === undefined) throw invalidStanza('ssh-ed25519')
    if (args[1] !== fingerprint(publicKey)) return null
    const secret = agree(scalar, share)
    const fileKey = openFileKey(deriveKey(secret, publicKey, Buffer.concat([share, recipient])), body)
    if (fileKey === null) throw new Error('failed to decrypt file key')
    return fileKey
  }
}

function toScalar(key: KeyObject): KeyObject {
  const { d = '' } = key.export({ format: 'jwk' })
  const hash = createHash('sha512').update(d, 'base64url').digest()
  const scalar = importScalar(hash.subarray(0, keyLength))
  hash.fill(0)
  return scalar
}

// The tweak ties the secret to the SSH key: two SSH keys with the same share do not open each other's stanzas.
function deriveKey(secret: Uint8Array, { blob }: Ed25519PublicKey, salt: Uint8Array): Uint8Array {
  const tweak = new Uint8Array(hkdfSync('sha256', '', blob, ed25519Label, keyLength))
  return new Uint8Array(hkdfSync('sha256', agree(importScalar(tweak), secret), salt, ed25519Label, keyLength))
}

function invalidStanza(type: string): Error {
  return new Error(`invalid ${type} recipient block`)
}
