// HuaweiCloud KMS and IAM, as far as data keys need them. Signatures are verified.

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeServer, listen, readBody, Refusal } from './server.ts'

export interface HuaweiUser {
  readonly ak: string
  readonly sk: string
  readonly securityToken?: string
}

export interface HuaweiWorld {
  readonly users: readonly HuaweiUser[]
  /** By region. */
  readonly projects: ReadonlyMap<string, readonly string[]>
  readonly keys: readonly { readonly id: string; readonly project: string; enabled?: boolean }[]
}

export interface FakeHuawei {
  readonly url: string
  /** What was asked, one line each: method, path. */
  readonly requests: string[]
  latency: number
  /** How many of the next requests are refused because there are too many. */
  throttled: number
  close(): Promise<void>
}

export async function startFakeHuawei(world: HuaweiWorld): Promise<FakeHuawei> {
  const service = new Service(world)
  const server = createServer((request, response) => void service.answer(request, response))
  service.url = await listen(server)
  service.close = () => closeServer(server)
  return service
}

class Service implements FakeHuawei {
  url = ''
  readonly requests: string[] = []
  latency = 0
  throttled = 0
  close: () => Promise<void> = () => Promise.resolve()
  readonly #world: HuaweiWorld
  readonly #secret = randomBytes(32)

  constructor(world: HuaweiWorld) {
    this.#world = world
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const url = new URL(request.url ?? '/', this.url)
    this.requests.push(`${request.method ?? ''} ${url.pathname}`)
    try {
      this.#authenticate(request, url, body)
      if (this.throttled > 0) {
        this.throttled--
        throw new Refusal(429, 'APIGW.0308', 'The throttling threshold has been reached')
      }
      await sleep(this.latency)
      send(response, 200, this.#route(request, url, body))
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      send(response, error.status, { error: { error_code: error.code, error_msg: error.message } })
    }
  }

  #route(request: IncomingMessage, url: URL, body: Buffer): object {
    if (url.pathname === '/v3/projects') {
      const name = url.searchParams.get('name') ?? ''
      return { projects: (this.#world.projects.get(name) ?? []).map((id) => ({ id, name })) }
    }
    const match = /^\/v1\.0\/([^/]+)\/kms\/(encrypt|decrypt)-data$/.exec(url.pathname)
    if (match === null || request.method !== 'POST') throw new Refusal(404, 'APIGW.0101', 'The API does not exist')
    const [, project = '', verb = ''] = match
    if (request.headers['x-project-id'] !== project) throw new Refusal(400, 'KMS.0201', 'Wrong project')
    const input = new Map(Object.entries(JSON.parse(body.toString()) as Record<string, unknown>))
    if (input.get('encryption_algorithm') !== 'SYMMETRIC_DEFAULT') throw new Refusal(400, 'KMS.0204', 'Algorithm')
    const id = String(input.get('key_id'))
    const key = this.#world.keys.find((each) => each.id === id && each.project === project)
    if (key === undefined) throw new Refusal(404, 'KMS.0401', 'The key does not exist')
    if (key.enabled === false) throw new Refusal(403, 'KMS.0407', 'The key is disabled')
    if (verb === 'encrypt') return { key_id: id, cipher_text: this.#encrypt(id, String(input.get('plain_text'))) }
    return { key_id: id, plain_text: this.#decrypt(id, String(input.get('cipher_text'))) }
  }

  #encrypt(id: string, text: string): string {
    if (text.length < 1 || text.length > 4096) throw new Refusal(400, 'KMS.0203', `plain_text ${text}`)
    const iv = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#secret, iv).setAAD(Buffer.from(id))
    return Buffer.concat([iv, Buffer.alloc(32), cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString(
      'base64',
    )
  }

  #decrypt(id: string, text: string): string {
    const bytes = Buffer.from(text, 'base64')
    const refusal = new Refusal(400, 'KMS.0208', `cipher_text ${text} is not valid`)
    if (!/^[0-9a-zA-Z+/=]{128,5648}$/.test(text) || bytes.subarray(12, 44).some((byte) => byte !== 0)) throw refusal
    const decipher = createDecipheriv('aes-256-gcm', this.#secret, bytes.subarray(0, 12)).setAAD(Buffer.from(id))
    try {
      return (
        decipher.setAuthTag(bytes.subarray(-16)).update(bytes.subarray(44, -16)).toString() + decipher.final('utf8')
      )
    } catch {
      throw refusal
    }
  }

  #authenticate({ method = '', headers }: IncomingMessage, url: URL, body: Buffer): void {
    const refusal = new Refusal(
      401,
      'APIGW.0301',
      `Incorrect IAM authentication information: ${String(headers.authorization)}`,
    )
    const match = /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
    const [, ak = '', names = '', signature = ''] = match ?? []
    const user = this.#world.users.find((each) => each.ak === ak)
    if (user === undefined || (user.securityToken ?? '') !== (headers['x-security-token'] ?? '')) throw refusal
    const time = String(headers['x-sdk-date'])
    const signed = names.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`)
    const path = url.pathname.endsWith('/') ? url.pathname : `${url.pathname}/`
    const query = [...url.searchParams].map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const canonical = [method, path, query.sort().join('&'), signed.join(''), names, sha256(body)].join('\n')
    const text = `SDK-HMAC-SHA256\n${time}\n${sha256(canonical)}`
    const expected = createHmac('sha256', user.sk).update(text).digest()
    const isRight = names.split(';').includes('x-sdk-date') && timingSafeEqual(expected, Buffer.from(signature, 'hex'))
    if (!isRight || !isRecent(time)) throw refusal
  }
}

function isRecent(time: string): boolean {
  const iso = time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  return Math.abs(Date.parse(iso) - Date.now()) < 15 * 60_000
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
