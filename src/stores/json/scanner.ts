// The lexical rules of Go's encoding/json: what a space, a string, a number and a literal are. Messages never quote the text.

import { ParseError } from '../../errors.ts'
import type { Scalar } from '../../tree/types.ts'
import { lineAt, replaceStrayBytes } from '../source.ts'

const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y
const loneSurrogates = /\p{Surrogate}/gu
const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
const maxInt64 = 2n ** 63n - 1n
const minInt64 = -(2n ** 63n)

/** Reads tokens of a JSON text one after the other. */
export class Scanner {
  readonly text: string
  position = 0

  constructor(text: string) {
    this.text = text
  }

  /** The next character that is no space, or '' at the end. It is not consumed. */
  peek(): string {
    for (; ; this.position++) {
      const code = this.text.charCodeAt(this.position)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) break
    }
    return this.text.charAt(this.position)
  }

  /** Consumes the next character that is no space, which must be `char`. */
  expect(char: string, place: string): void {
    if (this.peek() !== char) this.fail(`invalid character ${place}`)
    this.position++
  }

  fail(message: string): never {
    const atEnd = this.position >= this.text.length
    const start = this.position === 0 ? 0 : this.text.lastIndexOf('\n', this.position - 1) + 1
    const reason = atEnd ? 'unexpected end of JSON input' : message
    throw this.error(reason, lineAt(this.text, this.position), this.position - start + 1)
  }

  error(message: string, line = 0, column = 0): ParseError {
    return new ParseError('json', `Could not unmarshal input data: ${message}`, line, column)
  }

  /** A string, number or literal. */
  scalar(): Scalar {
    const first = this.peek()
    if (first === '"') return { type: 'str', value: this.string() }
    if (first === '-' || (first >= '0' && first <= '9')) return this.#number()
    if (first === 't') return this.#literal('true', { type: 'bool', value: true })
    if (first === 'f') return this.#literal('false', { type: 'bool', value: false })
    if (first === 'n') return this.#literal('null', { type: 'null' })
    this.fail('invalid character looking for beginning of value')
  }

  /** A string; the scanner stands at its first quote. */
  string(): string {
    const { text } = this
    const start = this.position + 1
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === 0x22) {
        this.position = at + 1
        return replaceStrayBytes(text.slice(start, at))
      }
      if (code === 0x5c) return this.#escapedString(start, at)
      if (code < 0x20) this.#failAt(at, 'invalid character in string literal')
    }
    this.#failAt(text.length, '')
  }

  #escapedString(start: number, firstEscape: number): string {
    const { text } = this
    const pieces: string[] = []
    let from = start
    for (let at = firstEscape; at < text.length;) {
      const code = text.charCodeAt(at)
      if (code < 0x20) this.#failAt(at, 'invalid character in string literal')
      if (code !== 0x22 && code !== 0x5c) {
        at++
        continue
      }
      if (at > from) pieces.push(replaceStrayBytes(text.slice(from, at)))
      if (code === 0x22) {
        this.position = at + 1
        return pieces.join('').replace(loneSurrogates, '\ufffd')
      }
      pieces.push(this.#escape(at))
      at += text[at + 1] === 'u' ? 6 : 2
      from = at
    }
    this.#failAt(text.length, '')
  }

  #escape(at: number): string {
    const letter = this.text.charAt(at + 1)
    if (letter !== 'u') {
      return simpleEscapes.get(letter) ?? this.#failAt(at + 1, 'invalid character in string escape code')
    }
    const hex = this.text.slice(at + 2, at + 6)
    const valid = /^[\da-fA-F]*/.exec(hex)?.[0].length ?? 0
    if (valid < 4) this.#failAt(at + 2 + valid, 'invalid character in \\u hexadecimal character escape')
    return String.fromCharCode(Number.parseInt(hex, 16))
  }

  #number(): Scalar {
    number.lastIndex = this.position
    const match = number.exec(this.text)
    if (!match) this.#failAt(this.position + 1, 'invalid character in numeric literal')
    const end = this.position + match[0].length
    // Whatever follows that is no comma, bracket or space (`1.`, `01`) is refused by the next token.
    const isInteger = match[1] === undefined && match[2] === undefined
    const value = this.#toScalar(match[0], isInteger)
    this.position = end
    return value
  }

  #toScalar(literal: string, isInteger: boolean): Scalar {
    // A long literal is beyond int64 anyway, and BigInt is slow on long ones.
    if (isInteger && literal.length <= 20) {
      const value = BigInt(literal)
      if (value >= minInt64 && value <= maxInt64) return { type: 'int', value }
    }
    const value = Number(literal)
    if (!Number.isFinite(value)) this.fail('strconv.ParseFloat: value out of range')
    return { type: 'float', value }
  }

  #literal(word: string, value: Scalar): Scalar {
    for (let i = 1; i < word.length; i++) {
      if (this.text.charAt(this.position + i) !== word[i]) {
        this.#failAt(this.position + i, `invalid character in literal ${word}`)
      }
    }
    this.position += word.length
    return value
  }

  #failAt(position: number, message: string): never {
    this.position = Math.min(position, this.text.length)
    this.fail(message)
  }
}
