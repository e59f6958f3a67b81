// How long a key may take to answer, retries included. A service that hangs must not hang its caller.
import { ConfigError, KeyBackendError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { MasterKey } from './types.ts'

const variable = 'TSOPS_KEY_TIMEOUT'
const defaultSeconds = 30
const maxSeconds = 86_400

/**
 * What `work` gives within the time that a key may take. `signal` is aborted when the time is over.
 * @throws KeyBackendError offline, when it is over before `work` has ended
 */
export async function withDeadline<T>(
  key: MasterKey,
  host: Host,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const seconds = timeoutSeconds(host)
  const controller = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(expired(key, seconds))
      controller.abort()
    }, seconds * 1000)
  })
  try {
    return await Promise.race([work(controller.signal), expiry])
  } finally {
    clearTimeout(timer)
  }
}

/** How long a key may take, in seconds. Throws ConfigError. */
export function timeoutSeconds(host: Host): number {
  const text = host.env(variable)?.trim() ?? ''
  if (text === '') return defaultSeconds
  const seconds = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0
  if (seconds > 0 && seconds <= maxSeconds) return seconds
  throw new ConfigError(`${variable} must be a number of seconds above 0 and at most ${maxSeconds}`)
}

function expired(key: MasterKey, seconds: number): KeyBackendError {
  const message = `there was no answer within ${seconds} s`
  const hint = `Check the network and the endpoint; ${variable} gives the seconds to wait.`
  return new KeyBackendError(key.type, key.id, 'offline', message, { hint })
}
