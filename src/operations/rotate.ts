import { randomBytes } from 'node:crypto'
import { Cipher } from '../cipher/aes-gcm.ts'
import { SopsError } from '../errors.ts'
import { encryptDataKey } from '../keys/key-group.ts'
import { findBackend } from '../keys/registry.ts'
import type { KeyGroup, MasterKey } from '../keys/types.ts'
import { encryptMac } from '../mac.ts'
import { emitMetadata } from '../metadata/codec.ts'
import { now } from '../rfc3339.ts'
import type { Leaf } from '../tree/types.ts'
import { walk } from '../tree/walk.ts'
import type { DecryptOptions } from './decrypt.ts'
import { resealLayout } from './layout-patch.ts'
import { type Opened, open } from './open.ts'
import { type Context, contextOf } from './options.ts'

export interface RotateOptions extends Omit<DecryptOptions, 'extract' | 'ignoreMac' | 'outputFormat' | 'layout'> {
  /** The keys that may open the rotated file. Without it the file's own keys are kept, each named in a warning. */
  readonly keyGroups?: readonly KeyGroup[] | undefined
}

/**
 * Encrypts every value anew with a new data key. The list of master keys in a file is not authenticated: anybody who can
 * write the file can add theirs. So a key that `keyGroups` does not name gets nothing, and one whose `enc` is no wrapped
 * data key stops the rotation.
 *
 * @throws as decrypt, and SopsError ERR_SOPS_DATA_KEY_WRAP
 */
export async function rotate(file: Uint8Array, options: RotateOptions): Promise<Uint8Array> {
  const context = contextOf(options)
  const opened = await open(file, context)
  const { metadata } = opened
  const keyGroups = options.keyGroups ?? trustedGroups(metadata.keyGroups, context)
  const dataKey = randomBytes(32)
  const threshold = Math.min(metadata.shamirThreshold, keyGroups.length)
  const wrapped = await encryptDataKey(keyGroups, threshold, dataKey, context.keyServices)
  const cipher = new Cipher(dataKey)
  const lastModified = now()
  const mac = encryptMac(opened.digest, lastModified, cipher)
  const renewed = { ...metadata, keyGroups: wrapped, shamirThreshold: threshold, lastModified, mac }
  return opened.document.rewrite(encryptAgain(opened, cipher), {
    metadata: emitMetadata(renewed, context.backends),
    layout: resealLayout(opened.document.layout, opened.cipher, cipher),
  })
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

function trustedGroups(groups: readonly KeyGroup[], { backends, warn }: Context): readonly KeyGroup[] {
  for (const key of groups.flat()) {
    if (findBackend(key.type, backends)?.isWrapped?.(key) === false) throw injected(key)
    warn(
      `The new data key is encrypted for ${key.type} key ${JSON.stringify(key.id)}, which only the file itself names`,
    )
  }
  return groups
}

function injected(key: MasterKey): SopsError {
  return new SopsError(
    'ERR_SOPS_DATA_KEY_WRAP',
    `${key.type} key ${JSON.stringify(key.id)} holds no encrypted data key: it may have been added by somebody who has none`,
    { hint: 'Remove the entry from the file, or name the keys that may read it.' },
  )
}
