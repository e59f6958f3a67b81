// What the destinations at Google Cloud have in common: the identity of GCP KMS keys, one request, what a failure means. Not
// their SDKs: two requests each do not need them, and these go through the Host.
import { setTimeout as sleep } from 'node:timers/promises'
import { SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { timeoutSeconds } from '../keys/deadline.ts'
import { type Identity, loadIdentity } from '../keys/gcp-kms/credentials.ts'
import { PerHost } from '../keys/per-host.ts'
import { readText } from '../keys/response-body.ts'
import { ask, asFailure, failure, subjectOf } from './failure.ts'

export interface GoogleRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** An emulator is sent no token. */
  readonly withToken: boolean
  readonly contentType?: string
  readonly body?: string | Uint8Array
}

export interface GoogleAnswer {
  readonly status: number
  readonly text: string
}

/** The server's answer, whatever its status. Throws SopsError. */
export function askGoogle(service: string, request: GoogleRequest, host: Host): Promise<GoogleAnswer> {
  return ask(service, host, async (signal) => {
    const { method, contentType, body } = request
    const headers = request.withToken ? await tokenHeaders(service, request.url, host) : new Headers()
    if (contentType !== undefined) headers.set('content-type', contentType)
    const init = { method, headers, signal, redirect: 'manual', ...(body !== undefined && { body }) } as const
    for (let attempt = 1; ; attempt++) {
      const answer = await send(service, request.url, init, host)
      if (attempt === maxAttempts || (answer !== undefined && !isPassing(answer.status))) {
        if (answer !== undefined) return answer
        throw failure(`${service} could not be reached`, 'Check the network and the trusted certificates.')
      }
      await sleep(100 * 3 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal })
    }
  })
}

const maxAttempts = 4

function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/** undefined: there was none. */
async function send(service: string, url: string, init: RequestInit, host: Host): Promise<GoogleAnswer | undefined> {
  try {
    const response = await host.fetch(url, init)
    return { status: response.status, text: await readText(response) }
  } catch (error) {
    if (error instanceof SopsError) throw asFailure(service, error)
    return undefined
  }
}

const identities = new PerHost<Identity>()

/** One identity for all files: they share its token. Throws KeyBackendError. */
function identityOf(service: string, host: Host): Promise<Identity> {
  const given = host.env('GOOGLE_CLOUD_UNIVERSE_DOMAIN') ?? ''
  const options = {
    universeDomain: given === '' ? 'googleapis.com' : given,
    timeout: timeoutSeconds(host) * 1000,
  }
  return identities.get(host, '', () => loadIdentity(subjectOf(service), host, options))
}

async function tokenHeaders(service: string, url: string, host: Host): Promise<Headers> {
  const { auth } = await identityOf(service, host)
  try {
    return new Headers(await auth.getRequestHeaders(url))
  } catch {
    // Its message may quote an answer with a token.
    throw failure(
      `${service}: the Google credentials gave no access token`,
      'They may have expired: get new ones, for example by `gcloud auth application-default login`.',
    )
  }
}

/** Where a service of Google is, in the universe of the credentials. Throws SopsError. */
export async function originOf(service: string, name: string, host: Host): Promise<string> {
  try {
    return `https://${name}.${(await identityOf(service, host)).universeDomain}`
  } catch (error) {
    throw asFailure(service, error)
  }
}

const explanations: ReadonlyMap<number, readonly [problem: string, hint: string]> = new Map([
  [400, ['the request was not valid', 'Check the names in the destination rule.']],
  [401, ['the credentials were refused', 'The access token or the credentials file may have expired.']],
  [403, ['access was denied', 'The account needs a role that lets it write there; it may also not exist.']],
  [404, ['there is no such bucket, project or secret', 'Check the names in the destination rule.']],
  [429, ['the service asked for fewer requests', 'Try again later, or raise the quota of the project.']],
])

/** The error for an answer that is not the wanted one. */
export function refused(service: string, { status }: GoogleAnswer): SopsError {
  const [problem, hint] = explanations.get(status) ?? ['the service failed', 'Try again later.']
  return failure(`${service}: ${problem} (${status})`, hint)
}
