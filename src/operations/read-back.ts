// Reads an encrypted text again before anybody gets it: so that no file leaves here that would not open with every value
// and comment in its place. A comment is bound to where it stands in the encrypted text; encryption moves some, because
// ciphertexts take one line each and a section follows (comment places: see stores/yaml/comment-records.ts).
import type { Cipher } from '../cipher/aes-gcm.ts'
import { isEnvelope } from '../cipher/envelope.ts'
import { ValueError } from '../errors.ts'
import type { Document, Store } from '../stores/types.ts'
import { isEmpty } from '../tree/scalar.ts'
import type { Selector } from '../tree/selection.ts'
import type { Comment, Leaf } from '../tree/types.ts'
import { walk } from '../tree/walk.ts'
import type { EncryptionPass, Written } from './encryption-pass.ts'
import { readsAs } from './same-shape.ts'

export interface Sealed {
  readonly store: Store
  readonly pass: EncryptionPass
  readonly cipher: Cipher
  readonly selector: () => Selector
  /** Whether the text kept its source, so that every value must be found again as it was written. */
  readonly keep: boolean
}

export interface ReadBack {
  readonly document: Document
  /** Comments that must be encrypted anew, because they stand elsewhere than in the plain text. */
  readonly moved: ReadonlyMap<Leaf, Leaf>
  /** What decryption will put in the place of each ciphertext. */
  readonly plain: ReadonlyMap<Leaf, Leaf>
  /** Whether an encrypted comment came to stand where nobody looks for one: only a layout patch brings its text back. */
  readonly hides: boolean
}

/** @throws ValueError when the text would not open again */
export function readBack(text: Uint8Array, sealed: Sealed): ReadBack {
  const { pass, keep } = sealed
  const document = sealed.store.parse(text)
  const comments = new CommentPlaces(sealed)
  const plain = new Map<Leaf, Leaf>()
  // sops writes a comment of a list as an element: that is a value here.
  const values = pass.written.filter(({ leaf }) => (pass.edits.get(leaf) ?? leaf).type !== 'comment')
  let index = 0
  const selector = sealed.selector()
  walk(document.branches, selector, (visit) => {
    const { leaf } = visit
    if (leaf.type === 'comment') return comments.place(leaf, visit.aad, visit.encrypted)
    if (!keep) return
    const written = values[index++]
    if (written === undefined || !isSame(visit, written, pass)) throw unreadable(visit.path())
    if (visit.encrypted) plain.set(leaf, written.leaf)
  })
  if (keep && index !== values.length) throw unreadable([])
  for (const { comment, path } of document.dropped) {
    // Decryption tries these wherever they stand.
    const encrypted = comments.isCiphertext(comment) || selector.selectsDropped(path, comment.value)
    comments.place(comment, `${path.join(':')}:`, encrypted)
  }
  for (const [leaf, comment] of comments.plain) plain.set(leaf, comment)
  return { document, moved: comments.moved, plain, hides: comments.hides }
}

class CommentPlaces {
  readonly plain = new Map<Comment, Comment>()
  readonly moved = new Map<Leaf, Leaf>()
  hides = false
  readonly #written: ReadonlyMap<string, Written>
  readonly #cipher: Cipher

  constructor({ pass, cipher }: Sealed) {
    const written = pass.written.filter(({ leaf }) => leaf.type === 'comment')
    this.#written = new Map(written.map((each) => [pass.edits.get(each.leaf)?.value as string, each]))
    this.#cipher = cipher
  }

  isCiphertext(comment: Comment): boolean {
    return this.#written.has(comment.value)
  }

  place(comment: Comment, aad: string, encrypted: boolean): void {
    const written = this.#written.get(comment.value)
    const original = written?.leaf.type === 'comment' ? written.leaf : comment
    // What the rule selects in the plain text must not stand in clear: where sops would not look for a ciphertext, it stays
    // one all the same, and the layout patch brings the text back.
    if (written !== undefined && !encrypted) {
      this.hides = true
      return
    }
    // A ciphertext that could not be opened, in a file that was encrypted before: its text is not lost, but not known either.
    if (written === undefined && isEnvelope(comment.value)) return
    this.plain.set(comment, original)
    if (written?.aad === aad || !encrypted || isEmpty(comment)) return
    const value = this.#cipher.encrypt(original, aad)
    this.moved.set(comment, { ...comment, value })
  }
}

interface Found {
  readonly leaf: Leaf
  readonly aad: string
  readonly encrypted: boolean
}

function isSame(found: Found, written: Written, { edits }: EncryptionPass): boolean {
  const { leaf, aad, encrypted } = found
  return (
    aad === written.aad && encrypted === written.encrypted && isSameText(leaf, edits.get(written.leaf) ?? written.leaf)
  )
}

// A ciphertext in a block scalar ends with a line break, which every reader passes over.
function isSameText(a: Leaf, b: Leaf): boolean {
  return readsAs(a, b) || (a.type === 'str' && isEnvelope(a.value) && b.type === 'str' && a.value.trimEnd() === b.value)
}

function unreadable(path: readonly string[]): ValueError {
  return new ValueError('ERR_SOPS_VALUE_ENCRYPT', path, 'the encrypted file would not open again; nothing is written', {
    hint: 'This is a defect of tsops: please report the shape of the file around this place, without its values.',
  })
}
