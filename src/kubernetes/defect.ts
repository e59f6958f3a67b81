/** What is wrong with an object. It names the field, never the value. */
export interface Defect {
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** The path of the field, as fieldPath spells it. */
  readonly field: string
  /** The key of `data`, `stringData` or `binaryData`, where it is about one. */
  readonly key?: string
}

export function defect(field: string, message: string, key?: string): Defect {
  return { severity: 'error', field, message, ...(key !== undefined && { key }) }
}

export function doubt(field: string, message: string): Defect {
  return { severity: 'warning', field, message }
}
