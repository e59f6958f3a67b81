// SOPS' message authentication code: SHA-512 over the plaintext of every value in the order of the tree, without comments
// and null (computed in sops.go, 3.13.3). Keys and boundaries are not part of it; encrypted values bind their path
// through the cipher. The hash is a guessing oracle for short secrets, so it never leaves this file but encrypted.
import { createHash, timingSafeEqual, type Hash } from 'node:crypto'
import type { Cipher } from './cipher/aes-gcm.ts'
import { SopsError } from './errors.ts'
import { toPlaintext } from './tree/scalar.ts'
import type { Scalar } from './tree/types.ts'

export class Mac {
  readonly #hash: Hash = createHash('sha512')
  readonly #onlyEncrypted: boolean

  constructor(onlyEncrypted: boolean) {
    this.#onlyEncrypted = onlyEncrypted
    // A fixed start, so that a MAC over the encrypted values alone never equals one over all.
    if (onlyEncrypted) this.#hash.update(createHash('sha256').update('sops').digest())
  }

  /** Throws RangeError (toPlaintext), also for what the MAC does not cover: sops stops at such a value all the same. */
  add(scalar: Exclude<Scalar, { type: 'null' }>, encrypted: boolean): void {
    const plain = toPlaintext(scalar)
    if (encrypted || !this.#onlyEncrypted) this.#hash.update(plain)
  }

  /** To be called once. */
  digest(): string {
    return this.#hash.digest('hex').toUpperCase()
  }
}

/** The MAC as it stands in the metadata, bound to the time of the last change. */
export function encryptMac(digest: string, lastModified: string, cipher: Cipher): string {
  return cipher.encrypt({ type: 'str', value: digest }, lastModified)
}

/** @throws SopsError ERR_SOPS_MAC */
export function verifyMac(digest: string, metadata: { mac: string; lastModified: string }, cipher: Cipher): void {
  if (metadata.mac === '') throw macError('the file has no MAC')
  const stored = cipher.decrypt(metadata.mac, metadata.lastModified)
  if ('failure' in stored) throw macError('the MAC, or the time of the last change that it is bound to, was changed')
  const known = stored.type === 'str' ? Buffer.from(stored.value) : Buffer.alloc(0)
  const computed = Buffer.from(digest)
  if (known.length !== computed.length || !timingSafeEqual(known, computed)) {
    throw macError('values were changed, added, removed or moved without the data key')
  }
}

function macError(reason: string): SopsError {
  return new SopsError('ERR_SOPS_MAC', `MAC mismatch: ${reason}`, {
    hint: 'If you know of the change and trust the file, decrypt it with --ignore-mac and encrypt it again.',
  })
}
