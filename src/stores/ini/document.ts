// An INI text whose values, comments and metadata section can change in place.

import type { Branch, Item, Leaf } from '../../tree/types.ts'
import { type FlatField, flatten, unflatten } from '../flatten.ts'
import { scalarText } from '../scalar-text.ts'
import { changedFields } from '../section-fields.ts'
import { findSection, sectionKey, splitLayout, withLayout } from '../section.ts'
import { applySplices, leafSource, type Splice, writeSource } from '../source.ts'
import type { Change, Document, DroppedComment, Edits, Section } from '../types.ts'
import { spliceChange } from './change.ts'
import { spliceComment } from './comment-run.ts'
import { emitIni, quoteValue } from './emit.ts'
import { type Quote, readValue } from './lexis.ts'
import { type IniText, readIni, type SectionText, toItem, type ValueSite } from './parse.ts'

export class IniDocument implements Document {
  readonly branches: readonly Branch[]
  readonly dropped: readonly DroppedComment[]
  readonly metadata: Branch | undefined
  readonly layout: string | undefined
  readonly #ini: IniText
  readonly #newline: string

  constructor(text: string) {
    this.#ini = readIni(text)
    const found = this.#ini.sections.find(({ name }) => name === sectionKey)
    this.#newline = text.charAt(text.indexOf('\n', found?.start) - 1) === '\r' ? '\r\n' : '\n'
    const items = this.#ini.sections.map(toItem)
    const section = findSection(items)
    const split = section && splitLayout(readMetadata(section.value))
    this.metadata = split?.metadata
    this.layout = split?.layout
    this.branches = [{ type: 'branch', items: items.filter(({ key }) => key !== sectionKey) }]
    this.dropped = this.#ini.dropped
  }

  rewrite(edits: Edits, section?: Section): Uint8Array {
    const { text } = this.#ini
    const splices = spliceLeaves(this.#ini, edits)
    if (section) splices.push(...closeOpenQuote(this.#ini, edits))
    const fields = section && this.#changeSection(section)
    if (fields) return writeSource(applySplices(text, [...splices, ...fields]))
    const lines = section && sectionText(section, this.#newline)
    const found = this.#ini.sections.find(({ name }) => name === sectionKey)
    if (found) splices.push(this.#replaceSection(found, lines))
    const body = applySplices(text, splices)
    if (lines === undefined || found) return writeSource(body)
    return writeSource(`${body}${leadOf(body, this.#newline)}${text.endsWith('\n') ? lines + this.#newline : lines}`)
  }

  /** The values of the metadata that change; undefined when it must be written anew. */
  #changeSection(section: Section): Splice[] | undefined {
    const found = this.#ini.sections.find(({ name }) => name === sectionKey)
    if (!found || !this.metadata) return undefined
    const old = withLayout({ metadata: this.metadata, layout: this.layout })
    return changedFields(old, withLayout(section))?.flatMap(({ key, value }) => {
      const site = found.entries.get(key)?.value
      return site ? [{ start: site.place.start, end: site.place.end, text: spellValue(site, value) }] : []
    })
  }

  change(change: Change): Uint8Array | undefined {
    const splices = spliceChange(this.#ini, change)
    return splices && writeSource(applySplices(this.#ini.text, splices))
  }

  // The blank line before the section goes with it, and with a section that ends without a newline the newline of the
  // last line, which had none either.
  #replaceSection(found: SectionText, lines: string | undefined): Splice {
    const { text, sections } = this.#ini
    const end = sections.at(-1) === found ? text.length : found.end
    const isOpen = !text.endsWith('\n') && end === text.length
    if (lines !== undefined) return { start: found.start, end, text: isOpen ? lines : lines + this.#newline }
    let { start } = found
    const isBlankBefore = /^(?:\r?\n)?\r?\n$|\n\r?\n$/.test(text.slice(Math.max(start - 4, 0), start))
    if (isBlankBefore) start = dropNewline(text, start)
    if (isOpen) start = dropNewline(text, start)
    return { start, end, text: '' }
  }
}

function leadOf(body: string, newline: string): string {
  if (body === '') return ''
  return body.endsWith('\n') ? newline : newline + newline
}

function dropNewline(text: string, end: number): number {
  if (text.charAt(end - 1) !== '\n') return end
  return text.charAt(end - 2) === '\r' ? end - 2 : end - 1
}

function spliceLeaves({ text, values, comments, droppedSites }: IniText, edits: Edits): Splice[] {
  const splices: Splice[] = []
  for (const site of values) {
    const edit = edits.get(site.leaf)
    if (!edit) continue
    splices.push({ start: site.place.start, end: site.place.end, text: spellValue(site, edit) })
    const { trailing } = site
    if (trailing && !edits.has(trailing.leaf)) splices.push(...spliceComment(text, trailing, leafText(trailing.leaf)))
  }
  for (const site of comments) {
    const edit = edits.get(site.leaf)
    if (edit && leafText(edit) !== site.leaf.value) splices.push(...spliceComment(text, site, leafText(edit)))
  }
  for (const { leaf, place, marker } of droppedSites) {
    const edit = edits.get(leaf)
    if (edit) splices.push({ ...place, text: marker + leafText(edit) })
  }
  return splices
}

// A value `"""` that ends the text is those three characters; with a section behind it they would open a long value.
function closeOpenQuote({ text, values }: IniText, edits: Edits): Splice[] {
  const last = values.at(-1)
  if (!last || edits.has(last.leaf) || last.place.end < text.length || last.place.quote !== '') return []
  return last.place.value === '"""' ? [{ start: last.place.start, end: text.length, text: '`"""`' }] : []
}

function leafText(leaf: Leaf): string {
  return leaf.type === 'comment' ? leafSource(leaf) : scalarText(leaf)
}

// The quotes of the value stay where they can hold the new one; without quotes it is spelled as sops spells it, but in
// front of a comment (where sops never has a value) it stays bare: behind a closing quote the comment would not be read.
function spellValue({ place }: ValueSite, edit: Leaf): string {
  const value = leafText(edit)
  const quoted = place.quote + value + place.quote
  const keepsQuotes = place.quote !== '' || place.comment !== undefined
  return keepsQuotes && readsAs(quoted, value, place.quote) ? quoted : quoteValue(value)
}

function readsAs(spelled: string, value: string, quote: Quote): boolean {
  // A quote that is open would make the reader run on to the end and throw.
  if (/^(?:`|""")/.test(spelled) && (quote === '' || !spelled.endsWith(quote))) return false
  const read = readValue(`${spelled}\n`, 0)
  return read.value === value && read.quote === quote && read.end === spelled.length && !read.ignored && !read.comment
}

function readMetadata(section: Branch): Branch {
  const items = section.items.filter((item): item is Item => item.type === 'item')
  const fields: FlatField[] = items.map(({ key, value }) => ({ key, value: unescape(value as Leaf) }))
  return unflatten(fields)
}

function unescape(leaf: Leaf): FlatField['value'] {
  return { type: 'str', value: leafText(leaf).replaceAll('\\n', '\n') }
}

/** The section as one item, its fields flattened and the newlines in them written as `\n`. */
export function flatSection(section: Section): Branch {
  const items = flatten(withLayout(section)).map(({ key, value }): Item => ({
    type: 'item',
    key,
    value: value.type === 'str' ? { type: 'str', value: value.value.replaceAll('\n', '\\n') } : value,
  }))
  return { type: 'branch', items }
}

function sectionText(section: Section, newline: string): string {
  const text = emitIni([{ type: 'branch', items: [{ type: 'item', key: sectionKey, value: flatSection(section) }] }])
  return text.trimEnd().replaceAll('\n', newline)
}
