// A metadata section that stays as it is written but for a few values: the MAC and its time. Files of other releases and
// indentations then change in two lines, not in all of them.

import { SopsError } from '../errors.ts'
import type { Branch, Scalar } from '../tree/types.ts'
import { type FlatField, flatten } from './flatten.ts'
import { scalarText } from './scalar-text.ts'

export interface ChangedField extends FlatField {
  /** What stands there now. */
  readonly old: Scalar
}

/** The fields that differ; undefined when the sections do not have the same ones, or a new value takes several lines. */
export function changedFields(old: Branch, wanted: Branch): readonly ChangedField[] | undefined {
  const known = new Map(fieldsOf(old).map(({ key, value }) => [key, value]))
  const fields = fieldsOf(wanted)
  if (known.size !== fields.length) return undefined
  const changed: ChangedField[] = []
  for (const { key, value } of fields) {
    const before = known.get(key)
    if (before === undefined) return undefined
    if (scalarText(before) !== scalarText(value)) changed.push({ key, value, old: before })
  }
  return changed.some(({ value }) => scalarText(value).includes('\n')) ? undefined : changed
}

// A section in which two fields have one name is for sops to judge, and is printed anew.
function fieldsOf(section: Branch): readonly FlatField[] {
  try {
    return flatten(section)
  } catch (error) {
    if (error instanceof SopsError) return []
    throw error
  }
}
