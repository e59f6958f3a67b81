// Decrypted values as secrets of Azure Key Vault.
import { ConfigError } from '../errors.ts'
import { readSecretPerKey, secretDestination, secretPerKeyField } from './secret-store.ts'
import type { DestinationKind } from './types.ts'

export const azureKeyVault: DestinationKind = {
  kind: 'azure_key_vault',
  fields: ['azure_key_vault_url', 'azure_key_vault_prefix', secretPerKeyField],
  open(fields) {
    const [vaultUrl = ''] = /^https:\/\/[^/\\?#@\s]+(?=\/?$)/.exec(fields.text('azure_key_vault_url')) ?? []
    if (!URL.canParse(vaultUrl)) throw new ConfigError('azure_key_vault_url is not https://‹vault›.vault.azure.net')
    return secretDestination({
      title: 'Azure Key Vault',
      prefix: fields.text('azure_key_vault_prefix'),
      secretPerKey: readSecretPerKey(fields),
      separator: '-',
      spell: (name) => name.replaceAll(/[._/]/g, '-'),
      namePattern: /^[\dA-Za-z-]{1,127}$/,
      maxBytes: 25_000,
      takesEmpty: true,
      address: { vaultUrl },
      uri: (name) => `${vaultUrl}/secrets/${name}`,
      open: async (host) => (await import('./azure-key-vault-client.ts')).openStore(vaultUrl, host),
    })
  },
}
