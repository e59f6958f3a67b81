// A change in a block collection: whole lines come and go, all others stay.
import type { Branch, Item, List, Value } from '../../tree/types.ts'
import type { Splice } from '../source.ts'
import type { Node } from '../types.ts'
import { leavesOf } from './alias-splice.ts'
import { isBlankLine } from './block-room.ts'
import { type EntryText, printEntry, quotesOf } from './entry-text.ts'
import { afterBlanks, afterBreak, beforeBreak, isBlank, isBreak, lineEnd, lineStart } from './lines.ts'
import { nodeStart, type YamlNode } from './node.ts'
import type { Container, Entry } from './nodes-to.ts'
import type { PrintStyle } from './printer.ts'
import { printStyleOf } from './print-style.ts'
import { isBlockStyle } from './scalar-splice.ts'
import type { YamlSyntax } from './syntax.ts'

/** Where a change happens. */
export interface Around {
  readonly syntax: YamlSyntax
  /** The collections from the root on. */
  readonly way: readonly [Container, ...Container[]]
  /** The one whose entries change. */
  readonly container: Container
  readonly lineBreak: string
}

export class BlockChange {
  readonly #around: Around
  readonly #text: string
  readonly #container: Container

  constructor(around: Around) {
    this.#around = around
    this.#text = around.syntax.text
    this.#container = around.container
  }

  append(entry: Item | Node): readonly Splice[] | undefined {
    const text = printEntry(entry, this.#style(), quotesOf(this.#container.entries.at(-1)))
    const lines = this.#indent([text.lead + text.first, ...text.rest])
    const last = this.#container.entries.at(-1)
    if (last === undefined) return this.#openRoot(lines)
    const end = lineEnd(this.#text, this.#endOfContent(last))
    return [...this.#closeLastBlock(end), { start: end, end, text: this.#below(lines) }]
  }

  /** A block that nothing follows has no last line break; with a line below it would get one. */
  #closeLastBlock(end: number): readonly Splice[] {
    if (end < this.#text.length) return []
    for (const [leaf, source] of this.#around.syntax.sources) {
      if (source.kind !== 'scalar' || source.span.end !== end || leaf.type !== 'str') continue
      if (!isBlockStyle(source.style) || leaf.value.endsWith('\n')) continue
      const start = source.span.start + 1
      return [{ start, end: start + source.header.length, text: `${source.header.replace(/[-+]/, '')}-` }]
    }
    return []
  }

  /** The first entry of a root that holds nothing but its section. */
  #openRoot(lines: readonly string[]): readonly Splice[] | undefined {
    const { section } = this.#container
    if (section === undefined) return undefined
    const start = lineStart(this.#text, section.start)
    return [{ start, end: start, text: lines.map((line) => line + this.#around.lineBreak).join('') }]
  }

  /** A root `{}` gets its first entry. */
  fillRoot(value: Branch | List): readonly Splice[] | undefined {
    const { node } = this.#container
    const [first] = value.items
    if (first === undefined || first.type === 'comment') return undefined
    const text = printEntry(first, this.#style(), quotesOf(undefined))
    const lines = [text.lead + text.first, ...text.rest].map((line, index) =>
      index === 0 ? line : this.#shift(line, node.column),
    )
    return [{ start: nodeStart(node), end: node.end, text: lines.join(this.#around.lineBreak) }]
  }

  /** The last entry goes, and the root becomes `{}`. */
  clearRoot(): readonly Splice[] {
    const { node } = this.#container
    return [{ start: nodeStart(node), end: node.end, text: '{}' }]
  }

  remove(index: number): readonly Splice[] | undefined {
    const entry = this.#container.entries[index]
    if (entry === undefined) return undefined
    const end = lineEnd(this.#text, this.#endOf(entry))
    const start = lineStart(this.#text, entry.start)
    if (/^ *$/.test(this.#text.slice(start, entry.start))) return [this.#cutLines(start, end)]
    // It stands behind a dash: the next entry, or a comment above that, moves up to its place.
    return [{ start: entry.start, end: this.#nextContent(end), text: '' }]
  }

  /** All entries of the collection at `index` go: `[]` or `{}` stands for it. */
  clear(index: number, inner: Container): readonly Splice[] | undefined {
    const outer = this.#container.entries[index]
    const [entry] = inner.entries
    if (outer === undefined || entry === undefined) return undefined
    const end = lineEnd(this.#text, this.#endOf(entry))
    const start = lineStart(this.#text, entry.start)
    const empty = inner.node.kind === 'mapping' ? '{}' : '[]'
    const onOwnLine = /^ *$/.test(this.#text.slice(start, entry.start))
    if (!onOwnLine) return [{ start: entry.start, end, text: empty }]
    const head = this.#headOf(outer)
    if (head === undefined) return undefined
    const at = propertiesEnd(this.#text, head, outer.value)
    return [{ start: at, end: at, text: ` ${empty}` }, this.#cutLines(start, end)]
  }

  /** A scalar in place of a scalar is for the caller to splice, but for a block that is to become one line. */
  replace(index: number, value: Node, oneLine: boolean): readonly Splice[] | undefined {
    const entry = this.#container.entries[index]
    const head = entry && this.#headOf(entry)
    if (entry === undefined || head === undefined) return undefined
    const isBlock = isBlockStyle(entry.value.token?.scalar?.style ?? 'plain')
    if (isScalar(value) && isScalar(entry.tree) && !(isBlock && oneLine)) return undefined
    const text = this.#printValue(entry, value)
    const below = this.#below(this.#indent(text.rest))
    const { value: old } = entry
    const { start } = old
    const first = start === old.end ? head : nodeStart(old)
    if (lineEnd(this.#text, head) < first) return this.#replaceBelow(entry, head, text.first, below)
    if (isBlockCollection(old)) {
      return [{ start: head, end: lineEnd(this.#text, this.#endOf(entry)), text: text.first + below }]
    }
    const onLine = isBlock ? start + 1 + (old.token?.scalar?.header.length ?? 0) : Math.max(old.end, head)
    const stop = lineEnd(this.#text, onLine)
    const last = isBlock ? Math.max(old.end, stop) : stop
    return [
      { start: head, end: onLine, text: text.first },
      { start: stop, end: last, text: below },
    ]
  }

  /** The old value stands on the lines below its key or dash. */
  #replaceBelow(entry: Entry, head: number, first: string, below: string): readonly Splice[] {
    const properties = propertiesEnd(this.#text, head, entry.value)
    const start = lineEnd(this.#text, properties)
    return [
      { start: head, end: properties, text: first },
      { start, end: lineEnd(this.#text, this.#endOf(entry)), text: below },
    ]
  }

  #printValue(entry: Entry, value: Node): EntryText {
    const { key, tree } = entry
    const style = printStyleOf(
      this.#around.way,
      this.#container,
      isBlockCollection(entry.value) ? entry.value : undefined,
    )
    const quotes = { ...quotesOf(undefined), value: tree.type === 'str' ? quotesOf(entry).value : ('plain' as const) }
    return printEntry(key === undefined ? value : { type: 'item', key: 'k', value }, style, quotes)
  }

  #style(): PrintStyle {
    return printStyleOf(this.#around.way, this.#container, undefined)
  }

  #indent(lines: readonly string[]): string[] {
    return lines.map((line) => this.#shift(line, this.#container.node.column))
  }

  #shift(line: string, column: number): string {
    return line === '' ? '' : ' '.repeat(column) + line
  }

  #below(lines: readonly string[]): string {
    return lines.map((line) => this.#around.lineBreak + line).join('')
  }

  /** Behind the colon or the dash. */
  #headOf({ key, value, start }: Entry): number | undefined {
    if (key === undefined) return start + 1
    let at = afterBlanks(this.#text, key.end)
    while (key.lead !== undefined && (isBreak(this.#text[at]) || isBlank(this.#text[at]) || this.#text[at] === '#')) {
      at = this.#text[at] === '#' ? lineEnd(this.#text, at) : at + 1
    }
    return this.#text[at] === ':' && at < Math.max(value.end, nodeStart(value) + 1) ? at + 1 : undefined
  }

  /** Where an entry ends: its last scalar or bracket, or its last comment right below that is indented deeper. */
  #endOf({ tree, end }: Entry): number {
    const comments = new Map<number, number>()
    for (const leaf of leavesOf(tree)) {
      const span = leaf.type === 'comment' ? this.#around.syntax.sources.get(leaf)?.span : undefined
      if (span !== undefined && span.start > end) comments.set(span.start, span.end)
    }
    let last = end
    for (;;) {
      const line = afterBreak(this.#text, lineEnd(this.#text, last))
      const start = afterBlanks(this.#text, line)
      const stop = start - line > this.#container.node.column ? comments.get(start) : undefined
      if (stop === undefined || line === last) return last
      last = stop
    }
  }

  /** Where a new entry goes: behind the last one and the comments that sops keeps in this collection. */
  #endOfContent(last: Entry): number {
    const { section, tree } = this.#container
    const limit = section !== undefined && section.start > last.start ? section.start : Infinity
    return Math.max(last.end, this.#lastComment(tree, limit))
  }

  #lastComment(tree: Value, limit: number): number {
    let end = 0
    for (const leaf of leavesOf(tree)) {
      const span = leaf.type === 'comment' ? this.#around.syntax.sources.get(leaf)?.span : undefined
      if (span !== undefined && span.start < limit) end = Math.max(end, span.end)
    }
    return end
  }

  #cutLines(start: number, end: number): Splice {
    if (end < this.#text.length) return { start, end: this.#afterKept(start, afterBreak(this.#text, end)), text: '' }
    return { start: beforeBreak(this.#text, start), end, text: '' }
  }

  /** Blank lines that would become part of a `|+` block above go along. */
  #afterKept(start: number, end: number): number {
    if (!isBlankLine(this.#text, end)) return end
    const above = beforeBreak(this.#text, start)
    for (const source of this.#around.syntax.sources.values()) {
      if (source.kind !== 'scalar' || source.span.end !== above || !source.header.includes('+')) continue
      let next = end
      while (isBlankLine(this.#text, next)) next = afterBreak(this.#text, afterBlanks(this.#text, next))
      return next
    }
    return end
  }

  #nextContent(at: number): number {
    let next = at
    while (isBlank(this.#text[next]) || isBreak(this.#text[next])) next++
    return next
  }
}

function isScalar(value: Value): boolean {
  return value.type !== 'branch' && value.type !== 'list' && value.type !== 'comment'
}

function isBlockCollection({ kind, flow }: YamlNode): boolean {
  return (kind === 'mapping' || kind === 'sequence') && !flow
}

/** Behind the anchor and the tag that stand on the line of the key or dash. */
function propertiesEnd(text: string, head: number, { anchor, tag }: YamlNode): number {
  const stop = lineEnd(text, head)
  return Math.max(head, ...[anchor, tag].map((each) => (each && each.end <= stop ? each.end : head)))
}
