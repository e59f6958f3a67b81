// Another machine that holds master keys. The data key travels to it and from it in clear: sops' protocol has no TLS, so
// the way there must be trusted.
import type { Client, ServiceError } from '@grpc/grpc-js'
import { KeyBackendError, type KeyFailureReason } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { withDeadline } from '../deadline.ts'
import { backends as builtIn } from '../registry.ts'
import type { KeyBackend, KeyService, MasterKey } from '../types.ts'
import { parseAddress } from './address.ts'
import { loadGrpc, passBytes, statusNames } from './grpc.ts'
import { decodeResponse, decodeText, encodeRequest, methods, type KeyOperation } from './messages.ts'
import { ProtobufError } from './protobuf.ts'

/**
 * Asks the key service at `address`: tcp://HOST:PORT or unix:///PATH. One connection serves all calls.
 * @throws ConfigError for another address
 */
export function remoteKeyService(address: string, host: Host, backends: readonly KeyBackend[] = builtIn): KeyService {
  const remote: Remote = { address, target: parseAddress(address), host, backends }
  return {
    async encrypt(key, dataKey) {
      const enc = readText(key, await ask(remote, 'encrypt', key, dataKey))
      const wrapped = { ...key, enc }
      if (backends.find(({ type }) => type === key.type)?.isWrapped?.(wrapped) === false) throw badAnswer(key)
      return wrapped
    },
    decrypt: async (key) => new Uint8Array(await ask(remote, 'decrypt', key, Buffer.from(key.enc))),
  }
}

interface Remote {
  readonly address: string
  readonly target: string
  readonly host: Host
  readonly backends: readonly KeyBackend[]
  client?: Client
}

async function ask(remote: Remote, operation: KeyOperation, key: MasterKey, payload: Uint8Array): Promise<Uint8Array> {
  const request = encodeRequest(key, payload, remote.backends)
  if (request === undefined) {
    const message = `${key.type} keys are used on this machine only: key services do not know them`
    throw new KeyBackendError(key.type, key.id, 'not-installed', message)
  }
  const response = await withDeadline(key, remote.host, (signal) => call(remote, operation, { key, request, signal }))
  const answer = decode(key, response)
  if (answer.length === 0) throw badAnswer(key)
  return answer
}

interface Question {
  readonly key: MasterKey
  readonly request: Uint8Array
  readonly signal: AbortSignal
}

async function call(remote: Remote, operation: KeyOperation, { key, request, signal }: Question): Promise<Uint8Array> {
  const { Client, credentials, Metadata } = await loadGrpc(key)
  remote.client ??= new Client(remote.target, credentials.createInsecure(), {
    // Neither a proxy of the environment nor a record in the DNS may see or steer what goes to a key service.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
  })
  const { client } = remote
  return new Promise((resolve, reject) => {
    const settle = (error: ServiceError | null, response?: Uint8Array): void => {
      if (error !== null) reject(failure(remote, key, error))
      else resolve(response ?? new Uint8Array())
    }
    const options = {}
    const pending = client.makeUnaryRequest<Uint8Array, Uint8Array>(
      ...([methods[operation], passBytes, passBytes, request, new Metadata(), options, settle] as const),
    )
    // The time may have been over before the package was loaded.
    if (signal.aborted) pending.cancel()
    else signal.addEventListener('abort', () => pending.cancel())
  })
}

const reasons: ReadonlyMap<string, KeyFailureReason> = new Map([
  ['Unavailable', 'offline'],
  ['DeadlineExceeded', 'offline'],
  ['Internal', 'malformed'],
  ['Unimplemented', 'malformed'],
])

const maxDetails = 4000

function failure(remote: Remote, key: MasterKey, { code, details }: ServiceError): KeyBackendError {
  const name = statusNames[code] ?? String(code)
  // An answer that quotes its question must not bring the ciphertext onto a screen.
  const plain = details.replace(/\. Resolution note: $/, '')
  const told = (key.enc === '' ? plain : plain.replaceAll(key.enc, '…')).slice(0, maxDetails)
  const hint =
    name === 'Unavailable'
      ? `Is there a key service at ${remote.address}? \`tsops keyservice\` starts one.`
      : `The key service at ${remote.address} said so: it uses the keys of its own machine.`
  const message = `rpc error: code = ${name} desc = ${told}`
  return new KeyBackendError(key.type, key.id, reasons.get(name) ?? 'denied', message, { hint })
}

function decode(key: MasterKey, response: Uint8Array): Uint8Array {
  try {
    return decodeResponse(response)
  } catch (error) {
    throw error instanceof ProtobufError ? badAnswer(key) : error
  }
}

function readText(key: MasterKey, bytes: Uint8Array): string {
  try {
    return decodeText(bytes)
  } catch (error) {
    throw error instanceof ProtobufError ? badAnswer(key) : error
  }
}

function badAnswer(key: MasterKey): KeyBackendError {
  return new KeyBackendError(key.type, key.id, 'malformed', 'the key service gave no usable answer')
}
