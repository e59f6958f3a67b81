// Tokens between scanner and parser, numbered from the start of the text. A key is known as such only at its `:`, so that
// tokens can still be put in front of one that waits here.
import type { ScalarLayout, Token, TokenType } from './token.ts'

/** Where a token starts. */
export interface Spot {
  readonly start: number
  readonly line: number
  readonly column: number
}

/** Tokens that have been taken are dropped in batches; the last two stay, comments refer to them. */
const batch = 4096

export class TokenQueue {
  /** How many have been taken. */
  taken = 0
  #tokens: Token[] = []
  #head = 0

  get waiting(): number {
    return this.#tokens.length - this.#head
  }

  /** The number of the next token to be added. */
  get next(): number {
    return this.taken + this.waiting
  }

  get first(): Token {
    return this.#tokens[this.#head] as Token
  }

  take(): void {
    this.#head++
    this.taken++
    if (this.#head < batch) return
    this.#tokens = this.#tokens.slice(this.#head - 2)
    this.#head = 2
  }

  /** The token `back` places before the next one to be added. */
  previous(back: number): Token | undefined {
    return this.#tokens.at(-back)
  }

  add(type: TokenType, { start, line, column }: Spot, end: number, value = '', scalar?: ScalarLayout): void {
    this.#tokens.push({ type, start, end, line, column, value, suffix: '', scalar })
  }

  /** A tag, or the directive that declares a handle. */
  addTag(type: TokenType, { start, line, column }: Spot, end: number, value: string, suffix: string): void {
    this.#tokens.push({ type, start, end, line, column, value, suffix, scalar: undefined })
  }

  /** Puts a token of no width before the one with this number; at the end if that one is gone. */
  insert(type: TokenType, { start, line, column }: Spot, number: number): void {
    const token = { type, start, end: start, line, column, value: '', suffix: '', scalar: undefined }
    if (number < this.taken || number >= this.next) this.#tokens.push(token)
    else this.#tokens.splice(this.#head + number - this.taken, 0, token)
  }
}
