// A vault's address stands in the file, and whoever answers there is sent a token: so it must be a domain where Azure
// alone gives out names, or one that the user has named.
import type { Host } from '../../host.ts'
import { fitsHostName } from '../host-name.ts'
import { failure } from './failure.ts'
import type { MasterKey } from '../types.ts'

const allowlist = 'TSOPS_AZURE_ALLOWLIST'

const clouds = ['azure.net', 'azure.cn', 'usgovcloudapi.net', 'microsoftazure.de']
const domains = clouds.flatMap((cloud) => [`.vault.${cloud}`, `.managedhsm.${cloud}`])

export interface VaultUrl extends MasterKey {
  readonly vaultUrl: string
}

export interface VaultAddress {
  /** Scheme, host and port. */
  readonly origin: string
  /** The user named it: it may speak for another domain than its own. */
  readonly listed: boolean
}

/** Throws KeyBackendError: malformed when it is no address, denied when no token may go there. */
export function checkAddress(key: VaultUrl, host: Host): VaultAddress {
  const url = parseAddress(key)
  const allowed = (host.env(allowlist) ?? '').split(',').map((entry) => originOf(entry.trim()))
  if (allowed.includes(url.origin)) return { origin: url.origin, listed: true }
  if (url.port === '' && domains.some((domain) => url.hostname.endsWith(domain)))
    return { origin: url.origin, listed: false }
  const hint = `If you trust this address with your credentials, add ${url.origin} to ${allowlist}.`
  throw failure(key, 'denied', `${url.origin} is no known Key Vault address`, { hint })
}

function parseAddress(key: VaultUrl): URL {
  const text = key.vaultUrl
  const url = /^https:\/\/[^/\\?#@\s]+\/*$/i.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && fitsHostName(url.hostname)) return url
  throw failure(key, 'malformed', 'the address of the vault is not https://‹host›', {
    hint: 'Correct the vault_url of this key.',
  })
}

function originOf(entry: string): string {
  const url = /^https:\/\//i.test(entry) ? entry : `https://${entry}`
  return entry !== '' && URL.canParse(url) ? new URL(url).origin : ''
}
