// Keys without `?`: where a scalar or collection stands that a later `:` may turn into a key. A simple key is one line
// and at most 1024 characters long.
import { ParseError } from '../../errors.ts'
import type { Cursor } from './cursor.ts'

export interface SimpleKey {
  possible: boolean
  readonly required: boolean
  /** Number of the token that the key starts with, counted from the start of the stream. */
  readonly token: number
  readonly start: number
  readonly line: number
  readonly column: number
}

const maxLength = 1024

export class SimpleKeys {
  readonly #cursor: Cursor
  readonly #levels: SimpleKey[] = []
  readonly #byToken = new Map<number, SimpleKey>()

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  get current(): SimpleKey | undefined {
    return this.#levels.at(-1)
  }

  /** Opens a level: the root, or a flow collection. */
  enter(token: number): void {
    this.#levels.push(this.#at(token, false, false))
  }

  leave(): void {
    const level = this.#levels.pop()
    if (level !== undefined) this.#byToken.delete(level.token)
  }

  save(token: number, required: boolean): void {
    this.remove()
    const key = this.#at(token, true, required)
    this.#levels[this.#levels.length - 1] = key
    this.#byToken.set(token, key)
  }

  remove(): void {
    const key = this.current
    if (!key?.possible) return
    if (key.required) failWithoutColon(key)
    this.forget(key)
  }

  forget(key: SimpleKey): void {
    key.possible = false
    this.#byToken.delete(key.token)
  }

  isPossible(key: SimpleKey): boolean {
    if (!key.possible) return false
    if (key.line === this.#cursor.line && !this.#isTooLong(key)) return true
    if (key.required) failWithoutColon(key)
    this.forget(key)
    return false
  }

  /** Whether the token may yet turn out to be the start of a key. */
  isPending(token: number): boolean {
    const key = this.#byToken.get(token)
    return key !== undefined && this.isPossible(key)
  }

  #isTooLong(key: SimpleKey): boolean {
    const { pos, text } = this.#cursor
    const units = pos - key.start
    if (units <= maxLength) return false
    return units > 2 * maxLength || [...text.slice(key.start, pos)].length > maxLength
  }

  #at(token: number, possible: boolean, required: boolean): SimpleKey {
    const { pos, line, column } = this.#cursor
    return { possible, required, token, start: pos, line, column }
  }
}

function failWithoutColon(key: SimpleKey): never {
  throw new ParseError('yaml', "expected ':' after a key", key.line + 1, key.column + 1)
}
