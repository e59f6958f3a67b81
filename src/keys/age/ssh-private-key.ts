// Private SSH keys: OpenSSH's own format and the PEM formats before it. No error shows a character of the file.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { openPrivateBlock, readOpenSshFile } from './openssh-key.ts'
import { makeEd25519Key, makeRsaKey, type SshPublicKey } from './ssh-public-key.ts'

export interface SshPrivateKey {
  readonly key: KeyObject
  readonly publicKey: SshPublicKey
}

/** A key that needs a passphrase. */
export interface LockedSshKey {
  /** undefined: the format does not tell. */
  readonly publicKey: SshPublicKey | undefined
  /** Throws WrongPassphrase, or Error when the key is damaged. */
  unlock(passphrase: string): SshPrivateKey
}

export class WrongPassphrase extends Error {}

// The largest RSA keys take 16 kB.
const maxFileLength = 1 << 20

/** Throws Error with the reason alone. */
export function parsePrivateKey(file: Uint8Array): SshPrivateKey | LockedSshKey {
  if (file.length > maxFileLength) throw new Error('the file is too long')
  const { label, text, body } = findPem(Buffer.from(file).toString('latin1'))
  switch (label) {
    case 'OPENSSH PRIVATE KEY':
      return parseOpenSsh(Buffer.from(body, 'base64'))
    case 'RSA PRIVATE KEY':
    case 'PRIVATE KEY':
      return body.includes('Proc-Type: 4,ENCRYPTED') ? lockedPem(text) : parsePem(text)
    case 'ENCRYPTED PRIVATE KEY':
      return lockedPem(text)
    default:
      throw new Error('only ed25519 and RSA keys can be used')
  }
}

interface Pem {
  readonly label: string
  /** With its first and last line. */
  readonly text: string
  readonly body: string
}

function findPem(text: string): Pem {
  const start = text.indexOf('-----BEGIN ')
  const label = /^-----BEGIN ([A-Z0-9 ]{1,40})-----\r?\n/.exec(text.slice(start, start + 70))
  const end = start < 0 ? -1 : text.indexOf(`\n-----END ${label?.[1] ?? ''}-----`, start)
  if (label?.[1] === undefined || end < 0) throw new Error('no key found')
  const body = text.slice(start + label[0].length, end)
  return { label: label[1], text: `-----BEGIN ${label[1]}-----\n${body}\n-----END ${label[1]}-----\n`, body }
}

function lockedPem(text: string): LockedSshKey {
  return { publicKey: undefined, unlock: (passphrase) => parsePem(text, passphrase) }
}

function parsePem(text: string, passphrase?: string): SshPrivateKey {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: text, format: 'pem', ...(passphrase !== undefined && { passphrase }) })
  } catch {
    // What OpenSSL says of a wrong passphrase depends on the noise that it makes of the key.
    throw passphrase === undefined ? new Error('the key cannot be read') : new WrongPassphrase('incorrect passphrase')
  }
  return describeKey(key)
}

function parseOpenSsh(bytes: Buffer): SshPrivateKey | LockedSshKey {
  const file = readOpenSshFile(bytes)
  if (file.unlock === undefined) return describeKey(openPrivateBlock(file.block) ?? damaged())
  const { publicKey, unlock } = file
  return {
    publicKey,
    unlock: (passphrase) => {
      const key = openPrivateBlock(unlock(Buffer.from(passphrase)))
      if (key === undefined) throw new WrongPassphrase('incorrect passphrase')
      return describeKey(key)
    },
  }
}

function damaged(): never {
  throw new Error('the key is damaged')
}

function describeKey(key: KeyObject): SshPrivateKey {
  const { kty, x, n, e } = createPublicKey(key).export({ format: 'jwk' })
  if (key.asymmetricKeyType === 'ed25519' && kty === 'OKP') {
    return { key, publicKey: makeEd25519Key(Buffer.from(x ?? '', 'base64url')) }
  }
  if (key.asymmetricKeyType !== 'rsa') throw new Error('only ed25519 and RSA keys can be used')
  return { key, publicKey: makeRsaKey(Buffer.from(n ?? '', 'base64url'), Buffer.from(e ?? '', 'base64url')) }
}
