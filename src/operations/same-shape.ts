// Holds a tree that was read against the tree that it should be: same keys, same order, same nesting; comments do not
// count. Leaves come in pairs, so that those that differ can be put right.
import { isCollection, valueOf } from '../tree/kinds.ts'
import { toPlaintext } from '../tree/scalar.ts'
import type { Branch, Item, Leaf, Scalar, Value } from '../tree/types.ts'

export type Pair = readonly [found: Scalar, wanted: Scalar]

/**
 * The leaves of both trees by their places; undefined when the trees do not have one shape. `implied`: an item that a
 * format has in every document, if only an empty one.
 */
export function pairLeaves(
  found: readonly Branch[],
  wanted: readonly Branch[],
  implied: string | undefined,
): readonly Pair[] | undefined {
  if (found.length !== wanted.length) return undefined
  const pairs: Pair[] = []
  const stack: (readonly [Value, Value])[] = []
  found.forEach((branch, index) => {
    const other = wanted[index]
    if (other) stack.push([withoutImplied(branch, implied), withoutImplied(other, implied)])
  })
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const [one, other] = top
    if (isCollection(one) && isCollection(other)) {
      const [these, those] = [one.items.filter(isNoComment), other.items.filter(isNoComment)]
      if (one.type !== other.type || these.length !== those.length) return undefined
      for (const [index, entry] of these.entries()) {
        const match = those[index]
        if (match === undefined || keyOf(entry) !== keyOf(match)) return undefined
        stack.push([valueOf(entry), valueOf(match)])
      }
    } else if (isCollection(one) || isCollection(other) || one.type === 'comment' || other.type === 'comment') {
      return undefined
    } else {
      pairs.push([one, other])
    }
  }
  return pairs
}

function withoutImplied(branch: Branch, implied: string | undefined): Branch {
  if (implied === undefined) return branch
  return { type: 'branch', items: branch.items.filter((item) => !isImplied(item, implied)) }
}

function isImplied(item: Branch['items'][number], implied: string): boolean {
  return (
    item.type === 'item' && item.key === implied && item.value.type === 'branch' && !item.value.items.some(isNoComment)
  )
}

function isNoComment(entry: Item | Value): boolean {
  return entry.type !== 'comment'
}

function keyOf(entry: Item | Value): string | undefined {
  return entry.type === 'item' ? entry.key : undefined
}

/** Whether a leaf is the wanted one, or the number that sops' spelling of it is: `1` for 1.0. The MAC tells no difference. */
export function readsAs(found: Leaf, wanted: Leaf): boolean {
  if (isNumber(found) && isNumber(wanted)) return toPlaintext(found) === toPlaintext(wanted)
  if (found.type === 'null' || wanted.type === 'null') return found.type === wanted.type
  if (found.type === 'bytes' && wanted.type === 'bytes') return Buffer.compare(found.value, wanted.value) === 0
  return found.type === wanted.type && Object.is(found.value, wanted.value)
}

function isNumber(leaf: Leaf): leaf is Extract<Scalar, { type: 'int' | 'float' }> {
  return leaf.type === 'int' || leaf.type === 'float'
}
