// One client per host and setting, kept: its connection and its token serve all keys. The service's host follows from the
// environment alone; a file names a key, never a host.
import { setTimeout } from 'node:timers/promises'
import type { KeyManagementServiceClient } from '@google-cloud/kms'
import { KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { PerHost } from '../per-host.ts'
import { timeoutSeconds } from '../deadline.ts'
import { loadSdk } from '../sdk.ts'
import type { MasterKey } from '../types.ts'
import { loadIdentity } from './credentials.ts'
import { codeOf } from './error-code.ts'
import { explain, failure, resourceExhausted, unavailable } from './failure.ts'

export interface CallOptions {
  readonly host: Host
  readonly signal: AbortSignal
}

/**
 * What the service makes of `bytes`.
 * @throws KeyBackendError
 */
export async function callKms(
  operation: 'encrypt' | 'decrypt',
  key: MasterKey,
  bytes: Uint8Array,
  { host, signal }: CallOptions,
): Promise<Uint8Array> {
  const client = await clientFor(key, host)
  for (let attempt = 1; ; attempt++) {
    try {
      return bytesOf(key, await send(client, operation, key.id, bytes))
    } catch (error) {
      if (error instanceof KeyBackendError) throw error
      const code = codeOf(error)
      if (attempt === maxAttempts || !retried.has(code ?? unavailable)) throw explain(key, code)
      await setTimeout(100 * 3 ** (attempt - 1) * (0.5 + Math.random() / 2), undefined, { signal })
    }
  }
}

const maxAttempts = 4
const retried = new Set([resourceExhausted, unavailable])

async function send(
  { sdk, timeout }: Client,
  operation: 'encrypt' | 'decrypt',
  name: string,
  bytes: Uint8Array,
): Promise<unknown> {
  // The SDK's own retries forget which error they gave up on.
  const options = { retry: null, timeout }
  if (operation === 'encrypt') {
    const [answer] = await sdk.encrypt({ name, plaintext: bytes }, options)
    return answer.ciphertext
  }
  const [answer] = await sdk.decrypt({ name, ciphertext: bytes }, options)
  return answer.plaintext
}

function bytesOf(key: MasterKey, answer: unknown): Uint8Array {
  if (answer instanceof Uint8Array && answer.length > 0) return new Uint8Array(answer)
  throw failure(key, 'malformed', 'the service gave an answer without content')
}

interface Client {
  readonly sdk: KeyManagementServiceClient
  /** For one call, in milliseconds: nobody waits longer, and a connection left waiting keeps the process from ending. */
  readonly timeout: number
}

const clients = new PerHost<Client>()

function clientFor(key: MasterKey, host: Host): Promise<Client> {
  const settings = JSON.stringify(variables.map((name) => host.env(name) ?? ''))
  return clients.get(host, settings, () => makeClient(key, host))
}

const variables = [
  ...['SOPS_GCP_KMS_CLIENT_TYPE', 'SOPS_GCP_KMS_ENDPOINT', 'SOPS_GCP_KMS_UNIVERSE_DOMAIN'],
  ...['GOOGLE_CLOUD_UNIVERSE_DOMAIN', 'GOOGLE_CREDENTIALS', 'GOOGLE_OAUTH_ACCESS_TOKEN'],
  ...['GOOGLE_APPLICATION_CREDENTIALS', 'TSOPS_KEY_TIMEOUT'],
]

async function makeClient(key: MasterKey, host: Host): Promise<Client> {
  const timeout = timeoutSeconds(host) * 1000
  const endpoint = readEndpoint(key, host)
  const wanted = universeOf(host)
  const identity = await loadIdentity(key, host, { universeDomain: wanted, timeout })
  // An endpoint that was given stands for its universe too.
  if (endpoint === undefined && identity.universeDomain !== wanted) {
    const message = `the credentials are for the universe ${identity.universeDomain}, not for ${wanted}`
    throw failure(key, 'no-credential', message, { hint: 'SOPS_GCP_KMS_UNIVERSE_DOMAIN names the universe.' })
  }
  const { KeyManagementServiceClient } = await loadSdk('@google-cloud/kms', key, () => import('@google-cloud/kms'))
  const sdk = new KeyManagementServiceClient({
    ...endpoint,
    auth: identity.auth,
    universeDomain: identity.universeDomain,
    fallback: host.env('SOPS_GCP_KMS_CLIENT_TYPE')?.toLowerCase() === 'rest',
  })
  // It would print each data key when GOOGLE_SDK_NODE_LOGGING says so.
  Object.assign(sdk, { _log: { info: () => undefined } })
  return { sdk, timeout }
}

function universeOf(host: Host): string {
  const names = ['SOPS_GCP_KMS_UNIVERSE_DOMAIN', 'GOOGLE_CLOUD_UNIVERSE_DOMAIN']
  return names.map((name) => host.env(name) ?? '').find((text) => text !== '') ?? 'googleapis.com'
}

interface Endpoint {
  readonly apiEndpoint: string
  readonly port: number
  /** Of the REST client; gRPC is always encrypted. */
  readonly protocol: 'http' | 'https'
}

/** From `host`, `host:port` or a URL of them. */
function readEndpoint(key: MasterKey, host: Host): Endpoint | undefined {
  const text = host.env('SOPS_GCP_KMS_ENDPOINT') ?? ''
  if (text === '') return undefined
  const [, scheme = 'https', name = '', port] =
    /^(?:(https?):\/\/)?([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?\/?$/i.exec(text) ?? []
  const protocol = scheme.toLowerCase() === 'http' ? 'http' : 'https'
  if (name !== '') return { apiEndpoint: name, port: Number(port ?? (protocol === 'http' ? 80 : 443)), protocol }
  const hint = 'It is a host, a host with a port, or a URL without a path.'
  throw failure(key, 'malformed', 'SOPS_GCP_KMS_ENDPOINT is no endpoint', { hint })
}
