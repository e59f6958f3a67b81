// One pass over a tree that turns every selected leaf into its ciphertext and hashes the values for the MAC.
import type { Cipher } from '../cipher/aes-gcm.ts'
import { SopsError, ValueError } from '../errors.ts'
import { Mac } from '../mac.ts'
import { scalarText } from '../stores/scalar-text.ts'
import type { Document } from '../stores/types.ts'
import { isEmpty } from '../tree/scalar.ts'
import type { Selector } from '../tree/selection.ts'
import type { Leaf } from '../tree/types.ts'
import { type Visit, walk } from '../tree/walk.ts'

export interface EncryptionOptions {
  readonly cipher: Cipher
  readonly selector: () => Selector
  readonly macOnlyEncrypted: boolean
  readonly allowUnencrypted: boolean
  /** Whether the text keeps its source: then a comment in a list stays one. Printed anew it becomes an element, as in sops. */
  readonly keep: boolean
  /** Leaves that have a text already: it stays where they are bound to the same path and still encrypted, or still clear. */
  readonly known?: ReadonlyMap<Leaf, KnownText> | undefined
  /** Whether the text can hold strings alone: what stays in clear is then a string. */
  readonly textOnly?: boolean
}

/** What stands for a leaf in the encrypted text, and the additional data that it is bound to. */
export interface KnownText {
  readonly text: Text
  readonly aad: string
  readonly encrypted: boolean
}

type Text = Exclude<Leaf, { type: 'null' }>

/** A leaf of the plain text, and the additional data that its ciphertext is bound to. */
export type Written = Pick<Visit, 'leaf' | 'aad' | 'encrypted'>

export interface EncryptionPass {
  readonly edits: Map<Leaf, Text>
  /** Every leaf and comment of the tree in order, then the comments that the tree does not hold. */
  readonly written: readonly Written[]
  readonly digest: string
}

/** Throws ValueError and SopsError ERR_SOPS_NOTHING_ENCRYPTED. */
export function encryptLeaves(
  document: Pick<Document, 'branches' | 'dropped'>,
  options: EncryptionOptions,
): EncryptionPass {
  const edits: EncryptionPass['edits'] = new Map()
  const written: Written[] = []
  const mac = new Mac(options.macOnlyEncrypted)
  const selector = options.selector()
  const count = { clear: 0, encrypted: 0 }
  walk(document.branches, selector, (visit) => {
    const { leaf, aad, encrypted } = visit
    written.push({ leaf, aad, encrypted })
    const clear = clearText(visit, options.textOnly === true)
    addToMac(visit, clear, mac)
    if (leaf.type !== 'comment' && !isEmpty(leaf)) count[encrypted ? 'encrypted' : 'clear']++
    if (isEmpty(leaf)) return
    if (!encrypted && options.known?.get(leaf)?.encrypted === true) throw bared(visit)
    const known = knownText(options, leaf, aad, encrypted)
    if (known) {
      edits.set(leaf, known)
      return
    }
    if (!encrypted) {
      if (clear !== leaf) edits.set(leaf, clear)
      return
    }
    const text = options.cipher.encrypt(leaf, aad)
    if (leaf.type === 'comment') checkComment(text, selector, visit)
    const stays = leaf.type === 'comment' && (options.keep || !visit.inList)
    edits.set(leaf, stays ? { ...leaf, value: text } : { type: 'str', value: text })
  })
  for (const { comment, path } of document.dropped) {
    if (isEmpty(comment) || !selector.selectsDropped(path, comment.value)) continue
    const aad = `${path.join(':')}:`
    const known = knownText(options, comment, aad, true)
    edits.set(comment, known ?? { ...comment, value: options.cipher.encrypt(comment, aad) })
    written.push({ leaf: comment, aad, encrypted: true })
  }
  if (count.clear > 0 && count.encrypted === 0 && !options.allowUnencrypted) throw nothingEncrypted(count.clear)
  return { edits, written, digest: mac.digest() }
}

function knownText({ known }: EncryptionOptions, leaf: Leaf, aad: string, encrypted: boolean): Text | undefined {
  const found = known?.get(leaf)
  return found?.aad === aad && found.encrypted === encrypted ? found.text : undefined
}

/** The leaf as it stands in a text: sops hashes a type that such a file loses, and then cannot open it. */
function clearText({ leaf, encrypted }: Visit, textOnly: boolean): Text {
  if (encrypted || !textOnly || leaf.type === 'str' || leaf.type === 'bytes' || leaf.type === 'comment') return leaf
  return { type: 'str', value: scalarText(leaf) }
}

function addToMac(visit: Visit, clear: Text, mac: Mac): void {
  if (clear.type === 'comment') return
  try {
    mac.add(clear, visit.encrypted)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new ValueError('ERR_SOPS_VALUE_ENCRYPT', visit.path(), cause.message, {
      hint: 'Write it as a string, in quotes.',
    })
  }
}

function checkComment(text: string, selector: Selector, visit: Visit): void {
  if (!selector.matchesComment(text)) return
  throw new ValueError(
    'ERR_SOPS_VALUE_ENCRYPT',
    visit.path(),
    'an encrypted comment matches unencrypted_comment_regex, so that it could not be decrypted again',
    { hint: 'Choose a pattern that cannot match the text of an encrypted comment.' },
  )
}

// sops would write it in clear.
function bared(visit: Visit): ValueError {
  return new ValueError(
    'ERR_SOPS_VALUE_ENCRYPT',
    visit.path(),
    'an encrypted value would come to stand in clear, because a comment that matches a pattern would stand above it',
    { hint: 'Remove that comment first, or edit the file.' },
  )
}

function nothingEncrypted(count: number): SopsError {
  return new SopsError(
    'ERR_SOPS_NOTHING_ENCRYPTED',
    `the rules for what is encrypted would leave every value in clear (${String(count)} that are not empty)`,
    { hint: 'Check the suffix or pattern in the command line and .sops.yaml, or allow it with --allow-unencrypted.' },
  )
}
