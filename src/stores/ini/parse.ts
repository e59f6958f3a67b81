// An INI text as sops 3.13.3 reads it, with the place of each value and comment. What ini.v1 passes over (the values of
// repeated keys, text behind a closing quote, comments at the end) is kept as dropped comments, lest it stays in clear.

import type { Comment, Item, Leaf, Scalar } from '../../tree/types.ts'
import { hasStrayByte, readLeaf } from '../source.ts'
import type { DroppedComment } from '../types.ts'
import { type CommentRun, type CommentSite, type Holder, readRun } from './comment-run.ts'
import { failAt, findMarker, lineFrom, readKey, readValue, type Span, trimSpan, type ValueText } from './lexis.ts'

export interface ValueSite {
  leaf: Scalar | Comment
  /** Where the key's line begins. */
  readonly start: number
  readonly place: ValueText
  /** The comment behind a value of several lines: sops reads it only there, not behind a ciphertext. */
  trailing: CommentSite | undefined
}

/** Text that sops does not see; `marker` stays in front of it. */
export interface DroppedSite {
  readonly leaf: Comment
  readonly place: Span
  readonly marker: string
}

export interface SectionText {
  readonly name: string
  /** Where the header's line begins. */
  readonly start: number
  /** Where the line behind its header or last key begins. */
  end: number
  comment: CommentSite | undefined
  readonly entries: Map<string, Entry>
}

export interface Entry {
  readonly value: ValueSite
  readonly comment: CommentSite | undefined
  /** The same key further up: sops does not see it. */
  readonly earlier: Entry | undefined
}

export interface IniText {
  readonly text: string
  readonly sections: readonly SectionText[]
  readonly values: readonly ValueSite[]
  readonly comments: readonly CommentSite[]
  readonly droppedSites: readonly DroppedSite[]
  readonly dropped: readonly DroppedComment[]
}

/** Throws ParseError. */
export function readIni(text: string): IniText {
  return new IniReader(text).read()
}

class IniReader {
  readonly #text: string
  #section: SectionText
  readonly #sections: SectionText[]
  readonly #values: ValueSite[] = []
  readonly #comments: CommentSite[] = []
  readonly #droppedSites: DroppedSite[] = []
  readonly #dropped: DroppedComment[] = []
  #lines: CommentRun['lines'][number][] = []
  #autoKeys = 0

  constructor(text: string) {
    this.#text = text
    this.#section = newSection('DEFAULT', 0)
    this.#sections = [this.#section]
  }

  read(): IniText {
    const text = this.#text
    for (let at = markLength(text); at < text.length;) {
      const line = lineFrom(text, at)
      const { start } = trimSpan(text, line)
      const char = start < line.end ? text.charAt(start) : ''
      if (char === '' || char === '#' || char === ';') {
        if (char !== '') this.#lines.push({ start: at, marker: start, end: line.end })
        at = line.end
      } else if (char === '[') at = this.#readHeader({ start, end: line.end }, at)
      else at = this.#readEntry({ start, end: line.end }, at)
    }
    this.#dropComment(this.#takeRun(undefined, undefined))
    return {
      text,
      sections: this.#sections,
      values: this.#values,
      comments: this.#comments,
      droppedSites: this.#droppedSites,
      dropped: this.#dropped,
    }
  }

  #readHeader(line: Span, start: number): number {
    const text = this.#text
    const close = line.start + text.slice(line.start, line.end).lastIndexOf(']')
    if (close < line.start) failAt(text, start, 'unclosed section')
    const name = text.slice(line.start + 1, close)
    if (name === '') failAt(text, start, 'empty section name')
    if (hasStrayByte(name)) failAt(text, start, 'a section name that is not valid UTF-8')
    const rest = trimSpan(text, { start: close + 1, end: line.end })
    const marker = findMarker(text, rest)
    // ini.v1 drops this text; it would stay in clear, and no ciphertext can stand behind a header.
    if (rest.start < rest.end && marker !== rest.start) failAt(text, start, 'text behind a section header')
    const holder: Holder = { kind: 'section', start, indented: line.start, end: close + 1, takesInline: true }
    const comment = this.#takeRun(holder, marker < 0 ? undefined : rest)
    // Of the metadata section's own comment sops never speaks: it stood at the end of what is before.
    const isMetadata = name === 'sops'
    if (isMetadata) this.#dropComment(comment)
    this.#section = newSection(name, start)
    this.#section.end = line.end
    this.#section.comment = isMetadata ? undefined : comment
    this.#sections.push(this.#section)
    this.#autoKeys = 0
    return line.end
  }

  #readEntry(line: Span, start: number): number {
    const text = this.#text
    const key = readKey(text, line)
    if (hasStrayByte(key.name)) failAt(text, start, 'a key that is not valid UTF-8')
    const name = key.name === '-' ? `#${++this.#autoKeys}` : key.name
    const place = readValue(text, key.end)
    if (name === '') failAt(text, start, 'error creating new key: empty key name')
    const value: ValueSite = { leaf: readLeaf(place.value), start, place, trailing: undefined }
    this.#values.push(value)
    const isLong = text.slice(place.start, place.end).includes('\n')
    const holder: Holder = {
      kind: 'key',
      start,
      indented: line.start,
      end: place.end,
      takesInline: !(isLong && place.quote),
    }
    const comment = this.#takeRun(holder, place.comment)
    if (place.comment && !holder.takesInline) value.trailing = comment
    const known = this.#section.entries.get(name)
    if (known) this.#dropEntry(known, name)
    this.#section.entries.set(name, { value, comment, earlier: known })
    if (place.ignored) this.#dropIgnored(place.ignored, name)
    this.#section.end = place.next
    return place.next
  }

  #takeRun(holder: Holder | undefined, inline: Span | undefined): CommentSite | undefined {
    const site = readRun(this.#text, { lines: this.#lines, inline, holder })
    this.#lines = []
    if (site) this.#comments.push(site)
    return site
  }

  #dropComment(site: CommentSite | undefined): void {
    if (site) this.#dropped.push({ comment: site.leaf, path: [this.#section.name] })
  }

  // sops keeps the last of the values of a repeated key. The path names the key: its selection is the value's.
  #dropEntry({ value, comment }: Entry, name: string): void {
    this.#dropComment(comment)
    if (value.leaf.type !== 'str')
      failAt(this.#text, value.place.start, 'a repeated key with a value that is not valid UTF-8')
    if (value.leaf.value === '') return
    value.leaf = { type: 'comment', value: value.leaf.value, inline: false }
    this.#dropped.push({ comment: value.leaf, path: [this.#section.name, name] })
  }

  #dropIgnored(span: Span, name: string): void {
    const raw = this.#text.slice(span.start, span.end)
    if (hasStrayByte(raw)) failAt(this.#text, span.start, 'a comment that is not valid UTF-8')
    const marker = /^[#;]+ */.exec(raw)?.[0] ?? ''
    const leaf: Comment = { type: 'comment', value: raw.slice(marker.length), inline: false }
    this.#droppedSites.push({ leaf, place: span, marker })
    this.#dropped.push({ comment: leaf, path: marker === '' ? [this.#section.name, name] : [this.#section.name] })
  }
}

function newSection(name: string, start: number): SectionText {
  return { name, start, end: start, comment: undefined, entries: new Map() }
}

// A byte order mark: of UTF-8, or one of UTF-16, which is passed over likewise.
export function markLength(text: string): number {
  if (text.startsWith('\ufeff')) return 1
  return text.startsWith('\udcfe\udcff') || text.startsWith('\udcff\udcfe') ? 2 : 0
}

/** The section as sops' tree has it: its own comment first, the comment of a key behind the key. */
export function toItem({ name, comment, entries }: SectionText): Item {
  const items: (Item | Comment)[] = comment ? [comment.leaf] : []
  for (const [key, entry] of entries) {
    const value: Leaf = entry.value.leaf
    items.push({ type: 'item', key, value })
    if (entry.comment) items.push(entry.comment.leaf)
  }
  return { type: 'item', key: name, value: { type: 'branch', items } }
}
