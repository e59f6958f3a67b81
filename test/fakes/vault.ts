// The transit and KV engines of HashiCorp Vault and OpenBao, as far as sops speaks with them: tokens, namespaces, keys by
// name, secrets of both versions.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeServer, listen, readBody } from './server.ts'
import { answerKv, type KvMount, printAnswer } from './vault-kv.ts'

export interface VaultRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface FakeVault {
  /** scheme://127.0.0.1:port */
  readonly url: string
  readonly requests: VaultRequest[]
  /** Answers that come before the true ones: status, headers, body. */
  readonly next: { status: number; headers?: Record<string, string>; body?: string }[]
  close(): Promise<void>
}

export interface FakeVaultOptions {
  readonly token: string
  /** Of all engines; none by default. */
  readonly namespace?: string
  /** ENGINE/KEY */
  readonly keys?: readonly string[]
  /** By the name of the mount; the caller sees what is written. */
  readonly mounts?: ReadonlyMap<string, KvMount>
  /** Each answer waits that many milliseconds. */
  readonly latency?: number
  /** Serves HTTPS; may ask for a client certificate. */
  readonly tls?: ServerOptions
}

export async function startFakeVault(options: FakeVaultOptions): Promise<FakeVault> {
  const keys = new Map((options.keys ?? []).map((key) => [key, randomBytes(32)]))
  const requests: VaultRequest[] = []
  const next: FakeVault['next'] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await readBody(request)).toString()
    const { method = '', url = '', headers } = request
    requests.push({ method, path: url, headers, body })
    await sleep(options.latency ?? 0)
    const planned = next.shift()
    if (planned !== undefined) {
      response.writeHead(planned.status, planned.headers).end(planned.body ?? '')
      return
    }
    const { status, ...result } = serve(keys, options, { method, path: url, headers, body })
    response
      .writeHead(status, { 'content-type': 'application/json' })
      .end(status === 204 ? undefined : printAnswer(result))
  }
  const listener = (request: IncomingMessage, response: ServerResponse): void => void answer(request, response)
  const server = options.tls === undefined ? createServer(listener) : createSecureServer(options.tls, listener)
  const url = (await listen(server)).replace('http:', options.tls === undefined ? 'http:' : 'https:')
  return { url, requests, next, close: () => closeServer(server) }
}

interface Answer {
  readonly status: number
  readonly errors?: readonly string[]
  readonly data?: unknown
}

function refuse(status: number, ...errors: readonly string[]): Answer {
  return { status, errors }
}

function serve(keys: ReadonlyMap<string, Buffer>, options: FakeVaultOptions, request: VaultRequest): Answer {
  const { headers } = request
  if (headers['x-vault-token'] !== options.token) return refuse(403, 'permission denied')
  if ((headers['x-vault-namespace'] ?? '') !== (options.namespace ?? '')) return refuse(403, 'permission denied')
  return answerKv(options.mounts ?? new Map(), request) ?? transit(keys, request)
}

function transit(keys: ReadonlyMap<string, Buffer>, { method, path, body }: VaultRequest): Answer {
  if (method !== 'PUT' && method !== 'POST') return refuse(405, 'unsupported operation')
  const [, engine = '', operation = '', name = ''] = /^\/v1\/(.+)\/(encrypt|decrypt)\/([^/]+)$/.exec(path) ?? []
  const mounts = [...keys.keys()].map((key) => key.slice(0, key.lastIndexOf('/')))
  if (!mounts.includes(decodeURIComponent(engine))) {
    return refuse(404, `no handler for route "${path.slice(4)}". route entry not found.`)
  }
  const key = keys.get(`${decodeURIComponent(engine)}/${decodeURIComponent(name)}`)
  if (key === undefined) return refuse(400, 'encryption key not found')
  return operation === 'encrypt' ? encrypt(key, body) : decrypt(key, body)
}

function encrypt(key: Buffer, body: string): Answer {
  const text = field(body, 'plaintext')
  if (text === undefined || Buffer.from(text, 'base64').toString('base64') !== text) {
    return refuse(400, 'failed to base64-decode plaintext')
  }
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const sealed = Buffer.concat([nonce, cipher.update(text, 'base64'), cipher.final(), cipher.getAuthTag()])
  return { status: 200, data: { ciphertext: `vault:v1:${sealed.toString('base64')}` } }
}

function decrypt(key: Buffer, body: string): Answer {
  const text = field(body, 'ciphertext') ?? ''
  if (!text.startsWith('vault:v')) return refuse(400, 'invalid ciphertext: no prefix')
  const sealed = Buffer.from(text.slice('vault:v1:'.length), 'base64')
  if (sealed.length < 28) return refuse(400, 'invalid ciphertext: unable to decrypt')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAuthTag(sealed.subarray(-16))
  try {
    const plain = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
    return { status: 200, data: { plaintext: plain.toString('base64') } }
  } catch {
    return refuse(400, 'cipher: message authentication failed')
  }
}

function field(body: string, name: string): string | undefined {
  const value: unknown = JSON.parse(body)
  if (typeof value !== 'object' || value === null) return undefined
  const found = Object.entries(value).find(([each]) => each === name)?.[1] as unknown
  return typeof found === 'string' ? found : undefined
}
