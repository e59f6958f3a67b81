// The lexical rules of gopkg.in/ini.v1 1.67.3 as sops 3.13.3 configures it: continuation lines, comments at any `#` or
// `;` of an unquoted value, four kinds of quotes. Messages never quote the text.

import { ParseError } from '../../errors.ts'
import { lineAt, writeSource } from '../source.ts'

export interface Span {
  readonly start: number
  readonly end: number
}

export type Quote = '' | '"' | "'" | '`' | '"""'

export interface Key {
  readonly name: string
  /** Behind the delimiter. */
  readonly end: number
}

export interface ValueText extends Span {
  readonly value: string
  readonly quote: Quote
  /** The comment behind the value, without the space after it. */
  readonly comment: Span | undefined
  /** What stands behind a closing quote on the same line: ini.v1 passes over it. */
  readonly ignored: Span | undefined
  /** Where the line after the value begins. */
  readonly next: number
}

const delimiter = /[=:]/g
const marker = /[#;]/g
const wideSpace = /[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

/** Throws the error of a text that sops refuses too. */
export function failAt(text: string, offset: number, message: string): never {
  throw new ParseError('ini', `Could not unmarshal input data: ${message}`, lineAt(text, offset))
}

/** Go's unicode.IsSpace. */
function isSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x85 && wideSpace.test(text.charAt(at)))
}

/** The span without the space around it. */
export function trimSpan(text: string, { start, end }: Span): Span {
  let first = start
  while (first < end && isSpace(text, first)) first++
  let last = end
  while (last > first && isSpace(text, last - 1)) last--
  return { start: first, end: last }
}

/** Go's strings.TrimSpace. */
export function trim(text: string): string {
  const { start, end } = trimSpan(text, { start: 0, end: text.length })
  return text.slice(start, end)
}

/** The line from `start` on, its newline included. */
export function lineFrom(text: string, start: number): Span {
  const newline = text.indexOf('\n', start)
  return { start, end: newline < 0 ? text.length : newline + 1 }
}

/** The first `#` or `;` in a span; -1 for none. */
export function findMarker(text: string, span: Span): number {
  return findIn(text, span, marker)
}

function findIn(text: string, { start, end }: Span, pattern: RegExp): number {
  const index = text.slice(start, end).search(pattern)
  return index < 0 ? -1 : start + index
}

function lastIndexIn(text: string, { start, end }: Span, quote: string): number {
  const index = text.slice(start, end).lastIndexOf(quote)
  return index < 0 ? -1 : start + index
}

/** Reads the key of a line that begins (after space) with it. Throws ParseError. */
export function readKey(text: string, line: Span): Key {
  const quote = keyQuote(text, line)
  const start = line.start + quote.length
  if (quote === '') {
    const end = findIn(text, line, delimiter)
    if (end < 0) failAt(text, line.start, 'key-value delimiter not found')
    if (end === line.start) failAt(text, line.start, 'empty key name')
    return { name: trim(text.slice(start, end)), end: end + 1 }
  }
  const close = text.slice(start, line.end).indexOf(quote)
  if (close < 0) failAt(text, line.start, 'missing closing key quote')
  const behind = { start: start + close + quote.length, end: line.end }
  const end = findIn(text, behind, delimiter)
  if (end < 0) failAt(text, line.start, 'key-value delimiter not found')
  const name = trim(text.slice(start, start + close))
  if (name === '') failAt(text, line.start, 'error creating new key: empty key name')
  // ini.v1 drops this text; it would stay in clear, and a ciphertext cannot stand there.
  if (trim(text.slice(behind.start, end)) !== '')
    failAt(text, line.start, 'text between a quoted key and its delimiter')
  return { name, end: end + 1 }
}

function keyQuote(text: string, { start, end }: Span): Quote {
  const first = text.charAt(start)
  if (first === '`') return '`'
  if (first !== '"') return ''
  const isTriple = text.startsWith('"""', start) && writeSource(text.slice(start, Math.min(end, start + 7))).length > 6
  return isTriple ? '"""' : '"'
}

/** Reads the value behind a delimiter. Throws ParseError. */
export function readValue(text: string, from: number): ValueText {
  const line = lineFrom(text, from)
  const { start, end } = trimSpan(text, line)
  const base = { comment: undefined, ignored: undefined, next: line.end }
  if (start === end) {
    let at = from
    while (text.charAt(at) === ' ' || text.charAt(at) === '\t') at++
    return { ...base, value: '', start: at, end: at, quote: '' }
  }
  if (text.charAt(start) === '`') return readQuoted(text, { start, end: line.end }, '`')
  if (text.startsWith('"""', start) && line.end - start > 3) return readQuoted(text, { start, end: line.end }, '"""')
  if (text.charAt(end - 1) === '\\') return readContinued(text, { start, end }, line.end)
  const cut = findMarker(text, { start, end })
  const bare = cut < 0 ? { start, end } : trimSpan(text, { start, end: cut })
  const quote = surroundingQuote(text.slice(bare.start, bare.end))
  const value = text.slice(bare.start + quote.length, bare.end - quote.length)
  return { ...base, ...bare, value, quote, comment: cut < 0 ? undefined : { start: cut, end } }
}

// A quote is taken off only when it stands at both ends and nowhere else.
function surroundingQuote(value: string): Quote {
  for (const quote of ['"', "'"] as const) {
    if (value.length >= 2 && value.startsWith(quote) && value.indexOf(quote, 1) === value.length - 1) return quote
  }
  return ''
}

function readQuoted(text: string, line: Span, quote: Quote): ValueText {
  const start = line.start + quote.length
  const close = lastIndexIn(text, { start, end: line.end }, quote)
  if (close < 0) return readManyLines(text, line, quote)
  const end = close + quote.length
  const rest = trimSpan(text, { start: end, end: line.end })
  const ignored = rest.start < rest.end ? rest : undefined
  return { value: text.slice(start, close), start: line.start, end, quote, comment: undefined, ignored, next: line.end }
}

function readManyLines(text: string, first: Span, quote: Quote): ValueText {
  let line = first
  while (line.end < text.length) {
    line = lineFrom(text, line.end)
    const close = lastIndexIn(text, line, quote)
    if (close < 0) continue
    const end = close + quote.length
    const rest = trimSpan(text, { start: end, end: line.end })
    if (text.charAt(rest.end - 1) === '\\' && rest.end > rest.start) continue
    const cut = findMarker(text, rest)
    // ini.v1 drops text before the comment; it would stay in clear.
    if (rest.start < rest.end && cut !== rest.start) failAt(text, close, 'text behind a closing quote')
    const value = text.slice(first.start + quote.length, close)
    const comment = cut < 0 ? undefined : rest
    return { value, start: first.start, end, quote, comment, ignored: undefined, next: line.end }
  }
  failAt(text, first.start, 'missing closing key quote')
}

function readContinued(text: string, first: Span, next: number): ValueText {
  const pieces = [text.slice(first.start, first.end - 1)]
  let { end } = first
  let line = { start: first.start, end: next }
  while (line.end < text.length) {
    line = lineFrom(text, line.end)
    const piece = trimSpan(text, line)
    if (piece.start === piece.end) break
    end = piece.end
    const isOpen = text.charAt(end - 1) === '\\'
    pieces.push(text.slice(piece.start, isOpen ? end - 1 : end))
    if (!isOpen) break
  }
  const value = pieces.join('')
  return { value, start: first.start, end, quote: '', comment: undefined, ignored: undefined, next: line.end }
}
