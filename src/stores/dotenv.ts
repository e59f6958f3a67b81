// dotenv as sops 3.13.3 reads it: `key=value` up to the end of the line, nothing trimmed, no quotes, `\n` for a newline,
// a comment only where `#` is the first byte. The metadata are the keys that start with `sops_`.

import { ParseError, SopsError } from '../errors.ts'
import type { Branch, Comment, Item, Leaf, Value } from '../tree/types.ts'
import { type Line, spellLine, spliceChange, valueText } from './dotenv/change.ts'
import { type FlatField, flatten, unflatten } from './flatten.ts'
import { changedFields } from './section-fields.ts'
import { splitLayout, withLayout } from './section.ts'
import { applySplices, hasStrayByte, leafSource, readLeaf, readSource, type Splice, writeSource } from './source.ts'
import type { Change, Document, DroppedComment, Edits, Layout, Section, Store } from './types.ts'

const prefix = 'sops_'

class DotenvDocument implements Document {
  readonly branches: readonly Branch[]
  readonly dropped: readonly DroppedComment[] = []
  readonly metadata: Branch | undefined
  readonly layout: string | undefined
  readonly #text: string
  readonly #lines: readonly Line[]
  readonly #metadataLines: readonly Line[]

  constructor(text: string) {
    this.#text = text
    const lines = readLines(text)
    this.#lines = lines.filter(({ key }) => !isReserved(key))
    this.#metadataLines = lines.filter(({ key }) => isReserved(key))
    this.branches = [{ type: 'branch', items: this.#lines.map(toItem) }]
    const split = readMetadata(this.#metadataLines)
    this.metadata = split?.metadata
    this.layout = split?.layout
  }

  rewrite(edits: Edits, section?: Section): Uint8Array {
    const fields = section && this.#changeMetadata(section)
    const splices = fields ?? this.#cutMetadata()
    for (const { leaf, valueStart, end } of this.#lines) {
      const edit = edits.get(leaf)
      if (edit) splices.push({ start: valueStart, end, text: valueText(edit) })
    }
    const body = applySplices(this.#text, splices)
    return writeSource(section && !fields ? body + this.#sectionText(body, section) : body)
  }

  /** The values of the metadata that change; undefined when it must be written anew. */
  #changeMetadata(section: Section): Splice[] | undefined {
    if (!this.metadata) return undefined
    const old = withLayout({ metadata: this.metadata, layout: this.layout })
    const fields = changedFields(old, withLayout(section))
    if (!fields) return undefined
    const values = new Map(fields.map(({ key, value }) => [prefix + key, value]))
    return this.#metadataLines.flatMap(({ key, valueStart, end }) => {
      const value = values.get(key ?? '')
      return value ? [{ start: valueStart, end, text: valueText(value) }] : []
    })
  }

  change(change: Change): Uint8Array | undefined {
    const splices = spliceChange(this.#text, this.#lines, change)
    return splices && writeSource(applySplices(this.#text, splices))
  }

  // A text without a final newline stays one, with the section and without.
  #sectionText(body: string, section: Section): string {
    const lines = sectionLines(section).join('\n')
    const lead = body === '' || body.endsWith('\n') ? '' : '\n'
    return lead + lines + (this.#text.endsWith('\n') ? '\n' : '')
  }

  #cutMetadata(): Splice[] {
    const text = this.#text
    const cuts: { start: number; end: number; text: string }[] = []
    for (const { start, end } of this.#metadataLines) {
      const last = cuts.at(-1)
      if (last?.end === start) last.end = end + 1
      else cuts.push({ start, end: end + 1, text: '' })
    }
    const last = cuts.at(-1)
    // The last line has no newline of its own: the one before the section goes.
    if (last && last.end > text.length) {
      last.end = text.length
      last.start = Math.max(last.start - 1, 0)
    }
    return cuts
  }
}

function readLines(text: string): Line[] {
  const lines: Line[] = []
  let number = 1
  for (let start = 0; start < text.length; number++) {
    const newline = text.indexOf('\n', start)
    const end = newline < 0 ? text.length : newline
    if (end > start) lines.push(readLine(text.slice(start, end), start, number))
    start = end + 1
  }
  return lines
}

function readLine(line: string, start: number, number: number): Line {
  const end = start + line.length
  if (line.startsWith('#')) {
    if (hasStrayByte(line)) throw new ParseError('dotenv', 'a comment that is not valid UTF-8', number)
    const leaf: Leaf = { type: 'comment', value: line.slice(1), inline: false }
    return { key: undefined, leaf, start, valueStart: start + 1, end }
  }
  const equals = line.indexOf('=')
  if (equals < 0) throw new ParseError('dotenv', 'invalid dotenv input line: there is no =', number)
  const key = line.slice(0, equals)
  if (hasStrayByte(key)) throw new ParseError('dotenv', 'a key that is not valid UTF-8', number)
  const leaf = readLeaf(line.slice(equals + 1).replaceAll('\\n', '\n'))
  return { key, leaf, start, valueStart: start + equals + 1, end }
}

function toItem({ key, leaf }: Line): Item | Comment {
  return leaf.type === 'comment' ? leaf : { type: 'item', key: key ?? '', value: leaf }
}

function isReserved(key: string | undefined): boolean {
  return key?.startsWith(prefix) ?? false
}

function readMetadata(lines: readonly Line[]): { metadata: Branch; layout: string | undefined } | undefined {
  if (lines.length === 0) return undefined
  const fields: FlatField[] = []
  for (const { key, leaf } of lines) {
    if (key !== undefined && leaf.type !== 'comment') fields.push({ key: key.slice(prefix.length), value: leaf })
  }
  return splitLayout(unflatten(fields))
}

function sectionLines(section: Section): string[] {
  return flatten(withLayout(section)).map(({ key, value }) => `${prefix}${key}=${valueText(value)}`)
}

function hasReservedKey([branch]: readonly Branch[]): boolean {
  return branch?.items.some((item) => item.type === 'item' && isReserved(item.key)) ?? false
}

function emit(branches: readonly Branch[], _layout: Layout, section?: Section): Uint8Array {
  if (section) branches.forEach(checkReserved)
  const [branch] = branches
  if (!branch) throw new SopsError('ERR_SOPS_EMIT', 'there is no document to print as dotenv')
  const lines = branch.items.map((item) => (item.type === 'comment' ? `#${leafSource(item)}` : emitItem(item)))
  if (section) lines.push(...sectionLines(section))
  return writeSource(lines.map((line) => `${line}\n`).join(''))
}

function emitItem({ key, value }: Item): string {
  if (value.type === 'branch' || value.type === 'list') {
    throw new SopsError('ERR_SOPS_EMIT', `cannot use complex value in dotenv file; offending key ${key}`)
  }
  return spellLine(key, value)
}

function checkReserved(branch: Branch): void {
  const found = branch.items.find((item): item is Item => item.type === 'item' && isReserved(item.key))
  if (!found) return
  throw new SopsError(
    'ERR_SOPS_EMIT',
    `Error marshaling metadata: Found key ${JSON.stringify(found.key)} in encrypted data, ` +
      `which starts with the reserved key prefix "${prefix}" for SOPS metadata`,
  )
}

function emitValue(value: Exclude<Value, Comment>): Uint8Array {
  throw new SopsError('ERR_SOPS_EMIT', `the dotenv store only supports emitting strings, got ${goType(value)}`)
}

function goType({ type }: Exclude<Value, Comment>): string {
  const names = { str: 'string', bytes: 'string', int: 'int', float: 'float64', bool: 'bool', time: 'time.Time' }
  const containers = { null: '<nil>', branch: 'sops.TreeBranch', list: '[]interface {}' }
  return { ...names, ...containers }[type]
}

export const dotenv: Store = {
  name: 'dotenv',
  extensions: ['.env'],
  singleValue: false,
  textOnly: true,
  parse: (bytes: Uint8Array): Document => new DotenvDocument(readSource(bytes)),
  hasReservedKey,
  emit,
  emitValue,
}
