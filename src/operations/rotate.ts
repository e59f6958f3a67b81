import { randomBytes } from 'node:crypto'
import { Cipher } from '../cipher/aes-gcm.ts'
import { encryptDataKey } from '../keys/key-group.ts'
import type { KeyGroup, MasterKey } from '../keys/types.ts'
import { encryptMac } from '../mac.ts'
import { emitMetadata } from '../metadata/codec.ts'
import type { Metadata } from '../metadata/types.ts'
import { now } from '../rfc3339.ts'
import type { Leaf } from '../tree/types.ts'
import { walk } from '../tree/walk.ts'
import type { DecryptOptions } from './decrypt.ts'
import { checkKeys, type KeyTrust } from './known-keys.ts'
import { resealLayout } from './layout-patch.ts'
import { addKeys, fillKeys, type KeyName, removeKeys } from './master-keys.ts'
import { type Opened, open } from './open.ts'
import { type Context, contextOf, keepsSource } from './options.ts'
import { printAgain } from './print-again.ts'
import { neededGroups, writtenThreshold } from './threshold.ts'

export interface RotateOptions extends Omit<DecryptOptions, 'extract'>, KeyTrust {
  /** The keys that may open the rotated file, instead of those that it has. */
  readonly keyGroups?: readonly KeyGroup[] | undefined
  /** How many of `keyGroups` it takes; default: as many as before. */
  readonly shamirThreshold?: number | undefined
  /** More keys for the first group. */
  readonly addKeys?: KeyGroup | undefined
  /** Keys that no group is to have. One that is not there is told of in a warning; a mere name that is not, is an error. */
  readonly removeKeys?: readonly (KeyName | MasterKey)[] | undefined
}

/**
 * Encrypts every value anew with a new data key, and keeps every other byte unless another format or layout is asked for.
 * The list of master keys in a file is not authenticated: anybody who can write the file can add theirs. So unless
 * `keyGroups` says it all, a key that neither `rule` nor `addKeys` names stops the rotation; without a rule it is kept,
 * with a warning, if its `enc` looks like an encrypted data key.
 *
 * @throws as decrypt; KeyBackendError for a key whose version must be asked for; ConfigError for a name in `removeKeys`
 * that is not there; SopsError ERR_SOPS_DATA_KEY_WRAP
 */
export async function rotate(file: Uint8Array, options: RotateOptions): Promise<Uint8Array> {
  const context = contextOf(options)
  const opened = await open(file, context, { ignoreMac: options.ignoreMac, purpose: 'rotate' })
  const { keyGroups, shamirThreshold } = await chooseKeys(opened.metadata, options, context)
  const dataKey = randomBytes(32)
  const wrapped = await encryptDataKey(keyGroups, shamirThreshold, dataKey, context.keyServices)
  await context.audit('encrypt')
  const cipher = new Cipher(dataKey)
  const metadata = { ...opened.metadata, keyGroups: wrapped, shamirThreshold }
  if (!keepsSource(context)) return printAgain(opened, metadata, cipher, context)
  const lastModified = now()
  const mac = encryptMac(opened.digest, lastModified, cipher)
  return opened.document.rewrite(encryptAgain(opened, cipher), {
    metadata: emitMetadata({ ...metadata, lastModified, mac }, context.backends),
    layout: resealLayout(opened.document.layout, opened.cipher, cipher),
  })
}

async function chooseKeys(
  metadata: Metadata,
  options: RotateOptions,
  context: Context,
): Promise<Pick<Metadata, 'keyGroups' | 'shamirThreshold'>> {
  const added = options.addKeys ?? []
  const more = addKeys(options.keyGroups ?? metadata.keyGroups, await fillKeys(added, options.host, context), context)
  const keyGroups = removeKeys(more, options.removeKeys ?? [], context)
  const present = metadata.shamirThreshold
  if (options.keyGroups === undefined) {
    checkKeys({ groups: keyGroups, needed: neededGroups(present, keyGroups), added }, options, context)
    return { keyGroups, shamirThreshold: writtenThreshold(present, keyGroups) }
  }
  const threshold = Math.min(options.shamirThreshold ?? present, keyGroups.length)
  return { keyGroups, shamirThreshold: writtenThreshold(threshold, keyGroups) }
}

function encryptAgain({ document, edits, selector }: Opened, cipher: Cipher): Map<Leaf, Leaf> {
  const renewed = new Map<Leaf, Leaf>()
  const renew = (leaf: Leaf, aad: string): void => {
    const plain = edits.get(leaf)
    if (plain === undefined || plain.type === 'null' || leaf.type === 'null') return
    const value = cipher.encrypt(plain, aad)
    renewed.set(leaf, leaf.type === 'comment' ? { ...leaf, value } : { type: 'str', value })
  }
  walk(document.branches, selector(), ({ leaf, aad }) => {
    renew(leaf, aad)
  })
  for (const { comment, path } of document.dropped) renew(comment, `${path.join(':')}:`)
  return renewed
}
