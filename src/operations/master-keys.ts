// The master keys of a file as somebody wants them, and a data key encrypted for them.
import { ConfigError, SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { encryptDataKey } from '../keys/key-group.ts'
import { findBackend } from '../keys/registry.ts'
import type { KeyGroup, MasterKey } from '../keys/types.ts'
import { identityOf, keyMatcher, openFieldOf } from '../metadata/key-identity.ts'
import { nodeHost } from '../node-host.ts'
import type { Context } from './options.ts'

/** The keys with what a rule or flag left open. Throws KeyBackendError. */
export function fillKeys(keys: KeyGroup, host: Host | undefined, { backends }: Context): Promise<KeyGroup> {
  return Promise.all(
    keys.map(async (key) => {
      if (openFieldOf(key, backends) === undefined) return key
      return (await findBackend(key.type, backends)?.openField?.fill(key, host ?? nodeHost())) ?? key
    }),
  )
}

/** The first group with more keys, each once. */
export function addKeys(groups: readonly KeyGroup[], keys: KeyGroup, { backends }: Context): readonly KeyGroup[] {
  const [first = [], ...others] = groups
  const present = new Set(first.map((key) => identityOf(key, backends)))
  const lacking = new Map(keys.map((key) => [identityOf(key, backends), key]))
  for (const identity of present) lacking.delete(identity)
  return [[...first, ...lacking.values()], ...others]
}

/** Enough to find a key in a file: its id may be one that no flag or rule would take. */
export type KeyName = Pick<MasterKey, 'type' | 'id'>

/** Every group without some keys. A key that is nowhere is told of; a mere name that is nowhere throws ConfigError. */
export function removeKeys(
  groups: readonly KeyGroup[],
  keys: readonly (KeyName | MasterKey)[],
  context: Context,
): readonly KeyGroup[] {
  for (const named of keys) {
    const isMeant = matcher([named], context)
    if (groups.some((group) => group.some(isMeant))) continue
    // A text that is no key may be anything, also an identity.
    if (!('enc' in named)) throw new ConfigError(`there is no ${named.type} key of that name in the file`)
    const name = JSON.stringify(named.id)
    context.warn(`There is no ${named.type} key ${name} in the file: nothing is removed for it`)
  }
  const isMeant = matcher(keys, context)
  return groups.map((group) => group.filter((key) => !isMeant(key)))
}

function matcher(keys: readonly (KeyName | MasterKey)[], { backends }: Context): (key: MasterKey) => boolean {
  const nameOf = ({ type, id }: KeyName): string => JSON.stringify([type, id])
  const names = new Set(keys.map(nameOf))
  const isSame = keyMatcher(
    keys.filter((key) => 'enc' in key),
    backends,
  )
  return (key) => names.has(nameOf(key)) || isSame(key)
}

// The characters that the 32 bytes of a data key take in base64, before anything is encrypted.
const shortest = 43

/** Whether `enc` cannot be a data key that was encrypted for this kind of key. */
export function isMalformed(key: MasterKey, { backends }: Context): boolean {
  const isWrapped = findBackend(key.type, backends)?.isWrapped?.(key)
  return isWrapped === false || (isWrapped === true && key.enc.length < shortest)
}

/** A data key under new master keys. `reason`: what sops says of a failure here. Throws as encryptDataKey. */
export async function renewKeys(
  groups: readonly KeyGroup[],
  threshold: number,
  dataKey: Uint8Array,
  { keyServices }: Context,
  reason = 'error updating one or more master keys',
): Promise<KeyGroup[]> {
  try {
    return await encryptDataKey(groups, threshold, dataKey, keyServices)
  } catch (error) {
    if (!(error instanceof SopsError) || error.code !== 'ERR_SOPS_DATA_KEY_WRAP') throw error
    const message = error.message.replace(/^Could not generate data key/, reason)
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    throw new SopsError(error.code, message, { cause: error, ...hint })
  }
}
