import type { KeyFailureReason } from '../../errors.ts'

/**
 * An identity that may be the right one cannot be used: its passphrase is wrong, its plugin is missing. Another identity
 * may still open the file. The message shows no secret.
 */
export class IdentityFailure extends Error {
  readonly reason: KeyFailureReason
  readonly hint: string | undefined
  constructor(reason: KeyFailureReason, message: string, hint?: string) {
    super(message)
    this.name = 'IdentityFailure'
    this.reason = reason
    this.hint = hint
  }
}
