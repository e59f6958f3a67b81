// sops reads the path of a comment from the encrypted text, in which values are short and a section follows: the same
// comment can have another path there. A skeleton of that text, with a placeholder for each ciphertext, tells the paths.
import type { Branch, Leaf, Scalar, Value } from '../../tree/types.ts'
import { mapLeaves } from '../../tree/walk.ts'
import type { DroppedComment } from '../types.ts'
import { leavesOf } from './alias-splice.ts'
import { readYaml } from './reader.ts'
import { rewriteText } from './rewrite.ts'
import type { YamlSyntax } from './syntax.ts'

export interface SettledTree {
  readonly branches: readonly Branch[]
  readonly dropped: readonly DroppedComment[]
  /** The leaf of the original document for each leaf of the settled one. */
  readonly originals: ReadonlyMap<Leaf, Leaf>
}

const text = (value: string): Scalar => ({ type: 'str', value })
const placeholder = 'ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:str]'
const stub: Branch = {
  type: 'branch',
  items: [
    { type: 'item', key: 'mac', value: text(placeholder) },
    { type: 'item', key: 'version', value: text('3.13.3') },
  ],
}

export function settleTree(syntax: YamlSyntax, encrypted: ReadonlySet<Leaf>): SettledTree {
  const edits = new Map<Leaf, Leaf>()
  for (const leaf of encrypted) edits.set(leaf, replaceByPlaceholder(leaf))
  for (const leaf of copiedComments(syntax)) edits.set(leaf, replaceByPlaceholder(leaf))
  const skeleton = readYaml(rewriteText(syntax, edits, { metadata: stub }))
  const pairs = pairLeaves(skeleton, syntax)
  const originals = new Map<Leaf, Leaf>()
  const carry = (leaf: Leaf): Leaf => {
    const original = pairs.get(leaf)
    if (original === undefined) return leaf
    const carried: Leaf =
      leaf.type === 'comment' && original.type === 'comment' ? { ...original, inline: leaf.inline } : { ...original }
    originals.set(carried, original)
    return carried
  }
  const roots = skeleton.parts.map((part) => part.branch)
  const dropped = skeleton.dropped.flatMap(({ comment, path }) => {
    const carried = carry(comment)
    return carried.type === 'comment' ? [{ comment: carried, path }] : []
  })
  return { branches: mapLeaves(roots, carry), dropped, originals }
}

/**
 * The comments in the copies that aliases stand for. The text has no place for them; an edit of one, whatever it says,
 * makes its alias be written out, without comments.
 */
export function copiedComments({ aliases }: YamlSyntax): Leaf[] {
  return aliases.flatMap(({ value }) => [...leavesOf(value)].filter((leaf) => leaf.type === 'comment'))
}

export function replaceByPlaceholder(leaf: Leaf): Leaf {
  return leaf.type === 'comment' ? { ...leaf, value: placeholder } : text(placeholder)
}

/** Values correspond by their order in the tree, comments by their order in the text. */
function pairLeaves(skeleton: YamlSyntax, syntax: YamlSyntax): Map<Leaf, Leaf> {
  const pairs = new Map<Leaf, Leaf>()
  pair(pairs, scalarsOf(skeleton), scalarsOf(syntax))
  pair(pairs, commentsOf(skeleton), commentsOf(syntax))
  return pairs
}

function pair(pairs: Map<Leaf, Leaf>, from: readonly Leaf[], to: readonly Leaf[]): void {
  if (from.length !== to.length) throw new Error('internal: the settled text does not have the leaves of its source')
  from.forEach((leaf, index) => {
    const original = to[index]
    if (original !== undefined) pairs.set(leaf, original)
  })
}

function scalarsOf({ parts }: YamlSyntax): Leaf[] {
  const roots: Value = { type: 'list', items: parts.map((part) => part.branch) }
  return [...leavesOf(roots)].filter((leaf) => leaf.type !== 'comment')
}

/** In the order of the text, without those of a section: they go with it. */
function commentsOf({ sources, parts }: YamlSyntax): Leaf[] {
  const sections = parts.flatMap(({ section }) => (section === undefined ? [] : [section.span]))
  let next = 0
  return [...sources]
    .filter(([, source]) => source.kind === 'comment')
    .sort(([, a], [, b]) => a.span.start - b.span.start)
    .filter(([, { span }]) => {
      for (let end = sections[next]?.end; end !== undefined && end < span.start; end = sections[next]?.end) next++
      return (sections[next]?.start ?? Infinity) > span.start
    })
    .map(([leaf]) => leaf)
}
