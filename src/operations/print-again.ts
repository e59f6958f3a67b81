// An open file printed anew in another format or layout, under another data key.
import type { Cipher } from '../cipher/aes-gcm.ts'
import { SopsError, ValueError } from '../errors.ts'
import { encryptMac } from '../mac.ts'
import { emitMetadata } from '../metadata/codec.ts'
import type { Metadata } from '../metadata/types.ts'
import { now } from '../rfc3339.ts'
import { mapLeaves } from '../tree/walk.ts'
import { encryptLeaves } from './encryption-pass.ts'
import { decryptLeaves, load, type Opened } from './open.ts'
import type { Context } from './options.ts'
import { readBack } from './read-back.ts'

/** Throws SopsError ERR_SOPS_EMIT when the format cannot hold the tree, or what it holds would not open again; ValueError. */
export function printAgain(
  { branches, selector }: Opened,
  metadata: Metadata,
  cipher: Cipher,
  context: Context,
): Uint8Array {
  const options = { cipher, selector, macOnlyEncrypted: metadata.macOnlyEncrypted, allowUnencrypted: true, keep: false }
  const pass = encryptLeaves({ branches, dropped: [] }, options)
  const lastModified = now()
  const mac = encryptMac(pass.digest, lastModified, cipher)
  const section = { metadata: emitMetadata({ ...metadata, lastModified, mac }, context.backends) }
  const encrypted = mapLeaves(branches, (leaf) => pass.edits.get(leaf) ?? leaf)
  const text = context.output.emit(encrypted, context.layout ?? {}, section)
  if (context.input.singleValue || context.output.singleValue) return text
  const back = readBack(text, { store: context.output, pass, cipher, selector, keep: false })
  const settled = back.moved.size === 0 ? text : back.document.rewrite(back.moved, section)
  checkOpens(settled, pass.digest, { cipher, selector }, context)
  return settled
}

// A format without comments loses what a comment pattern hangs on, and some values in clear change their type.
function checkOpens(
  text: Uint8Array,
  digest: string,
  { cipher, selector }: Pick<Opened, 'cipher' | 'selector'>,
  context: Context,
): void {
  const { document, metadata } = load(text, { ...context, input: context.output })
  try {
    const found = decryptLeaves(document, metadata, { cipher, selector: selector(), context })
    if (found.digest === digest) return
  } catch (error) {
    if (!(error instanceof ValueError)) throw error
  }
  throw new SopsError('ERR_SOPS_EMIT', `as ${context.output.name} the file would not open again; nothing is written`, {
    hint: 'What decides which values are encrypted, or a value in clear, does not survive the change of format.',
  })
}
