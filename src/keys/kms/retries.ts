// When a request is tried again and after how long: as the standard mode of the SDKs does it.
import { setTimeout as sleep } from 'node:timers/promises'
import { ServiceError } from './service-answer.ts'

type Kind = 'throttled' | 'transient'

// In milliseconds, and in tokens.
const delays: Readonly<Record<Kind, number>> = { throttled: 1000, transient: 50 }
const costs: Readonly<Record<Kind, number>> = { throttled: 5, transient: 14 }
const longest = 20_000
const hintMargin = 5000
const fullBucket = 500

const throttling: ReadonlySet<string> = new Set([
  ...['BandwidthLimitExceeded', 'EC2ThrottledException', 'LimitExceededException', 'PriorRequestNotComplete'],
  ...['ProvisionedThroughputExceededException', 'RequestLimitExceeded', 'RequestThrottled'],
  ...['RequestThrottledException', 'SlowDown', 'ThrottledException', 'Throttling', 'ThrottlingException'],
  ...['TooManyRequestsException', 'TransactionInProgressException'],
])
const transient: ReadonlySet<string> = new Set([
  ...['TimeoutError', 'RequestTimeout', 'RequestTimeoutException'],
  ...['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'],
])
const transientStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504])

/** The clock was wrong and has been corrected since. */
export class ClockCorrected extends Error {
  constructor(cause: unknown) {
    super('the clock was corrected', { cause })
  }
}

/** The retries of one client: all of its requests share a number of tokens, so that a service that fails is spared. */
export class Retries {
  readonly #maxAttempts: number
  #tokens = fullBucket

  constructor(maxAttempts: number) {
    this.#maxAttempts = maxAttempts
  }

  /** What `attempt` gives in the end, or what it failed with last. */
  async run<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
    let refund = 1
    for (let count = 0; ; count++) {
      try {
        const result = await attempt()
        this.#tokens = Math.min(fullBucket, this.#tokens + refund)
        return result
      } catch (error) {
        const kind = kindOf(error)
        const isLast = count + 1 >= this.#maxAttempts
        if (kind === undefined || isLast || this.#tokens < costs[kind]) throw reasonOf(error)
        this.#tokens -= costs[kind]
        refund = costs[kind]
        await sleep(waitFor(kind, count, error), undefined, { signal })
      }
    }
  }
}

function kindOf(error: unknown): Kind | undefined {
  if (error instanceof ClockCorrected) return 'transient'
  if (!(error instanceof Error)) return undefined
  const status = error instanceof ServiceError ? error.$metadata.httpStatusCode : 0
  if (status === 429 || throttling.has(error.name)) return 'throttled'
  const isLate = error.name === 'InvalidSignatureException' && error.message.includes('Signature expired')
  const code = 'code' in error ? String(error.code) : ''
  const isTransient = isLate || transient.has(error.name) || transient.has(code) || transientStatuses.has(status)
  return isTransient ? 'transient' : undefined
}

function reasonOf(error: unknown): unknown {
  return error instanceof ClockCorrected ? error.cause : error
}

function waitFor(kind: Kind, count: number, error: unknown): number {
  const delay = Math.floor(Math.random() * Math.min(delays[kind] * 2 ** count, longest))
  const hint = error instanceof ServiceError ? (error.retryAfter ?? 0) : 0
  return Math.max(delay, Math.min(hint, delay + hintMargin))
}
