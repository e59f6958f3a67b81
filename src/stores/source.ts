// SOPS' strings are bytes; ours are JS strings. A byte that is not part of valid UTF-8 becomes one lone low surrogate
// (U+DC00 plus the byte), which valid UTF-8 cannot hold, and becomes that byte again on the way out.

import { isUtf8 } from 'node:buffer'

import type { Comment, Scalar } from '../tree/types.ts'

/** Replaces the characters from `start` up to `end`. */
export interface Splice {
  readonly start: number
  readonly end: number
  readonly text: string
}

const strayByte = /[\udc80-\udcff]/u
const strayBytes = /[\udc80-\udcff]/gu
const loneSurrogate = /\p{Surrogate}/u
const loneSurrogates = /\p{Surrogate}/gu

/** Decodes bytes without losing one. */
export function readSource(bytes: Uint8Array): string {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return isUtf8(view) ? view.toString('utf8') : readBroken(view)
}

/** The inverse of readSource. */
export function writeSource(text: string): Uint8Array {
  return strayByte.test(text) ? writeBroken(text) : Buffer.from(text, 'utf8')
}

/** Puts each splice in its place; they must not overlap. An insertion comes before a replacement that starts at its place. */
export function applySplices(text: string, splices: readonly Splice[]): string {
  const pieces: string[] = []
  let last = 0
  for (const { start, end, text: replacement } of splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    pieces.push(text.slice(last, start), replacement)
    last = end
  }
  pieces.push(text.slice(last))
  return pieces.join('')
}

/** Whether a piece of source holds a byte that is not valid UTF-8. */
export function hasStrayByte(text: string): boolean {
  return strayByte.test(text)
}

/** Each byte that is not valid UTF-8 becomes U+FFFD, as Go's JSON decoder has it. */
export function replaceStrayBytes(text: string): string {
  return strayByte.test(text) ? text.replace(strayBytes, '\ufffd') : text
}

/** The leaf that a piece of source stands for. */
export function readLeaf(text: string): Scalar {
  return hasStrayByte(text) ? { type: 'bytes', value: writeBroken(text) } : { type: 'str', value: text }
}

/** The piece of source for a text; a JS string that is not valid Unicode loses its lone surrogates. */
export function leafSource(leaf: Comment | Extract<Scalar, { type: 'str' | 'bytes' }>): string {
  if (leaf.type === 'bytes') return readSource(leaf.value)
  return loneSurrogate.test(leaf.value) ? leaf.value.replace(loneSurrogates, '\ufffd') : leaf.value
}

/** How many lines start at or before `offset`. */
export function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

function readBroken(bytes: Buffer): string {
  const units = Buffer.alloc(bytes.length * 2)
  let length = 0
  const put = (unit: number): void => {
    length = units.writeUInt16LE(unit, length)
  }
  for (let at = 0; at < bytes.length;) {
    const size = runeSize(bytes, at)
    const point = size > 0 ? codePoint(bytes, at, size) : 0xdc00 + (bytes[at] ?? 0)
    if (point > 0xffff) put(0xd7c0 + (point >> 10))
    put(point > 0xffff ? 0xdc00 + (point & 0x3ff) : point)
    at += Math.max(size, 1)
  }
  return units.toString('utf16le', 0, length)
}

// The length of the valid UTF-8 sequence at an offset, or 0. The bounds of the second byte are those of RFC 3629.
function runeSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const second = bytes[at + 1] ?? 0
  const low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80
  const high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let i = 2; i < size; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return size
}

function codePoint(bytes: Uint8Array, at: number, size: number): number {
  const first = bytes[at] ?? 0
  let point = size === 1 ? first : first & (0x7f >> size)
  for (let i = 1; i < size; i++) point = (point << 6) | ((bytes[at + i] ?? 0) & 0x3f)
  return point
}

function writeBroken(text: string): Uint8Array {
  const bytes = Buffer.alloc(text.length * 3)
  let length = 0
  let last = 0
  strayBytes.lastIndex = 0
  for (let match = strayBytes.exec(text); match; match = strayBytes.exec(text)) {
    if (match.index > last) length += bytes.write(text.slice(last, match.index), length, 'utf8')
    bytes[length++] = text.charCodeAt(match.index) & 0xff
    last = match.index + 1
  }
  length += bytes.write(text.slice(last), length, 'utf8')
  return bytes.subarray(0, length)
}
