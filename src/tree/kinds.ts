// What an entry of a tree is.
import type { Branch, Item, Leaf, List, Scalar, Value } from './types.ts'

export function isItem(entry: Item | Value): entry is Item {
  return entry.type === 'item'
}

export function isCollection(value: Value): value is Branch | List {
  return value.type === 'branch' || value.type === 'list'
}

/** A scalar or a comment. */
export function isLeaf(value: Value): value is Leaf {
  return !isCollection(value)
}

/** The value of an item; what stands in a list, and a comment, is its own. */
export function valueOf(entry: Item | Value): Value {
  return isItem(entry) ? entry.value : entry
}

export interface ScalarAt {
  /** Keys, and places in lists from 0; comments are not counted. */
  readonly path: readonly string[]
  readonly value: Scalar
}

/** The scalars of a document in their order. `enter` is asked before each collection below the root, and may throw. */
export function* scalarsOf(document: Branch, enter: (key: string) => void): Generator<ScalarAt> {
  const levels = [childrenOf(document)]
  // The keys to the value at hand.
  const path: string[] = []
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const next = level.next()
    if (next.done === true) {
      levels.pop()
      path.pop()
      continue
    }
    const [key, value] = next.value
    if (value.type === 'comment') continue
    if (isCollection(value)) {
      enter(key)
      levels.push(childrenOf(value))
      path.push(key)
    } else {
      yield { path: [...path, key], value }
    }
  }
}

function* childrenOf(parent: Branch | List): Generator<readonly [key: string, value: Value]> {
  let index = 0
  for (const entry of parent.items) {
    if (isItem(entry)) yield [entry.key, entry.value]
    else if (parent.type === 'list' && entry.type !== 'comment') yield [String(index++), entry]
  }
}
