import { SopsError } from '../errors.ts'
import { planUnset } from '../tree/edit.ts'
import type { TreePath } from '../tree/types.ts'
import { changeFile, type ChangeOptions } from './change.ts'

export interface UnsetOptions extends ChangeOptions {
  /** Gives the file itself when there is nothing at the path, instead of an error. */
  readonly idempotent?: boolean | undefined
}

/**
 * Removes a key or a list element from the first document of an encrypted file, as `sops unset` does. Its lines go, with
 * what stands behind the value on the same line; comments on lines of their own stay, but for INI, where a comment
 * belongs to the key or section below it. A mapping or list that is left empty becomes `{}` or `[]`.
 *
 * @returns the whole file; the same object where there is nothing to do
 * @throws as set; SopsError ERR_SOPS_PATH_MISSING when there is nothing at the path; ValueError when a value that is
 * encrypted would stand in clear, because a comment above what is removed would come to stand above it
 */
export async function unset(file: Uint8Array, path: TreePath, options: UnsetOptions): Promise<Uint8Array> {
  return changeFile(file, options, (root) => {
    const edit = planUnset(root, path)
    if (edit.kind !== 'missing') return edit
    if (options.idempotent === true) return undefined
    throw new SopsError('ERR_SOPS_PATH_MISSING', edit.message)
  })
}
