// There are two ways to use a PGP key, in process and by gpg, and each tells why it did not work.
import type { KeyFailureReason } from '../../errors.ts'

export type Attempt<T> = Success<T> | Failure

export interface Success<T> {
  readonly value: T
}

export interface Failure {
  readonly reason: KeyFailureReason
  readonly message: string
  readonly hint?: string
  /** The other way must not be tried: it would do what was refused here. */
  readonly final?: boolean
}
