import { isBlank, isBlankOrEnd, isBreakOrEnd } from './characters.ts'
import { type Cursor, foldBreaks } from './cursor.ts'
import type { ScannedText } from './plain-scalar.ts'

/** A quoted scalar, from its first quote to its last. */
export function scanQuoted(cursor: Cursor, single: boolean): ScannedText {
  const quote = single ? 0x27 : 0x22
  let value = ''
  cursor.skip()
  for (;;) {
    if (cursor.atDocumentIndicator()) cursor.fail('found a document indicator inside a quoted scalar')
    if (cursor.peek() === 0) cursor.fail('found the end of the text inside a quoted scalar')
    const line = single ? scanSingleLine(cursor) : scanDoubleLine(cursor)
    value += line.value
    if (cursor.peek() === quote) break
    value += foldBreaks(cursor, line.joined, -1)
  }
  cursor.skip()
  return { value, end: cursor.pos }
}

/** `joined`: the line ended with a backslash, so that its break does not count. */
interface QuotedLine {
  readonly value: string
  readonly joined: boolean
}

function scanSingleLine(cursor: Cursor): QuotedLine {
  let value = ''
  let start = cursor.pos
  for (;;) {
    runTo(cursor, 0x27, 0x27)
    if (cursor.peek() !== 0x27 || cursor.peek(1) !== 0x27) break
    value += cursor.text.slice(start, cursor.pos + 1)
    cursor.pos += 2
    start = cursor.pos
  }
  return { value: value + cursor.text.slice(start, cursor.pos), joined: false }
}

function scanDoubleLine(cursor: Cursor): QuotedLine {
  let value = ''
  let start = cursor.pos
  for (;;) {
    runTo(cursor, 0x22, 0x5c)
    value += cursor.text.slice(start, cursor.pos)
    if (cursor.peek() !== 0x5c) return { value, joined: false }
    cursor.pos++
    if (cursor.readBreak() !== '') return { value, joined: true }
    value += readEscape(cursor)
    start = cursor.pos
  }
}

/** Stops at either mark, and at blanks that end the line. */
function runTo(cursor: Cursor, mark: number, other: number): void {
  const { text } = cursor
  let pos = cursor.pos
  for (;;) {
    const code = text.charCodeAt(pos)
    if (code === mark || code === other) break
    if (isBlankOrEnd(code)) {
      let next = pos
      while (isBlank(text.charCodeAt(next))) next++
      if (isBreakOrEnd(text.charCodeAt(next))) break
      pos = next
    } else {
      pos++
    }
  }
  cursor.pos = pos
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['0', '\0'],
  ['a', '\x07'],
  ['b', '\b'],
  ['t', '\t'],
  ['\t', '\t'],
  ['n', '\n'],
  ['v', '\v'],
  ['f', '\f'],
  ['r', '\r'],
  ['e', '\x1b'],
  [' ', ' '],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
  ['N', '\x85'],
  ['_', '\xa0'],
  ['L', '\u2028'],
  ['P', '\u2029'],
])

const escapeDigits: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
])

function readEscape(cursor: Cursor): string {
  const name = cursor.text.charAt(cursor.pos)
  cursor.pos++
  const simple = escapes.get(name)
  if (simple !== undefined) return simple
  const length = escapeDigits.get(name)
  if (length === undefined) cursor.fail('found an unknown escape character')
  const digits = cursor.text.slice(cursor.pos, cursor.pos + length)
  if (digits.length < length || !/^[0-9A-Fa-f]*$/.test(digits)) cursor.fail('expected a hexadecimal number')
  const value = Number.parseInt(digits, 16)
  if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) cursor.fail('found an invalid Unicode escape')
  cursor.pos += length
  return String.fromCodePoint(value)
}
