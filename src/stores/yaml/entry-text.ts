// The text of a new entry, in the style of its neighbours.
import { isLeaf } from '../../tree/kinds.ts'
import type { Item, Leaf } from '../../tree/types.ts'
import type { Node } from '../types.ts'
import { needsKeep } from './block-room.ts'
import { printValue } from './emit.ts'
import { emitFlowAsSops } from './flow.ts'
import { isSimpleKey, mergeKey } from './key.ts'
import type { YamlNode } from './node.ts'
import type { Entry } from './nodes-to.ts'
import type { PrintStyle } from './printer.ts'
import { spellScalar } from './spell.ts'
import type { Style } from './syntax.ts'

/** The lines of a block entry from the column of its container on. */
export interface EntryText {
  /** `key:` or `-`; the lines of a key that is written with a `?`. */
  readonly lead: string
  /** What follows on the same line, its space included. */
  readonly first: string
  readonly rest: readonly string[]
}

/** Quotes of the neighbours, which a new key or string takes too. */
export interface Quotes {
  readonly key: Style
  readonly value: Style
}

export function quotesOf(neighbour: Entry | undefined): Quotes {
  return { key: quoteOf(neighbour?.key), value: quoteOf(neighbour?.value) }
}

function quoteOf(node: YamlNode | undefined): Style {
  const style = node?.token?.scalar?.style
  return style === 'single' || style === 'double' ? style : 'plain'
}

export function printEntry(entry: Item | Node, style: PrintStyle, quotes: Quotes): EntryText {
  const value = entry.type === 'item' ? entry.value : entry
  const quoted = isLeaf(value) && value.type !== 'comment' ? spellQuoted(value, quotes.value) : undefined
  if (entry.type !== 'item') {
    const [line = '', ...rest] = linesOf(printValue({ type: 'list', items: [entry] }, style))
    return quoted === undefined
      ? { lead: '-', first: line.slice(1), rest }
      : { lead: '-', first: ` ${quoted}`, rest: [] }
  }
  if (!isSimpleKey(entry.key) || entry.key === mergeKey) return printOddKey(entry, style)
  const item: Item = { type: 'item', key: 'k', value: entry.value }
  const [line = '', ...rest] = linesOf(printValue({ type: 'branch', items: [item] }, style))
  const lead = `${spellKey(entry.key, quotes.key)}:`
  return quoted === undefined ? { lead, first: line.slice(2), rest } : { lead, first: ` ${quoted}`, rest: [] }
}

/** A key of many lines or bytes: its value, too, stands on lines of its own. */
function printOddKey(item: Item, style: PrintStyle): EntryText {
  const [lead = '', ...rest] = linesOf(printValue({ type: 'branch', items: [item] }, style))
  return { lead, first: '', rest }
}

function spellKey(key: string, style: Style): string {
  return spellScalar({ type: 'str', value: key }, { style, flow: false, simpleKey: true, bodyColumn: 0, hint: 0 })
}

// A block that keeps its last line breaks would take blank lines below it along.
function spellQuoted(value: Exclude<Leaf, { type: 'comment' }>, quote: Style): string | undefined {
  if (value.type !== 'str') return undefined
  const style = needsKeep(value.value) ? 'double' : value.value.includes('\n') ? 'plain' : quote
  if (style === 'plain') return undefined
  return spellScalar(value, { style, flow: false, simpleKey: true, bodyColumn: 0, hint: 0 })
}

/** An entry of a flow collection, without brackets. */
export function spellFlowEntry(entry: Item | Node, quotes: Quotes): string {
  const value = entry.type === 'item' ? entry.value : entry
  const quoted = value.type === 'str' && quotes.value !== 'plain' ? spellFlow(value, quotes.value) : undefined
  if (entry.type !== 'item') return quoted ?? emitFlowAsSops(entry)
  if (quoted === undefined && quotes.key === 'plain')
    return emitFlowAsSops({ type: 'branch', items: [entry] }).slice(1, -1)
  const key = { type: 'str', value: entry.key } as const
  const spelled = spellFlow(key, quotes.key)
  if (!isSimpleKey(spelled)) return emitFlowAsSops({ type: 'branch', items: [entry] }).slice(1, -1)
  return `${spelled}: ${quoted ?? emitFlowAsSops(entry.value)}`
}

function spellFlow(value: Extract<Leaf, { type: 'str' }>, style: Style): string {
  return spellScalar(value, { style, flow: true, simpleKey: false, bodyColumn: 0, hint: 0 })
}

function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n')
}
