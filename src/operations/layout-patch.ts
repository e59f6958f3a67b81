// What a file's ciphertext cannot carry of its author's spelling (folds, 0x1F, aliases, tags) travels as a patch from the
// text that decryption gives by itself to the author's. It is encrypted with the data key and stands in the metadata
// section where sops ignores it. A patch that does not fit the text exactly, or that changes a value, is not used.
import { createHash } from 'node:crypto'
import type { Cipher } from '../cipher/aes-gcm.ts'
import { scalarText } from '../stores/scalar-text.ts'
import type { Store } from '../stores/types.ts'
import type { Branch, Scalar } from '../tree/types.ts'
import { pairLeaves, readsAs } from './same-shape.ts'

// No tree path or timestamp has this form, so the patch cannot be exchanged for a value of the file or the reverse.
const aad = 'tsops layout'
// How far apart two texts may run before their pieces count as replaced.
const window = 200

type Hunk = readonly [piece: number, removed: number, inserted: string]

/** The patch as the metadata section carries it; undefined when the texts are equal. */
export function sealLayout(restored: Uint8Array, original: Uint8Array, cipher: Cipher): string | undefined {
  if (Buffer.compare(restored, original) === 0) return undefined
  const patch = { base: fingerprint(restored), hunks: diff(pieces(restored), pieces(original)) }
  return cipher.encrypt({ type: 'str', value: JSON.stringify(patch) }, aad)
}

/** The author's text, or `restored` itself when the patch does not apply. */
export function applyLayout(
  restored: Uint8Array,
  branches: readonly Branch[],
  layout: { readonly text: string; readonly cipher: Cipher; readonly store: Store },
): Uint8Array {
  const opened = layout.cipher.decrypt(layout.text, aad)
  if ('failure' in opened || opened.type !== 'str') return restored
  try {
    const patch = JSON.parse(opened.value) as { readonly base: string; readonly hunks: readonly Hunk[] }
    if (patch.base !== fingerprint(restored)) return restored
    const original = apply(pieces(restored), patch.hunks)
    return saysTheSame(original, branches, layout.store) ? original : restored
  } catch {
    return restored
  }
}

/** Whether an author's text stands for a tree. A format that knows only text spells all else as text. */
export function saysTheSame(original: Uint8Array, branches: readonly Branch[], store: Store): boolean {
  const pairs = pairLeaves(store.parse(original).branches, branches, store.impliedItem)
  return pairs?.every(([found, wanted]) => readsAs(found, store.textOnly ? asText(wanted) : wanted)) ?? false
}

function asText(leaf: Scalar): Scalar {
  return leaf.type === 'bytes' || leaf.type === 'null' ? leaf : { type: 'str', value: scalarText(leaf) }
}

/** The same patch under another data key; undefined when there is none, or none that opens. */
export function resealLayout(text: string | undefined, from: Cipher, to: Cipher): string | undefined {
  if (text === undefined) return undefined
  const opened = from.decrypt(text, aad)
  return 'failure' in opened ? undefined : to.encrypt(opened, aad)
}

function fingerprint(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

// Bytes as latin1, so that text that is not valid UTF-8 comes through; cut after commas too, for files on one line.
function pieces(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  return text.split(/(?<=[\n,])/)
}

function diff(from: readonly string[], to: readonly string[]): Hunk[] {
  const hunks: Hunk[] = []
  let i = 0
  let j = 0
  while (i < from.length || j < to.length) {
    if (i < from.length && from[i] === to[j]) {
      i++
      j++
      continue
    }
    const [removed, inserted] = nextMeeting(from.slice(i, i + window), to.slice(j, j + window))
    hunks.push([i, removed, to.slice(j, j + inserted).join('')])
    i += removed
    j += inserted
  }
  return hunks
}

// The nearest pair of equal pieces; blank lines and brackets meet too easily to mean anything.
function nextMeeting(from: readonly string[], to: readonly string[]): [number, number] {
  const seenFrom = new Map<string, number>()
  const seenTo = new Map<string, number>()
  for (let step = 0; step < Math.max(from.length, to.length); step++) {
    const left = from[step] ?? ''
    const right = to[step] ?? ''
    if (!seenFrom.has(left)) seenFrom.set(left, step)
    if (!seenTo.has(right)) seenTo.set(right, step)
    if (left.trim().length > 2 && seenTo.has(left)) return [step, seenTo.get(left) ?? 0]
    if (right.trim().length > 2 && seenFrom.has(right)) return [seenFrom.get(right) ?? 0, step]
  }
  return [from.length, to.length]
}

function apply(from: readonly string[], hunks: readonly Hunk[]): Buffer {
  const out: string[] = []
  let at = 0
  for (const [piece, removed, inserted] of hunks) {
    out.push(from.slice(at, piece).join(''), inserted)
    at = piece + removed
  }
  return Buffer.from(out.join('') + from.slice(at).join(''), 'latin1')
}
