// One question to a transit engine.
import { setTimeout as sleep } from 'node:timers/promises'
import { KeyBackendError } from '../../errors.ts'
import type { ConnectionRequest, Host } from '../../host.ts'
import { withDeadline } from '../deadline.ts'
import { readText } from '../response-body.ts'
import type { MasterKey } from '../types.ts'
import { checkAllowed } from './allow-list.ts'
import { connectionOf } from './connection.ts'
import { badAnswer, codeOf, malformed, refused, unreachable } from './failure.ts'
import { readToken } from './token.ts'
import { requestUrl, type VaultKeyPath } from './uri.ts'

export type TransitOperation = 'encrypt' | 'decrypt'

export interface TransitKey extends MasterKey, VaultKeyPath {}

/**
 * Sends `value` as the field that the operation takes and gives the one that it gives back.
 * @throws KeyBackendError
 */
export async function askTransit(
  key: TransitKey,
  operation: TransitOperation,
  value: string,
  host: Host,
): Promise<string> {
  const [given, wanted] = operation === 'encrypt' ? ['plaintext', 'ciphertext'] : ['ciphertext', 'plaintext']
  const url = requestUrl(key, operation)
  if (url === undefined) throw malformed(key, operation, 'the address, the engine or the name of the key is malformed')
  checkAllowed(key, key.address, host)
  const token = await readToken(key, host)
  const request = {
    url: throughAgent(key, url, host),
    headers: headersOf(key, token, host),
    body: JSON.stringify({ [given]: value }),
  }
  const answer = await withDeadline(key, host, (signal) => sendPatiently(key, operation, { ...request, signal }, host))
  if (answer.status < 200 || answer.status > 299) throw refused(key, operation, answer, token)
  return readField(key, operation, answer.text, wanted)
}

// The agent's address comes from the environment, so the token may go there.
function throughAgent(key: TransitKey, url: string, host: Host): string {
  const agent = host.env('VAULT_AGENT_ADDR') ?? ''
  if (agent === '') return url
  const { pathname } = new URL(url)
  if (agent.startsWith('unix://')) return `http://localhost${pathname}`
  const base = URL.canParse(agent) ? new URL(agent) : undefined
  if (base !== undefined && /^https?:$/.test(base.protocol)) return `${base.origin}${pathname}`
  throw new KeyBackendError(key.type, key.id, 'no-credential', 'VAULT_AGENT_ADDR is no http, https or unix address')
}

function headersOf(key: TransitKey, token: string | undefined, host: Host): Record<string, string> {
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

export interface TransitAnswer {
  readonly url: string
  readonly status: number
  readonly text: string
}

type TransitRequest = Omit<ConnectionRequest, 'method'> & { readonly url: string }

const retries = 3
const firstPause = 200
const longestPause = 10_000

// What is overloaded, or not ready yet, is asked again after growing pauses; the deadline ends it.
async function sendPatiently(
  key: TransitKey,
  operation: TransitOperation,
  request: TransitRequest,
  host: Host,
): Promise<TransitAnswer> {
  for (let attempt = 0; ; attempt++) {
    const pause = firstPause * 2 ** attempt * (1 + Math.random())
    try {
      const { status, text, retryAfter } = await send(key, request, host)
      if (attempt === retries || !isPassing(status)) return { url: request.url, status, text }
      await sleep(Math.max(pause, Math.min(retryAfter, longestPause)), undefined, { signal: request.signal })
    } catch (error) {
      if (error instanceof KeyBackendError) throw error
      if (attempt === retries || request.signal.aborted || !passingFailures.has(codeOf(error)))
        throw unreachable(key, operation, request.url, error)
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
  key: TransitKey,
  { url, ...rest }: TransitRequest,
  host: Host,
): Promise<{ status: number; text: string; retryAfter: number }> {
  const connection = await connectionOf(key, host)
  const request = { ...rest, method: 'PUT' }
  // A redirect would carry the token to wherever it points.
  const response =
    connection === undefined || host.fetchOver === undefined
      ? await host.fetch(url, { ...request, redirect: 'manual' })
      : await host.fetchOver(connection, url, request)
  const retryAfter = Number(response.headers.get('retry-after') ?? 0) * 1000
  return { status: response.status, text: await readText(response), retryAfter: retryAfter > 0 ? retryAfter : 0 }
}

function readField(key: TransitKey, operation: TransitOperation, text: string, name: string): string {
  const data = parse(text)?.data
  const field: unknown = isObject(data) ? data[name] : undefined
  if (typeof field === 'string' && field !== '') return field
  throw badAnswer(key, operation)
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
