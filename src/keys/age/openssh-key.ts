// OpenSSH's format of private keys (PROTOCOL.key): a public key in clear, and a block that a passphrase may encrypt.
import { createDecipheriv, createPrivateKey, type KeyObject } from 'node:crypto'
import { bcryptPbkdf } from './bcrypt-pbkdf.ts'
import { parsePublicBlob, toBase64Url, type SshPublicKey } from './ssh-public-key.ts'
import { SshReader } from './ssh-wire.ts'

export interface OpenSshFile {
  readonly publicKey: SshPublicKey
  readonly block: Uint8Array
  /** Decrypts the block; undefined when it is not encrypted. A wrong passphrase gives noise. */
  readonly unlock: ((passphrase: Uint8Array) => Uint8Array) | undefined
}

const magic = Buffer.from('openssh-key-v1\0')

/** Throws Error with the reason alone. */
export function readOpenSshFile(bytes: Uint8Array): OpenSshFile {
  if (!magic.equals(bytes.subarray(0, magic.length))) throw new Error('invalid openssh private key format')
  const reader = new SshReader(bytes.subarray(magic.length))
  const [cipher, derivation, options] = [reader.text(), reader.text(), reader.bytes()]
  if (reader.number() !== 1) throw new Error('multi-key files are not supported')
  const publicKey = parsePublicBlob(reader.bytes())
  const block = reader.bytes()
  if (cipher === 'none' && derivation === 'none') return { publicKey, block, unlock: undefined }
  if (derivation !== 'bcrypt') throw new Error('the way from the passphrase to the key is not known')
  return { publicKey, block, unlock: makeUnlock(cipher, options, block) }
}

const ivLength = 16
// x/crypto's limit: some seconds for 128 times OpenSSH's default.
const maxRounds = 2048
const maxSaltLength = 1024

function makeUnlock(cipher: string, options: Uint8Array, block: Uint8Array): (passphrase: Uint8Array) => Uint8Array {
  const match = /^aes(128|192|256)-(ctr|cbc)$/.exec(cipher)
  if (match === null) throw new Error('the key is encrypted with a cipher that is not known')
  if (block.length % ivLength !== 0) throw new Error('the key is cut off')
  const keyLength = Number(match[1]) / 8
  const reader = new SshReader(options)
  const [salt, rounds] = [reader.bytes(), reader.number()]
  reader.checkEnd()
  if (rounds > maxRounds) throw new Error(`bcrypt KDF rounds exceed the maximum of ${maxRounds}`)
  if (rounds === 0 || salt.length === 0 || salt.length > maxSaltLength) throw new Error('the key is damaged')
  return (passphrase) => {
    const derived = bcryptPbkdf(passphrase, { salt, rounds, length: keyLength + ivLength })
    const [key, iv] = [derived.subarray(0, keyLength), derived.subarray(keyLength)]
    const decipher = createDecipheriv(`aes-${keyLength * 8}-${match[2] ?? ''}`, key, iv).setAutoPadding(false)
    const plain = Buffer.concat([decipher.update(block), decipher.final()])
    derived.fill(0)
    return plain
  }
}

/** undefined: its check does not hold, as after a wrong passphrase. Throws Error for a key that is no key. */
export function openPrivateBlock(block: Uint8Array): KeyObject | undefined {
  const reader = new SshReader(block)
  if (block.length < 8 || reader.number() !== reader.number()) return undefined
  const type = reader.text()
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') throw new Error('only ed25519 and RSA keys can be used')
  const key = type === 'ssh-ed25519' ? readEd25519(reader) : readRsa(reader)
  // The comment, then 1, 2, 3, … up to the next block.
  reader.text()
  if (reader.rest().some((byte, index) => byte !== index + 1)) throw new Error('the padding is damaged')
  return key
}

const pointLength = 32

function readEd25519(reader: SshReader): KeyObject {
  const [point, secret] = [reader.bytes(), reader.bytes()]
  if (point.length !== pointLength || secret.length !== 2 * pointLength) throw new Error('an Ed25519 key has 32 bytes')
  const seed = secret.subarray(0, pointLength)
  const x = toBase64Url(point)
  return importKey({ kty: 'OKP', crv: 'Ed25519', x, d: toBase64Url(seed) }, x)
}

function readRsa(reader: SshReader): KeyObject {
  const [modulus, exponent, secret] = [reader.integer(), reader.integer(), reader.integer()]
  const [inverse, first, second] = [reader.integer(), reader.integer(), reader.integer()]
  const n = toBase64Url(modulus)
  return importKey(
    {
      ...{ kty: 'RSA', n, e: toBase64Url(exponent), d: toBase64Url(secret), qi: toBase64Url(inverse) },
      ...{ p: toBase64Url(first), q: toBase64Url(second) },
      ...{ dp: reduce(secret, first), dq: reduce(secret, second) },
    },
    n,
  )
}

/** The private exponent for one of the primes. */
function reduce(secret: Buffer, prime: Buffer): string {
  const [exponent, order] = [toNumber(secret), toNumber(prime) - 1n]
  if (order <= 0n) throw new Error('the key is damaged')
  const hex = (exponent % order).toString(16)
  return toBase64Url(Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex'))
}

function toNumber(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString('hex')}`)
}

/** `expected` is the public side, which must be the one of the secret. */
function importKey(jwk: Readonly<Record<string, string>>, expected: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    // OpenSSL's reason adds nothing.
  }
  const { x, n } = key?.export({ format: 'jwk' }) ?? {}
  if (key === undefined || (x ?? n) !== expected) throw new Error('the key is damaged')
  return key
}
