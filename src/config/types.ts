import type { KeyType } from '../keys/types.ts'
import type { Selection } from '../metadata/types.ts'
import type { Value } from '../tree/types.ts'
import type { Shape } from './shape.ts'

/** `.sops.yaml` after a check of its shape. Keys and patterns are not parsed: only the rule that matches has to be right. */
export interface Config {
  /** The configuration's path. */
  readonly file: string
  /** undefined: none are given, which is as if there were no configuration. */
  readonly creationRules: readonly RuleSource[] | undefined
  readonly destinationRules: readonly DestinationSource[]
  readonly stores: StoreOptions
  /** Fields that nobody reads, each with the name that was probably meant. */
  readonly warnings: readonly string[]
}

/** Spaces per level, where the configuration says so. */
export interface StoreOptions {
  readonly yaml: number | undefined
  readonly json: number | undefined
  readonly binary: number | undefined
}

export interface RuleSource {
  /** The configuration's path. */
  readonly file: string
  /** The rule's place in the file, such as `creation_rules[2]`. */
  readonly place: string
  /** '' matches every path. */
  readonly pathRegex: string
  /** For each kind of key what its field holds, as it stands. */
  readonly keys: ReadonlyMap<KeyType, Value>
  /** What `aws_profile` says; it goes with `keys`. '' when it is not there. */
  readonly profile: string
  readonly keyGroups: readonly KeyGroupSource[]
  readonly shamirThreshold: number
  readonly selection: Selection | undefined
  /** The names of several selections, of which only one may be given. */
  readonly conflict: readonly string[] | undefined
  readonly macOnlyEncrypted: boolean
}

export interface KeyGroupSource {
  readonly merge: readonly KeyGroupSource[]
  /** For each kind of key its entries: texts, or maps of texts and of maps of texts. */
  readonly keys: ReadonlyMap<KeyType, readonly KeyGroupEntry[]>
}

export type KeyGroupEntry = string | { readonly [field: string]: KeyGroupEntry }

/** Where files are published. What its destination is, is read by who publishes: see destination-rule.ts. */
export interface DestinationSource {
  /** The configuration's path. */
  readonly file: string
  /** The rule's place in the file, such as `destination_rules[2]`. */
  readonly place: string
  /** '' matches every path. */
  readonly pathRegex: string
  readonly omitExtensions: boolean
  /** All fields. */
  readonly settings: Shape
  /** What the file is encrypted with anew; undefined: nothing is said of that. */
  readonly recreation: RuleSource | undefined
  /** Fields of `recreation` that nobody reads: they concern those who publish, and nobody else. */
  readonly warnings: readonly string[]
}
