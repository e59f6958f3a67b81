// Prints sections as ini.v1 1.67.3 does for sops 3.13.3: delimiters of a section aligned, a blank line between sections.

import { SopsError } from '../../errors.ts'
import type { Branch, Comment, Item, Value } from '../../tree/types.ts'
import { formatFloat, scalarText } from '../scalar-text.ts'
import { leafSource } from '../source.ts'
import { trim } from './lexis.ts'

export const defaultSection = 'DEFAULT'

interface Entry {
  readonly key: string
  text: string
  comment: string
}

/** All documents' sections one after the other. Throws ERR_SOPS_EMIT. */
export function emitIni(branches: readonly Branch[]): string {
  const sections = branches.flatMap(({ items }) => items.filter((item): item is Item => item.type === 'item'))
  return sections.map((section, index) => emitSection(section, index, sections.length)).join('')
}

function emitSection({ key, value }: Item, index: number, count: number): string {
  if (key === '') fail('Error encoding section : empty section name')
  if (value.type !== 'branch') fail('Error encoding section: Section values should always be TreeBranches')
  const [first] = value.items
  const comment = first?.type === 'comment' ? commentLines(leafSource(first), (line) => line) : []
  const entries = entriesOf(value)
  const hasHeader = index > 0 || key.toUpperCase() !== defaultSection
  if (!hasHeader && entries.length === 0) return joinLines(comment)
  const header = hasHeader ? [`[${text(key)}]`] : []
  const lines = joinLines([...comment, ...header, ...entryLines(entries)])
  return index < count - 1 ? `${lines}\n` : lines
}

function joinLines(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

// A key that repeats keeps its first place and its last value; of the comments behind a key the last one stays.
function entriesOf({ items }: Branch): Entry[] {
  const entries = new Map<string, Entry>()
  let last: Entry | undefined
  for (const [index, item] of items.entries()) {
    if (item.type === 'comment') {
      if (last && index > 0) last.comment = leafSource(item)
      continue
    }
    if (item.key === '') fail('Error encoding key: error creating new key: empty key name')
    const value = valueText(item.value)
    last = entries.get(item.key) ?? { key: text(item.key), text: value, comment: '' }
    last.text = value
    entries.set(item.key, last)
  }
  return [...entries.values()]
}

/** The keys of a section as sops prints them, one text for each line. Throws ERR_SOPS_EMIT. */
export function emitEntries(section: Branch): string[] {
  return entryLines(entriesOf(section)).flatMap((line) => line.split('\n'))
}

function entryLines(entries: readonly Entry[]): string[] {
  const keys = entries.map(({ key }) => quoteKey(key))
  const width = keys.reduce((most, key) => Math.max(most, Buffer.byteLength(key)), 0)
  return entries.flatMap(({ text: value, comment }, index) => {
    const key = keys[index] ?? ''
    const padding = ' '.repeat(width - Buffer.byteLength(key))
    return [...commentLines(comment, trim), `${key}${padding} = ${quoteValue(value)}`]
  })
}

/** The key in the quotes that sops gives it. */
export function quoteKey(key: string): string {
  if (/["=:]/.test(key)) return `\`${key}\``
  return key.includes('`') ? `"""${key}"""` : key
}

/** The value in the quotes that sops gives it. */
export function quoteValue(value: string): string {
  if (/[\n`]/.test(value)) return `"""${value}"""`
  if (/[#;]/.test(value)) return `\`${value}\``
  return trim(value) === value ? value : `"${value}"`
}

function commentLines(comment: string, clean: (line: string) => string): string[] {
  if (comment === '') return []
  return comment.split('\n').map((line) => {
    // sops itself ends with a panic here.
    if (line === '') fail('a comment with an empty line cannot be printed as INI')
    return emitComment(line, clean)
  })
}

/** One line of a comment; it brings its own marker or gets `; `. */
export function emitComment(line: string, clean: (line: string) => string): string {
  return /^[#;]/.test(line) ? `${line.charAt(0)} ${trim(line.slice(1))}` : `; ${clean(line)}`
}

/** A value as fmt.Sprint prints it. For mappings and lists that is Go's notation, which nothing reads back. */
function valueText(value: Value): string {
  if (value.type !== 'branch' && value.type !== 'list') return scalarText(value)
  const pieces: string[] = []
  const stack: (string | Item | Value)[] = [value]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (typeof top === 'string') pieces.push(top)
    else if (top.type === 'item') stack.push('}', top.value, `{${text(top.key)} `)
    else if (top.type === 'branch') for (const part of bracketed(top.items.map(asPair))) stack.push(part)
    else if (top.type === 'list') for (const part of bracketed(top.items)) stack.push(part)
    else pieces.push(goText(top))
  }
  return pieces.join('')
}

function asPair(item: Item | Comment): Item | string {
  return item.type === 'item' ? item : `{{${leafSource(item)} ${String(item.inline)}} <nil>}`
}

function bracketed<T>(items: readonly T[]): (T | string)[] {
  return ['[', ...items.flatMap((item, index) => (index > 0 ? [' ', item] : [item])), ']'].reverse()
}

function goText(leaf: Exclude<Value, { type: 'branch' | 'list' }>): string {
  if (leaf.type === 'float') return formatFloat(leaf.value)
  if (leaf.type === 'comment') return `{${leafSource(leaf)} ${String(leaf.inline)}}`
  if (leaf.type !== 'time') return scalarText(leaf)
  // time.Time's own notation: the zone twice, as a number and by its name, which for UTC alone is not the number.
  const [, date = '', clock = '', zone = ''] = /^(.*)T(.*?)(Z|[+-]\d\d:\d\d)$/.exec(leaf.value) ?? []
  const offset = zone.replace(':', '')
  return zone === 'Z' ? `${date} ${clock} +0000 UTC` : `${date} ${clock} ${offset} ${offset}`
}

function text(key: string): string {
  return leafSource({ type: 'str', value: key })
}

function fail(message: string): never {
  throw new SopsError('ERR_SOPS_EMIT', `Error marshaling to INI: ${message}`)
}
