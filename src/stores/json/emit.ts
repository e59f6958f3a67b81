// Prints a tree as Go's encoding/json does for sops 3.13.3: its string escapes, its numbers, comments left out.

import { SopsError } from '../../errors.ts'
import type { Branch, Item, Leaf, List, Value } from '../../tree/types.ts'
import { leafSource, readSource, replaceStrayBytes } from '../source.ts'
import type { Layout } from '../types.ts'

/** What stands around members and elements. */
export interface JsonStyle {
  readonly newline: string
  /** One level; only used with a newline. */
  readonly unit: string
  /** After a comma, where there is no newline. */
  readonly gap: string
  readonly colon: string
}

// eslint-disable-next-line no-control-regex -- control characters are what is escaped
const special = /["\\<>&\u0000-\u001f\u2028\u2029]/
// eslint-disable-next-line no-control-regex -- see above
const specials = /["\\<>&\u0000-\u001f\u2028\u2029]/g
const strayBytes = /[\udc80-\udcff]/gu
const short: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
])

/** A string as json.Marshal prints it. */
export function quote(text: string): string {
  return special.test(text) ? `"${text.replace(specials, escape)}"` : `"${text}"`
}

function escape(char: string): string {
  return short.get(char) ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A leaf as json.Marshal prints it. Throws ERR_SOPS_EMIT. */
export function emitLeaf(leaf: Leaf): string {
  switch (leaf.type) {
    case 'null':
      return 'null'
    case 'float':
      return emitFloat(leaf.value)
    case 'int':
    case 'bool':
      return String(leaf.value)
    case 'bytes':
      return quote(readSource(leaf.value)).replace(strayBytes, '\\ufffd')
    case 'time':
      return quote(leaf.value)
    default:
      return quote(leafSource(leaf))
  }
}

function emitFloat(value: number): string {
  if (!Number.isFinite(value)) {
    throw new SopsError(
      'ERR_SOPS_EMIT',
      'Error marshaling to json: unsupported value: a float that is not a number or infinite',
    )
  }
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The style that sops' `--indent` asks for. Throws ERR_SOPS_EMIT. */
export function styleOf(layout: Layout): JsonStyle {
  const indent = layout.indent ?? -1
  if (indent < -1) {
    throw new SopsError(
      'ERR_SOPS_EMIT',
      'Error marshaling to json: JSON Indentation parameter smaller than -1 is not accepted',
    )
  }
  return { newline: '\n', unit: indent === -1 ? '\t' : ' '.repeat(indent), gap: '', colon: ': ' }
}

interface Frame {
  readonly items: readonly (Item | Value)[]
  readonly close: string
  next: number
  isEmpty: boolean
}

/** A value, its inner lines indented below `base`. */
export function emitJson(value: Value, style: JsonStyle, base: string): string {
  const pieces: string[] = []
  const stack: Frame[] = []
  const put = (part: Value): void => {
    if (part.type === 'branch' || part.type === 'list') stack.push(open(part, pieces))
    else pieces.push(emitLeaf(part))
  }
  const indent = (): string => (style.newline === '' ? '' : style.newline + base + style.unit.repeat(stack.length))
  put(value)
  for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
    const item = frame.items[frame.next++]
    if (!item) {
      stack.pop()
      pieces.push(frame.isEmpty ? '' : indent(), frame.close)
      continue
    }
    if (item.type === 'comment') continue
    pieces.push(separator(frame, style), indent())
    frame.isEmpty = false
    if (item.type === 'item') pieces.push(quote(keyText(item.key)), style.colon)
    put(item.type === 'item' ? item.value : item)
  }
  return pieces.join('')
}

function open(value: Branch | List, pieces: string[]): Frame {
  const [opening, close] = value.type === 'branch' ? ['{', '}'] : ['[', ']']
  pieces.push(opening)
  return { items: value.items, close, next: 0, isEmpty: true }
}

function separator(frame: Frame, style: JsonStyle): string {
  if (frame.isEmpty) return ''
  return style.newline === '' ? `,${style.gap}` : ','
}

function keyText(key: string): string {
  return replaceStrayBytes(leafSource({ type: 'str', value: key }))
}
