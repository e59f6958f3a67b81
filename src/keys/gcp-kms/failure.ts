// What went wrong at Google, in our words: an SDK's error may quote its request or a credential, so only its code is used.
import { KeyBackendError, type KeyFailureReason, type SopsErrorOptions } from '../../errors.ts'
import type { MasterKey } from '../types.ts'

/** The status codes of gRPC that this backend tells apart. */
export const invalidArgument = 3
export const notFound = 5
export const permissionDenied = 7
export const resourceExhausted = 8
export const failedPrecondition = 9
export const unavailable = 14
export const unauthenticated = 16

interface Explanation {
  readonly reason: KeyFailureReason
  readonly message: string
  readonly hint: string
}

const explanations: ReadonlyMap<number, Explanation> = new Map([
  [
    invalidArgument,
    {
      reason: 'malformed',
      message: 'the key cannot process this data key (INVALID_ARGUMENT)',
      hint: 'Check that the file names the right key and that `enc` was not changed.',
    },
  ],
  [
    notFound,
    {
      reason: 'denied',
      message: 'there is no such key (NOT_FOUND)',
      hint: 'Check project, location, key ring and key name of the resource id.',
    },
  ],
  [
    permissionDenied,
    {
      reason: 'denied',
      message: 'access to the key was denied (PERMISSION_DENIED)',
      hint: 'The account needs roles/cloudkms.cryptoKeyEncrypterDecrypter on the key; it may also not exist.',
    },
  ],
  [
    failedPrecondition,
    {
      reason: 'denied',
      message: 'the key cannot be used: disabled, destroyed or of another purpose (FAILED_PRECONDITION)',
      hint: 'Enable the key version, or use another master key of the file.',
    },
  ],
  [
    unauthenticated,
    {
      reason: 'denied',
      message: 'the credentials were refused (UNAUTHENTICATED)',
      hint: 'The access token or credentials file may have expired: get new ones, for example by `gcloud auth application-default login`.',
    },
  ],
  [
    resourceExhausted,
    {
      reason: 'offline',
      message: 'the service asked for fewer requests (RESOURCE_EXHAUSTED)',
      hint: 'Try again later, or raise the quota of the project.',
    },
  ],
])

const unreachable: Explanation = {
  reason: 'offline',
  message: 'the service could not be reached',
  hint: 'Check the network and the trusted certificates, and SOPS_GCP_KMS_ENDPOINT or SOPS_GCP_KMS_UNIVERSE_DOMAIN if set.',
}

/** The error for what a call threw. */
export function explain(key: MasterKey, code: number | undefined): KeyBackendError {
  const { reason, message, hint } = explanations.get(code ?? unavailable) ?? unreachable
  return failure(key, reason, message, { hint })
}

export function failure(
  key: MasterKey,
  reason: KeyFailureReason,
  message: string,
  options: SopsErrorOptions = {},
): KeyBackendError {
  return new KeyBackendError(key.type, key.id, reason, `GCP KMS: ${message}`, options)
}
