// Decrypted values as secrets of Google Cloud Secret Manager.
import { ConfigError } from '../errors.ts'
import { readSecretPerKey, secretDestination, secretPerKeyField } from './secret-store.ts'
import type { DestinationKind } from './types.ts'

export const gcpSecretManager: DestinationKind = {
  kind: 'gcp_secret_manager',
  fields: ['gcp_secret_manager_project', 'gcp_secret_manager_prefix', secretPerKeyField],
  open(fields) {
    const project = fields.text('gcp_secret_manager_project')
    if (!/^(?!\.+$)[a-z0-9.:-]{1,100}$/.test(project)) {
      throw new ConfigError('gcp_secret_manager_project is no project')
    }
    return secretDestination({
      title: 'GCP Secret Manager',
      prefix: fields.text('gcp_secret_manager_prefix'),
      secretPerKey: readSecretPerKey(fields),
      separator: '-',
      spell: (name) => name.replaceAll(/[./]/g, '-'),
      namePattern: /^[\w-]{1,255}$/,
      maxBytes: 65_536,
      takesEmpty: true,
      address: { project },
      uri: (name) => `gcp-secret-manager://${project}/${name}`,
      open: async (host) => (await import('./gcp-secret-manager-client.ts')).openStore(project, host),
    })
  },
}
