// The metadata section <-> Metadata. Names are sorted at every level and fields that nobody knows are dropped, as sops
// writes it; the snake_case names of the file stand here and nowhere else.
import { SopsError } from '../errors.ts'
import { distinctBackends } from '../keys/registry.ts'
import type { KeyBackend, KeyGroup, MasterKey, MetadataField } from '../keys/types.ts'
import { toSeconds } from '../rfc3339.ts'
import type { Branch, Item, List, Value } from '../tree/types.ts'
import { defaultSelection, type Metadata, type Selection, selectors } from './types.ts'
import { decodeBool, decodeInt, decodeMaps, decodeText, decodeTextMap, Fields } from './weak-decode.ts'

const selectorNames =
  'encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, encrypted_comment_regex, or unencrypted_comment_regex'

/** Throws SopsError ERR_SOPS_METADATA_MISSING or ERR_SOPS_METADATA_INVALID. The version is not judged: checkVersion does. */
export function readMetadata(branch: Branch | undefined, backends: readonly KeyBackend[]): Metadata {
  if (branch === undefined) throw new SopsError('ERR_SOPS_METADATA_MISSING', 'sops metadata not found')
  const fields = new Fields(branch)
  const shamirThreshold = decodeInt('shamir_threshold', fields.get('shamir_threshold'))
  const macOnlyEncrypted = decodeBool('mac_only_encrypted', fields.get('mac_only_encrypted'))
  const [mac, version] = ['mac', 'version'].map((name) => decodeText(name, fields.get(name)))
  const lastModified = readTime(decodeText('lastmodified', fields.get('lastmodified')))
  const keyGroups = readKeyGroups(fields, backends)
  const selection = readSelection(fields)
  return {
    keyGroups,
    shamirThreshold,
    selection,
    macOnlyEncrypted,
    mac: mac ?? '',
    lastModified,
    version: version ?? '',
  }
}

function readTime(text: string): string {
  const time = toSeconds(text)
  if (time !== undefined) return time
  throw invalid(
    text === ''
      ? 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'
      : "'lastmodified' is not an RFC 3339 time",
  )
}

function readSelection(fields: Fields): Selection {
  const set = selectors.flatMap((by): Selection[] => {
    const text = decodeText(by, fields.get(by))
    if (text === '') return []
    return [by === 'unencrypted_suffix' || by === 'encrypted_suffix' ? { by, suffix: text } : { by, pattern: text }]
  })
  if (set.length > 1) {
    throw invalid(`Cannot use more than one of ${selectorNames} in the same file`)
  }
  return set[0] ?? defaultSelection
}

function readKeyGroups(fields: Fields, backends: readonly KeyBackend[]): KeyGroup[] {
  const flat = readKeyGroup('', fields, backends)
  if (flat.length > 0) return [flat]
  const groups = decodeMaps('key_groups', fields.get('key_groups'))
  if (groups.length === 0) throw invalid('No keys found in file')
  return groups.map(([name, group]) => readKeyGroup(`${name}.`, new Fields(group), backends))
}

function readKeyGroup(prefix: string, fields: Fields, backends: readonly KeyBackend[]): KeyGroup {
  return distinctBackends(backends).flatMap((backend) =>
    decodeMaps(prefix + backend.type, fields.get(backend.type)).map(([name, entry]) => readKey(name, entry, backend)),
  )
}

function readKey(name: string, entry: Branch, backend: KeyBackend): MasterKey {
  try {
    return backend.fromMetadata(readEntry(name, entry))
  } catch (error) {
    if (!(error instanceof SopsError) || error.message.includes(name)) throw error
    throw new SopsError(error.code, `${name}: ${error.message}`, { cause: error })
  }
}

/** A field that is neither text nor a map of texts fails only when the backend asks for it: unknown ones are dropped. Null is as good as missing. */
function readEntry(name: string, entry: Branch): Readonly<Record<string, MetadataField>> {
  const record: Record<string, MetadataField> = {}
  for (const [field, value] of new Fields(entry).entries()) {
    if (value.type === 'null') continue
    const place = `${name}.${field}`
    const get = (): MetadataField =>
      value.type === 'branch' || value.type === 'list' ? decodeTextMap(place, value) : decodeText(place, value)
    Object.defineProperty(record, field, { get, enumerable: true })
  }
  return record
}

/** The section as sops writes it. */
export function emitMetadata(metadata: Metadata, backends: readonly KeyBackend[]): Branch {
  checkBackends(metadata.keyGroups, backends)
  const [first, ...others] = metadata.keyGroups
  const groups = metadata.keyGroups.map((group) => sorted(emitKeyGroup(group, backends, true)))
  const items: Item[] =
    others.length === 0 ? emitKeyGroup(first ?? [], backends, false) : [item('key_groups', list(groups))]
  const { selection, shamirThreshold } = metadata
  if (selection.by !== 'none') {
    const text = 'suffix' in selection ? selection.suffix : selection.pattern
    if (text !== '') items.push(item(selection.by, str(text)))
  }
  if (shamirThreshold !== 0) items.push(item('shamir_threshold', { type: 'int', value: BigInt(shamirThreshold) }))
  if (metadata.macOnlyEncrypted) items.push(item('mac_only_encrypted', { type: 'bool', value: true }))
  items.push(item('mac', str(metadata.mac)))
  items.push(item('lastmodified', str(metadata.lastModified)), item('version', str(metadata.version)))
  return sorted(items)
}

// A key that is left out would lock its owner out of the file.
function checkBackends(groups: readonly KeyGroup[], backends: readonly KeyBackend[]): void {
  const known = new Set(backends.map(({ type }) => type))
  const lost = groups.flat().find(({ type }) => !known.has(type))
  if (lost !== undefined) throw invalid(`there is no backend for master keys of the type ${lost.type}`)
}

function emitKeyGroup(group: KeyGroup, backends: readonly KeyBackend[], inGroups: boolean): Item[] {
  return distinctBackends(backends).flatMap((backend) => {
    const keys = group.filter(({ type }) => type === backend.type)
    if (keys.length === 0 && !(inGroups && backend.alwaysInGroup === true)) return []
    return [item(backend.type, list(keys.map((key) => emitFields(backend.toMetadata(key)))))]
  })
}

function emitFields(fields: Readonly<Record<string, MetadataField>>): Branch {
  return sorted(
    Object.entries(fields).map(([key, field]) => item(key, typeof field === 'string' ? str(field) : emitFields(field))),
  )
}

function sorted(items: readonly Item[]): Branch {
  return { type: 'branch', items: items.toSorted((a, b) => compareBytes(a.key, b.key)) }
}

// Go sorts by bytes; UTF-16 order differs from it for characters beyond the basic plane.
function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function item(key: string, value: Value): Item {
  return { type: 'item', key, value }
}

function list(items: readonly Value[]): List {
  return { type: 'list', items }
}

function str(value: string): Value {
  return { type: 'str', value }
}

function invalid(message: string): SopsError {
  return new SopsError('ERR_SOPS_METADATA_INVALID', message)
}
