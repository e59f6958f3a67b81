// The data key under its master keys: one group holds the key itself, several hold Shamir shares of it. Within a group
// every key wraps the same part, and the first that works opens it. For each key every key service is asked in turn.
import { DataKeyError, SopsError, type KeyGroupFailure } from '../errors.ts'
import { combineShares, ShamirError, splitSecret } from '../shamir.ts'
import type { DataKeyCache } from './data-key-cache.ts'
import { poolOf } from './pool.ts'
import type { KeyGroup, KeyService, MasterKey } from './types.ts'

const dataKeyLength = 32
// A key may take a process or a connection, and a file or rule may name thousands.
const maxEncryptions = 8

/**
 * Gives every key of every group its `enc`; a threshold of 0 means all groups. Throws SopsError ERR_SOPS_DATA_KEY_WRAP unless all of them succeed: a key
 * left without would lock its owner out.
 */
export async function encryptDataKey(
  groups: readonly KeyGroup[],
  threshold: number,
  dataKey: Uint8Array,
  keyServices: readonly KeyService[],
): Promise<KeyGroup[]> {
  if (keyServices.length === 0) throw noKeyServices()
  if (groups.length === 0) throw notWrapped(['no key groups provided'])
  if (groups.some((group) => group.length === 0)) throw notWrapped(['empty key group provided'])
  const parts = split(dataKey, groups, threshold)
  const inPool = poolOf(maxEncryptions)
  const results = await Promise.all(
    groups.map((group, index) =>
      Promise.all(group.map((key) => inPool(() => encryptPart(key, partOf(parts, index), keyServices)))),
    ),
  )
  const failures = results.flat(2).filter((result) => result instanceof SopsError)
  if (failures.length > 0)
    throw notWrapped(
      failures.map(({ message }) => message),
      failures,
    )
  return results.map((group) => group.filter((result): result is MasterKey => !Array.isArray(result)))
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

/** The key with its `enc`, or what each key service said. */
async function encryptPart(
  key: MasterKey,
  part: Uint8Array,
  keyServices: readonly KeyService[],
): Promise<MasterKey | readonly SopsError[]> {
  const failures: SopsError[] = []
  for (const service of keyServices) {
    try {
      return await service.encrypt(key, part)
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      const message = `failed to encrypt new data key with master key ${JSON.stringify(key.id)}: ${error.message}`
      failures.push(new SopsError(error.code, message, { cause: error, ...hintOf(error) }))
    }
  }
  return failures
}

const askNobody = 'There is no key service to ask: that of this machine is switched off, and no other is named.'

function noKeyServices(): SopsError {
  const message = 'Could not generate data key: [no key services provided, cannot update master keys]'
  return new SopsError('ERR_SOPS_DATA_KEY_WRAP', message, { hint: askNobody })
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
    for (const defect of results.flatMap(({ defects }) => defects)) throw defect
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
  /** In the order in which they are asked. */
  readonly keyServices: readonly KeyService[]
  readonly dataKeys?: DataKeyCache | undefined
  /** Whose data keys `dataKeys` holds: nobody is given another's. */
  readonly owner: object
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
  /** What no service should throw. It does not keep another key from opening the file, nor is it hidden when none does. */
  readonly defects: readonly unknown[]
}

// One after the other: a key may ask its owner for a passphrase, a touch or money.
async function openGroup(group: KeyGroup, access: DataKeyAccess): Promise<GroupResult> {
  const keys: KeyGroupFailure['keys'][number][] = []
  const defects: unknown[] = []
  let hint: string | undefined
  for (const key of group) {
    try {
      const part = await openKey(key, access)
      keys.push({ id: key.id, errors: [], recovered: true })
      return { part, keys, recovered: true, hint: undefined, defects: [] }
    } catch (error) {
      if (!(error instanceof KeyNotOpened)) {
        defects.push(error)
        continue
      }
      keys.push({ id: key.id, errors: error.failures.map(({ message }) => message), recovered: false })
      hint ??=
        error.failures.length === 0 ? askNobody : error.failures.find((failure) => failure.hint !== undefined)?.hint
    }
  }
  return { part: undefined, keys, recovered: false, hint, defects }
}

/** What each key service said. */
class KeyNotOpened extends Error {
  readonly failures: readonly SopsError[]
  constructor(failures: readonly SopsError[]) {
    super('no key service opened the key')
    this.failures = failures
  }
}

async function openKey(key: MasterKey, { keyServices, dataKeys, owner }: DataKeyAccess): Promise<Uint8Array> {
  const open = (): Promise<Uint8Array> => askInTurn(key, keyServices)
  return dataKeys === undefined ? open() : dataKeys.get(owner, key, open)
}

async function askInTurn(key: MasterKey, keyServices: readonly KeyService[]): Promise<Uint8Array> {
  const failures: SopsError[] = []
  for (const service of keyServices) {
    try {
      return await service.decrypt(key)
    } catch (error) {
      if (!(error instanceof SopsError)) throw error
      failures.push(error)
    }
  }
  throw new KeyNotOpened(failures)
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
