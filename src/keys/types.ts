import type { Host } from '../host.ts'

/** The metadata field of a kind of master key: age, pgp, kms, gcp_kms, azure_kv, hc_vault, hckms, or a caller's own. */
export type KeyType = string

export interface MasterKey {
  readonly type: KeyType
  /** What sops prints for the key, and what tells two keys apart. */
  readonly id: string
  /** The encrypted data key as it stands in the file; '' before there is one. */
  readonly enc: string
}

export type KeyGroup = readonly MasterKey[]

/** One field of a key's metadata entry. */
export type MetadataField = string | Readonly<Record<string, string>>

/** What stands beside the keys of a flag or a flat rule: for AWS KMS keys only. */
export interface SpecOptions {
  readonly profile?: string | undefined
  readonly context?: Readonly<Record<string, string>> | undefined
}

/** How a master key travels in sops' key service protocol. */
export interface KeyMessage {
  /** The number of the key's message in the message `Key`. */
  readonly number: number
  /** The metadata fields that it carries, in the order of their numbers there, which count from 1. */
  readonly fields: readonly (string | { readonly map: string })[]
}

/** Everything that the program knows of one kind of master key. Added by one line in registry.ts. */
export interface KeyBackend<K extends MasterKey = MasterKey> {
  readonly type: KeyType
  readonly names: {
    /** The field of a creation rule. */
    readonly rule: string
    /** The field of a key group in a creation rule, where it differs from `rule`. */
    readonly group?: string
    /** The flag, without dashes. */
    readonly flag: string
    readonly shortFlag?: string
    /** The environment variable that gives the flag's default. */
    readonly env: string
    readonly flagHelp: string
  }
  /** Absent: keys of this kind are used on this machine only. */
  readonly keyService?: KeyMessage
  /** In a key_groups entry of a file the list stands even when empty (sops: age and hc_vault). */
  readonly alwaysInGroup?: boolean
  /**
   * Master keys from a comma-separated flag, a variable or a creation rule. Throws ConfigError.
   */
  parse(spec: string, options?: SpecOptions): readonly K[]
  /** Master keys from one entry of a key group in a creation rule. Throws ConfigError. */
  parseGroupEntry(entry: unknown): readonly K[]
  /** The fields of the key's metadata entry, `enc` included. */
  toMetadata(key: K): Readonly<Record<string, MetadataField>>
  /** Throws SopsError ERR_SOPS_METADATA_INVALID. Missing fields are ''. */
  fromMetadata(entry: Readonly<Record<string, MetadataField>>): K
  /** Gives the key with a new `enc`. Throws KeyBackendError. */
  encryptDataKey(key: K, dataKey: Uint8Array, host: Host): Promise<K>
  /**
   * The data key (or the Shamir share) that `enc` holds. null: this host holds no credential of this kind at all.
   * Throws KeyBackendError on any other failure.
   */
  decryptDataKey(key: K, host: Host): Promise<Uint8Array | null>
  /**
   * The metadata field that a rule or a flag may leave open ('') because the key's service knows it. `fill` asks there.
   * Throws KeyBackendError.
   */
  readonly openField?: { readonly name: string; fill(key: K, host: Host): Promise<K> }
  /** Whether `enc` has the form of a data key encrypted for this kind of key. It proves nothing about its content. */
  isWrapped?(key: K): boolean
}

/** Whoever holds master keys: this machine, or another one that is asked over the network. */
export interface KeyService {
  /** Gives the key with a new `enc`. Throws SopsError. */
  encrypt(key: MasterKey, dataKey: Uint8Array): Promise<MasterKey>
  /** The data key (or the Shamir share) that `enc` holds. Throws SopsError. */
  decrypt(key: MasterKey): Promise<Uint8Array>
}
