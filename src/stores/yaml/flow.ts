// A value on one line, in flow style.
import type { Comment, Item, Scalar, Value } from '../../tree/types.ts'
import { isMergeKey, longestSimpleKey } from './key.ts'
import { type Place, spellScalar } from './spell.ts'

interface Frame {
  readonly entries: readonly (Item | Exclude<Value, Comment>)[]
  readonly close: string
  next: number
}

const place: Place = { style: 'plain', flow: true, simpleKey: false, bodyColumn: 0, hint: 0 }

type Spell = (value: Scalar, where: Place) => string

/** One line that sops reads back to the same value; comments are left out. */
export function emitFlow(root: Value): string {
  return printFlow(root, spellExactly)
}

/** The same, with floats as sops prints them: `1` for 1.0. */
export function emitFlowAsSops(root: Value): string {
  return printFlow(root, spellScalar)
}

function printFlow(root: Value, spell: Spell): string {
  const parts: string[] = []
  const frames: Frame[] = []
  startValue(parts, frames, root, spell)
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    const entry = frame.entries[frame.next++]
    if (entry === undefined) {
      parts.push(frame.close)
      frames.pop()
      continue
    }
    if (frame.next > 1) parts.push(', ')
    if (entry.type === 'item') parts.push(spellKey(entry))
    startValue(parts, frames, entry.type === 'item' ? entry.value : entry, spell)
  }
  return parts.join('')
}

function startValue(parts: string[], frames: Frame[], value: Value, spell: Spell): void {
  if (value.type === 'comment') return
  if (value.type !== 'branch' && value.type !== 'list') {
    parts.push(spell(value, place))
    return
  }
  const entries: Frame['entries'] =
    value.type === 'branch'
      ? value.items.filter((item) => item.type === 'item')
      : value.items.filter((item) => item.type !== 'comment')
  parts.push(value.type === 'branch' ? '{' : '[')
  frames.push({ entries, close: value.type === 'branch' ? '}' : ']', next: 0 })
}

/** sops prints the float 1.0 as `1`, which is an integer to whoever reads it. */
export function spellExactly(value: Scalar, where: Place): string {
  const text = spellScalar(value, where)
  return value.type === 'float' && /^-?\d+$/.test(text) ? `${text}.0` : text
}

function spellKey(item: Item): string {
  if (isMergeKey(item)) return '<<: '
  const key = spellScalar({ type: 'str', value: item.key }, place)
  return key.length > longestSimpleKey ? `? ${key} : ` : `${key}: `
}
