import { planSet } from '../tree/edit.ts'
import type { Comment, Item, TreePath, Value } from '../tree/types.ts'
import { mapLeaves } from '../tree/walk.ts'
import { changeFile, type ChangeOptions } from './change.ts'

export interface SetOptions extends ChangeOptions {
  /** Gives the file itself when the value is there already, instead of one with a new MAC. */
  readonly idempotent?: boolean | undefined
}

/**
 * Sets a value in the first document of an encrypted file, as `sops set` does: a key that is there gets the new value, a
 * new one comes last in its mapping; an index beyond a list appends; missing levels are made, and what stands in the way
 * is replaced. Only the lines of the value change, and the MAC; all other ciphertexts stay. Whether the value is
 * encrypted is for the rules in the file to say.
 *
 * @param value parseJsonValue makes one of JSON
 * @returns the whole file; the same object where there is nothing to do
 * @throws as decrypt, and SopsError ERR_SOPS_PATH_SYNTAX (an empty path, a negative index), ERR_SOPS_PATH_MISSING (a key of a
 * list), ERR_SOPS_ALREADY_ENCRYPTED (a reserved name), ERR_SOPS_EMIT (the format cannot hold the value)
 */
export async function set(
  file: Uint8Array,
  path: TreePath,
  value: Exclude<Value, Comment>,
  options: SetOptions,
): Promise<Uint8Array> {
  return changeFile(file, options, (root, warn) => {
    const edit = planSet(root, path, withOwnLeaves(value))
    if (edit.kind !== 'none') return edit
    if (edit.reason === 'present') return options.idempotent === true ? undefined : edit
    warn('An index into a mapping names no place: nothing was set')
    return edit
  })
}

// Leaves are told apart by identity, and a caller may use one twice.
function withOwnLeaves(value: Value): Value {
  const holder: Item = { type: 'item', key: '', value }
  const [branch] = mapLeaves([{ type: 'branch', items: [holder] }], (leaf) => ({ ...leaf }))
  const [item] = branch?.items ?? []
  return item?.type === 'item' ? item.value : value
}
