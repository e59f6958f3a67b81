// Reads an encrypted text again before anybody gets it.
import type { Cipher } from '../cipher/aes-gcm.ts'
import { isEnvelope } from '../cipher/envelope.ts'
import { ValueError } from '../errors.ts'
import type { Document, Store } from '../stores/types.ts'
import type { Selector } from '../tree/selection.ts'
import type { Branch, Leaf } from '../tree/types.ts'
import { type Visit, walk } from '../tree/walk.ts'
import type { EncryptionPass } from './encryption-pass.ts'

interface Sealed {
  readonly store: Store
  readonly pass: EncryptionPass
  readonly selector: Selector
}

/**
 * The plain text that decryption will give: read from the encrypted text itself, so that no file leaves here that would
 * not open again with every value and comment in its place.
 */
export function readBack(text: Uint8Array, { store, pass, selector }: Sealed): Uint8Array {
  const document = store.parse(text)
  const edits = new Map<Leaf, Leaf>()
  let index = 0
  walk(document.branches, selector, ({ leaf, aad, encrypted, path }) => {
    const written = pass.written[index++]
    if (written?.aad !== aad || !sameText(leaf, pass.edits.get(written.leaf) ?? written.leaf)) throw unreadable(path())
    if (encrypted) edits.set(leaf, written.leaf)
  })
  if (index !== pass.written.length) throw unreadable([])
  const dropped = new Map(pass.dropped.map((comment) => [pass.edits.get(comment)?.value, comment]))
  for (const { comment } of document.dropped) edits.set(comment, dropped.get(comment.value) ?? comment)
  return document.rewrite(edits)
}

function unreadable(path: readonly string[]): ValueError {
  return new ValueError('ERR_SOPS_VALUE_ENCRYPT', path, 'the encrypted file would not open again; nothing is written', {
    hint: 'This is a defect of tsops: please report the shape of the file around this place, without its values.',
  })
}

// A ciphertext in a block scalar ends with a line break, which every reader passes over.
function sameText(a: Leaf, b: Leaf): boolean {
  if (a.type === 'null' || b.type === 'null' || a.type !== b.type) return a.type === b.type
  if (a.type === 'bytes' && b.type === 'bytes') return Buffer.compare(a.value, b.value) === 0
  return Object.is(a.value, b.value) || (a.type === 'str' && isEnvelope(a.value) && a.value.trimEnd() === b.value)
}

/** Printed anew, a comment may come to stand in another container than in its source: it is bound to where it stands. */
export function bindComments(text: Uint8Array, metadata: Branch, cipher: Cipher, sealed: Sealed): Uint8Array {
  const comments = new Map<string, Pick<Visit, 'leaf' | 'aad'>>()
  for (const written of sealed.pass.written) {
    const edit = sealed.pass.edits.get(written.leaf)
    if (edit?.type === 'comment') comments.set(edit.value, written)
  }
  if (comments.size === 0) return text
  const document: Document = sealed.store.parse(text)
  const edits = new Map<Leaf, Leaf>()
  walk(document.branches, sealed.selector, ({ leaf, aad }) => {
    const written = leaf.type === 'comment' ? comments.get(leaf.value) : undefined
    if (leaf.type !== 'comment' || written === undefined || written.aad === aad) return
    edits.set(leaf, { ...leaf, value: cipher.encrypt(written.leaf, aad) })
  })
  return edits.size === 0 ? text : document.rewrite(edits, { metadata })
}
