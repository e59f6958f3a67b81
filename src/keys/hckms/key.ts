// HuaweiCloud KMS master keys: a region and the id of a key in it.
import { ConfigError } from '../../errors.ts'
import { now } from '../../rfc3339.ts'
import { textField, timeField, type MetadataEntry } from '../metadata-entry.ts'
import type { MasterKey, MetadataField } from '../types.ts'

/** `id` is `region:key`, as it was given. */
export interface HuaweiKey extends MasterKey {
  readonly type: 'hckms'
  readonly createdAt: string
}

export interface KeyPlace {
  readonly region: string
  readonly keyId: string
}

// The region becomes a part of the host's name, so it must not be able to name another host.
const regionPattern = /^(?=.{1,40}$)[a-z0-9]+(?:-[a-z0-9]+)*$/

/** Throws ConfigError. */
export function splitId(id: string): KeyPlace {
  const colon = id.indexOf(':')
  const [region, keyId] = [id.slice(0, Math.max(colon, 0)).trim(), id.slice(colon + 1).trim()]
  if (colon < 0) throw new ConfigError(`invalid key ID format: expected 'region:key-uuid', got ${JSON.stringify(id)}`)
  if (region === '') throw new ConfigError(`region cannot be empty in key ID: ${JSON.stringify(id)}`)
  if (keyId === '') throw new ConfigError(`key UUID cannot be empty in key ID: ${JSON.stringify(id)}`)
  if (regionPattern.test(region)) return { region, keyId }
  throw new ConfigError(`invalid region ${JSON.stringify(region)}`, undefined, {
    hint: 'A region looks like tr-west-1.',
  })
}

/** Throws ConfigError. */
export function parseIds(list: string): HuaweiKey[] {
  const ids = list.split(',').map((text) => text.trim())
  return ids.filter((id) => id !== '').map(newKey)
}

/** Throws ConfigError. */
export function parseEntry(entry: unknown): HuaweiKey[] {
  const id = typeof entry === 'object' && entry !== null && 'key_id' in entry ? entry.key_id : undefined
  if (typeof id === 'string') return [newKey(id)]
  throw new ConfigError('invalid hckms key configuration: an entry of a key group is a map with key_id')
}

function newKey(id: string): HuaweiKey {
  splitId(id)
  return { type: 'hckms', id, enc: '', createdAt: now() }
}

/** A file's key. Its id is looked at when the key is used: the file may have other keys. */
export function readKey(entry: MetadataEntry): HuaweiKey {
  return {
    type: 'hckms',
    id: textField(entry, 'key_id'),
    enc: textField(entry, 'enc'),
    createdAt: timeField(entry, 'created_at'),
  }
}

export function emitKey(key: HuaweiKey): Readonly<Record<string, MetadataField>> {
  return { key_id: key.id, created_at: key.createdAt, enc: key.enc }
}
