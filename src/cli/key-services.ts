// Who encrypts and decrypts data keys for a call: this machine unless that is switched off, then the key services that
// were named, in their order.
import { ConfigError, localKeyService, remoteKeyService } from '../index.ts'
import type { Host } from '../host.ts'
import type { KeyService } from '../keys/types.ts'
import type { FlagValues } from './argv.ts'
import type { Io } from './io.ts'
import { logLine } from './log.ts'

/** An address that cannot be read is passed over with a warning, as sops does. */
export function openKeyServices(io: Io, flags: FlagValues, host: Host): readonly KeyService[] {
  const local = flags.isOn('enable-local-keyservice') ? [localKeyService(host)] : []
  const addresses = flags.list('keyservice').filter((address) => address !== '')
  return [...local, ...addresses.flatMap((address) => connect(io, address, host))]
}

function connect(io: Io, address: string, host: Host): readonly KeyService[] {
  try {
    return [remoteKeyService(address, host)]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    logLine(io, 'warning', `Error parsing URI for keyservice, skipping: ${error.message}. ${error.hint ?? ''}`)
    return []
  }
}
