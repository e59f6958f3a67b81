// Setting and removing a value as sops does it (Set and Unset in sops.go, 3.13.3), without recursion. sops goes on with
// an index that makes no sense at its place; here it is an error.
import { SopsError } from '../errors.ts'
import { isCollection, valueOf } from './kinds.ts'
import { sameValues } from './walk.ts'
import type { Branch, Item, List, TreePath, Value } from './types.ts'

/** A place in a document's tree: one index for each level, comments counted. */
export type Place = readonly number[]

/** What happens to one document. `append`: to the mapping or list at `place`. */
export type Edit =
  | { readonly kind: 'replace'; readonly place: Place; readonly value: Value }
  | { readonly kind: 'append'; readonly place: Place; readonly entry: Item | Value }
  | { readonly kind: 'remove'; readonly place: Place }

/** Nothing happens, and sops says that something did: an index into a mapping, or the value is there already. */
export interface NoEdit {
  readonly kind: 'none'
  readonly reason: 'present' | 'index-in-mapping'
}

/** Nothing happens, because there is nothing at the path. */
export interface Missing {
  readonly kind: 'missing'
  readonly message: string
}

/**
 * What sops' `set` does. Missing levels are made from the path; an index beyond a list appends; what stands in the way
 * is replaced. Throws SopsError ERR_SOPS_PATH_SYNTAX, ERR_SOPS_PATH_MISSING.
 */
export function planSet(root: Branch, path: TreePath, value: Value): Edit | NoEdit {
  checkPath(path)
  const place: number[] = []
  let node: Value = root
  for (const [depth, part] of path.entries()) {
    if (!isCollection(node)) {
      return { kind: 'replace', place, value: nest(path.slice(depth), value) }
    }
    const index = findIndex(node, path, depth)
    const found: Item | Value | undefined = node.items[index]
    if (found === undefined) {
      if (node.type === 'branch' && typeof part === 'number') return { kind: 'none', reason: 'index-in-mapping' }
      const below = nest(path.slice(depth + 1), value)
      return {
        kind: 'append',
        place,
        entry: typeof part === 'number' ? below : { type: 'item', key: part, value: below },
      }
    }
    place.push(index)
    node = valueOf(found)
  }
  return isEqual(node, value) ? { kind: 'none', reason: 'present' } : { kind: 'replace', place, value }
}

/** What sops' `unset` does. Throws SopsError ERR_SOPS_PATH_SYNTAX, ERR_SOPS_PATH_MISSING. */
export function planUnset(root: Branch, path: TreePath): Edit | Missing {
  checkPath(path)
  const place: number[] = []
  let node: Value = root
  for (const [depth, part] of path.entries()) {
    if (!isCollection(node)) {
      throw missing(`Unsupported type: ${goTypes[node.type]} for item '${String(part)}'`)
    }
    const index = findIndex(node, path, depth)
    const found: Item | Value | undefined = node.items[index]
    if (found === undefined) {
      const message = node.type === 'list' ? `Index ${String(part)} out of bounds` : `Key not found: ${String(part)}`
      return { kind: 'missing', message }
    }
    place.push(index)
    node = valueOf(found)
  }
  return { kind: 'remove', place }
}

const goTypes: Readonly<Record<Exclude<Value['type'], 'branch' | 'list'>, string>> = {
  str: 'string',
  bytes: 'string',
  int: 'int',
  float: 'float64',
  bool: 'bool',
  time: 'time.Time',
  null: '<nil>',
  comment: 'sops.Comment',
}

function checkPath(path: TreePath): void {
  if (path.length === 0) throw invalid('the index is empty')
  const negative = path.find((part) => typeof part === 'number' && part < 0)
  if (negative !== undefined) throw invalid(`the index [${String(negative)}] is negative`)
}

function invalid(message: string): SopsError {
  return new SopsError('ERR_SOPS_PATH_SYNTAX', message, {
    hint: 'Write each key as ["key"] and each list index as [0], one after the other.',
  })
}

function missing(message: string): SopsError {
  return new SopsError('ERR_SOPS_PATH_MISSING', message)
}

// sops ends with a panic where a key is asked of a list.
function findIndex(node: Branch | List, path: TreePath, depth: number): number {
  const part = path[depth]
  if (node.type === 'branch') return node.items.findIndex((item) => item.type === 'item' && item.key === part)
  if (typeof part === 'number') return Math.min(part, node.items.length)
  const above = path.slice(0, depth).map((each) => (typeof each === 'number' ? `[${String(each)}]` : `["${each}"]`))
  throw missing(`component ['${String(part)}'] is a key, but there is a list at ${above.join('')}`)
}

/** A value below new mappings and lists. A new list has one element, whatever the index. */
function nest(path: TreePath, value: Value): Value {
  let nested = value
  for (const part of path.toReversed()) {
    nested =
      typeof part === 'number'
        ? { type: 'list', items: [nested] }
        : { type: 'branch', items: [{ type: 'item', key: part, value: nested }] }
  }
  return nested
}

// A value that comes from JSON holds no comment, and sops' comparison counts them.
function isEqual(old: Value, value: Value): boolean {
  return sameValues([wrap(old)], [wrap(value)]) && !hasComment(old)
}

function wrap(value: Value): Branch {
  return { type: 'branch', items: [{ type: 'item', key: '', value }] }
}

function hasComment(root: Value): boolean {
  const stack: Value[] = [root]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (value.type === 'comment') return true
    if (isCollection(value)) for (const item of value.items) stack.push(valueOf(item))
  }
  return false
}

/** The values from the root to a place, the root first. */
export function valuesTo(root: Branch, place: Place): readonly [Branch, ...Value[]] {
  const values: [Branch, ...Value[]] = [root]
  let node: Value = root
  for (const index of place) {
    const entry: Item | Value | undefined = isCollection(node) ? node.items[index] : undefined
    if (entry === undefined) throw new Error('internal: a place outside of the tree')
    node = valueOf(entry)
    values.push(node)
  }
  return values
}

/** The same place without the comments counted; undefined where a comment stands at it. */
export function skipComments(root: Branch, place: Place): Place | undefined {
  const values = valuesTo(root, place)
  if (values.at(-1)?.type === 'comment') return undefined
  return place.map((index, depth) => {
    const value = values[depth]
    const before: readonly (Item | Value)[] =
      value !== undefined && isCollection(value) ? value.items.slice(0, index) : []
    return before.filter(({ type }) => type !== 'comment').length
  })
}

/** The tree after an edit; what it does not touch is shared with the old one. */
export function applyEdit(root: Branch, edit: Edit): Branch {
  const inner = edit.kind === 'append' ? edit.place : edit.place.slice(0, -1)
  const values = valuesTo(root, inner)
  let below = changeContainer(values.at(-1) ?? root, edit)
  for (let depth = inner.length - 1; depth >= 0; depth--) {
    below = withValue(values[depth] ?? root, inner[depth] ?? 0, below)
  }
  if (below.type !== 'branch') throw new Error('internal: the root of a document is a mapping')
  return below
}

function changeContainer(container: Value, edit: Edit): Value {
  if (edit.kind === 'append') return splice(container, Infinity, 0, edit.entry)
  const index = edit.place.at(-1) ?? 0
  return edit.kind === 'remove' ? splice(container, index, 1) : withValue(container, index, edit.value)
}

function withValue(container: Value, index: number, value: Value): Value {
  const entry = container.type === 'branch' ? container.items[index] : undefined
  return splice(container, index, 1, entry?.type === 'item' ? { ...entry, value } : value)
}

function splice(container: Value, start: number, count: number, entry?: Item | Value): Value {
  if (!isCollection(container)) throw new Error('internal: a place inside of a scalar')
  const items: readonly (Item | Value)[] = container.items
  const changed = entry === undefined ? items.toSpliced(start, count) : items.toSpliced(start, count, entry)
  return { ...container, items: changed } as Branch | List
}
