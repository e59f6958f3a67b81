// A key service: whoever can connect to it uses the keys of this machine. sops' protocol knows no users.
import type * as Grpc from '@grpc/grpc-js'
import { ConfigError, SopsError } from '../../errors.ts'
import { backends as builtIn } from '../registry.ts'
import type { KeyBackend, KeyService, MasterKey } from '../types.ts'
import { loadGrpc, passBytes } from './grpc.ts'
import { decodeRequest, decodeText, encodeResponse, methods, type KeyOperation } from './messages.ts'
import { ProtobufError } from './protobuf.ts'

export interface KeyServerOptions {
  /** tcp or unix, as sops has it. */
  readonly network: string
  /** host:port or a path. */
  readonly address: string
  readonly keyService: KeyService
  readonly backends?: readonly KeyBackend[]
  /** Asked before a key is used. */
  readonly approve?: (operation: KeyOperation, key: MasterKey) => Promise<boolean>
}

export interface KeyServer {
  /** The port that was given, of a tcp address. */
  readonly port: number
  close(): Promise<void>
}

/** Starts a key service. Throws ConfigError when it cannot listen, KeyBackendError not-installed. */
export async function serveKeys(options: KeyServerOptions): Promise<KeyServer> {
  const target = targetOf(options)
  const grpc = await loadGrpc({ type: 'key service', id: options.address })
  const server = new grpc.Server({ 'grpc.max_receive_message_length': maxRequest })
  server.addService(
    { Encrypt: definition(methods.encrypt), Decrypt: definition(methods.decrypt) },
    { Encrypt: handler(grpc, 'encrypt', options), Decrypt: handler(grpc, 'decrypt', options) },
  )
  const port = await listen(server, grpc, target)
  return { port, close: () => stop(server) }
}

const maxRequest = 4 << 20

function targetOf({ network, address }: KeyServerOptions): string {
  if (network === 'unix' && address !== '') return `unix:${address}`
  if (!/^tcp[46]?$/.test(network)) {
    throw new ConfigError(`unknown network ${JSON.stringify(network)}`, undefined, { hint: 'It is tcp or unix.' })
  }
  if (!/:\d+$/.test(address)) {
    throw new ConfigError(`${JSON.stringify(address)} has no port`, undefined, { hint: 'An address is HOST:PORT.' })
  }
  return address.startsWith(':') ? `[::]${address}` : address
}

function definition(path: string): Grpc.MethodDefinition<Uint8Array, Uint8Array> {
  return {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: passBytes,
    requestDeserialize: passBytes,
    responseSerialize: passBytes,
    responseDeserialize: passBytes,
  }
}

function handler(
  grpc: typeof Grpc,
  operation: KeyOperation,
  options: KeyServerOptions,
): Grpc.handleUnaryCall<Uint8Array, Uint8Array> {
  return (call, callback) => {
    answer(call.request, operation, options).then(
      (response) => callback(null, response),
      (error: unknown) => callback(refusal(grpc, error)),
    )
  }
}

async function answer(request: Uint8Array, operation: KeyOperation, options: KeyServerOptions): Promise<Uint8Array> {
  const { key, payload } = decodeRequest(request, options.backends ?? builtIn)
  if (key === undefined) throw new Refusal('NOT_FOUND', 'Must provide a key')
  // Before the key is used, not after: what must not be done is not done at all.
  if ((await options.approve?.(operation, key)) === false) {
    throw new Refusal('PERMISSION_DENIED', 'Request rejected by user')
  }
  if (operation === 'decrypt') {
    return encodeResponse(await options.keyService.decrypt({ ...key, enc: decodeText(payload) }))
  }
  return encodeResponse(Buffer.from((await options.keyService.encrypt(key, payload)).enc))
}

type RefusalCode = 'NOT_FOUND' | 'PERMISSION_DENIED'

class Refusal extends Error {
  readonly code: RefusalCode
  constructor(code: RefusalCode, message: string) {
    super(message)
    this.code = code
  }
}

// Long texts do not fit into the header that they travel in.
const maxDetails = 2000

function refusal({ status }: typeof Grpc, error: unknown): Partial<Grpc.StatusObject> {
  if (error instanceof Refusal) return { code: status[error.code], details: error.message }
  if (error instanceof ProtobufError) return { code: status.INVALID_ARGUMENT, details: error.message }
  if (error instanceof SopsError) return { code: status.UNKNOWN, details: error.message.slice(0, maxDetails) }
  // What is unforeseen may quote what it stumbled over.
  return { code: status.INTERNAL, details: 'unexpected error' }
}

function listen(server: Grpc.Server, { ServerCredentials }: typeof Grpc, target: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port)
      else reject(new ConfigError(`cannot listen on ${target}: ${error.message}`, undefined, { cause: error }))
    })
  })
}

function stop(server: Grpc.Server): Promise<void> {
  return new Promise((resolve) => {
    server.tryShutdown(() => resolve())
    server.forceShutdown()
  })
}
