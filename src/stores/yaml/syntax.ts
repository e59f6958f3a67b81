// What the YAML reader tells the YAML document about the source. Offsets are UTF-16 indices into `text`.
import type { Branch, Leaf, Scalar, Value } from '../../tree/types.ts'
import type { DroppedComment } from '../types.ts'

export interface Span {
  readonly start: number
  readonly end: number
}

export type Style = 'plain' | 'single' | 'double' | 'literal' | 'folded'

/** Where a scalar stands. */
export interface ScalarSource {
  readonly kind: 'scalar'
  /** The scalar itself, without properties. Block scalars: from the `|` or `>` to the end of the last line that is part
   * of the value (its line break excluded). An absent value (`key:`): an empty span right after the `:` or `-`. */
  readonly span: Span
  readonly style: Style
  /** Inside a flow collection. */
  readonly flow: boolean
  readonly tag: (Span & { readonly name: string }) | undefined
  readonly anchor: Span | undefined
  /** Block scalars: the header after `|` or `>`, such as `-2`; and the column of the body. */
  readonly header: string
  readonly bodyColumn: number
  /** Column of the block collection that holds it: a block scalar written here must be deeper. -1 at the root. */
  readonly parentColumn: number
  /** For an item of a block sequence: the dash that opens it. */
  readonly dash: number | undefined
}

/** Where a comment stands: from its `#` to the end of its line (line break excluded). */
export interface CommentSource {
  readonly kind: 'comment'
  readonly span: Span
}

/** An alias in the source, and the copy of the anchored value that stands for it in the tree. */
export interface AliasSource {
  readonly span: Span
  readonly value: Value
  readonly target: Value
  readonly flow: boolean
  /** It stands as a mapping key: `value` and `target` are strings. */
  readonly key: boolean
}

export interface YamlPart {
  /** The root map without the metadata section. */
  readonly branch: Branch
  /** The `sops` entry of this document: its value, and its lines (block root: whole lines from the start of the key's
   * line to the end of the last line of its value or of the last comment in it, line break excluded; flow root: the
   * entry with the comma that goes with it). A comment after `sops:` on the key's own line is within the span, and yet
   * sops sees it in the branch. */
  readonly section: { readonly value: Value; readonly span: Span } | undefined
  /** Block root: the column of its keys. */
  readonly rootColumn: number
  /** Flow root: its braces. */
  readonly rootFlow: Span | undefined
  /** A root that is written as `null` or `~`, with its properties: it goes when a section comes. */
  readonly rootNull: Span | undefined
  /** Where this document's text ends: before `...`, the next `---`, or the end of input. Comments above that place
   * belong to this document. */
  readonly end: number
}

export interface YamlSyntax {
  /** Without the byte order mark. */
  readonly text: string
  readonly parts: readonly YamlPart[]
  /** Leaves that stand in the source themselves; copies made by an alias are not here. */
  readonly sources: ReadonlyMap<Leaf, ScalarSource | CommentSource>
  readonly aliases: readonly AliasSource[]
  readonly dropped: readonly DroppedComment[]
}

export type { Branch, Leaf, Scalar, Value }
