// One change among the lines of a dotenv text: a line comes behind the last one, changes, or goes.

import { isLeaf } from '../../tree/kinds.ts'
import type { Leaf } from '../../tree/types.ts'
import { scalarText } from '../scalar-text.ts'
import { leafSource, type Splice } from '../source.ts'
import type { Change } from '../types.ts'

/** A line that is not empty. `valueStart`: behind the `=` or the `#`. */
export interface Line {
  /** undefined: a comment. */
  readonly key: string | undefined
  readonly leaf: Leaf
  readonly start: number
  readonly valueStart: number
  readonly end: number
}

/** `lines`: without those of the metadata. undefined: there is no such place, or no line for such a value. */
export function spliceChange(text: string, lines: readonly Line[], change: Change): readonly Splice[] | undefined {
  if (change.kind === 'append') return change.place.length === 0 ? appendLine(lines, change.entry) : undefined
  const [index = -1, ...rest] = change.place
  const line = lines.filter(({ key }) => key !== undefined)[index]
  if (!line || rest.length > 0) return undefined
  if (change.kind === 'remove') return [removeLine(text, line)]
  return isLeaf(change.value) ? [{ start: line.valueStart, end: line.end, text: valueText(change.value) }] : undefined
}

// Right behind the last line, comments counted: blank lines and the metadata stay below.
function appendLine(lines: readonly Line[], entry: Extract<Change, { kind: 'append' }>['entry']): Splice[] | undefined {
  if (entry.type !== 'item' || !isLeaf(entry.value)) return undefined
  const text = spellLine(entry.key, entry.value)
  const end = lines.at(-1)?.end
  return end === undefined ? [{ start: 0, end: 0, text: `${text}\n` }] : [{ start: end, end, text: `\n${text}` }]
}

// With its newline; the last line of a text that ends without one takes the newline before it.
function removeLine(text: string, { start, end }: Line): Splice {
  if (end < text.length) return { start, end: end + 1, text: '' }
  return { start: Math.max(start - 1, 0), end, text: '' }
}

/** A line without its newline. */
export function spellLine(key: string, value: Leaf): string {
  return `${leafSource({ type: 'str', value: key })}=${valueText(value)}`
}

/** A value, or the text of a comment, on one line. */
export function valueText(leaf: Leaf): string {
  return leaf.type === 'comment' ? leafSource(leaf) : scalarText(leaf).replaceAll('\n', '\\n')
}
