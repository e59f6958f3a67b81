import type { KeyGroup, MasterKey } from '../keys/types.ts'
import { emitMetadata } from '../metadata/codec.ts'
import { identityOf } from '../metadata/key-identity.ts'
import type { CreationRule, Metadata } from '../metadata/types.ts'
import type { DecryptOptions } from './decrypt.ts'
import { fillKeys, isMalformed, renewKeys } from './master-keys.ts'
import { dataKeyOf, load } from './open.ts'
import { type Context, contextOf } from './options.ts'
import { writtenThreshold } from './threshold.ts'

export type KeyOptions = Omit<DecryptOptions, 'extract' | 'ignoreMac' | 'outputFormat' | 'layout'>

/** Who may open a file: the keys, and how many of their groups it takes (0: all; absent: as many as now). */
export type WantedKeys = Pick<CreationRule, 'keyGroups' | 'shamirThreshold'>

/** What updateKeys would change, group by group. */
export interface KeyChanges {
  readonly groups: readonly {
    readonly common: KeyGroup
    readonly added: KeyGroup
    readonly removed: KeyGroup
  }[]
  /** As the file has it and will have it; 0: none is written. */
  readonly shamirThreshold: { readonly before: number; readonly after: number }
  /** Whether there is anything to change. Another order of the keys is no change. */
  readonly any: boolean
}

/**
 * Compares the master keys of a file with those of `rule`. No key is needed.
 * @throws ParseError; KeyBackendError for a key whose version must be asked for; SopsError ERR_SOPS_METADATA_MISSING,
 * ERR_SOPS_METADATA_INVALID
 */
export async function compareKeys(file: Uint8Array, rule: WantedKeys, options: KeyOptions): Promise<KeyChanges> {
  const context = contextOf(options)
  const { metadata } = load(file, context)
  const wanted = await Promise.all(rule.keyGroups.map((group) => fillKeys(group, options.host, context)))
  const absentIn = (group: KeyGroup): ((key: MasterKey) => boolean) => {
    const present = new Set(group.map((key) => identityOf(key, context.backends)))
    return (key) => !present.has(identityOf(key, context.backends))
  }
  const groups = Array.from({ length: Math.max(metadata.keyGroups.length, wanted.length) }, (_, index) => {
    const [ours, theirs] = [metadata.keyGroups[index] ?? [], wanted[index] ?? []]
    const isNew = absentIn(ours)
    return {
      common: theirs.filter((key) => !isNew(key)),
      added: theirs.filter(isNew),
      removed: ours.filter(absentIn(theirs)),
    }
  })
  const shamirThreshold = { before: metadata.shamirThreshold, after: newThreshold(rule, metadata) }
  const any =
    shamirThreshold.before !== shamirThreshold.after ||
    groups.some(({ added, removed }) => added.length > 0 || removed.length > 0)
  return { groups, shamirThreshold, any }
}

// Of several groups all are needed where nobody says how many: what is written then is their number.
function newThreshold(rule: WantedKeys, metadata: Metadata): number {
  return Math.min(rule.shamirThreshold ?? metadata.shamirThreshold, rule.keyGroups.length)
}

/**
 * Encrypts the file's data key for the master keys of `rule` instead of those that it has. Values, MAC and selection
 * stay; whoever could read the file before still knows its data key: rotate changes that. Where file and rule have one
 * key group, the keys of both keep their entries.
 *
 * @throws as decrypt does, but the MAC is not checked (as in sops); KeyBackendError for a key whose version must be
 * asked for; SopsError ERR_SOPS_DATA_KEY_WRAP
 */
export async function updateKeys(file: Uint8Array, rule: WantedKeys, options: KeyOptions): Promise<Uint8Array> {
  const context = contextOf(options)
  const { document, metadata } = load(file, context)
  const wanted = await Promise.all(rule.keyGroups.map((group) => fillKeys(group, options.host, context)))
  const dataKey = await dataKeyOf(metadata, context)
  const shamirThreshold = writtenThreshold(newThreshold(rule, metadata), wanted)
  const keyGroups = await encryptFor(wanted, shamirThreshold, dataKey, { metadata, context })
  return document.rewrite(new Map(), {
    metadata: emitMetadata({ ...metadata, keyGroups, shamirThreshold }, context.backends),
    layout: document.layout,
  })
}

interface Present {
  readonly metadata: Metadata
  readonly context: Context
}

// Where there is one group, an entry that is there can stay: its owner's key need not be at hand.
async function encryptFor(
  wanted: readonly KeyGroup[],
  threshold: number,
  dataKey: Uint8Array,
  { metadata, context }: Present,
): Promise<readonly KeyGroup[]> {
  const [group = []] = wanted
  const [present = []] = metadata.keyGroups
  if (wanted.length !== 1 || metadata.keyGroups.length !== 1 || group.length === 0) {
    return renewKeys(wanted, threshold, dataKey, context)
  }
  const whole = present.filter((key) => !isMalformed(key, context))
  const entries = new Map(whole.map((key) => [identityOf(key, context.backends), key]))
  const kept = group.map((key) => entries.get(identityOf(key, context.backends)))
  const lacking = group.filter((_, index) => kept[index] === undefined)
  const renewed = lacking.length === 0 ? [] : await renewKeys([lacking], threshold, dataKey, context)
  const others = renewed.flat()[Symbol.iterator]()
  return [kept.flatMap((key) => key ?? others.next().value ?? [])]
}
