// The servers that may be sent a token. A key's address comes from a file: without this rule whoever writes a file is
// sent the token of whoever opens it.
import { KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { MasterKey } from '../types.ts'

const variable = 'SOPS_HC_VAULT_ALLOWLIST'

const hint =
  `${variable} lists the addresses of the servers that may be sent your token, separated by commas ('all': every one). ` +
  'Without it that is the one in VAULT_ADDR alone.'

/** Throws KeyBackendError denied. */
export function checkAllowed(key: MasterKey, address: string, host: Host): void {
  const list = host.env(variable) ?? ''
  if (list === '' ? isOwn(address, host) : listAllows(key, list, address)) return
  const message = `Allowlist does not allow ${JSON.stringify(address)} (${variable})`
  throw new KeyBackendError(key.type, key.id, 'denied', message, { hint })
}

function listAllows(key: MasterKey, list: string, address: string): boolean {
  if (list === 'all' || list === 'none') return list === 'all'
  const entries = list.split(',').map((entry) => entry.replace(/^ +| +$/g, ''))
  const empty = entries.indexOf('')
  if (empty >= 0) {
    const message = `${variable}'s entry ${empty + 1} is empty`
    throw new KeyBackendError(key.type, key.id, 'denied', message, { hint })
  }
  return entries.some((entry) => closed(address).startsWith(closed(entry)))
}

// So that no name passes for the beginning of a longer one.
function closed(address: string): string {
  return address.endsWith('/') ? address : `${address}/`
}

// An agent that the environment names is asked instead of the address, which then decides nothing.
function isOwn(address: string, host: Host): boolean {
  if ((host.env('VAULT_AGENT_ADDR') ?? '') !== '') return true
  const own = host.env('VAULT_ADDR') ?? ''
  return URL.canParse(own) && new URL(own).origin === new URL(address).origin
}
