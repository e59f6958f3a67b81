// What somebody did to a metadata section that was shown to be edited. Nothing in it is authenticated, so a master key
// counts as wanted only if it came in while the text was edited; entries that were there keep what they hold.
import { SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { findBackend } from '../keys/registry.ts'
import type { KeyGroup, MasterKey } from '../keys/types.ts'
import { readMetadata } from '../metadata/codec.ts'
import { withTimes } from '../metadata/hand-written.ts'
import { isSameKey } from '../metadata/key-identity.ts'
import type { Metadata } from '../metadata/types.ts'
import { now } from '../rfc3339.ts'
import type { Document } from '../stores/types.ts'
import type { Branch } from '../tree/types.ts'
import { fillKeys, renewKeys } from './master-keys.ts'
import type { Context } from './options.ts'

export interface Shown {
  readonly metadata: Metadata
  readonly dataKey: Uint8Array
  readonly host?: Host | undefined
}

/**
 * The text without the section, and the metadata that the section asks for.
 * @throws ParseError; SopsError ERR_SOPS_METADATA_MISSING, ERR_SOPS_METADATA_INVALID, ERR_SOPS_DATA_KEY_WRAP;
 * KeyBackendError
 */
export async function readSection(
  edited: Uint8Array,
  shown: Shown,
  context: Context,
): Promise<{ readonly plain: Uint8Array; readonly metadata: Metadata }> {
  const document = context.input.parse(edited)
  if (document.metadata === undefined || document.metadata.items.length === 0) {
    throw new SopsError('ERR_SOPS_METADATA_MISSING', 'sops metadata not found', {
      hint: 'Leave the sops section where it was, or edit without --show-master-keys.',
    })
  }
  checkCopies(document, document.metadata, edited)
  const wanted = readMetadata(withTimes(document.metadata, now()), context.backends)
  checkStays(wanted, shown.metadata)
  const keyGroups = await readKeys(wanted.keyGroups, shown, context)
  const { selection, macOnlyEncrypted } = wanted
  return { plain: document.rewrite(new Map()), metadata: { ...shown.metadata, keyGroups, selection, macOnlyEncrypted } }
}

// Each document of several has a copy of the section, of which only the first is read: an edit in another must not be lost.
function checkCopies(document: Document, metadata: Branch, edited: Uint8Array): void {
  if (document.branches.length < 2) return
  if (Buffer.compare(document.rewrite(new Map(), { metadata }), edited) === 0) return
  throw new SopsError('ERR_SOPS_METADATA_INVALID', 'the sops section is not the same in every document', {
    hint: 'Make the same change in each, in the style of the lines around it; or edit without --show-master-keys.',
  })
}

// None of these has a meaning that a hand could give it.
function checkStays(wanted: Metadata, shown: Metadata): void {
  if (wanted.mac !== shown.mac) throw fixed('mac')
  if (wanted.lastModified !== shown.lastModified) throw fixed('lastmodified')
  if (wanted.version !== shown.version) throw fixed('version')
  if (wanted.shamirThreshold !== shown.shamirThreshold) throw fixed('shamir_threshold', otherCommands)
  if (wanted.keyGroups.length !== shown.keyGroups.length) throw fixed('the number of key groups', otherCommands)
}

async function readKeys(wanted: readonly KeyGroup[], shown: Shown, context: Context): Promise<readonly KeyGroup[]> {
  const groups = wanted.map((group, index) => matchKeys(group, shown.metadata.keyGroups[index] ?? [], context))
  if (groups.some((group) => group.length === 0)) throw fixed('a key group without keys', otherCommands)
  const lacking = groups.flat().flatMap((each) => ('added' in each ? each.added : []))
  if (lacking.length === 0) return groups.map((group) => group.flatMap((each) => ('kept' in each ? each.kept : [])))
  // What the keys of one group of several hold is a share, which nobody here knows.
  if (groups.length > 1) throw fixed('a master key that is added to one of several key groups', otherCommands)
  const [renewed = []] = await renewKeys([await fillKeys(lacking, shown.host, context)], 0, shown.dataKey, context)
  const queue = [...renewed]
  return groups.map((group) => group.flatMap((each) => ('kept' in each ? each.kept : (queue.shift() ?? []))))
}

/** A key that was there, or one that is new. */
type Match = { readonly kept: MasterKey } | { readonly added: MasterKey }

function matchKeys(wanted: KeyGroup, shown: KeyGroup, context: Context): readonly Match[] {
  const left = [...shown]
  const matches: Match[] = []
  for (const key of wanted) {
    const index = left.findIndex((each) => isSameKey(each, key, context.backends))
    const [kept] = index < 0 ? [] : left.splice(index, 1)
    if (kept !== undefined) {
      if (entryOf(kept, context) !== entryOf(key, context)) throw fixed(`the entry of ${key.type} key ${key.id}`)
      matches.push({ kept })
    } else if (!matches.some((each) => isSameKey(keyOf(each), key, context.backends))) {
      matches.push({ added: key })
    }
  }
  return matches
}

function keyOf(match: Match): MasterKey {
  return 'kept' in match ? match.kept : match.added
}

function entryOf(key: MasterKey, { backends }: Context): string {
  return JSON.stringify(findBackend(key.type, backends)?.toMetadata(key))
}

const otherCommands = 'tsops updatekeys and tsops groups change key groups.'

function fixed(what: string, hint = 'Put it back as it was.'): SopsError {
  return new SopsError('ERR_SOPS_METADATA_INVALID', `sops section: ${what} cannot be changed by hand`, { hint })
}
