// A file that somebody edits as plain text: opened once, encrypted again under the same data key when the text comes back.
import { randomBytes } from 'node:crypto'
import { Cipher } from '../cipher/aes-gcm.ts'
import { IvStash } from '../cipher/iv-stash.ts'
import { SopsError } from '../errors.ts'
import { emitMetadata } from '../metadata/codec.ts'
import type { CreationRule, Metadata } from '../metadata/types.ts'
import { isNewer } from '../metadata/version.ts'
import { now } from '../rfc3339.ts'
import { isEmpty } from '../tree/scalar.ts'
import { compileSelection } from '../tree/selection.ts'
import { walk } from '../tree/walk.ts'
import type { DecryptOptions } from './decrypt.ts'
import { readSection } from './edited-section.ts'
import { effectiveRule } from './encrypt.ts'
import { renewKeys } from './master-keys.ts'
import { type Opened, open, previousMac, restore } from './open.ts'
import { type Context, contextOf, keepsSource } from './options.ts'
import { parsePlain, type Seal, seal } from './seal.ts'
import { writtenThreshold } from './threshold.ts'
import { sopsVersion } from './version.ts'

export interface EditOptions extends Omit<DecryptOptions, 'extract'> {
  /** Accepts a text of which every value would be left in clear. */
  readonly allowUnencrypted?: boolean | undefined
  /**
   * Shows the metadata section with the text. A master key that is added there gets the data key, one that is removed
   * loses it, and what decides which values are encrypted can be changed; all else in it must stay.
   */
  readonly showMetadata?: boolean | undefined
}

export interface Edit {
  /** What is to be edited, in the output format. */
  readonly text: Uint8Array
  /**
   * The encrypted file for an edited text. May be called again, with another text.
   * @throws as encrypt does; SopsError ERR_SOPS_METADATA_MISSING and ERR_SOPS_METADATA_INVALID for the section
   */
  finish(edited: Uint8Array): Promise<Uint8Array>
}

/**
 * Opens an encrypted file. Values that are still at their paths keep their ciphertext.
 * @throws as decrypt does; SopsError ERR_SOPS_EMIT when the metadata cannot be shown with the text
 */
export async function editFile(file: Uint8Array, options: EditOptions): Promise<Edit> {
  const context = contextOf(options)
  const opened = await open(file, context, { ignoreMac: options.ignoreMac, stash: new IvStash() })
  const { cipher, dataKey, metadata } = opened
  const text = keepsSource(context)
    ? restore(opened, context)
    : context.output.emit(opened.branches, context.layout ?? {})
  const previous = previousMac(opened, options)
  const allowUnencrypted = options.allowUnencrypted === true || isUnencrypted(opened)
  const subject = { cipher, dataKey, metadata, previous, allowUnencrypted }
  return makeEdit(text, subject, options, context)
}

/**
 * A file that is not there yet: the text that it starts with, and the data key that the master keys of `rule` already
 * have. Both formats are the output's.
 * @throws as encrypt does
 */
export async function editNew(template: Uint8Array, rule: CreationRule, options: EditOptions): Promise<Edit> {
  const context = contextOf({ ...options, format: options.outputFormat ?? options.format })
  const { selection, macOnlyEncrypted } = effectiveRule(rule, context)
  await compileSelection(selection)
  const { branches } = parsePlain(template, context)
  const text = keepsSource(context) ? template : context.output.emit(branches, context.layout ?? {})
  const dataKey = randomBytes(32)
  const shamirThreshold = writtenThreshold(rule.shamirThreshold ?? 0, rule.keyGroups)
  const keyGroups = await renewKeys(rule.keyGroups, shamirThreshold, dataKey, context, wrapFailure)
  const stamp = { mac: '', lastModified: now(), version: sopsVersion }
  const metadata = { keyGroups, shamirThreshold, selection, macOnlyEncrypted, ...stamp }
  const allowUnencrypted = options.allowUnencrypted === true
  const subject = { cipher: new Cipher(dataKey), dataKey, metadata, previous: undefined, allowUnencrypted }
  return makeEdit(text, subject, options, context)
}

// Not what sops says when a file is encrypted.
const wrapFailure = 'Error encrypting the data key with one or more master keys'

interface Subject extends Pick<Seal, 'cipher' | 'previous' | 'allowUnencrypted'> {
  readonly dataKey: Uint8Array
  readonly metadata: Metadata
}

function makeEdit(text: Uint8Array, subject: Subject, options: EditOptions, context: Context): Edit {
  // The edited text has its own layout and is in the format in which it was shown.
  const edited = { ...context, input: context.output, layout: undefined }
  const showMetadata = options.showMetadata === true
  return {
    text: showMetadata ? withSection(text, subject.metadata, edited) : text,
    async finish(bytes) {
      const { plain, metadata } = showMetadata
        ? await readSection(bytes, { ...subject, host: options.host }, edited)
        : { plain: bytes, metadata: subject.metadata }
      const document = parsePlain(plain, edited)
      const selector = await compileSelection(metadata.selection)
      const version = isNewer(sopsVersion, metadata.version) ? sopsVersion : metadata.version
      await context.audit('encrypt')
      return seal(plain, document, { ...subject, selector, metadata: { ...metadata, version } }, edited)
    },
  }
}

function withSection(text: Uint8Array, metadata: Metadata, context: Context): Uint8Array {
  const shown = parsePlain(text, context).rewrite(new Map(), { metadata: emitMetadata(metadata, context.backends) })
  if (Buffer.compare(context.input.parse(shown).rewrite(new Map()), text) === 0) return shown
  throw new SopsError('ERR_SOPS_EMIT', 'the text of this file cannot be shown with its metadata and stay as it is', {
    hint: 'Edit it without --show-master-keys.',
  })
}

// A file that somebody made with --allow-unencrypted need not say so at every edit.
function isUnencrypted({ document, selector }: Opened): boolean {
  const count = { clear: 0, encrypted: 0 }
  walk(document.branches, selector(), ({ leaf, encrypted }) => {
    if (leaf.type !== 'comment' && !isEmpty(leaf)) count[encrypted ? 'encrypted' : 'clear']++
  })
  return count.clear > 0 && count.encrypted === 0
}
