// A JSON text whose leaves and section can change in place. A comment exists here only as a list element (SOPS' way to
// carry an encrypted comment through a list) and as the text after the root object.

import type { Branch, Leaf } from '../../tree/types.ts'
import { findSection, sectionKey, splitLayout } from '../section.ts'
import { applySplices, leafSource, type Splice, writeSource } from '../source.ts'
import type { Change, Document, DroppedComment, Edits, Section } from '../types.ts'
import { spliceChange } from './change.ts'
import { emitLeaf } from './emit.ts'
import { spliceSection } from './section.ts'
import { branchOf, type JsonText, type ListSpans, readJson, type Site } from './spans.ts'

export class JsonDocument implements Document {
  readonly branches: readonly Branch[]
  readonly dropped: readonly DroppedComment[]
  readonly metadata: Branch | undefined
  readonly layout: string | undefined
  readonly #json: JsonText

  constructor(text: string) {
    this.#json = readJson(text)
    const section = findSection(this.#json.members)
    const split = section && splitLayout(section.value)
    this.metadata = split?.metadata
    this.layout = split?.layout
    this.branches = [branchOf(this.#json.members, (key) => key !== sectionKey)]
    this.dropped = this.#json.trailing ? [{ comment: this.#json.trailing, path: [] }] : []
  }

  rewrite(edits: Edits, section?: Section): Uint8Array {
    const { text, sites } = this.#json
    return writeSource(applySplices(text, [...spliceLeaves(sites, edits), ...spliceSection(this.#json, section)]))
  }

  change(change: Change): Uint8Array | undefined {
    const splices = spliceChange(this.#json, change)
    return splices && writeSource(applySplices(this.#json.text, splices))
  }
}

function spliceLeaves(sites: readonly Site[], edits: Edits): Splice[] {
  const splices: Splice[] = []
  const removed = new Map<ListSpans, Set<number>>()
  for (const { leaf, start, end, list, index } of sites) {
    const edit = edits.get(leaf)
    if (!edit) continue
    if (edit.type === 'comment' && list) removed.set(list, (removed.get(list) ?? new Set()).add(index))
    else splices.push({ start, end, text: leaf.type === 'comment' ? trailingText(edit) : emitLeaf(edit) })
  }
  return [...splices, ...[...removed].flatMap(([list, indexes]) => removals(list, indexes))]
}

function trailingText(edit: Leaf): string {
  return edit.type === 'comment' || edit.type === 'str' || edit.type === 'bytes' ? leafSource(edit) : ''
}

// An element goes with the comma before it, or after it when all before it go too.
function removals(list: ListSpans, removed: ReadonlySet<number>): Splice[] {
  const { elements } = list
  const firstKept = elements.findIndex((_, index) => !removed.has(index))
  if (firstKept < 0) return [{ start: list.start, end: list.end, text: '' }]
  const splices: Splice[] = []
  for (const index of removed) {
    const from = index < firstKept ? elements[index]?.start : elements[index - 1]?.end
    const to = index < firstKept ? elements[index + 1]?.start : elements[index]?.end
    if (from !== undefined && to !== undefined) splices.push({ start: from, end: to, text: '' })
  }
  return splices
}
