// Data keys that were decrypted during one run, so that many files under the same wrapped key cost one decryption. In
// memory only; its owner decides how long it lives.
import type { Host } from '../host.ts'
import type { MasterKey } from './types.ts'

const capacity = 1024

/** One run's data keys. `clear` wipes them. */
export class DataKeyCache {
  #hosts = new WeakMap<Host, Map<string, Promise<Uint8Array | null>>>()
  readonly #opened = new Set<Uint8Array>()

  /** What `open` gives for this key on this host: once for callers at the same time or later. Failures are not kept. */
  async get(host: Host, key: MasterKey, open: () => Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    const entries = this.#hosts.get(host) ?? new Map<string, Promise<Uint8Array | null>>()
    this.#hosts.set(host, entries)
    const id = JSON.stringify([key.type, key.id, key.enc])
    const opening = entries.get(id) ?? this.#open(entries, id, open)
    // A copy, so that one caller's wiping does not reach another's key.
    return (await opening)?.slice() ?? null
  }

  #open(
    entries: Map<string, Promise<Uint8Array | null>>,
    id: string,
    open: () => Promise<Uint8Array | null>,
  ): Promise<Uint8Array | null> {
    const opening = open()
    makeRoom(entries)
    entries.set(id, opening)
    opening.then(
      (part) => {
        if (part === null) entries.delete(id)
        else this.#opened.add(part)
      },
      () => entries.delete(id),
    )
    return opening
  }

  clear(): void {
    for (const part of this.#opened) part.fill(0)
    this.#opened.clear()
    this.#hosts = new WeakMap()
  }
}

function makeRoom(entries: Map<string, unknown>): void {
  if (entries.size < capacity) return
  const [oldest] = entries.keys()
  if (oldest !== undefined) entries.delete(oldest)
}
