// OpenBSD's bcrypt_pbkdf: how a passphrase becomes the key of an OpenSSH private key.
import { createHash } from 'node:crypto'
import { Blowfish } from './blowfish.ts'

const hashLength = 32
const repetitions = 64
const text = toWords(Buffer.from('OxychromaticBlowfishSwatDynamite'))

export interface BcryptOptions {
  readonly salt: Uint8Array
  readonly rounds: number
  /** Of the key, in bytes. */
  readonly length: number
}

export function bcryptPbkdf(passphrase: Uint8Array, { salt, rounds, length }: BcryptOptions): Uint8Array {
  const pass = toWords(sha512(passphrase))
  const blocks = Math.ceil(length / hashLength)
  const key = new Uint8Array(length)
  for (let block = 0; block < blocks; block++) {
    let hash = bcryptHash(pass, sha512(salt, Buffer.of(0, 0, 0, block + 1)))
    const sum = Buffer.from(hash)
    for (let round = 1; round < rounds; round++) {
      hash = bcryptHash(pass, sha512(hash))
      for (const [index, byte] of hash.entries()) sum[index] = (sum[index] ?? 0) ^ byte
    }
    // The blocks' bytes take turns, so that no part of the key is cheaper to guess than another.
    for (const [index, byte] of sum.entries()) {
      const place = index * blocks + block
      if (place < length) key[place] = byte
    }
  }
  return key
}

function bcryptHash(pass: Int32Array, saltBytes: Buffer): Buffer {
  const salt = toWords(saltBytes)
  const cipher = new Blowfish()
  cipher.expand(pass, salt)
  for (let count = 0; count < repetitions; count++) {
    cipher.expand(salt)
    cipher.expand(pass)
  }
  const words = text.slice()
  for (let place = 0; place < words.length; place += 2) {
    for (let count = 0; count < repetitions; count++) cipher.encrypt(words, place)
  }
  const hash = Buffer.alloc(hashLength)
  for (const [index, word] of words.entries()) hash.writeInt32LE(word, 4 * index)
  return hash
}

function sha512(...parts: readonly Uint8Array[]): Buffer {
  return createHash('sha512').update(Buffer.concat(parts)).digest()
}

function toWords(bytes: Buffer): Int32Array {
  return Int32Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32BE(4 * index))
}
