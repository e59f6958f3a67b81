import { IvStash } from '../cipher/iv-stash.ts'
import { open, previousMac, restore } from './open.ts'
import { checkBytes, contextOf } from './options.ts'
import type { DecryptOptions } from './decrypt.ts'
import { parsePlain, seal } from './seal.ts'

/**
 * Encrypts a new plain text over an encrypted file: same data key, same master keys and selection, same ciphertext for
 * every value that is still at its path. When `newPlain` is what decrypt gives, the result is the file itself.
 *
 * @param file the encrypted file
 * @param newPlain the whole new plain text, in the format of the file
 * @throws as decrypt and encrypt do
 */
export async function update(
  file: Uint8Array,
  newPlain: Uint8Array,
  options: Omit<DecryptOptions, 'extract' | 'outputFormat' | 'layout'> & { readonly allowUnencrypted?: boolean },
): Promise<Uint8Array> {
  checkBytes(newPlain)
  const { format, host, backends, keyServices, order, dataKeys, onWarning, audit } = options
  const context = contextOf({ format, host, backends, keyServices, order, dataKeys, onWarning, audit })
  const opened = await open(file, context, { ignoreMac: options.ignoreMac, stash: new IvStash() })
  if (Buffer.compare(restore(opened, context), newPlain) === 0) return file
  const { cipher, selector, metadata } = opened
  const previous = previousMac(opened, options)
  const allowUnencrypted = options.allowUnencrypted === true
  await context.audit('encrypt')
  const plan = { cipher, selector, metadata, allowUnencrypted, previous }
  return seal(newPlain, parsePlain(newPlain, context), plan, context)
}
