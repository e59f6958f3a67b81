// A single JSON value, as sops' `set` reads it.

import { ParseError } from '../../errors.ts'
import type { Value } from '../../tree/types.ts'
import { readSource } from '../source.ts'
import { readJson } from './spans.ts'

/**
 * The value that a JSON text stands for. Objects keep their order and their duplicate keys, and numbers in them are
 * integers where they fit into 64 bits; a number on its own is a float, as in sops 3.13.3. Throws ParseError.
 */
export function parseJsonValue(json: string | Uint8Array): Value {
  const text = typeof json === 'string' ? json : readSource(json)
  if (!isJson(text)) throw new ParseError('json', 'the value is not valid JSON')
  const value = readJson(`{"":${text}}`).members[0]?.value ?? { type: 'null' }
  return value.type === 'int' || value.type === 'float' ? { type: 'float', value: Number(text) } : value
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
