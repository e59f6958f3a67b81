// Why a key could not be used. Of the SDK's errors only the name, and for a refusal the caller's ARN, is passed on: their
// texts can quote the signed request.
import { ConfigError, KeyBackendError, type KeyFailureReason } from '../../errors.ts'
import type { KmsKey } from './key.ts'

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

/** No credentials, before KMS was asked. `problem` shows no secret. */
export class CredentialFailure extends Error {
  readonly reason: KeyFailureReason
  readonly hint: string | undefined
  constructor(
    reason: KeyFailureReason,
    problem: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(problem, { cause: options.cause })
    this.name = 'CredentialFailure'
    this.reason = reason
    this.hint = options.hint
  }
}

export interface Explanation {
  readonly reason: KeyFailureReason
  readonly problem: string
  readonly hint?: string
}

const signIn = 'Sign in again or renew the credentials; the clock of this machine must be right too.'
const wrongKey = 'Check that the ARN and its region are those of the key, and that the key is enabled.'
const wrongFile = 'The `enc` or the context of this key was changed: take both from an earlier version of the file.'

const explanations: ReadonlyMap<string, Explanation> = new Map<string, Explanation>([
  ['AccessDeniedException', { reason: 'denied', problem: 'access was denied' }],
  ['AccessDenied', { reason: 'denied', problem: 'access was denied' }],
  ['NotFoundException', { reason: 'denied', problem: 'there is no such key', hint: wrongKey }],
  ['DisabledException', { reason: 'denied', problem: 'the key is disabled', hint: wrongKey }],
  ['KMSInvalidStateException', { reason: 'denied', problem: 'the state of the key forbids it', hint: wrongKey }],
  ['InvalidKeyUsageException', { reason: 'denied', problem: 'the key is not for encryption', hint: wrongKey }],
  ['InvalidArnException', { reason: 'malformed', problem: 'the ARN is not valid', hint: wrongKey }],
  ['IncorrectKeyException', { reason: 'malformed', problem: 'the data key belongs to another key', hint: wrongFile }],
  [
    'InvalidCiphertextException',
    { reason: 'malformed', problem: 'the data key is damaged or has another encryption context', hint: wrongFile },
  ],
  ['ValidationException', { reason: 'malformed', problem: 'the request was not valid', hint: wrongFile }],
  ['UnrecognizedClientException', { reason: 'denied', problem: 'the credentials are not known', hint: signIn }],
  ['InvalidClientTokenId', { reason: 'denied', problem: 'the credentials are not known', hint: signIn }],
  ['InvalidSignatureException', { reason: 'denied', problem: 'the secret access key is wrong', hint: signIn }],
  ['SignatureDoesNotMatch', { reason: 'denied', problem: 'the secret access key is wrong', hint: signIn }],
  ['ExpiredTokenException', { reason: 'denied', problem: 'the credentials have expired', hint: signIn }],
  ['ExpiredToken', { reason: 'denied', problem: 'the credentials have expired', hint: signIn }],
  ['ThrottlingException', { reason: 'offline', problem: 'there were too many requests' }],
  ['Throttling', { reason: 'offline', problem: 'there were too many requests' }],
])

/** What an SDK error means, in words that show none of its request. */
export function explain(error: unknown): Explanation {
  if (error instanceof CredentialFailure) {
    const { reason, message: problem, hint } = error
    return { reason, problem, ...(hint !== undefined && { hint }) }
  }
  if (error instanceof ConfigError) return { reason: 'malformed', problem: error.message }
  const name = error instanceof Error ? error.name : ''
  const known = explanations.get(name)
  if (known === undefined) return explainUnknown(error, name)
  const caller = known.problem === 'access was denied' ? callerIn(error) : ''
  return { ...known, problem: `${known.problem}${caller} (${name})` }
}

function explainUnknown(error: unknown, name: string): Explanation {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/^E[A-Z_]+$/.test(code)) {
    const hint = 'Check the network, the region in the ARN, and the endpoint variables.'
    return { reason: 'offline', problem: `the service could not be reached (${code})`, hint }
  }
  const shown = /^\w{3,80}$/.test(name) && name !== 'Error' ? ` (${name})` : ''
  const status = statusOf(error)
  if (status !== undefined && status < 500) return { reason: 'denied', problem: `the request was refused${shown}` }
  return { reason: 'offline', problem: `the service failed${shown}` }
}

function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  const { $metadata: metadata } = error
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}

/** Who was refused: the ARN after `User:`, which is public. */
function callerIn(error: unknown): string {
  const text = error instanceof Error ? error.message : ''
  const arn = /^User: (arn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]{1,256}) is not authorized/.exec(text)?.[1]
  return arn === undefined ? '' : ` to ${arn}`
}

export function keyFailure(key: KmsKey, verb: 'encrypt' | 'decrypt', error: unknown): KeyBackendError {
  if (error instanceof KeyBackendError) return error
  const { reason, problem, hint } = explain(error)
  const message = `failed to ${verb} sops data key with AWS KMS: ${problem}`
  return new KeyBackendError('kms', key.id, reason, message, hint === undefined ? {} : { hint })
}
