// Why a key could not be used. Of what the service says only its error code is passed on.
import { KeyBackendError, SopsError, type KeyFailureReason } from '../../errors.ts'
import type { HuaweiKey } from './key.ts'

/** A failure before it is known for which key. `problem` shows no secret. */
export class Failure extends Error {
  readonly reason: KeyFailureReason
  readonly hint: string | undefined
  constructor(reason: KeyFailureReason, problem: string, options: { readonly hint?: string } = {}) {
    super(problem)
    this.name = 'Failure'
    this.reason = reason
    this.hint = options.hint
  }
}

const signIn = 'Check HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK, the security token, and the clock of this machine.'
const wrongKey = 'Check the region and the id of the key, and that it is enabled.'

/** What a status means that is no success. */
export function refusal(status: number, body: string): Failure {
  const code = errorCode(body)
  const shown = code === undefined ? ` (status ${status})` : ` (${code})`
  if (status === 401) return new Failure('denied', `the credentials were refused${shown}`, { hint: signIn })
  if (status === 403) return new Failure('denied', `access was denied${shown}`)
  if (status === 404) return new Failure('denied', `there is no such key${shown}`, { hint: wrongKey })
  if (status === 429) return new Failure('offline', `there were too many requests${shown}`)
  if (status >= 500) return new Failure('offline', `the service failed${shown}`)
  return new Failure('malformed', `the request was refused${shown}`, { hint: wrongKey })
}

function errorCode(body: string): string | undefined {
  const code = /"error_code"\s*:\s*"([A-Za-z]{2,20}\.\d{3,10})"/.exec(body.slice(0, 10_000))?.[1]
  return code
}

export function keyFailure(key: HuaweiKey, verb: 'encrypt' | 'decrypt', error: unknown): unknown {
  if (error instanceof KeyBackendError || !(error instanceof Failure || error instanceof SopsError)) return error
  const reason = error instanceof Failure ? error.reason : 'malformed'
  const message = `failed to ${verb} sops data key with HuaweiCloud KMS: ${error.message}`
  return new KeyBackendError('hckms', key.id, reason, message, error.hint === undefined ? {} : { hint: error.hint })
}
