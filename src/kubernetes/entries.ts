// What a decrypted document gives to a Secret, or to a directory of files: one entry per key. A message names the key,
// never the value.
import { SopsError } from '../errors.ts'
import { scalarText } from '../stores/scalar-text.ts'
import { scalarsOf } from '../tree/kinds.ts'
import type { Branch, Scalar, Value } from '../tree/types.ts'
import { decodeBase64 } from './base64.ts'
import { fieldAt, fieldPath, itemsOf, textAt } from './object.ts'

export interface Entry {
  readonly key: string
  readonly value: Uint8Array
}

/** Whether a document is a Secret of its own. */
export function isSecret(branch: Branch | undefined): boolean {
  return textAt(branch, 'apiVersion') === 'v1' && textAt(branch, 'kind') === 'Secret'
}

/** The entries of a Secret: `data`, and `stringData`, which wins. Throws SopsError ERR_SOPS_MANIFEST. */
export function secretEntries(secret: Branch): readonly Entry[] {
  const entries = new Map<string, Uint8Array>()
  for (const { key, value } of itemsOf(fieldAt(secret, 'data'))) {
    // The API server takes null for no value.
    if (value.type !== 'null') entries.set(key, decode(key, value))
  }
  for (const { key, value } of itemsOf(fieldAt(secret, 'stringData'))) {
    if (value.type === 'null') continue
    if (value.type !== 'str') throw invalid(fieldPath('stringData', key), 'is not a string')
    entries.set(key, Buffer.from(value.value))
  }
  return [...entries].map(([key, value]) => ({ key, value }))
}

function decode(key: string, value: Value): Uint8Array {
  const bytes = value.type === 'str' ? decodeBase64(value.value) : undefined
  if (bytes === undefined) throw invalid(fieldPath('data', key), 'is not base64')
  return bytes
}

/**
 * The entries of any other document, in order.
 * @param separator joins the keys of what is nested; undefined: it is an error
 * @throws SopsError ERR_SOPS_MANIFEST
 */
export function documentEntries(document: Branch, separator: string | undefined): readonly Entry[] {
  const entries = new Map<string, Uint8Array>()
  const enter = (name: string): void => {
    if (separator === undefined) throw invalid(name, 'holds more than one value')
  }
  for (const { path, value } of scalarsOf(document, enter)) {
    const key = path.join(separator ?? '')
    if (entries.has(key)) throw invalid(fieldPath(...path), 'gives a key that another value has, too')
    entries.set(key, bytesOf(value, key))
  }
  return [...entries].map(([key, value]) => ({ key, value }))
}

function bytesOf(value: Scalar, key: string): Uint8Array {
  if (value.type === 'null') throw invalid(key, 'is null')
  return value.type === 'bytes' ? value.value : Buffer.from(scalarText(value))
}

/** `field`: where it is. */
export function invalid(field: string, what: string): SopsError {
  return new SopsError('ERR_SOPS_MANIFEST', `${field} ${what}`)
}
