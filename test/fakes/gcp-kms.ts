// Google Cloud KMS as far as sops uses it: Encrypt and Decrypt, over REST (plain and TLS) and gRPC (TLS). It refuses what
// the service refuses: unknown callers, unknown, forbidden or disabled keys, ciphertexts that were made by another key.
import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  verify,
} from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createRequire } from 'node:module'
import {
  Server as GrpcServer,
  ServerCredentials,
  loadPackageDefinition,
  status as codes,
  type ServiceClientConstructor,
} from '@grpc/grpc-js'
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'
import { makeCertificate, type Certificate } from './certificate.ts'
import { closeServer, listen, readBody } from './server.ts'

export interface FakeGcpKms {
  readonly certificate: Certificate
  /** Values for SOPS_GCP_KMS_ENDPOINT. */
  readonly endpoints: { readonly http: string; readonly https: string; readonly grpc: string }
  /** An access token that is taken. */
  readonly token: string
  /** The JSON of a service account that is taken. */
  readonly serviceAccount: string
  /** The requests so far, as `encrypt ‹key›`. */
  readonly requests: string[]
  readonly keys: Map<string, FakeKey>
  /** Set by a test: how many of the next requests are answered by RESOURCE_EXHAUSTED, and how late. */
  readonly mood: { throttled: number; delay: number }
  close(): Promise<void>
}

export interface FakeKey {
  readonly material: Buffer
  state: 'enabled' | 'disabled' | 'forbidden'
}

type Operation = 'encrypt' | 'decrypt'
type Handle = (operation: Operation, name: string, bytes: Buffer, authorization: string) => Promise<Buffer>

const httpStatuses = {
  INVALID_ARGUMENT: 400,
  NOT_FOUND: 404,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  INTERNAL: 500,
  UNAUTHENTICATED: 401,
} as const

class Refusal extends Error {
  readonly status: keyof typeof httpStatuses
  constructor(status: keyof typeof httpStatuses, message: string) {
    super(message)
    this.status = status
  }
}

/** `names` are the resource ids of its keys. */
export async function startGcpKms(names: readonly string[]): Promise<FakeGcpKms> {
  const certificate = makeCertificate()
  const account = makeServiceAccount()
  const token = `ya29.${randomBytes(24).toString('hex')}`
  const state: Pick<FakeGcpKms, 'requests' | 'keys' | 'mood'> = {
    requests: [],
    keys: new Map(names.map((name) => [name, { material: randomBytes(32), state: 'enabled' }])),
    mood: { throttled: 0, delay: 0 },
  }
  const handle: Handle = async (operation, name, bytes, authorization) => {
    state.requests.push(`${operation} ${name}`)
    if (state.mood.delay > 0) await new Promise((resolve) => setTimeout(resolve, state.mood.delay))
    if (authorization !== `Bearer ${token}` && !account.accepts(authorization))
      throw new Refusal('UNAUTHENTICATED', 'Request had invalid authentication credentials.')
    if (state.mood.throttled > 0) {
      state.mood.throttled--
      throw new Refusal('RESOURCE_EXHAUSTED', 'Quota exceeded.')
    }
    return process(operation, name, bytes, state.keys)
  }
  const rest = restListener(handle, (assertion) => (account.accepts(`Bearer ${assertion}`) ? token : undefined))
  const servers = [createServer(rest), createTlsServer(certificate, rest)]
  const [http = '', https = ''] = await Promise.all(servers.map(listen))
  const grpc = await startGrpc(handle, certificate)
  return {
    certificate,
    endpoints: {
      http,
      https: https.replace('http:', 'https:'),
      grpc: `localhost:${grpc.port}`,
    },
    token,
    serviceAccount: account.documentFor(`${http}/token`),
    ...state,
    async close() {
      grpc.server.forceShutdown()
      await Promise.all(servers.map(closeServer))
    },
  }
}

function process(operation: Operation, name: string, bytes: Buffer, keys: FakeGcpKms['keys']): Buffer {
  const key = keys.get(name)
  if (key === undefined) throw new Refusal('NOT_FOUND', `CryptoKey ${name} not found.`)
  if (key.state === 'forbidden')
    throw new Refusal(
      'PERMISSION_DENIED',
      `Permission 'cloudkms.cryptoKeyVersions.useTo…' denied on resource '${name}'.`,
    )
  if (key.state === 'disabled') throw new Refusal('FAILED_PRECONDITION', `${name}/cryptoKeyVersions/1 is not enabled.`)
  return operation === 'encrypt' ? seal(key.material, bytes) : open(key.material, bytes)
}

function seal(material: Buffer, plaintext: Buffer): Buffer {
  if (plaintext.length > 65_536) throw new Refusal('INVALID_ARGUMENT', 'The plaintext is too long.')
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', material, iv)
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
}

function open(material: Buffer, ciphertext: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', material, ciphertext.subarray(0, 12), { authTagLength: 16 })
    decipher.setAuthTag(ciphertext.subarray(-16))
    return Buffer.concat([decipher.update(ciphertext.subarray(12, -16)), decipher.final()])
  } catch {
    throw new Refusal('INVALID_ARGUMENT', "Decryption failed: verify that 'name' refers to the correct CryptoKey.")
  }
}

/** What a token endpoint gives for a signed assertion. */
type Exchange = (assertion: string) => string | undefined

function restListener(handle: Handle, exchange: Exchange): RequestListener {
  return (request, response) => {
    const respond = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    const answer = request.url === '/token' ? answerToken(request, exchange) : answerRest(request, handle)
    answer.then(
      (body) => respond(200, body),
      (error: unknown) => {
        const status = error instanceof Refusal ? error.status : 'INTERNAL'
        const message = error instanceof Error ? error.message : ''
        respond(httpStatuses[status], { error: { code: httpStatuses[status], status, message } })
      },
    )
  }
}

async function answerRest(request: IncomingMessage, handle: Handle): Promise<object> {
  const { pathname } = new URL(request.url ?? '', 'http://localhost')
  const [, name, operation] = /^\/v1\/(projects\/.+):(encrypt|decrypt)$/.exec(decodeURIComponent(pathname)) ?? []
  if (request.method !== 'POST' || name === undefined) throw new Refusal('NOT_FOUND', 'There is no such method.')
  const body = JSON.parse((await readBody(request)).toString()) as { plaintext?: string; ciphertext?: string }
  const authorization = request.headers.authorization ?? ''
  if (operation === 'encrypt') {
    const ciphertext = await handle('encrypt', name, Buffer.from(body.plaintext ?? '', 'base64'), authorization)
    return { name: `${name}/cryptoKeyVersions/1`, ciphertext: ciphertext.toString('base64') }
  }
  const plaintext = await handle('decrypt', name, Buffer.from(body.ciphertext ?? '', 'base64'), authorization)
  return { plaintext: plaintext.toString('base64') }
}

async function answerToken(request: IncomingMessage, exchange: Exchange): Promise<object> {
  const form = new URLSearchParams((await readBody(request)).toString())
  const token = exchange(form.get('assertion') ?? '')
  if (token === undefined) throw new Refusal('UNAUTHENTICATED', 'invalid_grant')
  return { access_token: token, expires_in: 3600, token_type: 'Bearer' }
}

interface GrpcRequest {
  readonly name: string
  readonly plaintext?: Buffer
  readonly ciphertext?: Buffer
}

async function startGrpc(handle: Handle, certificate: Certificate): Promise<{ server: GrpcServer; port: number }> {
  const server = new GrpcServer()
  const method =
    (operation: Operation) =>
    (call: ServerUnaryCall<GrpcRequest, object>, done: sendUnaryData<object>): void => {
      const { name, plaintext, ciphertext } = call.request
      const bytes = Buffer.from((operation === 'encrypt' ? plaintext : ciphertext) ?? '')
      const [authorization = ''] = call.metadata.get('authorization')
      handle(operation, name, bytes, authorization.toString()).then(
        (answer) => done(null, operation === 'encrypt' ? { name, ciphertext: answer } : { plaintext: answer }),
        (error: unknown) => {
          const status = error instanceof Refusal ? error.status : 'INTERNAL'
          done({ code: codes[status], details: error instanceof Error ? error.message : '' })
        },
      )
    }
  server.addService(serviceOfKms(), { Encrypt: method('encrypt'), Decrypt: method('decrypt') })
  const credentials = ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(certificate.key), cert_chain: Buffer.from(certificate.cert) },
  ])
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error))),
  )
  return { server, port }
}

function serviceOfKms(): ServiceClientConstructor['service'] {
  const path = createRequire(import.meta.url).resolve('@google-cloud/kms/build/protos/protos.json')
  const definition = fromJSON(JSON.parse(readFileSync(path, 'utf8')) as Parameters<typeof fromJSON>[0])
  const { google } = loadPackageDefinition(definition) as unknown as {
    google: { cloud: { kms: { v1: { KeyManagementService: ServiceClientConstructor } } } }
  }
  return google.cloud.kms.v1.KeyManagementService.service
}

interface ServiceAccount {
  /** The JSON of its key. */
  documentFor(tokenUri: string): string
  /** Whether the header carries a token that the account has signed. */
  accepts(authorization: string): boolean
}

function makeServiceAccount(): ServiceAccount {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const email = 'sops@p.iam.gserviceaccount.com'
  const spki = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  return {
    documentFor: (tokenUri) =>
      JSON.stringify({
        type: 'service_account',
        project_id: 'p',
        private_key_id: 'k1',
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        client_email: email,
        client_id: '1',
        token_uri: tokenUri,
      }),
    accepts(authorization) {
      const [, head = '', body = '', signature = ''] = /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(authorization) ?? []
      if (body === '') return false
      if (!verify('sha256', Buffer.from(`${head}.${body}`), spki, Buffer.from(signature, 'base64url'))) return false
      const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>
      return claims.iss === email && (claims.sub ?? email) === email && Number(claims.exp) > Date.now() / 1000
    },
  }
}
