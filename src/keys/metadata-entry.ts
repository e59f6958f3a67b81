// Reading one key's entry of the metadata section. A field of the wrong type fails when it is asked for, so that fields
// which no backend knows are passed over, as sops does.
import { SopsError } from '../errors.ts'
import { toSeconds } from '../rfc3339.ts'
import type { MetadataField } from './types.ts'

export type MetadataEntry = Readonly<Record<string, MetadataField>>

/** '' when the field is missing. */
export function textField(entry: MetadataEntry, name: string): string {
  const field = entry[name] ?? ''
  if (typeof field === 'string') return field
  throw metadataError(`'${name}' expected type 'string', got unconvertible type 'map[string]interface {}'`)
}

/** Empty when the field is missing. */
export function mapField(entry: MetadataEntry, name: string): Readonly<Record<string, string>> {
  const field = entry[name] ?? {}
  if (typeof field !== 'string') return field
  throw metadataError(`'${name}' expected type 'map[string]*string', got unconvertible type 'string'`)
}

/** An RFC 3339 time without fraction. */
export function timeField(entry: MetadataEntry, name: string): string {
  const time = toSeconds(textField(entry, name))
  if (time === undefined) throw metadataError(`'${name}' is not an RFC 3339 time`)
  return time
}

export function metadataError(message: string): SopsError {
  return new SopsError('ERR_SOPS_METADATA_INVALID', message)
}
