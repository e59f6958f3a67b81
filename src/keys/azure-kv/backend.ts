// Data keys encrypted by an RSA key in Azure Key Vault or Managed HSM (RSA-OAEP with SHA-256). `enc` is the ciphertext in
// base64url without padding.
import { ConfigError } from '../../errors.ts'
import { now } from '../../rfc3339.ts'
import type { Host } from '../../host.ts'
import { withDeadline } from '../deadline.ts'
import { textField, timeField } from '../metadata-entry.ts'
import type { KeyBackend } from '../types.ts'
import { currentVersion, decrypt, encrypt } from './client.ts'
import { failure } from './failure.ts'
import { makeKey, type AzureKvKey } from './key.ts'

export const azureKv: KeyBackend<AzureKvKey> = {
  type: 'azure_kv',
  names: {
    rule: 'azure_keyvault',
    flag: 'azure-kv',
    env: 'SOPS_AZURE_KEYVAULT_URLS',
    flagHelp: 'comma-separated list of Azure Key Vault key URLs',
  },
  keyService: { number: 4, fields: ['vault_url', 'name', 'version'] },
  parse: (list) => (list === '' ? [] : list.split(',').map(parseUrl)),
  parseGroupEntry,
  toMetadata: (key) => ({
    created_at: key.createdAt,
    enc: key.enc,
    name: key.name,
    vault_url: key.vaultUrl,
    version: key.version,
  }),
  fromMetadata: (entry) =>
    makeKey({
      vaultUrl: textField(entry, 'vault_url'),
      name: textField(entry, 'name'),
      version: textField(entry, 'version'),
      enc: textField(entry, 'enc'),
      createdAt: timeField(entry, 'created_at'),
    }),
  openField: { name: 'version', fill: withVersion },
  encryptDataKey,
  decryptDataKey,
  isWrapped: ({ enc }) => decodeEnc(enc) !== undefined,
}

const advice =
  'It is https://‹vault›.vault.azure.net/keys/‹name›/‹version›; without a version the current one is taken.'

function parseUrl(text: string): AzureKvKey {
  const url = text.trim()
  const [, vaultUrl, name, version = ''] = /^(https:\/\/[^/]+)\/keys\/([^/]+)(?:\/([^/]*))?$/.exec(url) ?? []
  if (vaultUrl !== undefined && name !== undefined) return makeKey({ vaultUrl, name, version, createdAt: now() })
  const message = `could not parse ${JSON.stringify(url)} into a valid Azure Key Vault MasterKey`
  throw new ConfigError(message, undefined, { hint: advice })
}

function parseGroupEntry(entry: unknown): AzureKvKey[] {
  const fields = new Map(typeof entry === 'object' && entry !== null ? Object.entries(entry) : [])
  const text = (field: string): string => {
    const value: unknown = fields.get(field) ?? ''
    return typeof value === 'string' ? value : ''
  }
  const [vaultUrl, name] = [withoutEndSlashes(text('vaultUrl')), text('key')]
  if (vaultUrl !== '' && name !== '') return [makeKey({ vaultUrl, name, version: text('version'), createdAt: now() })]
  throw new ConfigError('invalid azure_keyvault key configuration: an entry of a key group has a vaultUrl and a key')
}

function withoutEndSlashes(text: string): string {
  let end = text.length
  while (text[end - 1] === '/') end--
  return text.slice(0, end)
}

/** A key without version gets the current one: what it encrypts must stay readable after the key is rotated. */
async function withVersion(key: AzureKvKey, host: Host): Promise<AzureKvKey> {
  if (key.version !== '') return key
  const version = await withDeadline(key, host, (signal) => currentVersion(key, { host, signal }))
  return makeKey({ ...key, version })
}

async function encryptDataKey(key: AzureKvKey, dataKey: Uint8Array, host: Host): Promise<AzureKvKey> {
  const versioned = await withVersion(key, host)
  const ciphertext = await withDeadline(key, host, (signal) => encrypt(versioned, dataKey, { host, signal }))
  return { ...versioned, enc: Buffer.from(ciphertext).toString('base64url') }
}

async function decryptDataKey(key: AzureKvKey, host: Host): Promise<Uint8Array> {
  const ciphertext = decodeEnc(key.enc)
  if (ciphertext !== undefined) return withDeadline(key, host, (signal) => decrypt(key, ciphertext, { host, signal }))
  const hint = 'The `enc` of this key was cut or changed: take it from an earlier version of the file.'
  throw failure(key, 'malformed', 'the encrypted data key is not base64url', { hint })
}

// Many times what the largest RSA key makes.
const maxLength = 1 << 14

function decodeEnc(enc: string): Buffer | undefined {
  if (enc.length > maxLength) return undefined
  const text = enc.replaceAll(/[\r\n]/g, '')
  return /^[\w-]+$/.test(text) && text.length % 4 !== 1 ? Buffer.from(text, 'base64url') : undefined
}
