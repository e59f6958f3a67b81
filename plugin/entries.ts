// The keys of one Secret or ConfigMap, from several sources.
import { basename } from 'node:path'
import type { Layout } from '../src/index.ts'
import { decodeText } from '../src/kubernetes/config-map.ts'
import { isDataKey } from '../src/kubernetes/names.ts'
import { storeForPath } from '../src/stores/registry.ts'
import type { EncryptedFiles } from './encrypted-files.ts'
import type { Fields } from './fields.ts'
import { attempt, inOrder, type Place, Refusal, type Report } from './finding.ts'

export interface Entry {
  readonly key: string
  readonly value: Uint8Array
  readonly place: Place
  /** The encrypted file does not show the key: no message may. */
  readonly hidden?: boolean
}

/** What one source gives: where it is listed, and its entries. */
export type EntryReader = (source: string, report: Report) => Promise<readonly (readonly [string, Uint8Array])[]>

/** The entries of all sources that a field lists, in their order. `fileOf`: which file a source names. */
export async function readEntries(
  config: Fields,
  field: string,
  read: EntryReader,
  fileOf: (source: string) => string = (source) => source,
): Promise<readonly Entry[]> {
  const found = await inOrder(config.texts(field), config.report, async (source, report, index) => {
    const place = { ...config.at(field, index), file: fileOf(source) }
    const entries = await attempt(report, place, () => read(source, report))
    return (entries ?? []).map(([key, value]) => ({ key, value, place }))
  })
  return found.flat()
}

/**
 * One key, with the whole decrypted text of a file: `key=path`, or the path alone, whose last part is the key.
 * @param layout asks for the text that sops would print: what follows sops must give the same hash
 */
export function readWholeFiles(
  config: Fields,
  field: string,
  files: EncryptedFiles,
  layout?: Layout,
): Promise<readonly Entry[]> {
  const read: EntryReader = async (source, report) => {
    const { key, path } = splitSource(source)
    return [[key, await files.text(path, report, layout)]]
  }
  return readEntries(config, field, read, (source) => source.slice(source.indexOf('=') + 1))
}

/** Throws Refusal. */
function splitSource(source: string): { readonly key: string; readonly path: string } {
  const [first = '', second, ...more] = source.split('=')
  if (more.length > 0) throw new Refusal('a key and a path cannot hold a =')
  if (second === undefined) return { key: basename(first), path: first }
  if (first === '' || second === '') throw new Refusal('a key and a path are expected: key=path')
  return { key: first, path: second }
}

/**
 * Entries whose keys were read from a decrypted text. A dotenv file shows them in clear; of any other, what stands before
 * a = may be a part of the secret, such as a token that ends with one.
 */
export async function readVariables(
  config: Fields,
  read: (path: string, report: Report) => Promise<readonly (readonly [string, Uint8Array])[]>,
): Promise<readonly Entry[]> {
  const isHidden = (path: string | undefined): boolean => storeForPath(path ?? '').name !== 'dotenv'
  const entries = await readEntries(config, 'envs', async (path, report) => {
    const found = await read(path, report)
    if (isHidden(path) && !found.every(([key]) => isDataKey(key))) {
      throw new Refusal('Kubernetes takes letters, digits, -, _ and . in keys only')
    }
    return found
  })
  return entries.map((entry) => ({ ...entry, hidden: isHidden(entry.place.file) }))
}

/** The text of UTF-8. Throws Refusal. */
export function strictText(bytes: Uint8Array): string {
  const text = decodeText(bytes)
  if (text === undefined) throw new Refusal('the decrypted text is not valid UTF-8')
  return text
}

/**
 * The entries by key, the last one where a key stands twice: which is an error, or, where another program is followed
 * that does not mind, a warning.
 */
export function joinEntries(
  entries: readonly Entry[],
  report: Report,
  collision: 'error' | 'warning',
): ReadonlyMap<string, Entry> {
  const joined = new Map<string, Entry>()
  for (const entry of entries) {
    const { key, place } = entry
    const known = joined.get(key)
    const other = known?.place.file
    const name = entry.hidden === true || known?.hidden === true ? 'a key' : `the key ${JSON.stringify(key)}`
    const message = `${name} stands in ${other === place.file ? 'this file twice' : `${other ?? ''}, too`}`
    if (joined.has(key) && collision === 'error') report.error(message, place)
    else if (joined.has(key)) report.warn(`${message}; the last one counts`, place)
    joined.set(key, entry)
  }
  return joined
}

/** Where each key came from. */
export function placesOf(...all: readonly ReadonlyMap<string, Entry>[]): ReadonlyMap<string, Place> {
  return new Map(all.flatMap((entries) => Array.from(entries, ([key, { place }]) => [key, place] as const)))
}
