import type { Branch, Comment, Item, Leaf, Scalar, Value } from '../tree/types.ts'

/**
 * A parsed text: SOPS' tree, and the place in the source that each leaf and comment came from. Leaves are told apart
 * by identity: the parser makes one object per occurrence, and an edit names that object.
 */
export interface Document {
  /** SOPS' tree without the metadata section: order, types and comment places exactly as sops 3.13.3 sees them. */
  readonly branches: readonly Branch[]
  /** Comments that sops does not see but that stand in the text: they too must not stay in clear. */
  readonly dropped: readonly DroppedComment[]
  /** The metadata section as a nested branch (flat formats: unflattened, all values str); undefined when there is none. */
  readonly metadata: Branch | undefined
  /** The layout patch that stood in the metadata section, as Section.layout. */
  readonly layout: string | undefined
  /**
   * The text with each edited leaf replaced, spelled in the style of what it replaces, and with `section` as its only
   * metadata section (undefined: with none). Not one other byte moves. A list element replaced by a comment becomes a
   * comment line (YAML) or goes (JSON).
   */
  rewrite(edits: Edits, section?: Section): Uint8Array
  /**
   * YAML only: the same tree with each comment where sops will see it once the `encrypted` leaves are one-line
   * ciphertexts and a section follows (comment-rules.md 1.1). Its leaves correspond to this document's by order and
   * carry their values; rewriting the settled document gives the final text.
   */
  settle?(encrypted: ReadonlySet<Leaf>): Document
  /**
   * The text with one change in the structure of its first document: whole lines, in the style of their neighbours. All
   * else stays, the metadata section too. undefined: this text has no place for it. Text around the change may come to
   * mean something else, so a caller reads the result and compares the trees.
   */
  change(change: Change): Uint8Array | undefined
}

/**
 * A change of structure. `place`: one number for each level, counting what is no comment. `append` goes to the end of
 * the mapping or list at the place. `oneLine`: the value, when it is decrypted, is one line.
 */
export type Change =
  | { readonly kind: 'replace'; readonly place: readonly number[]; readonly value: Node; readonly oneLine?: boolean }
  | { readonly kind: 'append'; readonly place: readonly number[]; readonly entry: Item | Node }
  | { readonly kind: 'remove'; readonly place: readonly number[] }

export type Node = Exclude<Value, Comment>

export type Edits = ReadonlyMap<Leaf, Leaf>

export interface DroppedComment {
  readonly comment: Comment
  readonly path: readonly string[]
}

export interface Section {
  /** Nested and in the order in which it is to be written. */
  readonly metadata: Branch
  /** One line of text without spaces, carried where sops ignores it: a comment in a YAML section, else the field `tsops_layout`. */
  readonly layout?: string | undefined
}

export interface Layout {
  /** Spaces per level, as sops' `--indent` takes it: YAML default 4; JSON default -1, a tab. */
  readonly indent?: number | undefined
}

export interface Store {
  readonly name: string
  readonly extensions: readonly string[]
  /** binary: one value, to which no selection applies. */
  readonly singleValue: boolean
  /** dotenv, ini: a value in clear can only be a string. */
  readonly textOnly: boolean
  /** ini: an item of every document, if only an empty one. */
  readonly impliedItem?: string
  /** Throws ParseError; SopsError ERR_SOPS_METADATA_INVALID when there is a metadata section that is not a mapping. */
  parse(bytes: Uint8Array): Document
  /** binary only: reads a plain file; others read plain and encrypted files alike with parse. */
  parsePlain?(bytes: Uint8Array): Document
  /** Whether a plain tree holds the name that is reserved for metadata (`sops`; dotenv: a key that starts with `sops_`). */
  hasReservedKey(branches: readonly Branch[]): boolean
  /** Prints a tree that has no source in this format, byte for byte as sops 3.13.3 does. Throws ERR_SOPS_EMIT. */
  emit(branches: readonly Branch[], layout: Layout, section?: Section): Uint8Array
  /** Prints one value (`--extract`) as sops does. Strings never come here. Throws ERR_SOPS_EMIT. */
  emitValue(value: Exclude<Value, Comment>, layout: Layout): Uint8Array
}

export type { Branch, Comment, Leaf, Scalar, Value }
