// A metadata section in which somebody wrote entries for master keys by hand: what nobody knows by heart may be missing.
import type { Branch, Item, Value } from '../tree/types.ts'

const timeField = 'created_at'

/** The section with a time in every entry, also in those of key groups, that has none. */
export function withTimes(section: Branch, time: string): Branch {
  return inLists(section, (entry) => {
    const isGroup = entry.items.some((item) => item.type === 'item' && item.value.type === 'list')
    return isGroup ? inLists(entry, (key) => withTime(key, time)) : withTime(entry, time)
  })
}

function inLists(branch: Branch, change: (entry: Branch) => Branch): Branch {
  const items = branch.items.map((item): Branch['items'][number] => {
    if (item.type !== 'item' || item.value.type !== 'list') return item
    const changed = item.value.items.map((each): Value => (each.type === 'branch' ? change(each) : each))
    return { ...item, value: { type: 'list', items: changed } }
  })
  return { type: 'branch', items }
}

function withTime(entry: Branch, time: string): Branch {
  const hasTime = entry.items.some((item) => item.type === 'item' && item.key.toLowerCase() === timeField)
  const added: Item = { type: 'item', key: timeField, value: { type: 'str', value: time } }
  return hasTime ? entry : { type: 'branch', items: [...entry.items, added] }
}
