// Goes through an object without recursion, however deep it is.
import type { Branch, Comment, Item, List, Scalar, Value } from '../src/index.ts'

type Leaf = Scalar | Comment

interface Frame {
  readonly source: readonly (Item | Value)[]
  readonly items: (Item | Value)[]
  readonly path: readonly string[]
}

/** The same object with each leaf exchanged. `path`: the mapping keys from the root, as the cipher binds a value to them. */
export function mapValues(root: Branch, replace: (leaf: Leaf, path: readonly string[]) => Leaf): Branch {
  const items: (Item | Comment)[] = []
  const stack: Frame[] = [{ source: root.items, items, path: [] }]
  const copy = (value: Value, path: readonly string[]): Value => {
    if (value.type !== 'branch' && value.type !== 'list') return replace(value, path)
    const inner: (Item | Value)[] = []
    stack.push({ source: value.items, items: inner, path })
    // A list's items are values, a branch's are items and comments, as they were in the original.
    return { ...value, items: inner } as Branch | List
  }
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    for (const item of frame.source) {
      if (item.type === 'item') frame.items.push({ ...item, value: copy(item.value, [...frame.path, item.key]) })
      else frame.items.push(copy(item, frame.path))
    }
  }
  return { type: 'branch', items }
}
