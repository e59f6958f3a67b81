// Metadata in formats that know only `key = text`: a path from the root becomes one name, `__map_` before each further
// mapping key and `__list_` before each index (stores/flatten.go, sops 3.13.3).

import { SopsError } from '../errors.ts'
import type { Branch, Item, Scalar, Value } from '../tree/types.ts'

export interface FlatField {
  readonly key: string
  readonly value: Scalar
}

// The deepest metadata that there is has seven levels; the limit keeps a hostile name from exhausting the stack.
const maxLevels = 100
const separators = /(__map_|__list_)/

/** The scalars of a tree in their order, each with its path as a name. Throws ERR_SOPS_EMIT. */
export function flatten(metadata: Branch): FlatField[] {
  const fields = new Map<string, FlatField>()
  const stack: { key: string; value: Value }[] = [...children('', metadata)].reverse()
  for (let top = stack.pop(); top; top = stack.pop()) {
    const { key, value } = top
    if (value.type === 'comment') continue
    if (value.type === 'branch' || value.type === 'list') {
      for (const child of children(key, value).reverse()) stack.push(child)
      continue
    }
    if (fields.has(key)) {
      throw new SopsError(
        'ERR_SOPS_EMIT',
        `Error while flattening metadata: Found key collision ${JSON.stringify(key)} while flattening`,
      )
    }
    fields.set(key, { key, value })
  }
  return [...fields.values()]
}

function children(prefix: string, value: Extract<Value, { type: 'branch' | 'list' }>): { key: string; value: Value }[] {
  if (value.type === 'list') {
    const elements = value.items.filter(({ type }) => type !== 'comment')
    return elements.map((element, index) => ({ key: `${prefix}__list_${index}`, value: element }))
  }
  const items = value.items.filter((item): item is Item => item.type === 'item')
  const lead = prefix === '' ? '' : `${prefix}__map_`
  return items.map((item) => ({ key: lead + item.key, value: item.value }))
}

interface Node {
  value: Scalar | undefined
  readonly keys: Map<string, Node>
  readonly indexes: Map<number, Node>
}

/** The inverse of flatten, its mappings sorted by key. Throws ERR_SOPS_METADATA_INVALID. */
export function unflatten(fields: Iterable<FlatField>): Branch {
  const root = newNode()
  for (const { key, value } of fields) {
    const node = descend(root, key)
    if (node.value) fail(`Error while unflattening ${JSON.stringify(key)}: Duplicate value`)
    node.value = value
  }
  const tree = build(root)
  if (tree.type !== 'branch') fail('Error while unflattening: Type mismatch')
  return tree
}

function newNode(): Node {
  return { value: undefined, keys: new Map(), indexes: new Map() }
}

function descend(root: Node, path: string): Node {
  const parts = path.split(separators)
  if (parts.length > 2 * maxLevels) fail('Error while unflattening: nested too deeply')
  let node = child(root.keys, parts[0] ?? '')
  for (let i = 1; i < parts.length; i += 2) {
    const name = parts[i + 1] ?? ''
    node = parts[i] === '__map_' ? child(node.keys, name) : child(node.indexes, readIndex(name))
  }
  return node
}

function child<K>(children: Map<K, Node>, key: K): Node {
  const known = children.get(key)
  if (known) return known
  const node = newNode()
  children.set(key, node)
  return node
}

function readIndex(text: string): number {
  return /^[+-]?\d+$/.test(text) ? Number(text) + 0 : 0
}

function build(node: Node): Value {
  const kinds = [node.value !== undefined, node.keys.size > 0, node.indexes.size > 0].filter(Boolean)
  if (kinds.length > 1) fail('Error while unflattening: Type mismatch')
  if (node.value) return node.value
  if (node.indexes.size > 0) return { type: 'list', items: buildList(node.indexes) }
  const keys = [...node.keys].sort(([a], [b]) => (a < b ? -1 : 1))
  return { type: 'branch', items: keys.map(([key, below]) => ({ type: 'item', key, value: build(below) })) }
}

function buildList(indexes: ReadonlyMap<number, Node>): Value[] {
  return Array.from({ length: indexes.size }, (_, index) => {
    const node = indexes.get(index)
    return node ? build(node) : fail('Error while unflattening: Incomplete list')
  })
}

function fail(message: string): never {
  throw new SopsError('ERR_SOPS_METADATA_INVALID', message)
}
