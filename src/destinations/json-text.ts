// The values of a tree as JSON in its one shortest form: names sorted, no comments, integers exact. Two trees of the same
// values give the same text, in whatever order and layout they were written.
import { SopsError } from '../errors.ts'
import type { Branch, Item, Leaf, List, Value } from '../tree/types.ts'

/** All documents as one map, as sops publishes them: of equal names at the top the last counts. */
export function mergeDocuments(branches: readonly Branch[]): Branch {
  return { type: 'branch', items: branches.flatMap(({ items }) => items) }
}

/** The items of a map: sorted, of equal names the last. */
export function itemsOf({ items }: Branch): readonly Item[] {
  const last = new Map<string, Item>()
  for (const item of items) if (item.type === 'item') last.set(item.key, item)
  return [...last.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

interface Frame {
  readonly items: readonly (Item | Value)[]
  readonly close: '}' | ']'
  next: number
}

/** `path` is the value's own. Throws SopsError ERR_SOPS_EMIT for what JSON cannot hold. */
export function jsonText(value: Value, path: readonly string[] = []): string {
  const pieces: string[] = []
  const stack: Frame[] = []
  const keys: string[] = []
  const here = (): string => [...path, ...keys].join('.')
  const put = (part: Value): void => {
    if (part.type === 'branch' || part.type === 'list') stack.push(open(part, pieces))
    else pieces.push(leafText(part, here))
  }
  put(value)
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (frame.next > 0) keys.pop()
    const item = frame.items[frame.next++]
    if (item === undefined) {
      stack.pop()
      pieces.push(frame.close)
      continue
    }
    if (frame.next > 1) pieces.push(',')
    keys.push(item.type === 'item' ? item.key : String(frame.next - 1))
    if (item.type === 'item') pieces.push(quote(item.key, here), ':')
    put(item.type === 'item' ? item.value : item)
  }
  return pieces.join('')
}

function open(value: Branch | List, pieces: string[]): Frame {
  pieces.push(value.type === 'branch' ? '{' : '[')
  if (value.type === 'branch') return { items: itemsOf(value), close: '}', next: 0 }
  return { items: value.items.filter(({ type }) => type !== 'comment'), close: ']', next: 0 }
}

function leafText(leaf: Leaf, place: () => string): string {
  switch (leaf.type) {
    case 'null':
      return 'null'
    case 'int':
    case 'bool':
      return String(leaf.value)
    case 'float':
      if (Number.isFinite(leaf.value)) return String(leaf.value)
      throw unfit(place, 'a float that is infinite or no number')
    case 'bytes':
      throw unfit(place, 'bytes that are not UTF-8')
    default:
      return quote(leaf.value, place)
  }
}

// A stray byte of a name is kept as half of a surrogate pair.
function quote(text: string, place: () => string): string {
  if (/[\ud800-\udfff]/u.test(text)) throw unfit(place, 'bytes that are not UTF-8')
  return JSON.stringify(text)
}

function unfit(place: () => string, what: string): SopsError {
  return new SopsError('ERR_SOPS_EMIT', `${place()}: this destination holds JSON, which has no ${what}`)
}
