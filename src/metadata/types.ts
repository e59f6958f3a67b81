import type { KeyGroup } from '../keys/types.ts'
import type { Selection } from '../tree/types.ts'

export type { Selection }

export const selectors = [
  'unencrypted_suffix',
  'encrypted_suffix',
  'unencrypted_regex',
  'encrypted_regex',
  'unencrypted_comment_regex',
  'encrypted_comment_regex',
] as const

export interface Metadata {
  readonly keyGroups: readonly KeyGroup[]
  /** 0: not set. */
  readonly shamirThreshold: number
  readonly selection: Selection
  readonly macOnlyEncrypted: boolean
  /** ENC[…] text; '' when the file has none. */
  readonly mac: string
  /** RFC 3339 without fraction: also the AAD of the MAC. */
  readonly lastModified: string
  readonly version: string
}

/** What a new file is encrypted with. Without `selection`, SOPS' default applies. */
export interface CreationRule {
  readonly keyGroups: readonly KeyGroup[]
  readonly shamirThreshold?: number
  readonly selection?: Selection
  readonly macOnlyEncrypted?: boolean
}

/** What sops uses and writes when no selector is given. */
export const defaultSelection: Selection = { by: 'unencrypted_suffix', suffix: '_unencrypted' }
