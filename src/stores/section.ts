// The metadata section as JSON and INI have it: one top-level item named `sops`. And the field that carries a layout text.

import { SopsError } from '../errors.ts'
import type { Branch, Item } from '../tree/types.ts'
import type { Section } from './types.ts'

/** The name of the metadata section. */
export const sectionKey = 'sops'
/** The metadata field that carries Section.layout; sops ignores and drops it. */
export const layoutKey = 'tsops_layout'

/** The one item of a document that is the section. Throws ERR_SOPS_METADATA_INVALID. */
export function findSection<T extends Item>(items: readonly T[]): (T & { readonly value: Branch }) | undefined {
  const [first, second] = items.filter(({ key }) => key === sectionKey)
  if (!first) return undefined
  const { value } = first
  if (value.type !== 'branch') {
    throw new SopsError('ERR_SOPS_METADATA_INVALID', `Found ${sectionKey} entry that is not a mapping`)
  }
  if (second) throw new SopsError('ERR_SOPS_METADATA_INVALID', `Found duplicate ${sectionKey} entry`)
  return { ...first, value }
}

/** Whether the first document has a key `sops` at its top: the rule of every store but dotenv. */
export function hasReservedKey([branch]: readonly Branch[]): boolean {
  return branch?.items.some((item) => item.type === 'item' && item.key === sectionKey) ?? false
}

/** The documents with the section as their last item. Throws ERR_SOPS_EMIT when one has such an item already. */
export function appendSection(branches: readonly Branch[], metadata: Branch): Branch[] {
  return branches.map((branch) => {
    if (hasReservedKey([branch])) {
      throw new SopsError(
        'ERR_SOPS_EMIT',
        `Error marshaling metadata: Found key "${sectionKey}" in encrypted data, which is a reserved key used for SOPS metadata`,
      )
    }
    return { type: 'branch', items: [...branch.items, { type: 'item', key: sectionKey, value: metadata }] }
  })
}

/** The metadata with the layout text as a field at its alphabetical place. */
export function withLayout({ metadata, layout }: Section): Branch {
  if (layout === undefined) return metadata
  const field: Item = { type: 'item', key: layoutKey, value: { type: 'str', value: layout } }
  const place = metadata.items.findIndex((item) => item.type === 'item' && item.key > layoutKey)
  return { type: 'branch', items: metadata.items.toSpliced(place < 0 ? metadata.items.length : place, 0, field) }
}

/** The inverse of withLayout. */
export function splitLayout(metadata: Branch): { metadata: Branch; layout: string | undefined } {
  const field = metadata.items.find((item): item is Item => item.type === 'item' && item.key === layoutKey)
  if (field?.value.type !== 'str') return { metadata, layout: undefined }
  const items = metadata.items.filter((item) => item !== field)
  return { metadata: { type: 'branch', items }, layout: field.value.value }
}
