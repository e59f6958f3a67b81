// One change among the sections and keys of an INI text. A new key stands like the keys of its section; a comment goes
// with the key or section below it, because that is where sops keeps it.

import { isLeaf } from '../../tree/kinds.ts'
import type { Branch, Item, Leaf, Value } from '../../tree/types.ts'
import { scalarText } from '../scalar-text.ts'
import { sectionKey } from '../section.ts'
import { leafSource, type Splice } from '../source.ts'
import type { Change, Node } from '../types.ts'
import { emitEntries, quoteKey, quoteValue } from './emit.ts'
import { lineFrom, type Span } from './lexis.ts'
import { type Entry, type IniText, markLength, type SectionText } from './parse.ts'

/** undefined: there is no such place, or INI has no form for such a value. */
export function spliceChange(ini: IniText, change: Change): readonly Splice[] | undefined {
  const task = new Task(ini)
  const [index, ...keys] = change.place
  if (index === undefined) return change.kind === 'append' ? task.appendSection(change.entry) : undefined
  const section = task.sections[index]
  if (section === undefined || keys.length > 1) return undefined
  const [key] = keys
  if (change.kind === 'append') return key === undefined ? task.appendKey(section, change.entry) : undefined
  if (key === undefined) {
    return change.kind === 'remove' ? task.removeSection(section) : task.replaceSection(section, change.value)
  }
  const entry = [...section.entries.values()][key]
  return entry !== undefined && change.kind === 'remove' ? task.removeKey(section, entry) : undefined
}

class Task {
  readonly sections: readonly SectionText[]
  readonly #text: string
  readonly #first: number
  readonly #newline: string

  constructor({ text, sections }: IniText) {
    this.#text = text
    this.sections = sections.filter(({ name }) => name !== sectionKey)
    this.#first = markLength(text)
    this.#newline = text.charAt(text.indexOf('\n') - 1) === '\r' ? '\r\n' : '\n'
  }

  appendSection(entry: Item | Node): Splice[] | undefined {
    if (entry.type !== 'item' || !isPlainSection(entry.value)) return undefined
    const lines = [`[${leafSource({ type: 'str', value: entry.key })}]`, ...emitEntries(entry.value)]
    const at = this.#endOf(this.sections.at(-1))
    if (at > this.#first) return [this.#insert(at, ['', ...lines])]
    return [this.#insert(at, at < this.#text.length ? [...lines, ''] : lines)]
  }

  replaceSection(section: SectionText, value: Node): Splice[] | undefined {
    if (!isPlainSection(value)) return undefined
    const start = this.#bodyOf(section)
    const end = Math.max(section.end, start)
    return [{ ...this.#insert(start, emitEntries(value)), end }]
  }

  appendKey(section: SectionText, entry: Item | Node): Splice[] | undefined {
    if (entry.type !== 'item' || !isLeaf(entry.value)) return undefined
    const value = quoteValue(leafText(entry.value))
    const lines = `${this.#lead(section, quoteKey(leafSource({ type: 'str', value: entry.key })))}${value}`.split('\n')
    const at = this.#endOf(section)
    const opensFile = at === this.#first && at < this.#text.length
    return [this.#insert(at, opensFile ? [...lines, ''] : lines)]
  }

  removeKey(section: SectionText, entry: Entry): Splice[] {
    const last = this.#linesOf(entry)
    const opensFile = section === this.sections[0] && section.entries.size === 1 && last.start === this.#first
    const splices = [this.#cut(opensFile ? { ...last, end: this.#afterBlankLines(last.end) } : last)]
    for (let { earlier } = entry; earlier; { earlier } = earlier) splices.push(this.#cut(this.#linesOf(earlier)))
    return splices
  }

  // With the blank lines above it, or below it where it is the first.
  removeSection(section: SectionText): Splice[] {
    const start = section.comment?.run.lines[0]?.start ?? section.start
    const before = this.#beforeBlankLines(Math.max(start, this.#first))
    const end = Math.max(section.end, this.#first)
    return [this.#cut({ start: before, end: before === this.#first ? this.#afterBlankLines(end) : end })]
  }

  #insert(at: number, lines: readonly string[]): Splice {
    const text = lines.map((line) => line + this.#newline).join('')
    const isOpen = at > this.#first && this.#text.charAt(at - 1) !== '\n'
    // A text without a final newline stays one.
    return { start: at, end: at, text: isOpen ? this.#newline + text.slice(0, -this.#newline.length) : text }
  }

  #cut({ start, end }: Span): Splice {
    const isOpen = end === this.#text.length && end > start && this.#text.charAt(end - 1) !== '\n'
    if (!isOpen || start <= this.#first) return { start, end, text: '' }
    return { start: this.#text.charAt(start - 2) === '\r' ? start - 2 : start - 1, end, text: '' }
  }

  /** Behind the last key of a section, or its header. */
  #endOf(section: SectionText | undefined): number {
    return Math.max(section?.end ?? 0, this.#first)
  }

  /** Behind the header; the keys before the first header have none. */
  #bodyOf(section: SectionText): number {
    return section === this.sections[0] ? this.#first : lineFrom(this.#text, section.start).end
  }

  #linesOf({ value, comment }: Entry): Span {
    return { start: comment?.run.lines[0]?.start ?? value.start, end: value.place.next }
  }

  #beforeBlankLines(at: number): number {
    let start = at
    while (start > this.#first) {
      const line = this.#text.lastIndexOf('\n', start - 2) + 1
      if (this.#text.slice(Math.max(line, this.#first), start).trim() !== '') break
      start = Math.max(line, this.#first)
    }
    return start
  }

  #afterBlankLines(at: number): number {
    let end = at
    while (end < this.#text.length) {
      const line = lineFrom(this.#text, end)
      if (this.#text.slice(line.start, line.end).trim() !== '') break
      end = line.end
    }
    return end
  }

  /** Indentation, key and delimiter of a new line: as in the other lines of the section, or of the last one that has any. */
  #lead(section: SectionText, key: string): string {
    const model = section.entries.size > 0 ? section : this.sections.findLast(({ entries }) => entries.size > 0)
    const leads = [...(model?.entries.values() ?? [])].map(({ value }) => this.#readLead(value))
    const last = leads.at(-1)
    if (last === undefined) return `${key} = `
    const widths = new Set(leads.map(({ name, before }) => name.length + before.length))
    const isAligned = model === section && widths.size === 1 && new Set(leads.map(({ name }) => name.length)).size > 1
    const [width = 0] = widths
    const before = isAligned ? ' '.repeat(Math.max(width - key.length, 1)) : /^[ \t]?/.exec(last.before)?.[0]
    return `${last.indent}${key}${before ?? ''}${last.delimiter}${last.after}`
  }

  #readLead({ start, place }: Entry['value']): Lead {
    const line = this.#text.slice(start, place.start)
    const withDelimiter = trimBlanks(line)
    const name = trimBlanks(withDelimiter.slice(0, -1))
    return {
      indent: /^[ \t]*/.exec(name)?.[0] ?? '',
      name: name.trimStart(),
      before: withDelimiter.slice(name.length, -1),
      delimiter: withDelimiter.slice(-1),
      after: line.slice(withDelimiter.length),
    }
  }
}

function trimBlanks(text: string): string {
  let end = text.length
  while (text.charAt(end - 1) === ' ' || text.charAt(end - 1) === '\t') end--
  return text.slice(0, end)
}

interface Lead {
  readonly indent: string
  readonly name: string
  readonly before: string
  readonly delimiter: string
  readonly after: string
}

/** What sops could print and read again: keys with values, and nothing below. */
function isPlainSection(value: Value): value is Branch {
  return value.type === 'branch' && value.items.every((item) => item.type === 'comment' || isLeaf(item.value))
}

function leafText(leaf: Leaf): string {
  return leaf.type === 'comment' ? leafSource(leaf) : scalarText(leaf)
}
