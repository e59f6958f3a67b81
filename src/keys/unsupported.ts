// Kinds of master keys that have no backend yet. Their metadata is read and written faithfully, so that a file that also
// has a key of another kind can be opened and updated.
import { ConfigError, KeyBackendError } from '../errors.ts'
import { mapField, textField, timeField } from './metadata-entry.ts'
import type { KeyBackend, MasterKey, MetadataField } from './types.ts'

export interface UnsupportedKey extends MasterKey {
  /** The metadata entry without `enc`. */
  readonly fields: Readonly<Record<string, MetadataField>>
}

interface UnsupportedKind extends Pick<KeyBackend, 'type' | 'names' | 'alwaysInGroup'> {
  readonly title: string
  /** The text fields, besides `created_at` and `enc`, which all of them have. */
  readonly fields: readonly string[]
  /** Text fields that are written only when they are not empty. */
  readonly optionalFields?: readonly string[]
  /** Map fields, written only when they are not empty. */
  readonly mapFields?: readonly string[]
  /** What sops prints for the key. */
  id(text: (field: string) => string, map: (field: string) => Readonly<Record<string, string>>): string
}

const kinds: readonly UnsupportedKind[] = [
  {
    type: 'kms',
    title: 'AWS KMS',
    names: {
      rule: 'kms',
      flag: 'kms',
      shortFlag: 'k',
      env: 'SOPS_KMS_ARN',
      flagHelp: 'comma-separated list of AWS KMS key ARNs',
    },
    fields: ['arn', 'aws_profile'],
    optionalFields: ['role'],
    mapFields: ['context'],
    id: (text, map) => {
      const arn = text('role') === '' ? text('arn') : `${text('arn')}+${text('role')}`
      const names = Object.entries(map('context')).map(([name, value]) => `${name}:${value}`)
      const context = names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).join(',')
      if (text('aws_profile') !== '') return `${arn}|${context}|${text('aws_profile')}`
      return context === '' ? arn : `${arn}|${context}`
    },
  },
  {
    type: 'gcp_kms',
    title: 'GCP KMS',
    names: {
      rule: 'gcp_kms',
      flag: 'gcp-kms',
      env: 'SOPS_GCP_KMS_IDS',
      flagHelp: 'comma-separated list of GCP KMS resource ids',
    },
    fields: ['resource_id'],
    id: (text) => text('resource_id'),
  },
  {
    type: 'hckms',
    title: 'HuaweiCloud KMS',
    names: {
      rule: 'hckms',
      flag: 'hckms',
      env: 'SOPS_HUAWEICLOUD_KMS_IDS',
      flagHelp: 'comma-separated list of HuaweiCloud KMS keys (region:key-uuid)',
    },
    fields: ['key_id'],
    id: (text) => text('key_id'),
  },
  {
    type: 'azure_kv',
    title: 'Azure Key Vault',
    names: {
      rule: 'azure_keyvault',
      flag: 'azure-kv',
      env: 'SOPS_AZURE_KEYVAULT_URLS',
      flagHelp: 'comma-separated list of Azure Key Vault key URLs',
    },
    fields: ['name', 'vault_url', 'version'],
    id: (text) => `${text('vault_url')}/keys/${text('name')}/${text('version')}`,
  },
  {
    type: 'hc_vault',
    title: 'HashiCorp Vault',
    names: {
      rule: 'hc_vault_transit_uri',
      group: 'hc_vault',
      flag: 'hc-vault-transit',
      env: 'SOPS_VAULT_URIS',
      flagHelp: 'comma-separated list of Vault transit key URIs',
    },
    alwaysInGroup: true,
    fields: ['engine_path', 'key_name', 'vault_address'],
    id: (text) => `${text('vault_address')}/v1/${text('engine_path')}/keys/${text('key_name')}`,
  },
  {
    type: 'pgp',
    title: 'PGP',
    names: {
      rule: 'pgp',
      flag: 'pgp',
      shortFlag: 'p',
      env: 'SOPS_PGP_FP',
      flagHelp: 'comma-separated list of PGP fingerprints',
    },
    fields: ['fp'],
    id: (text) => text('fp'),
  },
]

/** The kinds in the order in which sops reads them from a file. */
export const unsupported: readonly KeyBackend<UnsupportedKey>[] = kinds.map(makeBackend)

function makeBackend(kind: UnsupportedKind): KeyBackend<UnsupportedKey> {
  const later = `${kind.title} keys come with a later version`
  const refuse = (key: MasterKey): Promise<never> =>
    Promise.reject(new KeyBackendError(kind.type, key.id, 'not-installed', later))
  return {
    type: kind.type,
    names: kind.names,
    ...(kind.alwaysInGroup === true && { alwaysInGroup: true }),
    parse(spec) {
      if (spec.trim() === '') return []
      throw new ConfigError(later)
    },
    parseGroupEntry() {
      throw new ConfigError(later)
    },
    toMetadata: (key) => ({ ...key.fields, enc: key.enc }),
    fromMetadata: (entry) => ({
      type: kind.type,
      id: kind.id(
        (field) => textField(entry, field),
        (field) => mapField(entry, field),
      ),
      enc: textField(entry, 'enc'),
      fields: readFields(kind, entry),
    }),
    encryptDataKey: refuse,
    decryptDataKey: refuse,
  }
}

function readFields(kind: UnsupportedKind, entry: Readonly<Record<string, MetadataField>>): UnsupportedKey['fields'] {
  const text = kind.fields.map((name) => [name, textField(entry, name)] as const)
  const optional = (kind.optionalFields ?? []).map((name) => [name, textField(entry, name)] as const)
  const maps = (kind.mapFields ?? []).map((name) => [name, mapField(entry, name)] as const)
  return Object.fromEntries<MetadataField>([
    ...text,
    ...optional.filter(([, value]) => value !== ''),
    ...maps.filter(([, value]) => Object.keys(value).length > 0),
    ['created_at', timeField(entry, 'created_at')],
  ])
}
