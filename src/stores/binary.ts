// Any bytes as one value: a plain file is the value of `data`, an encrypted one is JSON with `data` and `sops`.

import { SopsError } from '../errors.ts'
import type { Branch, Item, Leaf, Scalar } from '../tree/types.ts'
import { json } from './json.ts'
import { hasReservedKey } from './section.ts'
import { leafSource, writeSource } from './source.ts'
import type { Document, Edits, Layout, Section, Store } from './types.ts'

const payloadKey = 'data'

function parse(bytes: Uint8Array): Document {
  const document = json.parse(bytes)
  const { branches, dropped, metadata, layout } = document
  return {
    branches,
    dropped,
    metadata,
    layout,
    rewrite: (edits, section) => (section ? document.rewrite(edits, section) : payload(branches, edits)),
    change: (change) => document.change(change),
  }
}

function parsePlain(bytes: Uint8Array): Document {
  const leaf: Scalar = { type: 'bytes', value: bytes }
  const branches = [wrap(leaf)]
  return {
    branches,
    dropped: [],
    metadata: undefined,
    layout: undefined,
    rewrite: (edits, section) =>
      section ? json.emit([wrap(edits.get(leaf) ?? leaf)], {}, section) : payload(branches, edits),
    // A payload is one value: it has no structure.
    change: () => undefined,
  }
}

function wrap(leaf: Leaf): Branch {
  return { type: 'branch', items: [{ type: 'item', key: payloadKey, value: leaf }] }
}

function payload(branches: readonly Branch[], edits: Edits): Uint8Array {
  const [branch] = branches
  if (!branch || branches.length > 1) fail('there must be exactly one tree branch')
  const item = branch.items.find((entry): entry is Item => entry.type === 'item' && entry.key === payloadKey)
  if (!item) fail('no binary data found in tree')
  const { value } = item
  const leaf = value.type === 'branch' || value.type === 'list' ? undefined : (edits.get(value) ?? value)
  if (leaf?.type === 'bytes') return leaf.value
  if (leaf?.type === 'str') return writeSource(leafSource(leaf))
  fail(`'${payloadKey}' key in tree does not have a string value`)
}

function fail(message: string): never {
  throw new SopsError('ERR_SOPS_EMIT', `error emitting binary store: ${message}`)
}

export const binary: Store = {
  name: 'binary',
  extensions: [],
  singleValue: true,
  textOnly: false,
  parse,
  parsePlain,
  hasReservedKey,
  emit: (branches: readonly Branch[], layout: Layout, section?: Section): Uint8Array =>
    section ? json.emit(branches, layout, section) : payload(branches, new Map()),
  emitValue(): Uint8Array {
    throw new SopsError(
      'ERR_SOPS_EMIT',
      'Binary files are not structured and extracting a single value is not possible',
    )
  },
}
