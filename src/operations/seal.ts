// From a plain text to an encrypted one, under a data key that is already there.
import type { Cipher } from '../cipher/aes-gcm.ts'
import { SopsError } from '../errors.ts'
import { encryptMac } from '../mac.ts'
import { emitMetadata } from '../metadata/codec.ts'
import type { Metadata } from '../metadata/types.ts'
import { now } from '../rfc3339.ts'
import type { Document, Store } from '../stores/types.ts'
import type { Selector } from '../tree/selection.ts'
import { mapLeaves } from '../tree/walk.ts'
import { encryptLeaves } from './encryption-pass.ts'
import { sealLayout } from './layout-patch.ts'
import { checkBytes, type Context, keepsSource } from './options.ts'
import { readBack } from './read-back.ts'
import { settle } from './settle.ts'

export interface Seal {
  readonly cipher: Cipher
  readonly selector: () => Selector
  readonly metadata: Omit<Metadata, 'mac' | 'lastModified'>
  readonly allowUnencrypted: boolean
  /** The MAC of the file as it was: kept, with its time, when the values are still the same. */
  readonly previous?: { readonly digest: string; readonly mac: string; readonly lastModified: string } | undefined
}

/**
 * Reads a plain text.
 * @throws ParseError; SopsError ERR_SOPS_EMPTY, ERR_SOPS_ALREADY_ENCRYPTED
 */
export function parsePlain(plain: Uint8Array, context: Context): Document {
  checkBytes(plain)
  const { input, output } = context
  const document = parseUnsealed(plain, input)
  if (document.branches.length === 0) {
    throw new SopsError('ERR_SOPS_EMPTY', 'File cannot be completely empty, it must contain at least one document')
  }
  if (document.metadata !== undefined || output.hasReservedKey(document.branches)) throw alreadyEncrypted()
  return document
}

// Whatever stands under the name of the metadata, it is not the user's to encrypt.
function parseUnsealed(plain: Uint8Array, input: Store): Document {
  try {
    return input.parsePlain === undefined ? input.parse(plain) : input.parsePlain(plain)
  } catch (error) {
    throw error instanceof SopsError && error.code === 'ERR_SOPS_METADATA_INVALID' ? alreadyEncrypted() : error
  }
}

function alreadyEncrypted(): SopsError {
  return new SopsError(
    'ERR_SOPS_ALREADY_ENCRYPTED',
    "The file has a top-level entry called 'sops' (dotenv: keys that start with 'sops_'), so it is already encrypted.",
    { hint: 'Decrypt it first, or give the entry another name: the name is reserved for the metadata.' },
  )
}

/** The encrypted text. Throws ValueError, SopsError ERR_SOPS_NOTHING_ENCRYPTED and ERR_SOPS_EMIT. */
export function seal(plain: Uint8Array, parsed: Document, options: Seal, context: Context): Uint8Array {
  const { selector, cipher } = options
  const { macOnlyEncrypted, selection } = options.metadata
  const keep = keepsSource(context)
  // Where comments decide what is encrypted, their places must be known before.
  const document = keep && selection.by.includes('comment') ? settle(parsed, selector) : parsed
  const pass = encryptLeaves(document, { ...options, macOnlyEncrypted, keep, textOnly: context.output.textOnly })
  const metadata = emitMetadata({ ...options.metadata, ...stamp(pass.digest, options) }, context.backends)
  const print = (): Uint8Array => {
    const branches = mapLeaves(document.branches, (leaf) => pass.edits.get(leaf) ?? leaf)
    return context.output.emit(branches, context.layout ?? {}, { metadata })
  }
  const text = keep ? document.rewrite(pass.edits, { metadata }) : print()
  if (context.input.singleValue || context.output.singleValue) return text
  const back = readBack(text, { store: context.output, pass, cipher, selector, keep })
  const layout = keep ? sealLayout(back.document.rewrite(back.plain), plain, cipher) : undefined
  return back.moved.size === 0 && layout === undefined ? text : back.document.rewrite(back.moved, { metadata, layout })
}

function stamp(digest: string, options: Seal): Pick<Metadata, 'mac' | 'lastModified'> {
  if (options.previous?.digest === digest) return options.previous
  const lastModified = now()
  return { lastModified, mac: encryptMac(digest, lastModified, options.cipher) }
}
