// What may stand before a node: anchors and tags; aliases, which are spelled like anchors; and directives.
import { isBlank, isBlankOrEnd, isBreakOrEnd, isDigit, isWord } from './characters.ts'
import type { CommentRecords } from './comment-records.ts'
import type { Cursor } from './cursor.ts'

export interface Tag {
  readonly handle: string
  readonly suffix: string
}

/** The name after `&` or `*`. */
export function scanName(cursor: Cursor): string {
  cursor.skip()
  const start = cursor.pos
  while (isWord(cursor.peek())) cursor.pos++
  const next = cursor.text.charAt(cursor.pos)
  if (cursor.pos === start || !(isBlankOrEnd(cursor.peek()) || '?:,]}%@`'.includes(next))) {
    cursor.fail('expected a letter or a digit in the name of an anchor or alias')
  }
  return cursor.text.slice(start, cursor.pos)
}

export function scanTag(cursor: Cursor): Tag {
  const tag = cursor.peek(1) === 0x3c ? scanVerbatimTag(cursor) : scanShortTag(cursor)
  if (!isBlankOrEnd(cursor.peek())) cursor.fail('expected a blank or a line break after a tag')
  return tag
}

function scanVerbatimTag(cursor: Cursor): Tag {
  cursor.skip(2)
  const suffix = scanUri(cursor, false)
  if (cursor.peek() !== 0x3e) cursor.fail('expected the > of a tag')
  cursor.skip()
  return { handle: '', suffix }
}

function scanShortTag(cursor: Cursor): Tag {
  const handle = scanHandle(cursor, false)
  if (handle.length > 1 && handle.endsWith('!')) return { handle, suffix: scanUri(cursor, false) }
  const suffix = handle.slice(1) + scanUri(cursor, true)
  return suffix === '' ? { handle: '', suffix: '!' } : { handle: '!', suffix }
}

function scanHandle(cursor: Cursor, directive: boolean): string {
  const start = cursor.pos
  if (cursor.peek() !== 0x21) cursor.fail('expected the ! of a tag')
  cursor.skip()
  while (isWord(cursor.peek())) cursor.pos++
  if (cursor.peek() === 0x21) cursor.pos++
  else if (directive && cursor.pos > start + 1) cursor.fail('expected the second ! of a tag handle')
  return cursor.text.slice(start, cursor.pos)
}

const uriRun = /[-0-9A-Za-z_;/?:@&=+$,.!~*'()[\]]*/y

function scanUri(cursor: Cursor, mayBeEmpty: boolean): string {
  const start = cursor.pos
  let uri = ''
  for (;;) {
    uriRun.lastIndex = cursor.pos
    const run = uriRun.exec(cursor.text)?.[0] ?? ''
    uri += run
    cursor.pos += run.length
    if (cursor.peek() !== 0x25) break
    uri += scanUriEscape(cursor)
  }
  if (cursor.pos === start && !mayBeEmpty) cursor.fail('expected a tag URI')
  return uri
}

/** One character, written as one `%XX` per UTF-8 byte. */
function scanUriEscape(cursor: Cursor): string {
  const first = scanOctet(cursor)
  const width = first < 0x80 ? 1 : first >> 5 === 6 ? 2 : first >> 4 === 14 ? 3 : first >> 3 === 30 ? 4 : 0
  if (width === 0) cursor.fail('found an incorrect UTF-8 octet in a tag')
  const octets = [first]
  while (octets.length < width) {
    const octet = scanOctet(cursor)
    if (octet >> 6 !== 2) cursor.fail('found an incorrect UTF-8 octet in a tag')
    octets.push(octet)
  }
  return new TextDecoder().decode(Uint8Array.from(octets))
}

function scanOctet(cursor: Cursor): number {
  const digits = cursor.text.slice(cursor.pos + 1, cursor.pos + 3)
  if (cursor.peek() !== 0x25 || !/^[0-9A-Fa-f]{2}$/.test(digits)) cursor.fail('expected an escaped octet in a tag')
  cursor.skip(3)
  return Number.parseInt(digits, 16)
}

export type Directive =
  | { readonly type: 'version-directive'; readonly version: string }
  | { readonly type: 'tag-directive'; readonly handle: string; readonly prefix: string }

/** A directive with its line break. A comment on its line belongs to no record. */
export function scanDirective(cursor: Cursor, comments: CommentRecords): Directive {
  cursor.skip()
  const start = cursor.pos
  while (isWord(cursor.peek())) cursor.pos++
  const name = cursor.text.slice(start, cursor.pos)
  if (name === '' || !isBlankOrEnd(cursor.peek())) cursor.fail('expected the name of a directive')
  if (name !== 'YAML' && name !== 'TAG') cursor.fail('found an unknown directive')
  cursor.skipBlanks()
  const directive = name === 'YAML' ? scanVersion(cursor) : scanTagDirective(cursor)
  cursor.skipBlanks()
  if (cursor.peek() === 0x23) comments.readLine()
  if (!isBreakOrEnd(cursor.peek())) cursor.fail('expected a comment or a line break after a directive')
  cursor.newlines = 0
  cursor.readBreak()
  return directive
}

function scanVersion(cursor: Cursor): Directive {
  const major = scanNumber(cursor)
  if (cursor.peek() !== 0x2e) cursor.fail('expected a version number')
  cursor.skip()
  return { type: 'version-directive', version: `${major}.${scanNumber(cursor)}` }
}

function scanNumber(cursor: Cursor): number {
  const start = cursor.pos
  while (isDigit(cursor.peek())) cursor.pos++
  const length = cursor.pos - start
  if (length === 0 || length > 2) cursor.fail('expected a version number')
  return Number(cursor.text.slice(start, cursor.pos))
}

function scanTagDirective(cursor: Cursor): Directive {
  const handle = scanHandle(cursor, true)
  if (!isBlank(cursor.peek())) cursor.fail('expected a blank in a %TAG directive')
  cursor.skipBlanks()
  const prefix = scanUri(cursor, false)
  if (!isBlankOrEnd(cursor.peek())) cursor.fail('expected a blank or a line break in a %TAG directive')
  return { type: 'tag-directive', handle, prefix }
}
