// The key service that this machine is to itself: it calls the backends.
import { KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { backends as builtIn } from '../registry.ts'
import type { KeyBackend, KeyService, MasterKey } from '../types.ts'

/** Uses the keys that `host` holds. */
export function localKeyService(host: Host, backends: readonly KeyBackend[] = builtIn): KeyService {
  return {
    async encrypt(key, dataKey) {
      return backendOf(key, backends).encryptDataKey(key, dataKey, host)
    },
    async decrypt(key) {
      const part = await backendOf(key, backends).decryptDataKey(key, host)
      if (part !== null) return part
      throw new KeyBackendError(key.type, key.id, 'no-credential', `no credential for ${key.type} keys was found`)
    },
  }
}

function backendOf(key: MasterKey, backends: readonly KeyBackend[]): KeyBackend {
  const backend = backends.find(({ type }) => type === key.type)
  if (backend !== undefined) return backend
  throw new KeyBackendError(key.type, key.id, 'not-installed', `there is no backend for ${key.type} keys`)
}
