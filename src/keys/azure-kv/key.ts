import type { MasterKey } from '../types.ts'

/** `id` is the key's URL. */
export interface AzureKvKey extends MasterKey {
  readonly type: 'azure_kv'
  readonly vaultUrl: string
  readonly name: string
  /** '' in a key that has not encrypted yet: the current one. */
  readonly version: string
  readonly createdAt: string
}

export function makeKey(
  fields: Pick<AzureKvKey, 'vaultUrl' | 'name' | 'version' | 'createdAt'> & { readonly enc?: string },
): AzureKvKey {
  const { vaultUrl, name, version, createdAt, enc = '' } = fields
  return { type: 'azure_kv', id: `${vaultUrl}/keys/${name}/${version}`, enc, vaultUrl, name, version, createdAt }
}
