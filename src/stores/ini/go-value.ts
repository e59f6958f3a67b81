// What `--extract` prints of a value in INI: Go's JSON of sops' own types, where a mapping is a list of Key and Value.

import type { Comment, Item, Value } from '../../tree/types.ts'

interface Step {
  readonly source: readonly (Item | Value)[]
  readonly target: Value[]
  readonly isBranch: boolean
}

/** The value in the shape of sops.TreeBranch, sops.TreeItem and sops.Comment. */
export function toGoValue(root: Value): Value {
  const stack: Step[] = []
  const convert = (value: Value): Value => {
    if (value.type === 'comment') return commentOf(value)
    if (value.type !== 'branch' && value.type !== 'list') return value
    const items: Value[] = []
    stack.push({ source: value.items, target: items, isBranch: value.type === 'branch' })
    return { type: 'list', items }
  }
  const result = convert(root)
  for (let step = stack.pop(); step; step = stack.pop()) {
    for (const item of step.source) {
      if (item.type === 'item') step.target.push(pairOf({ type: 'str', value: item.key }, convert(item.value)))
      else step.target.push(step.isBranch ? pairOf(convert(item), { type: 'null' }) : convert(item))
    }
  }
  return result
}

function pairOf(key: Value, value: Value): Value {
  return branchOf(['Key', key], ['Value', value])
}

function commentOf({ value, inline }: Comment): Value {
  return branchOf(['Value', { type: 'str', value }], ['Inline', { type: 'bool', value: inline }])
}

function branchOf(...pairs: [string, Value][]): Value {
  return { type: 'branch', items: pairs.map(([key, value]) => ({ type: 'item', key, value })) }
}
