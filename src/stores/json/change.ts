// One change in the structure of a JSON text. A new entry stands as the entry before it does: on a line of its own or on
// the same line, with the same indentation and the same space around commas and colons.

import type { Item } from '../../tree/types.ts'
import { leafSource, replaceStrayBytes, type Splice } from '../source.ts'
import type { Change, Node } from '../types.ts'
import { type Container, type Entry, findContainers } from './containers.ts'
import { emitJson, type JsonStyle, quote } from './emit.ts'
import { leadBefore, readStyle } from './section.ts'
import type { JsonText } from './spans.ts'

/** undefined: there is no such place. */
export function spliceChange(json: JsonText, change: Change): readonly Splice[] | undefined {
  const inner = change.kind === 'append' ? change.place : change.place.slice(0, -1)
  const chain = findContainers(json.text, inner)
  const container = chain?.at(-1)
  if (chain === undefined || container === undefined) return undefined
  const spot = new Spot(json, chain, container)
  if (change.kind === 'append') return spot.append(change.entry)
  const index = change.place.at(-1) ?? -1
  return change.kind === 'remove' ? spot.remove(index) : spot.replace(index, change.value)
}

interface Around {
  /** The space before an entry: with a line break, or on one line. */
  readonly lead: string
  readonly style: JsonStyle
  /** The space before the entry on its line. */
  readonly base: string
}

class Spot {
  readonly #json: JsonText
  readonly #chain: readonly Container[]
  readonly #container: Container
  readonly #entries: readonly Entry[]

  constructor(json: JsonText, chain: readonly Container[], container: Container) {
    this.#json = json
    this.#chain = chain
    this.#container = container
    this.#entries = container.entries.filter(({ isSection }) => !isSection)
  }

  append(entry: Item | Node): readonly Splice[] {
    const around = this.#around()
    const text = spellEntry(entry, around)
    const last = this.#entries.at(-1)
    if (last) return [{ start: last.end, end: last.end, text: `,${around.lead}${text}` }]
    const [section] = this.#container.entries
    if (section) return [{ start: section.start, end: section.start, text: `${text},${around.lead}` }]
    const { start, end } = this.#container
    const close = around.style.newline === '' ? '' : around.style.newline + this.#indentOfLine(start)
    return [{ start, end, text: `${around.lead}${text}${close}` }]
  }

  replace(index: number, value: Node): readonly Splice[] | undefined {
    const entry = this.#entries[index]
    if (!entry) return undefined
    const { style, base } = this.#around(entry)
    return [{ start: entry.valueStart, end: entry.end, text: emitJson(value, style, base) }]
  }

  // An entry goes with the comma before it; the first with the one after it.
  remove(index: number): readonly Splice[] | undefined {
    const entry = this.#entries[index]
    if (!entry) return undefined
    const { entries, start, end } = this.#container
    const at = entries.indexOf(entry)
    const before = entries[at - 1]
    const after = entries[at + 1]
    if (before) return [{ start: before.end, end: entry.end, text: '' }]
    if (after) return [{ start: entry.start, end: after.start, text: '' }]
    return [{ start, end, text: '' }]
  }

  #around(entry: Entry | undefined = this.#entries.at(-1) ?? this.#container.entries[0]): Around {
    const colon = this.#colon(entry)
    const lead = entry && this.#leadOf(entry)
    if (lead !== undefined && !lead.includes('\n')) {
      return {
        lead: lead === '' && !this.#isSecond(entry) ? this.#gap() : lead,
        style: oneLine(this.#gap(), colon),
        base: '',
      }
    }
    if (lead !== undefined) {
      const base = lead.slice(lead.lastIndexOf('\n') + 1)
      const newline = lead.includes('\r\n') ? '\r\n' : '\n'
      return { lead: newline + base, base, style: manyLines(newline, this.#unit(base), colon) }
    }
    const { style } = readStyle(this.#json)
    if (style.newline === '' || !this.#isOnOwnLine()) return { lead: '', style: oneLine(this.#gap(), colon), base: '' }
    const base = this.#indentOfLine(this.#container.start) + style.unit
    return { lead: style.newline + base, base, style: manyLines(style.newline, style.unit, colon) }
  }

  /** The space before an entry, behind the comma or bracket. */
  #leadOf(entry: Entry): string {
    return leadBefore(this.#json.text, entry.start)
  }

  #isSecond(entry: Entry | undefined): boolean {
    return entry !== this.#container.entries[0]
  }

  /** One level of indentation: what the entries have more than the closing bracket. */
  #unit(base: string): string {
    const close = leadBefore(this.#json.text, this.#container.end)
    const outer = close.slice(close.lastIndexOf('\n') + 1)
    if (close.includes('\n') && base.length > outer.length && base.startsWith(outer)) return base.slice(outer.length)
    return readStyle(this.#json).style.unit
  }

  /** The space after a comma where everything stands on one line. */
  #gap(): string {
    const second = this.#container.entries[1]
    if (second) return this.#leadOf(second).replaceAll(/[\r\n]+[ \t]*/g, ' ')
    return this.#colon(undefined).endsWith(' ') ? ' ' : ''
  }

  #colon(entry: Entry | undefined): string {
    const model = [entry, this.#chain[0]?.entries.find(({ isSection }) => !isSection)]
    for (const each of model) {
      const between = each && this.#json.text.slice(each.keyEnd, each.valueStart)
      if (between !== undefined && /^[ \t]*:[ \t]*$/.test(between)) return between
    }
    return ': '
  }

  /** Whether the container, which is empty, stands among entries that have lines of their own. */
  #isOnOwnLine(): boolean {
    const outer = this.#chain.at(-2)
    return outer === undefined || outer.entries.some((entry) => this.#leadOf(entry).includes('\n'))
  }

  #indentOfLine(at: number): string {
    const { text } = this.#json
    const line = text.lastIndexOf('\n', at - 1) + 1
    return /^[ \t]*/.exec(text.slice(line, at))?.[0] ?? ''
  }
}

function oneLine(gap: string, colon: string): JsonStyle {
  return { newline: '', unit: '', gap, colon }
}

function manyLines(newline: string, unit: string, colon: string): JsonStyle {
  return { newline, unit, gap: '', colon }
}

function spellEntry(entry: Item | Node, { style, base }: Around): string {
  if (entry.type !== 'item') return emitJson(entry, style, base)
  const key = quote(replaceStrayBytes(leafSource({ type: 'str', value: entry.key })))
  return `${key}${style.colon}${emitJson(entry.value, style, base)}`
}
