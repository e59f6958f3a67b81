// Remembers the IV of each decrypted value, so that a value that did not change keeps its ciphertext when the file is
// encrypted again. Equal values at one path (elements of a list) get their IVs back in the order of the file.
import { toPlaintext, typeTag } from '../tree/scalar.ts'
import type { Leaf } from '../tree/types.ts'

type Encryptable = Exclude<Leaf, { type: 'null' }>

export class IvStash {
  readonly #ivs = new Map<string, { readonly list: Buffer[]; next: number }>()

  add(leaf: Encryptable, aad: string, iv: Buffer): void {
    const key = stashKey(leaf, aad)
    const known = this.#ivs.get(key)
    if (known === undefined) this.#ivs.set(key, { list: [iv], next: 0 })
    else known.list.push(iv)
  }

  /** The next IV that this value had at this path; undefined when there is none left. */
  take(leaf: Encryptable, aad: string): Buffer | undefined {
    const known = this.#ivs.get(stashKey(leaf, aad))
    return known?.list[known.next++]
  }
}

function stashKey(leaf: Encryptable, aad: string): string {
  const plain = toPlaintext(leaf)
  const text = typeof plain === 'string' ? plain : Buffer.from(plain).toString('latin1')
  return `${leaf.type === 'bytes' ? 'bytes' : typeTag(leaf)}\0${aad}\0${text}`
}
