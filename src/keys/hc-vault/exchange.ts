// One exchange with a Vault server, whatever is asked of it: token, namespace, agent, TLS, and patience with a busy one.
import { setTimeout as sleep } from 'node:timers/promises'
import { KeyBackendError } from '../../errors.ts'
import type { ConnectionRequest, Host } from '../../host.ts'
import { withDeadline } from '../deadline.ts'
import { readText } from '../response-body.ts'
import type { MasterKey } from '../types.ts'
import { connectionOf } from './connection.ts'
import { codeOf } from './failure.ts'
import { readToken } from './token.ts'

export interface VaultRequest {
  readonly method: 'GET' | 'PUT'
  /** Of a server that may be sent the token: see checkAllowed. */
  readonly url: string
  /** '': none. */
  readonly body: string
}

export interface VaultAnswer {
  /** Where it was asked in the end. */
  readonly url: string
  readonly status: number
  readonly text: string
  /** What was sent: no text of the server that holds it may be shown. */
  readonly token: string | undefined
}

/** Makes the error for a server that could not be asked. */
export type Unreachable = (url: string, error: unknown) => Error

/**
 * The server's answer, whatever its status. `key` is what errors are told of.
 * @throws KeyBackendError, and what `unreachable` makes
 */
export async function exchange(
  key: MasterKey,
  { method, url, body }: VaultRequest,
  host: Host,
  unreachable: Unreachable,
): Promise<VaultAnswer> {
  const token = await readToken(key, host)
  const request = { method, url: throughAgent(key, url, host), headers: headersOf(key, token, host), body }
  const answer = await withDeadline(key, host, (signal) =>
    sendPatiently(key, { ...request, signal }, host, unreachable),
  )
  return { ...answer, token }
}

// The agent's address comes from the environment, so the token may go there.
function throughAgent(key: MasterKey, url: string, host: Host): string {
  const agent = host.env('VAULT_AGENT_ADDR') ?? ''
  if (agent === '') return url
  const { pathname } = new URL(url)
  if (agent.startsWith('unix://')) return `http://localhost${pathname}`
  const base = URL.canParse(agent) ? new URL(agent) : undefined
  if (base !== undefined && /^https?:$/.test(base.protocol)) return `${base.origin}${pathname}`
  throw new KeyBackendError(key.type, key.id, 'no-credential', 'VAULT_AGENT_ADDR is no http, https or unix address')
}

function headersOf(key: MasterKey, token: string | undefined, host: Host): Record<string, string> {
  const namespace = host.env('VAULT_NAMESPACE') ?? ''
  if (/[^\x20-\x7e]/.test(namespace)) {
    throw new KeyBackendError(key.type, key.id, 'no-credential', 'VAULT_NAMESPACE contains non-printable characters')
  }
  return {
    'Content-Type': 'application/json',
    'X-Vault-Request': 'true',
    ...(token !== undefined && { 'X-Vault-Token': token }),
    ...(namespace !== '' && { 'X-Vault-Namespace': namespace }),
  }
}

interface Sent extends ConnectionRequest {
  readonly url: string
}

const retries = 3
const firstPause = 200
const longestPause = 10_000

// What is overloaded, or not ready yet, is asked again after growing pauses; the deadline ends it.
async function sendPatiently(
  key: MasterKey,
  request: Sent,
  host: Host,
  unreachable: Unreachable,
): Promise<Omit<VaultAnswer, 'token'>> {
  for (let attempt = 0; ; attempt++) {
    const pause = firstPause * 2 ** attempt * (1 + Math.random())
    try {
      const { status, text, retryAfter } = await send(key, request, host)
      if (attempt === retries || !isPassing(status)) return { url: request.url, status, text }
      await sleep(Math.max(pause, Math.min(retryAfter, longestPause)), undefined, { signal: request.signal })
    } catch (error) {
      if (error instanceof KeyBackendError) throw error
      if (attempt === retries || request.signal.aborted || !passingFailures.has(codeOf(error)))
        throw unreachable(request.url, error)
      await sleep(pause, undefined, { signal: request.signal }).catch(() => undefined)
    }
  }
}

const passingFailures: ReadonlySet<string> = new Set([
  ...['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT'],
])

function isPassing(status: number): boolean {
  return status === 412 || status === 429 || (status >= 500 && status !== 501)
}

async function send(
  key: MasterKey,
  { url, ...request }: Sent,
  host: Host,
): Promise<{ status: number; text: string; retryAfter: number }> {
  const connection = await connectionOf(key, host)
  // A redirect would carry the token to wherever it points.
  const response =
    connection === undefined || host.fetchOver === undefined
      ? await host.fetch(url, { ...withBody(request), redirect: 'manual' })
      : await host.fetchOver(connection, url, request)
  const retryAfter = Number(response.headers.get('retry-after') ?? 0) * 1000
  return { status: response.status, text: await readText(response), retryAfter: retryAfter > 0 ? retryAfter : 0 }
}

// fetch takes no body with GET, not even an empty one.
function withBody({ body, ...request }: ConnectionRequest): RequestInit {
  return body === '' ? request : { ...request, body }
}
