import type { Branch, Scalar, Value } from '../src/tree/types.ts'

/** A JavaScript value as a tree: whole numbers as int, other numbers as float; trees stay as they are. */
export function toTree(value: unknown): Value {
  if (isTree(value)) return value
  if (value === null) return { type: 'null' }
  if (Array.isArray(value)) return { type: 'list', items: value.map(toTree) }
  if (typeof value === 'object') return branchOf(Object.entries(value))
  return scalarOf(value)
}

export function toBranch(value: Readonly<Record<string, unknown>>): Branch {
  return branchOf(Object.entries(value))
}

export function branchOf(entries: readonly (readonly [string, unknown])[]): Branch {
  return { type: 'branch', items: entries.map(([key, value]) => ({ type: 'item', key, value: toTree(value) })) }
}

/** The same tree as plain values, comments left out; an int becomes a number. */
export function toPlain(value: Value): unknown {
  switch (value.type) {
    case 'branch':
      return Object.fromEntries(
        value.items.flatMap((item) => (item.type === 'item' ? [[item.key, toPlain(item.value)]] : [])),
      )
    case 'list':
      return value.items.map(toPlain)
    case 'null':
      return null
    case 'int':
      return Number(value.value)
    default:
      return value.value
  }
}

function scalarOf(value: unknown): Scalar {
  if (typeof value === 'boolean') return { type: 'bool', value }
  if (typeof value === 'bigint') return { type: 'int', value }
  if (typeof value === 'number')
    return Number.isInteger(value) ? { type: 'int', value: BigInt(value) } : { type: 'float', value }
  return { type: 'str', value: String(value) }
}

function isTree(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
