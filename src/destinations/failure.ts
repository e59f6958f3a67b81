// What is told of a destination that did not take a file: never what was sent, nor what an answer quotes of it.
import { KeyBackendError, SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { withDeadline } from '../keys/deadline.ts'
import type { MasterKey } from '../keys/types.ts'

export function failure(message: string, hint?: string): SopsError {
  return new SopsError('ERR_SOPS_DESTINATION', message, hint === undefined ? {} : { hint })
}

/** What stands for the service where the key backends' way to it wants a key to tell of. */
export function subjectOf(service: string): MasterKey {
  return { type: service, id: service, enc: '' }
}

/** What `work` gives within the time that a service may take to answer. Throws SopsError. */
export async function ask<T>(service: string, host: Host, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await withDeadline(subjectOf(service), host, work)
  } catch (error) {
    throw asFailure(service, error)
  }
}

/** An error of the key backends' way to a service, told of the service. */
export function asFailure(service: string, error: unknown): unknown {
  if (!(error instanceof KeyBackendError)) return error
  if (error.reason === 'not-installed') return failure(`a package for ${service} could not be loaded`, error.hint)
  return failure(`${service}: ${error.message.replace(keyServices, '')}`, error.hint)
}

const keyServices = /^(?:GCP KMS|Azure Key Vault): /
