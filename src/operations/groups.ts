// Key groups that are added to a file or taken from it. The data key stays; every key of every group gets a new share of
// it, or all of it where one group is left: so the keys of the file are judged here as for a new data key.
import { SopsError } from '../errors.ts'
import type { KeyGroup } from '../keys/types.ts'
import { emitMetadata } from '../metadata/codec.ts'
import { checkKeys, type KeyTrust } from './known-keys.ts'
import { fillKeys, renewKeys } from './master-keys.ts'
import { dataKeyOf, load } from './open.ts'
import { type Context, contextOf } from './options.ts'
import { neededGroups, writtenThreshold } from './threshold.ts'
import type { KeyOptions } from './update-keys.ts'

export interface GroupOptions extends KeyOptions, KeyTrust {
  /** How many groups it takes to open the file from now on; default: as many as before. */
  readonly shamirThreshold?: number | undefined
}

/**
 * Adds a key group. Values, MAC and selection stay, as in updateKeys.
 * @throws as decrypt does, but the MAC is not checked; SopsError ERR_SOPS_DATA_KEY_WRAP, also for a key of the file that
 * `rule` does not name
 */
export async function addGroup(file: Uint8Array, group: KeyGroup, options: GroupOptions): Promise<Uint8Array> {
  const context = contextOf(options)
  const filled = await fillKeys(group, options.host, context)
  return changeGroups(file, options, context, {
    change: (groups) => [...groups, filled],
    staying: (groups) => groups,
  })
}

/**
 * Takes a key group from a file; `index` counts from 0. Its members still know the data key: rotate changes that.
 * @throws as addGroup; SopsError ERR_SOPS_CONFLICT when there is no such group, or too few would be left
 */
export async function deleteGroup(file: Uint8Array, index: number, options: GroupOptions): Promise<Uint8Array> {
  return changeGroups(file, options, contextOf(options), {
    change: (groups) => groups.toSpliced(checkIndex(index, groups), 1),
    // Each key is judged by the group in which it stands.
    staying: (groups) => groups.with(index, []),
  })
}

interface GroupChange {
  readonly change: (groups: readonly KeyGroup[]) => readonly KeyGroup[]
  /** The groups of the file that get new shares, in their places. */
  readonly staying: (groups: readonly KeyGroup[]) => readonly KeyGroup[]
}

async function changeGroups(
  file: Uint8Array,
  options: GroupOptions,
  context: Context,
  { change, staying }: GroupChange,
): Promise<Uint8Array> {
  const { document, metadata } = load(file, context)
  const dataKey = await dataKeyOf(metadata, context)
  const groups = change(metadata.keyGroups)
  const given = options.shamirThreshold ?? 0
  const threshold = given === 0 ? metadata.shamirThreshold : given
  if (groups.length < metadata.keyGroups.length) checkPossible(threshold, groups.length)
  const needed = given === 0 ? neededGroups(threshold, groups) : undefined
  checkKeys({ groups: staying(metadata.keyGroups), needed }, options, context)
  const written = writtenThreshold(threshold, groups)
  const keyGroups = await renewKeys(groups, written, dataKey, context)
  return document.rewrite(new Map(), {
    metadata: emitMetadata({ ...metadata, keyGroups, shamirThreshold: written }, context.backends),
    layout: document.layout,
  })
}

function checkIndex(index: number, groups: readonly KeyGroup[]): number {
  if (index in groups) return index
  const count = groups.length === 1 ? 'one key group, 0' : `${groups.length} key groups, 0 to ${groups.length - 1}`
  throw new SopsError('ERR_SOPS_CONFLICT', `there is no key group ${index}: the file has ${count}`)
}

function checkPossible(threshold: number, count: number): void {
  if (threshold <= count) return
  throw new SopsError(
    'ERR_SOPS_CONFLICT',
    'removing this key group will make the Shamir threshold impossible to satisfy: ' +
      `Shamir threshold is ${threshold}, but we only have ${count} key groups`,
    { hint: 'Give a lower one with --shamir-secret-sharing-threshold.' },
  )
}
