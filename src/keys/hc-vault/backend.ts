// Data keys under a key of a transit engine, in HashiCorp Vault or OpenBao.
import { ConfigError } from '../../errors.ts'
import { now } from '../../rfc3339.ts'
import { textField, timeField } from '../metadata-entry.ts'
import type { KeyBackend } from '../types.ts'
import { badAnswer } from './failure.ts'
import { askTransit, type TransitKey } from './request.ts'
import { parseUri, type VaultKeyPath } from './uri.ts'

/** `id` is the key's URI. */
export interface HcVaultKey extends TransitKey {
  readonly type: 'hc_vault'
  readonly createdAt: string
}

export const hcVault: KeyBackend<HcVaultKey> = {
  type: 'hc_vault',
  names: {
    rule: 'hc_vault_transit_uri',
    group: 'hc_vault',
    flag: 'hc-vault-transit',
    env: 'SOPS_VAULT_URIS',
    flagHelp: 'comma-separated list of Vault transit key URIs',
  },
  keyService: { number: 5, fields: ['vault_address', 'engine_path', 'key_name'] },
  alwaysInGroup: true,
  parse: (uris) => uris.split(',').filter(Boolean).map(makeKey),
  parseGroupEntry(entry) {
    if (typeof entry === 'string') return [makeKey(entry)]
    throw new ConfigError('invalid hc_vault key configuration: an entry of a key group is a URI')
  },
  toMetadata: (key) => ({
    created_at: key.createdAt,
    enc: key.enc,
    engine_path: key.enginePath,
    key_name: key.keyName,
    vault_address: key.address,
  }),
  fromMetadata(entry) {
    const path = {
      address: textField(entry, 'vault_address'),
      enginePath: textField(entry, 'engine_path'),
      keyName: textField(entry, 'key_name'),
    }
    return withId(path, textField(entry, 'enc'), timeField(entry, 'created_at'))
  },
  async encryptDataKey(key, dataKey, host) {
    return { ...key, enc: await askTransit(key, 'encrypt', Buffer.from(dataKey).toString('base64'), host) }
  },
  async decryptDataKey(key, host) {
    const text = await askTransit(key, 'decrypt', key.enc, host)
    const dataKey = Buffer.from(text, 'base64')
    if (dataKey.toString('base64') !== text) throw badAnswer(key, 'decrypt')
    return new Uint8Array(dataKey)
  },
  isWrapped: ({ enc }) => /^vault:v\d+:[\w+/=-]+$/.test(enc),
}

function makeKey(uri: string): HcVaultKey {
  return withId(parseUri(uri), '', now())
}

function withId(path: VaultKeyPath, enc: string, createdAt: string): HcVaultKey {
  return { type: 'hc_vault', id: `${path.address}/v1/${path.enginePath}/keys/${path.keyName}`, enc, ...path, createdAt }
}
