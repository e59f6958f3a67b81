// What takes long to make and serves many: made once for a host and a name. A failure is not kept.
import type { Host } from '../host.ts'

export class PerHost<T> {
  readonly #made = new WeakMap<Host, Map<string, Promise<T>>>()
  readonly #capacity: number

  /** `capacity`: how many names are kept for one host, where files choose the names. */
  constructor(capacity: number = Infinity) {
    this.#capacity = capacity
  }

  get(host: Host, name: string, make: () => Promise<T>): Promise<T> {
    const ofHost = this.#made.get(host) ?? new Map<string, Promise<T>>()
    this.#made.set(host, ofHost)
    const known = ofHost.get(name)
    if (known !== undefined) return known
    const made = make()
    const [oldest] = ofHost.keys()
    if (ofHost.size >= this.#capacity && oldest !== undefined) ofHost.delete(oldest)
    ofHost.set(name, made)
    made.catch(() => ofHost.delete(name))
    return made
  }
}
