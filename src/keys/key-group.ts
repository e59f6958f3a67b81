// The data key under its master keys: one group holds the key itself, several hold Shamir shares of it. Within a group
// every key wraps the same part, and the first that works opens it.
import { DataKeyError, KeyBackendError, SopsError, type KeyGroupFailure } from '../errors.ts'
import type { Host } from '../host.ts'
import { combineShares, ShamirError, splitSecret } from '../shamir.ts'
import type { DataKeyCache } from './data-key-cache.ts'
import type { KeyBackend, KeyGroup, MasterKey } from './types.ts'

const dataKeyLength = 32

/**
 * Gives every key of every group its `enc`; a threshold of 0 means all groups. Throws SopsError ERR_SOPS_DATA_KEY_WRAP unless all of them succeed: a key
 * left without would lock its owner out.
 */
export async function encryptDataKey(
  groups: readonly KeyGroup[],
  threshold: number,
  dataKey: Uint8Array,
  host: Host,
  backends: readonly KeyBackend[],
): Promise<KeyGroup[]> {
  if (groups.length === 0) throw notWrapped(['no key groups provided'])
  if (groups.some((group) => group.length === 0)) throw notWrapped(['empty key group provided'])
  const parts = split(dataKey, groups, threshold)
  const results = await Promise.all(
    groups.map((group, index) =>
      Promise.all(group.map((key) => encryptPart(key, partOf(parts, index), host, backends))),
    ),
  )
  const failures = results.flat().filter((result) => result instanceof SopsError)
  if (failures.length > 0)
    throw notWrapped(
      failures.map(({ message }) => message),
      failures,
    )
  return results.map((group) => group.filter((result): result is MasterKey => !(result instanceof SopsError)))
}

function split(dataKey: Uint8Array, groups: readonly KeyGroup[], threshold: number): readonly Uint8Array[] {
  if (groups.length === 1) return [dataKey]
  try {
    return splitSecret(dataKey, groups.length, threshold === 0 ? groups.length : threshold)
  } catch (error) {
    if (!(error instanceof ShamirError)) throw error
    throw notWrapped([`could not split data key into parts for Shamir: ${error.message}`])
  }
}

function partOf(parts: readonly Uint8Array[], index: number): Uint8Array {
  const part = parts[index]
  if (part === undefined) throw new Error('there are fewer shares than key groups')
  return part
}

async function encryptPart(
  key: MasterKey,
  part: Uint8Array,
  host: Host,
  backends: readonly KeyBackend[],
): Promise<MasterKey | SopsError> {
  try {
    return await backendOf(key, backends).encryptDataKey(key, part, host)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    const message = `failed to encrypt new data key with master key ${JSON.stringify(key.id)}: ${error.message}`
    return new SopsError(error.code, message, { cause: error, ...hintOf(error) })
  }
}

function notWrapped(reasons: readonly string[], failures: readonly SopsError[] = []): SopsError {
  const message = `Could not generate data key: [${reasons.join(' ')}]`
  const [first] = failures
  return new SopsError('ERR_SOPS_DATA_KEY_WRAP', message, first && { cause: first, ...hintOf(first) })
}

/**
 * The data key. Keys are tried in `order` of their types, then as they stand; with several groups all are tried.
 * Throws DataKeyError, which says key by key what went wrong, when too few groups give their part.
 */
export async function decryptDataKey(
  groups: readonly KeyGroup[],
  threshold: number,
  access: DataKeyAccess,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const results: GroupResult[] = []
  for (const group of groups) {
    const result = await openGroup(sortKeys(group, access.order), access)
    results.push(result)
    if (result.part !== undefined) parts.push(result.part)
  }
  if (parts.length < (groups.length > 1 ? threshold : 1)) {
    const message = `Error getting data key: ${threshold} successful groups required, got ${parts.length}`
    throw notRecovered(message, results, threshold)
  }
  const dataKey = groups.length > 1 ? combine(parts, results, threshold) : parts[0]
  if (dataKey?.length === dataKeyLength) return dataKey
  const message = `the data key has ${dataKey?.length ?? 0} bytes instead of ${dataKeyLength}`
  throw notRecovered(message, results, threshold)
}

/** What it takes to open a data key. */
export interface DataKeyAccess {
  /** The types of keys to try first. */
  readonly order: readonly string[]
  readonly host: Host
  readonly backends: readonly KeyBackend[]
  readonly dataKeys?: DataKeyCache | undefined
}

function sortKeys(group: KeyGroup, order: readonly string[]): KeyGroup {
  const place = ({ type }: MasterKey): number => {
    const index = order.lastIndexOf(type)
    return index < 0 ? order.length : index
  }
  return group.toSorted((a, b) => place(a) - place(b))
}

interface GroupResult extends KeyGroupFailure {
  readonly part: Uint8Array | undefined
  readonly hint: string | undefined
}

// One after the other: a key may ask its owner for a passphrase, a touch or money.
async function openGroup(group: KeyGroup, access: DataKeyAccess): Promise<GroupResult> {
  const keys: KeyGroupFailure['keys'][number][] = []
  let hint: string | undefined
  for (const key of group) {
    try {
      const part = await openKey(key, access)
      keys.push({ id: key.id, errors: [], recovered: true })
      return { part, keys, recovered: true, hint: undefined }
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      keys.push({ id: key.id, errors: [error.message], recovered: false })
      hint ??= error.hint
    }
  }
  return { part: undefined, keys, recovered: false, hint }
}

async function openKey(key: MasterKey, { host, backends, dataKeys }: DataKeyAccess): Promise<Uint8Array> {
  const backend = backendOf(key, backends)
  const open = (): Promise<Uint8Array | null> => backend.decryptDataKey(key, host)
  const part = await (dataKeys === undefined ? open() : dataKeys.get(host, key, open))
  if (part !== null) return part
  throw new KeyBackendError(key.type, key.id, 'no-credential', `no credential for ${key.type} keys was found`)
}

function backendOf(key: MasterKey, backends: readonly KeyBackend[]): KeyBackend {
  const backend = backends.find(({ type }) => type === key.type)
  if (backend !== undefined) return backend
  throw new KeyBackendError(key.type, key.id, 'not-installed', `there is no backend for ${key.type} keys`)
}

function combine(parts: readonly Uint8Array[], results: readonly GroupResult[], threshold: number): Uint8Array {
  try {
    return combineShares(parts)
  } catch (error) {
    if (!(error instanceof ShamirError)) throw error
    throw notRecovered(`could not get data key from shamir parts: ${error.message}`, results, threshold)
  }
}

function notRecovered(message: string, results: readonly GroupResult[], threshold: number): DataKeyError {
  const hint = results.find((result) => result.hint !== undefined)?.hint
  const groups = results.map(({ recovered, keys }) => ({ recovered, keys }))
  return new DataKeyError(message, groups, threshold, hint === undefined ? {} : { hint })
}

function hintOf(error: SopsError): { readonly hint?: string } {
  return error.hint === undefined ? {} : { hint: error.hint }
}
