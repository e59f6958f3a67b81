// One pass over a tree that turns every selected leaf into its ciphertext and hashes the values for the MAC.
import type { Cipher } from '../cipher/aes-gcm.ts'
import { SopsError, ValueError } from '../errors.ts'
import { Mac } from '../mac.ts'
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
}

/** A leaf of the plain text, and the additional data that its ciphertext is bound to. */
export type Written = Pick<Visit, 'leaf' | 'aad' | 'encrypted'>

export interface EncryptionPass {
  readonly edits: Map<Leaf, Exclude<Leaf, { type: 'null' }>>
  /** Every leaf and comment of the tree in order, then the comments that the tree does not hold. */
  readonly written: readonly Written[]
  readonly digest: string
}

/** Throws ValueError and SopsError ERR_SOPS_NOTHING_ENCRYPTED. */
export function encryptLeaves(document: Document, options: EncryptionOptions): EncryptionPass {
  const edits: EncryptionPass['edits'] = new Map()
  const written: Written[] = []
  const mac = new Mac(options.macOnlyEncrypted)
  const selector = options.selector()
  const count = { clear: 0, encrypted: 0 }
  walk(document.branches, selector, (visit) => {
    const { leaf, aad, encrypted } = visit
    written.push({ leaf, aad, encrypted })
    const text = encryptLeaf(visit, mac, options.cipher)
    if (leaf.type !== 'comment' && !isEmpty(leaf)) count[encrypted ? 'encrypted' : 'clear']++
    if (text === undefined || isEmpty(leaf)) return
    if (leaf.type === 'comment') checkComment(text, selector, visit)
    const stays = leaf.type === 'comment' && (options.keep || !visit.inList)
    edits.set(leaf, stays ? { ...leaf, value: text } : { type: 'str', value: text })
  })
  for (const { comment, path } of document.dropped) {
    if (isEmpty(comment) || !selector.selectsDropped(path, comment.value)) continue
    const aad = `${path.join(':')}:`
    edits.set(comment, { ...comment, value: options.cipher.encrypt(comment, aad) })
    written.push({ leaf: comment, aad, encrypted: true })
  }
  if (count.clear > 0 && count.encrypted === 0 && !options.allowUnencrypted) throw nothingEncrypted(count.clear)
  return { edits, written, digest: mac.digest() }
}

function encryptLeaf(visit: Visit, mac: Mac, cipher: Cipher): string | undefined {
  const { leaf, aad, encrypted } = visit
  try {
    if (leaf.type !== 'comment') mac.add(leaf, encrypted)
    return encrypted ? cipher.encrypt(leaf, aad) : undefined
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

function nothingEncrypted(count: number): SopsError {
  return new SopsError(
    'ERR_SOPS_NOTHING_ENCRYPTED',
    `the rules for what is encrypted would leave every value in clear (${String(count)} that are not empty)`,
    { hint: 'Check the suffix or pattern in the command line and .sops.yaml, or allow it with --allow-unencrypted.' },
  )
}
