// Decrypted values as secrets of a KV engine, version 1 or 2, in HashiCorp Vault or OpenBao.
import { addressOf, pathOf, readPlace } from './kv-place.ts'
import type { DestinationKind } from './types.ts'

export const vault: DestinationKind = {
  kind: 'vault',
  fields: ['vault_path', 'vault_address', 'vault_kv_mount_name', 'vault_kv_version'],
  open(fields) {
    const place = readPlace(fields)
    return {
      takes: 'values',
      // An address with a password is refused later; it must not be shown before.
      uri: (name, host) => `${addressOf(place, host).replace(/\/\/[^/]*@/, '//')}/v1/${pathOf(place, name)}`,
      async upload(name, branches, world) {
        const { writeSecret } = await import('./vault-client.ts')
        return writeSecret(place, name, branches, world)
      },
      locate: (name, key, host) => ({
        store: {
          address: addressOf(place, host),
          mount: place.mount.replace(/\/$/, ''),
          version: `v${place.version}`,
        },
        secret: place.path + name,
        property: key,
      }),
    }
  },
}
