// Trees as the vectors spell them: ["map", entry…] with ["key", name, value] and comments as entries, ["list", value…],
// ["comment", text, inline], and scalars as [type, text].
import type { Branch, Comment, Item, Scalar, Value } from '../../../src/tree/types.ts'

export type Spelled = readonly [string, ...unknown[]]

export function spellTree(value: Value | Item): Spelled {
  switch (value.type) {
    case 'branch':
      return ['map', ...value.items.map(spellTree)]
    case 'list':
      return ['list', ...value.items.map(spellTree)]
    case 'item':
      return ['key', value.key, spellTree(value.value)]
    case 'comment':
      return ['comment', value.value, value.inline]
    default:
      return [value.type, spellText(value)]
  }
}

function spellText(scalar: Scalar): string {
  if (scalar.type === 'null') return ''
  if (scalar.type === 'bytes') return Buffer.from(scalar.value).toString('base64')
  return Object.is(scalar.value, -0) ? '-0' : String(scalar.value)
}

export function readBranch([, ...entries]: Spelled): Branch {
  return { type: 'branch', items: entries.map((entry) => readEntry(entry as Spelled)) }
}

function readEntry([type, first, second]: Spelled): Item | Comment {
  if (type === 'comment') return { type, value: String(first), inline: second === true }
  return { type: 'item', key: String(first), value: readValue(second as Spelled) }
}

export function readValue(spelled: Spelled): Value {
  const [type, first, second] = spelled
  if (type === 'map') return readBranch(spelled)
  if (type === 'list') return { type, items: spelled.slice(1).map((item) => readValue(item as Spelled)) }
  if (type === 'comment') return { type, value: String(first), inline: second === true }
  return readScalar(type, String(first))
}

export function readScalar(type: string, text: string): Scalar {
  switch (type) {
    case 'int':
      return { type, value: BigInt(text) }
    case 'float':
      return { type, value: Number(text) }
    case 'bool':
      return { type, value: text === 'true' }
    case 'bytes':
      return { type, value: new Uint8Array(Buffer.from(text, 'base64')) }
    case 'str':
    case 'time':
      return { type, value: text }
    default:
      return { type: 'null' }
  }
}
