// A destination is a place that publish copies files or values to. Each kind is one line in registry.ts.
import type { Host } from '../host.ts'
import type { Branch } from '../tree/types.ts'

/** The fields of a destination rule. Throws ConfigError for one of a wrong type. */
export interface RuleFields {
  /** '' when it is not there. */
  text(name: string): string
  int(name: string): number | undefined
  bool(name: string): boolean
}

export interface DestinationKind {
  readonly kind: string
  /** Its fields in a destination rule; a rule with the first one is for a destination of this kind. */
  readonly fields: readonly [string, ...string[]]
  /** Throws ConfigError. */
  open(fields: RuleFields): Destination
}

export type Destination = FileDestination | ValueDestination

interface Named {
  /** Where the file goes that is published as `name`, as the user is asked about it. Throws ConfigError. */
  uri(name: string, host: Host): string
}

/** Holds encrypted files. */
export interface FileDestination extends Named {
  readonly takes: 'file'
  /** Throws SopsError. */
  upload(name: string, bytes: Uint8Array, world: World): Promise<Outcome>
}

/** Holds the decrypted values of files. */
export interface ValueDestination extends Named {
  readonly takes: 'values'
  /** Writes what is not there yet. Throws SopsError. */
  upload(name: string, branches: readonly Branch[], world: World): Promise<Outcome>
  /** Where the value of a top-level key of the file stands once it is published. Throws ConfigError. */
  locate(name: string, key: string, host: Host): Location
}

export interface Location {
  /** What makes up the address of the store: `region`, `project`, `vaultUrl`, or `address`, `mount` and `version`. */
  readonly store: Readonly<Record<string, string>>
  /** The name of the secret in the store. */
  readonly secret: string
  /** The property of the JSON that the secret is; undefined: the secret is the value. */
  readonly property: string | undefined
}

export type Outcome = 'written' | 'unchanged'

export interface World {
  readonly host: Host
  /** Receives one line without values. */
  readonly warn: (message: string) => void
  /** The same for what is of interest only to those who ask. */
  readonly inform: (message: string) => void
}
