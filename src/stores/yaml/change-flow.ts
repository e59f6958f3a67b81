// A change between the brackets of a flow collection.
import type { Item } from '../../tree/types.ts'
import type { Splice } from '../source.ts'
import type { Node } from '../types.ts'
import type { Around } from './change-block.ts'
import { quotesOf, spellFlowEntry } from './entry-text.ts'
import { emitFlowAsSops } from './flow.ts'
import { afterBlanks, afterBreak, isBlank, isBreak, lineEnd, lineStart } from './lines.ts'
import { nodeStart } from './node.ts'
import type { Container, Entry } from './nodes-to.ts'
import type { Span } from './syntax.ts'

interface Neighbours {
  readonly commaBefore: number | undefined
  readonly commaAfter: number | undefined
}

export class FlowChange {
  readonly #around: Around
  readonly #text: string
  readonly #container: Container

  constructor(around: Around) {
    this.#around = around
    this.#text = around.syntax.text
    this.#container = around.container
  }

  append(entry: Item | Node): readonly Splice[] | undefined {
    if (!this.#hasBrackets()) return undefined
    const last = this.#container.entries.at(-1)
    const text = spellFlowEntry(entry, quotesOf(last))
    if (last === undefined) {
      const at = this.#container.node.start + 1
      return [{ start: at, end: at, text: this.#container.section === undefined ? text : `${text},` }]
    }
    return this.#appendLine(last, text) ?? [{ start: last.end, end: last.end, text: `, ${text}` }]
  }

  /** Where the last entry has a line for itself, so does the new one. */
  #appendLine(last: Entry, text: string): readonly Splice[] | undefined {
    const { commaAfter } = this.#neighbours(last)
    const line = this.#ownLine(last, commaAfter)
    if (line === undefined) return undefined
    const indent = this.#text.slice(line.start, last.start)
    const added = `${this.#around.lineBreak}${indent}${text}${commaAfter === undefined ? '' : ','}`
    const splice = { start: line.end, end: line.end, text: added }
    return commaAfter === undefined ? [{ start: last.end, end: last.end, text: ',' }, splice] : [splice]
  }

  replace(index: number, value: Node): readonly Splice[] | undefined {
    const entry = this.#container.entries[index]
    if (entry === undefined) return undefined
    const { value: old } = entry
    const isLeaf = value.type !== 'branch' && value.type !== 'list'
    if (isLeaf && old.kind === 'scalar') return undefined
    const text = emitFlowAsSops(value)
    if (old.start < old.end) return [{ start: nodeStart(old), end: old.end, text }]
    return this.#text[old.start - 1] === ':' ? [{ start: old.start, end: old.end, text: ` ${text}` }] : undefined
  }

  remove(index: number): readonly Splice[] | undefined {
    const entry = this.#container.entries[index]
    if (entry === undefined || !this.#hasBrackets()) return undefined
    const { commaBefore, commaAfter } = this.#neighbours(entry)
    const line = this.#ownLine(entry, commaAfter)
    if (line !== undefined) {
      const comma = commaAfter === undefined && commaBefore !== undefined ? [cut(commaBefore, commaBefore + 1)] : []
      return [...comma, cut(line.start, afterBreak(this.#text, line.end))]
    }
    if (commaBefore !== undefined && this.#isSpace(commaBefore + 1, entry.start)) return [cut(commaBefore, entry.end)]
    if (commaAfter !== undefined) {
      const end = afterBlanks(this.#text, commaAfter + 1)
      const isLast = isBreak(this.#text[end]) || this.#text[end] === '#'
      return [cut(entry.start, isLast ? commaAfter + 1 : end)]
    }
    const { start, end } = this.#container.node
    const isAlone = this.#isSpace(start + 1, entry.start) && this.#isSpace(entry.end, end - 1)
    const own = isAlone ? cut(start + 1, end - 1) : cut(entry.start, entry.end)
    return commaBefore === undefined ? [own] : [cut(commaBefore, commaBefore + 1), own]
  }

  /** A pair in a list may stand without brackets of its own. */
  #hasBrackets(): boolean {
    return '[{'.includes(this.#text.charAt(this.#container.node.start))
  }

  /** The commas around an entry. The metadata section is an entry here. */
  #neighbours({ key, value }: Entry): Neighbours {
    const { content, trail } = this.#container.node
    const own = key ?? value
    const next = content[content.indexOf(value) + 1]
    return { commaBefore: own.lead, commaAfter: next?.lead ?? trail }
  }

  /** The line of an entry, its line break excluded, where it shares it with nothing but its comma and a comment. */
  #ownLine({ start, end }: Entry, commaAfter: number | undefined): Span | undefined {
    const first = lineStart(this.#text, start)
    const stop = commaAfter === undefined ? end : commaAfter + 1
    const last = lineEnd(this.#text, stop)
    const tail = afterBlanks(this.#text, stop)
    const isAlone = this.#isSpace(first, start) && first > this.#container.node.start
    const endsLine = tail === last || this.#text[tail] === '#'
    const isBehind = commaAfter !== undefined && !this.#isBlank(end, commaAfter)
    return isAlone && endsLine && !isBehind && last < this.#container.node.end ? { start: first, end: last } : undefined
  }

  #isBlank(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (!isBlank(this.#text[at])) return false
    return true
  }

  #isSpace(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (!isBlank(this.#text[at]) && !isBreak(this.#text[at])) return false
    return true
  }
}

function cut(start: number, end: number): Splice {
  return { start, end, text: '' }
}
