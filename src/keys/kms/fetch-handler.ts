// The SDK's requests, and ours, go through the Host, so that a caller's Host sees every one of them.
import type { Host } from '../../host.ts'
import { readBody } from '../response-body.ts'
import type { Answer } from './service-answer.ts'

interface Request {
  readonly method: string
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface SdkAnswer extends Answer {
  readonly reason: string
}

/** A request of ours. */
export interface OwnRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

/**
 * Redirects are refused, or with `manual` an answer like others: a signed request is for the host that it was signed
 * for.
 */
export function fetchHandler(host: Host, redirect: 'error' | 'manual' = 'error'): Record<string, unknown> {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request: Request, options?: { readonly abortSignal?: unknown }) => ({
      response: await send(host, request, redirect, options?.abortSignal),
    }),
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
    destroy: () => undefined,
  }
}

async function send(
  host: Host,
  request: Request,
  redirect: 'error' | 'manual',
  abortSignal: unknown,
): Promise<SdkAnswer> {
  const { method, headers, body } = request
  return fetchAnswer(host, urlOf(request), {
    method,
    // fetch sets two of these itself, from the URL and the body; the third it does not know.
    headers: Object.entries(headers).filter(([name]) => !/^(?:host|content-length|expect)$/i.test(name)),
    redirect,
    ...((typeof body === 'string' || body instanceof Uint8Array) && { body }),
    ...(abortSignal instanceof AbortSignal && { signal: abortSignal }),
  })
}

/** Sends a signed request, which may not be redirected. */
export function sendRequest(host: Host, { url, headers, ...request }: OwnRequest): Promise<Answer> {
  return fetchAnswer(host, url, { ...request, headers: Object.entries(headers), redirect: 'error' })
}

async function fetchAnswer(host: Host, url: string, request: RequestInit): Promise<SdkAnswer> {
  try {
    const response = await host.fetch(url, request)
    return {
      statusCode: response.status,
      reason: response.statusText,
      headers: Object.fromEntries(response.headers),
      body: await readBody(response),
    }
  } catch (error) {
    throw networkError(error)
  }
}

function urlOf({ protocol, hostname, port, path, query = {} }: Request): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const each of typeof value === 'string' ? [value] : (value ?? [''])) search.append(name, each)
  }
  const suffix = search.size === 0 ? '' : `?${search.toString()}`
  return `${protocol}//${hostname}${port === undefined ? '' : `:${port}`}${path}${suffix}`
}

/** fetch hides in `cause` why it failed; the SDK decides by `code` whether to try again. */
function networkError(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  // undici's own codes mean a connection that broke.
  const known = code === '' || code.startsWith('UND_ERR') ? 'ECONNRESET' : code
  return Object.assign(new Error('the request could not be sent', { cause: error }), { code: known })
}
