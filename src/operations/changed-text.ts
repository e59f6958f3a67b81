// The texts that a change may have, the one that keeps most first.
import type { Change, Document, Node } from '../stores/types.ts'
import { type Edit, type NoEdit, skipComments, valuesTo } from '../tree/edit.ts'
import type { Branch, Value } from '../tree/types.ts'

/** Each text is read again, so there must not be one for each of thousands of levels. */
const maxAncestors = 3

export interface ChangeTask {
  readonly text: Uint8Array
  /** What the text holds. */
  readonly document: Document
  /** The same as a tree in which the place of the edit is counted. */
  readonly branches: readonly Branch[]
  readonly edit: Edit | NoEdit
  /** The tree after the edit. */
  readonly wanted: readonly Branch[]
  /** The same, decrypted. */
  readonly plain: readonly Branch[]
}

/** Whoever takes one holds its tree against the wanted one, and corrects single leaves. */
export function* changedTexts({ text, document, branches, edit, wanted, plain }: ChangeTask): Generator<Uint8Array> {
  if (edit.kind === 'none') {
    yield text
    return
  }
  const [old] = branches
  const [root] = wanted
  if (old === undefined || root === undefined) return
  const place = skipComments(old, edit.place)
  if (place !== undefined) {
    const change = changeAt(place, edit, root, plain[0] ?? root)
    const changed = change && document.change(change)
    if (changed !== undefined) yield changed
    else if (edit.kind === 'replace') yield text
  }
  yield* printedAround(document, edit, old, root)
}

function changeAt(place: readonly number[], edit: Edit, wanted: Branch, plain: Branch): Change | undefined {
  if (edit.kind === 'remove') return { kind: 'remove', place }
  const after = valuesTo(wanted, edit.place).at(-1)
  if (after === undefined || after.type === 'comment') return undefined
  if (edit.kind === 'replace') {
    const decrypted = valuesTo(plain, edit.place).at(-1)
    return {
      kind: 'replace',
      place,
      value: after,
      oneLine: !(decrypted?.type === 'str' && decrypted.value.includes('\n')),
    }
  }
  const entry = after.type === 'branch' || after.type === 'list' ? after.items.at(-1) : undefined
  return entry === undefined || entry.type === 'comment' ? undefined : { kind: 'append', place, entry }
}

/** Texts in which a collection around the change is printed anew. */
function* printedAround(document: Document, edit: Edit, old: Branch, wanted: Branch): Generator<Uint8Array> {
  const deepest = edit.kind === 'append' ? edit.place.length : edit.place.length - 1
  for (let depth = deepest; depth > Math.max(deepest - maxAncestors, 0); depth--) {
    const around = edit.place.slice(0, depth)
    const place = skipComments(old, around)
    const value = valuesTo(wanted, around).at(-1)
    if (place === undefined || value === undefined || !isNode(value)) continue
    const changed = document.change({ kind: 'replace', place, value })
    if (changed !== undefined) yield changed
  }
}

function isNode(value: Value): value is Node {
  return value.type !== 'comment'
}
