// AES-256-GCM over one value, with sops' 32-byte IV: GCM derives its counter block from it with GHASH, and a random IV of
// that size never repeats. An IV is used again only for the same plaintext at the same path under the same data key,
// which gives the same ciphertext and tells nobody anything.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { fromPlaintext, isEmpty, toPlaintext, typeTag, typeTags } from '../tree/scalar.ts'
import type { Leaf } from '../tree/types.ts'
import { emitEnvelope, parseEnvelope } from './envelope.ts'
import type { IvStash } from './iv-stash.ts'

const ivLength = 32
const tagLength = 16

type Encryptable = Exclude<Leaf, { type: 'null' }>

export class Cipher {
  readonly #key: KeyObject
  readonly #stash: IvStash | undefined
  #pool: Buffer = Buffer.alloc(0)

  /** `stash`: where decryption leaves each value's IV, and where encryption looks for one to use again. */
  constructor(dataKey: Uint8Array, stash?: IvStash) {
    this.#key = createSecretKey(dataKey)
    this.#stash = stash
  }

  /** The ENC[…] text; '' for an empty string or comment, which sops leaves as it is. Throws RangeError (toPlaintext). */
  encrypt(leaf: Encryptable, aad: string): string {
    if (isEmpty(leaf)) return ''
    const plain = toPlaintext(leaf)
    const iv = this.#stash?.take(leaf, aad) ?? this.#freshIv()
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv, { authTagLength: tagLength })
    cipher.setAAD(Buffer.from(aad))
    const data = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)
    cipher.final()
    return emitEnvelope({ data, iv, tag: cipher.getAuthTag(), type: typeTag(leaf) })
  }

  /** The value, or in words why there is none; the words hold nothing of the text. */
  decrypt(text: string, aad: string): Encryptable | DecryptFailure {
    if (text === '') return { type: 'str', value: '' }
    const envelope = parseEnvelope(text)
    if (envelope === undefined) return { failure: 'the value is not encrypted, or its ENC[…] text is damaged' }
    if (!typeTags.has(envelope.type)) return { failure: 'unknown type in the ENC[…] text' }
    const plain = this.#open(envelope, aad)
    if (plain === undefined) {
      return {
        failure: 'authentication failed: the value or its path was changed, or it was encrypted with another key',
      }
    }
    const leaf = fromPlaintext(envelope.type, plain)
    if (leaf === undefined) return { failure: `the decrypted text is not of type ${envelope.type}` }
    this.#stash?.add(leaf, aad, envelope.iv)
    return leaf
  }

  #open({ data, iv, tag }: { data: Buffer; iv: Buffer; tag: Buffer }, aad: string): Buffer | undefined {
    if (tag.length !== tagLength) return undefined
    try {
      const cipher = createDecipheriv('aes-256-gcm', this.#key, iv, { authTagLength: tagLength })
      cipher.setAAD(Buffer.from(aad))
      cipher.setAuthTag(tag)
      const plain = cipher.update(data)
      cipher.final()
      return plain
    } catch {
      return undefined
    }
  }

  // One call to the system for many small values.
  #freshIv(): Buffer {
    if (this.#pool.length < ivLength) this.#pool = randomBytes(ivLength * 128)
    const iv = this.#pool.subarray(0, ivLength)
    this.#pool = this.#pool.subarray(ivLength)
    return iv
  }
}

export interface DecryptFailure {
  readonly failure: string
}
