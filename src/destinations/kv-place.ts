// Where a secret is in a KV engine of Vault.
import { ConfigError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { RuleFields } from './types.ts'

export interface KvPlace {
  /** What the rule says; undefined: the address of the environment. */
  readonly address: string | undefined
  readonly mount: string
  /** In the engine, with a slash at its end. */
  readonly path: string
  readonly version: 1 | 2
}

/** Throws ConfigError. */
export function readPlace(fields: RuleFields): KvPlace {
  const address = fields.text('vault_address')
  const mount = fields.text('vault_kv_mount_name')
  const version = fields.int('vault_kv_version') ?? 0
  // sops takes any other number for 2.
  if (![0, 1, 2].includes(version)) throw new ConfigError('vault_kv_version is neither 1 nor 2')
  return {
    address: address === '' ? undefined : address,
    mount: withSlash(mount === '' ? 'secret' : mount),
    path: withSlash(fields.text('vault_path')),
    version: version === 1 ? 1 : 2,
  }
}

function withSlash(text: string): string {
  return text.endsWith('/') ? text : `${text}/`
}

/** The server. */
export function addressOf({ address }: KvPlace, host: Host): string {
  const own = host.env('VAULT_ADDR') ?? ''
  return address ?? (own === '' ? 'https://127.0.0.1:8200' : own)
}

/** The path of a secret in the server's API. */
export function pathOf({ mount, path, version }: KvPlace, name: string): string {
  return `${mount}${version === 1 ? '' : 'data/'}${path}${name}`
}
