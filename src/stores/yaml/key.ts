// Mapping keys: which may stand without a `?`, and which merge.
import type { Item } from '../../tree/types.ts'
import { hasLineBreak } from './scalar-shape.ts'

export const longestSimpleKey = 128
export const mergeKey = '<<'
export const mergeTag = '!!merge'

/** A key of more lines or more bytes is written with a `?`. */
export function isSimpleKey(key: string): boolean {
  if (hasLineBreak(key)) return false
  const limit = key === mergeKey ? longestSimpleKey - mergeTag.length : longestSimpleKey
  return key.length * 3 <= limit || Buffer.byteLength(key) <= limit
}

/** sops prints every key `<<` as a merge key, yet cannot read that back unless maps stand behind it. */
export function isMergeKey({ key, value }: Item): boolean {
  if (key !== mergeKey) return false
  return value.type === 'branch' || (value.type === 'list' && value.items.every((item) => item.type === 'branch'))
}
