// The gRPC package, loaded when the first key service is asked or started.
import type * as Grpc from '@grpc/grpc-js'
import { KeyBackendError } from '../../errors.ts'
import type { MasterKey } from '../types.ts'

const name = '@grpc/grpc-js'

/** Throws KeyBackendError not-installed. `key`: what it is needed for. */
export async function loadGrpc(key: Pick<MasterKey, 'type' | 'id'>): Promise<typeof Grpc> {
  try {
    const grpc = await import('@grpc/grpc-js')
    // What goes wrong is told by whoever called; the package would print it as well.
    grpc.setLogVerbosity(grpc.logVerbosity.NONE)
    return grpc
  } catch (cause) {
    const message = `the package ${name} is needed for key services and could not be loaded`
    throw new KeyBackendError(key.type, key.id, 'not-installed', message, { cause, hint: `npm install ${name}` })
  }
}

/** A message on its way through gRPC, which does not look into it. */
export function passBytes(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** gRPC's status codes under the names that sops prints. */
export const statusNames: readonly string[] = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented'],
  ...['Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
]
