// A document whose comments stand where sops will see them once it is encrypted.
import { ValueError } from '../errors.ts'
import type { Document } from '../stores/types.ts'
import { isEmpty } from '../tree/scalar.ts'
import type { Selector } from '../tree/selection.ts'
import type { Branch, Leaf } from '../tree/types.ts'
import { walk } from '../tree/walk.ts'

// Which leaves are encrypted may hang on the comments above them, and where a comment belongs may hang on the lines that
// encryption takes away: repeat until both agree.
export function settle(document: Document, selector: () => Selector): Document {
  if (document.settle === undefined) return document
  let selected = selectedScalars(document.branches, selector())
  for (let round = 0; round < 8; round++) {
    const settled = document.settle(new Set(scalars(document.branches).filter((_, index) => selected[index])))
    const again = selectedScalars(settled.branches, selector())
    if (again.every((each, index) => each === selected[index])) return settled
    selected = again
  }
  throw new ValueError(
    'ERR_SOPS_VALUE_ENCRYPT',
    [],
    'the comment pattern selects a value only while it is not encrypted',
  )
}

function scalars(branches: readonly Branch[]): Leaf[] {
  const found: Leaf[] = []
  walk(branches, everything, ({ leaf }) => {
    if (leaf.type !== 'comment') found.push(leaf)
  })
  return found
}

function selectedScalars(branches: readonly Branch[], selector: Selector): boolean[] {
  const selected: boolean[] = []
  walk(branches, selector, ({ leaf, encrypted }) => {
    if (leaf.type !== 'comment') selected.push(encrypted && !isEmpty(leaf))
  })
  return selected
}

const nothing = (): void => undefined
const everything: Selector = {
  enter: nothing,
  leave: nothing,
  see: nothing,
  settle: nothing,
  selects: () => true,
  selectsDropped: () => true,
  matchesComment: () => false,
}
