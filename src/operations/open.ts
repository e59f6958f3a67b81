// From an encrypted text to its tree: data key, values, MAC.
import { Cipher } from '../cipher/aes-gcm.ts'
import type { IvStash } from '../cipher/iv-stash.ts'
import { SopsError, ValueError } from '../errors.ts'
import { decryptDataKey } from '../keys/key-group.ts'
import { Mac, verifyMac } from '../mac.ts'
import { readMetadata } from '../metadata/codec.ts'
import type { Metadata } from '../metadata/types.ts'
import { checkVersion } from '../metadata/version.ts'
import type { Document } from '../stores/types.ts'
import { compileSelection, type Selector } from '../tree/selection.ts'
import type { Branch, Leaf } from '../tree/types.ts'
import { mapLeaves, type Visit, walk } from '../tree/walk.ts'
import { applyLayout } from './layout-patch.ts'
import { checkBytes, type Context } from './options.ts'

/** An encrypted file whose data key is known and whose values are decrypted. */
export interface Opened {
  readonly document: Document
  readonly metadata: Metadata
  readonly dataKey: Uint8Array
  readonly cipher: Cipher
  readonly selector: () => Selector
  /** Each encrypted leaf and what it holds. */
  readonly edits: ReadonlyMap<Leaf, Leaf>
  /** The decrypted tree. */
  readonly branches: readonly Branch[]
  readonly digest: string
}

/** @throws ParseError; SopsError ERR_SOPS_METADATA_MISSING, ERR_SOPS_METADATA_INVALID */
export function load(file: Uint8Array, context: Context): { document: Document; metadata: Metadata } {
  checkBytes(file)
  const document = context.input.parse(file)
  if (document.metadata === undefined || document.metadata.items.length === 0) {
    throw new SopsError('ERR_SOPS_METADATA_MISSING', 'sops metadata not found', {
      hint: 'The file is not encrypted, or it was read in another format than it is in.',
    })
  }
  return { document, metadata: readMetadata(document.metadata, context.backends) }
}

export interface OpenOptions {
  readonly ignoreMac?: boolean | undefined
  /** Receives the IV of each value, for a later encryption under the same data key. */
  readonly stash?: IvStash
  /** What the audit is told of first. */
  readonly purpose?: 'rotate'
}

/** @throws as load; DataKeyError, ValueError, and SopsError ERR_SOPS_MAC unless `ignoreMac` */
export async function open(file: Uint8Array, context: Context, options: OpenOptions = {}): Promise<Opened> {
  const { document, metadata } = load(file, context)
  checkVersion(metadata.version)
  if (options.purpose !== undefined) await context.audit(options.purpose)
  const dataKey = await dataKeyOf(metadata, context)
  const selector = await compileSelection(metadata.selection)
  await context.audit('decrypt')
  const cipher = new Cipher(dataKey, options.stash)
  const { edits, digest } = decryptLeaves(document, metadata, { cipher, selector: selector(), context })
  if (options.ignoreMac !== true) verifyMac(digest, metadata, cipher)
  else context.warn('The MAC of this file was not checked: values may have been changed, moved, added or removed')
  // A file that keeps its source needs no second tree.
  let mapped: Branch[] | undefined
  return {
    ...{ document, metadata, dataKey, cipher, selector, edits, digest },
    get branches() {
      return (mapped ??= mapLeaves(document.branches, (leaf) => edits.get(leaf) ?? leaf))
    },
  }
}

/** @throws DataKeyError */
export function dataKeyOf(metadata: Metadata, context: Context): Promise<Uint8Array> {
  return decryptDataKey(metadata.keyGroups, metadata.shamirThreshold, context)
}

/** What a new MAC need not replace. A MAC that was not checked may be wrong: the new file gets one of its own. */
export function previousMac(
  { digest, metadata: { mac, lastModified } }: Opened,
  { ignoreMac }: OpenOptions,
): { readonly digest: string; readonly mac: string; readonly lastModified: string } | undefined {
  return ignoreMac === true ? undefined : { digest, mac, lastModified }
}

/** The plain text, in the layout of its author. */
export function restore(opened: Opened, context: Context): Uint8Array {
  const { document, cipher } = opened
  const restored = document.rewrite(opened.edits)
  if (document.layout === undefined) return restored
  return applyLayout(restored, opened.branches, { text: document.layout, cipher, store: context.input })
}

export interface DecryptionPass {
  readonly cipher: Cipher
  readonly selector: Selector
  readonly context: Context
}

/** What each encrypted leaf holds, and the hash of all values. Throws ValueError. */
export function decryptLeaves(
  document: Document,
  metadata: Metadata,
  pass: DecryptionPass,
): { edits: Map<Leaf, Leaf>; digest: string } {
  const edits = new Map<Leaf, Leaf>()
  const mac = new Mac(metadata.macOnlyEncrypted)
  walk(document.branches, pass.selector, (visit) => {
    const plain = visit.encrypted ? decryptLeaf(visit, pass) : visit.leaf
    if (plain.type !== 'comment') addToMac(plain, visit, mac)
    if (plain !== visit.leaf) edits.set(visit.leaf, plain)
  })
  for (const { comment, path } of document.dropped) {
    const plain = pass.cipher.decrypt(comment.value, `${path.join(':')}:`)
    if (!('failure' in plain) && plain.type === 'comment') edits.set(comment, plain)
  }
  return { edits, digest: mac.digest() }
}

function decryptLeaf(visit: Visit, { cipher, context }: DecryptionPass): Visit['leaf'] {
  const { leaf, aad } = visit
  if (leaf.type !== 'comment' && leaf.type !== 'str') {
    throw new ValueError(
      'ERR_SOPS_VALUE_DECRYPT',
      visit.path(),
      `expected an encrypted value, found one of type ${leaf.type}`,
    )
  }
  if (leaf.value === '') return leaf
  const plain = cipher.decrypt(leaf.value, aad)
  if (leaf.type === 'comment') {
    if (!('failure' in plain) && plain.type === 'comment') return { ...plain, inline: false }
    if (!('failure' in plain) && plain.type === 'str') return { type: 'comment', value: plain.value, inline: false }
    context.warn('Found possibly unencrypted comment in file. It is kept as it is.')
    return leaf
  }
  if ('failure' in plain) throw new ValueError('ERR_SOPS_VALUE_DECRYPT', visit.path(), plain.failure)
  return plain
}

function addToMac(plain: Exclude<Visit['leaf'], { type: 'comment' }>, visit: Visit, mac: Mac): void {
  try {
    mac.add(plain, visit.encrypted)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new ValueError('ERR_SOPS_VALUE_DECRYPT', visit.path(), cause.message)
  }
}
