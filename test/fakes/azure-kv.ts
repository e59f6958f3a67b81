// Azure Key Vault as far as sops uses it: keys with versions, encrypt and decrypt by RSA-OAEP-256, and beside that secrets;
// over TLS and behind the bearer challenge; and a managed identity endpoint that gives the tokens. It refuses what the
// service refuses.
import { constants, generateKeyPairSync, privateDecrypt, publicEncrypt, randomBytes, type KeyObject } from 'node:crypto'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { makeCertificate, type Certificate } from './certificate.ts'
import { closeServer, listen, readBody, Refusal } from './server.ts'

export interface FakeAzureKv {
  readonly certificate: Certificate
  readonly vaultUrl: string
  /** What leads the SDKs to the managed identity endpoint. */
  readonly env: Readonly<Record<string, string>>
  /** The access token that it gives. */
  readonly token: string
  /** The requests that had a token, as `‹method› ‹path›`. */
  readonly requests: string[]
  /** By name; the last version is the current one. */
  readonly keys: Map<string, FakeKeyVersion[]>
  /** The versions of each secret. */
  readonly secrets: Map<string, FakeSecretVersion[]>
  /** The names of deleted secrets that still bar theirs. */
  readonly deleted: Set<string>
  /** What the identity may do: `get` with a key, or `secrets get`. */
  readonly permissions: Set<string>
  /** Set by a test: how many of the next requests are answered by 429, and how late. */
  readonly mood: { throttled: number; delay: number; revoked: boolean }
  addVersion(name: string): FakeKeyVersion
  close(): Promise<void>
}

export interface FakeSecretVersion {
  readonly value: string
  readonly contentType: string | undefined
}

export interface FakeKeyVersion {
  readonly version: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  enabled: boolean
}

/** `names` are the keys, of one version each. */
export async function startAzureKv(names: readonly string[]): Promise<FakeAzureKv> {
  const certificate = makeCertificate()
  const token = randomBytes(24).toString('base64url')
  const keys = new Map<string, FakeKeyVersion[]>()
  const state: VaultState = {
    token,
    requests: [],
    keys,
    secrets: new Map(),
    deleted: new Set(),
    permissions: new Set(['get', 'encrypt', 'decrypt', 'secrets get', 'secrets set']),
    mood: { throttled: 0, delay: 0, revoked: false },
  }
  const addVersion = (name: string): FakeKeyVersion => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const made: FakeKeyVersion = { ...pair, version: randomBytes(16).toString('hex'), enabled: true }
    keys.set(name, [...(keys.get(name) ?? []), made])
    return made
  }
  for (const name of names) addVersion(name)
  const vault = createTlsServer(certificate, vaultListener(state))
  const { port } = new URL(await listen(vault))
  const secret = randomBytes(8).toString('hex')
  const identity = createServer(identityListener(token, secret, port))
  const identityUrl = await listen(identity)
  return {
    ...state,
    certificate,
    vaultUrl: `https://127.0.0.1:${port}`,
    env: {
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential',
      IDENTITY_ENDPOINT: `${identityUrl}/msi`,
      IDENTITY_HEADER: secret,
    },
    addVersion,
    async close() {
      await Promise.all([vault, identity].map(closeServer))
    },
  }
}

// The challenge must name a parent domain of the address. No name but localhost leads here, and a parent of 127.0.0.1 is
// one that Go's SDK believes in.
const resourceOf = (port: number | string): string => `https://0.0.1:${port}`

type VaultState = Pick<FakeAzureKv, 'token' | 'requests' | 'keys' | 'secrets' | 'deleted' | 'permissions' | 'mood'>

function vaultListener(state: VaultState): RequestListener {
  return (request, response) => {
    const port = request.socket.localPort ?? 0
    const { pathname } = new URL(request.url ?? '', 'https://localhost')
    answer(request, pathname, state).then(
      (body) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      (error: unknown) => {
        const { status, code, message } =
          error instanceof Refusal ? error : new Refusal(500, 'InternalError', 'something failed')
        const challenge = `Bearer authorization="https://127.0.0.1:${port}/11111111-1111-1111-1111-111111111111", resource="${resourceOf(port)}"`
        response
          .writeHead(status, {
            'content-type': 'application/json',
            ...(status === 401 && { 'www-authenticate': challenge }),
            ...(status === 429 && { 'retry-after-ms': '20' }),
          })
          .end(JSON.stringify({ error: { code, message } }))
      },
    )
  }
}

async function answer(request: IncomingMessage, path: string, state: VaultState): Promise<object> {
  const body = (await readBody(request)).toString()
  const { mood } = state
  if (mood.delay > 0) await new Promise((resolve) => setTimeout(resolve, mood.delay))
  if (mood.revoked || request.headers.authorization !== `Bearer ${state.token}`)
    throw new Refusal(401, 'Unauthorized', 'AKV10000: Request is missing a Bearer or PoP token.')
  state.requests.push(`${request.method ?? ''} ${path}`)
  if (mood.throttled > 0) {
    mood.throttled--
    throw new Refusal(429, 'Throttled', 'Request was not processed because too many requests were received.')
  }
  const [, secret] = /^\/secrets\/([^/]+)\/?$/.exec(path) ?? []
  if (secret !== undefined) return useSecret(request, secret, body, state)
  const [, name = '', version = '', operation = 'get'] =
    /^\/keys\/([^/]+)(?:\/([^/]*))?(?:\/(encrypt|decrypt))?$/.exec(path) ?? []
  if (!state.permissions.has(operation))
    throw new Refusal(403, 'Forbidden', `The user does not have keys ${operation} permission.`)
  const versions = state.keys.get(name) ?? []
  const key = version === '' ? versions.at(-1) : versions.find((each) => each.version === version)
  if (key === undefined) throw new Refusal(404, 'KeyNotFound', `A key with (name/id) ${name}/${version} was not found.`)
  const kid = `https://${request.headers.host ?? ''}/keys/${name}/${key.version}`
  if (operation === 'get') return describe(kid, key)
  if (!key.enabled) throw new Refusal(403, 'Forbidden', 'Operation is not allowed on a disabled key.')
  return { kid, value: compute(key, operation, body).toString('base64url') }
}

function useSecret(request: IncomingMessage, name: string, body: string, state: VaultState): object {
  const operation = request.method === 'PUT' ? 'set' : 'get'
  if (!state.permissions.has(`secrets ${operation}`))
    throw new Refusal(403, 'Forbidden', `The user does not have secrets ${operation} permission.`)
  if (!/^[\dA-Za-z-]{1,127}$/.test(name))
    throw new Refusal(400, 'BadParameter', 'The request URI contains an invalid name.')
  const versions = state.secrets.get(name) ?? []
  if (operation === 'set') versions.push(newVersion(name, body, state))
  const last = versions.at(-1)
  if (last === undefined) throw new Refusal(404, 'SecretNotFound', `A secret with (name/id) ${name} was not found.`)
  state.secrets.set(name, versions)
  const id = `https://${request.headers.host ?? ''}/secrets/${name}/${String(versions.length).padStart(32, '0')}`
  return { ...last, id, attributes: { enabled: true } }
}

function newVersion(name: string, body: string, state: VaultState): FakeSecretVersion {
  if (state.deleted.has(name))
    throw new Refusal(409, 'Conflict', `Secret ${name} is currently in a deleted but recoverable state.`)
  const { value, contentType } = JSON.parse(body) as { value?: string; contentType?: string }
  // As the real service does, it quotes the request.
  if (value === undefined || value.length > 25_600) throw new Refusal(400, 'BadParameter', `Invalid value: ${body}`)
  return { value, contentType }
}

function describe(kid: string, key: FakeKeyVersion): object {
  return {
    key: { kid, key_ops: ['encrypt', 'decrypt'], ...key.publicKey.export({ format: 'jwk' }) },
    attributes: { enabled: key.enabled },
  }
}

function compute(key: FakeKeyVersion, operation: string, body: string): Buffer {
  const { alg, value } = JSON.parse(body) as { alg?: string; value?: string }
  if (alg !== 'RSA-OAEP-256' || value === undefined)
    throw new Refusal(400, 'BadParameter', 'Property has invalid value.')
  const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  const bytes = Buffer.from(value, 'base64url')
  try {
    if (operation === 'encrypt') return publicEncrypt({ key: key.publicKey, ...padding }, bytes)
    return privateDecrypt({ key: key.privateKey, ...padding }, bytes)
  } catch {
    throw new Refusal(400, 'BadParameter', 'The parameter is incorrect.')
  }
}

function identityListener(token: string, secret: string, vaultPort: string): RequestListener {
  return (request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://localhost')
    const resource = searchParams.get('resource') ?? ''
    const known = request.headers['x-identity-header'] === secret && resource.endsWith(`.0.1:${vaultPort}`)
    const expiry = Math.floor(Date.now() / 1000) + 3600
    response.writeHead(known ? 200 : 401, { 'content-type': 'application/json' })
    const refusal = { statusCode: 401, message: 'unknown caller' }
    const grant = { access_token: token, expires_on: String(expiry), resource, token_type: 'Bearer' }
    response.end(JSON.stringify(known ? grant : refusal))
  }
}
