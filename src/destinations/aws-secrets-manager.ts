// Decrypted values as secrets of AWS Secrets Manager.
import { ConfigError } from '../errors.ts'
import { readSecretPerKey, secretDestination, secretPerKeyField } from './secret-store.ts'
import type { DestinationKind } from './types.ts'

export const awsSecretsManager: DestinationKind = {
  kind: 'aws_secrets_manager',
  fields: ['aws_secrets_manager_region', 'aws_secrets_manager_prefix', secretPerKeyField],
  open(fields) {
    const region = fields.text('aws_secrets_manager_region')
    // It becomes a part of the host's name, so it must not be able to name another host.
    if (!/^[a-z0-9-]{1,63}$/.test(region)) throw new ConfigError('aws_secrets_manager_region is no region')
    return secretDestination({
      title: 'AWS Secrets Manager',
      prefix: fields.text('aws_secrets_manager_prefix'),
      secretPerKey: readSecretPerKey(fields),
      separator: '/',
      spell: (name) => name,
      namePattern: /^[\w/+=.@-]{1,512}$/,
      maxBytes: 65_536,
      takesEmpty: false,
      address: { region },
      uri: (name) => `aws-secrets-manager://${region}/${name}`,
      open: async (host) => (await import('./aws-secrets-manager-client.ts')).openStore(region, host),
    })
  },
}
