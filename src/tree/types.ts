// SOPS' document model (sops.go, 3.13.3). Immutable; `type` is the tag that SOPS writes into ENC[…,type:…].

export type Scalar =
  | { readonly type: 'str'; readonly value: string }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  /** RFC 3339 text with nanoseconds as Go prints it, offset kept; this text is what the MAC hashes. */
  | { readonly type: 'time'; readonly value: string }
  /** A string whose bytes are not valid UTF-8, and the payload of the binary store. Its tag is `str`. */
  | { readonly type: 'bytes'; readonly value: Uint8Array }
  | { readonly type: 'null' }

/** One comment without its marker. `inline`: it stands on the line of the value that follows it in the tree. */
export interface Comment {
  readonly type: 'comment'
  readonly value: string
  readonly inline: boolean
}

export interface Item {
  readonly type: 'item'
  readonly key: string
  readonly value: Value
}

/** An ordered map. Keys may repeat where the format allows it (JSON, later YAML documents, INI sections). */
export interface Branch {
  readonly type: 'branch'
  readonly items: readonly (Item | Comment)[]
}

export interface List {
  readonly type: 'list'
  readonly items: readonly Value[]
}

export type Value = Scalar | Comment | Branch | List

export type Leaf = Scalar | Comment

/** Mapping keys from the root of a document; a number is a list index. */
export type TreePath = readonly (string | number)[]

/** Documents nested deeper than this are refused: go-yaml's own limit (3.0.4). */
export const maxDepth = 10_000

/** Which leaves are encrypted: exactly one rule. SOPS' default is the suffix `_unencrypted`. */
export type Selection =
  | { readonly by: 'unencrypted_suffix' | 'encrypted_suffix'; readonly suffix: string }
  | { readonly by: 'unencrypted_regex' | 'encrypted_regex'; readonly pattern: string }
  | { readonly by: 'unencrypted_comment_regex' | 'encrypted_comment_regex'; readonly pattern: string }
  /** Every leaf, and no selector is stored: the binary store. */
  | { readonly by: 'none' }
