// Data keys that were decrypted during one run, so that many files under the same wrapped key cost one decryption. In
// memory only; whoever made the cache decides how long it lives.
import type { MasterKey } from './types.ts'

const capacity = 1024

/** Opened data keys: until `clear` wipes them, or each for `seconds` after it was opened. */
export class DataKeyCache {
  readonly #seconds: number | undefined
  #owners = new WeakMap<object, Map<string, Promise<Uint8Array>>>()
  readonly #opened = new Set<Uint8Array>()

  constructor(options: { readonly seconds?: number } = {}) {
    this.#seconds = options.seconds
  }

  /** What `open` gives this owner for this key: once for callers at the same time or later. Failures are not kept. */
  async get(owner: object, key: MasterKey, open: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const entries = this.#owners.get(owner) ?? new Map<string, Promise<Uint8Array>>()
    this.#owners.set(owner, entries)
    // All that the key says of itself: `id` alone leaves open where one value of an AWS KMS context ends.
    const id = JSON.stringify(key)
    const opening = entries.get(id) ?? this.#open(entries, id, open)
    const part = await opening
    // Wiped meanwhile: its zeros must never be taken for a data key.
    if (!this.#opened.has(part)) {
      if (entries.get(id) === opening) entries.delete(id)
      return this.get(owner, key, open)
    }
    // A copy, so that one caller's wiping does not reach another's key.
    return new Uint8Array(part)
  }

  #open(entries: Map<string, Promise<Uint8Array>>, id: string, open: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const opening = open()
    makeRoom(entries)
    entries.set(id, opening)
    opening.then(
      (part) => {
        this.#opened.add(part)
        this.#expire(entries, id, part)
      },
      () => entries.delete(id),
    )
    return opening
  }

  #expire(entries: Map<string, unknown>, id: string, part: Uint8Array): void {
    if (this.#seconds === undefined) return
    const timer = setTimeout(() => {
      entries.delete(id)
      this.#opened.delete(part)
      part.fill(0)
    }, this.#seconds * 1000)
    // A cache must not keep a program from ending.
    timer.unref()
  }

  clear(): void {
    for (const part of this.#opened) part.fill(0)
    this.#opened.clear()
    this.#owners = new WeakMap()
  }
}

function makeRoom(entries: Map<string, unknown>): void {
  if (entries.size < capacity) return
  const [oldest] = entries.keys()
  if (oldest !== undefined) entries.delete(oldest)
}
