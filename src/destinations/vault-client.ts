// Reads and writes one secret of a KV engine. The server may stand in the configuration of a repository: the token goes to
// it only if the user has named it, as with the keys of Vault.
import { ConfigError, SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { checkAllowed } from '../keys/hc-vault/allow-list.ts'
import { exchange, type VaultAnswer, type VaultRequest } from '../keys/hc-vault/exchange.ts'
import { codeOf } from '../keys/hc-vault/failure.ts'
import { vaultUrl } from '../keys/hc-vault/uri.ts'
import { storeFor } from '../stores/registry.ts'
import type { Branch, Item, Value } from '../tree/types.ts'
import { asFailure, failure, subjectOf } from './failure.ts'
import { itemsOf, jsonText, mergeDocuments } from './json-text.ts'
import type { Outcome, World } from './types.ts'
import { addressOf, type KvPlace, pathOf } from './kv-place.ts'

const service = 'Vault'

/** Throws SopsError. */
export async function writeSecret(
  place: KvPlace,
  name: string,
  branches: readonly Branch[],
  { host, warn, inform }: World,
): Promise<Outcome> {
  const path = pathOf(place, name)
  const url = urlOf(place, path, host)
  const text = jsonText(mergeDocuments(branches))
  const known = await readSecret(place, url, host)
  if (known === 'unknown') {
    warn(
      `Cannot check if destination secret already exists in ${path}. ` +
        'New version will be created even if the data has not been changed.',
    )
  }
  if (known === text) {
    inform(`Secret in ${path} is already up-to-date.`)
    return 'unchanged'
  }
  const answer = await send({ method: 'PUT', url, body: place.version === 1 ? text : `{"data":${text}}` }, host)
  if (answer.status < 200 || answer.status > 299) throw refused(path, answer)
  return 'written'
}

/** Throws SopsError. */
function urlOf(place: KvPlace, path: string, host: Host): string {
  const address = addressOf(place, host)
  const url = vaultUrl(
    address,
    path.split('/').filter((segment) => segment !== ''),
  )
  if (url === undefined) throw new ConfigError('the address or the path of the secret in Vault is malformed')
  try {
    if (place.address !== undefined) checkAllowed(subjectOf(service), address, host)
  } catch (error) {
    throw asFailure(service, error)
  }
  return url
}

/** The secret's values as they would be written; undefined: there is none. */
async function readSecret({ version }: KvPlace, url: string, host: Host): Promise<string | undefined> {
  try {
    const { status, text } = await send({ method: 'GET', url, body: '' }, host)
    if (status === 404) return undefined
    const data = status === 200 ? valueAt(parse(text), version === 1 ? ['data'] : ['data', 'data']) : undefined
    return data === undefined ? 'unknown' : jsonText(data)
  } catch (error) {
    if (error instanceof SopsError) return 'unknown'
    throw error
  }
}

// Not JSON.parse: it rounds large integers.
function parse(text: string): Branch | undefined {
  return storeFor('json')?.parse(Buffer.from(text)).branches[0]
}

function valueAt(branch: Branch | undefined, path: readonly string[]): Value | undefined {
  let value: Value | undefined = branch
  for (const key of path) {
    const items: readonly Item[] = value?.type === 'branch' ? itemsOf(value) : []
    value = items.find((item) => item.key === key)?.value
  }
  return value
}

/** Throws SopsError. */
async function send(request: VaultRequest, host: Host): Promise<VaultAnswer> {
  try {
    return await exchange(subjectOf(service), request, host, (url, error) =>
      failure(`Vault: ${new URL(url).origin} cannot be reached (${codeOf(error)})`, unreachableHint),
    )
  } catch (error) {
    throw asFailure(service, error)
  }
}

const unreachableHint =
  'Is the server running, and can this machine reach it? See VAULT_ADDR, and VAULT_CACERT if its certificate is its own.'

function refused(path: string, { status, token }: VaultAnswer): SopsError {
  return failure(`Vault did not take ${path} (status ${status})`, hintFor(status, token))
}

function hintFor(status: number, token: string | undefined): string {
  if (status >= 300 && status < 400) {
    return 'The server sends on to another one, and a token is not sent there: use the address of that one.'
  }
  if (token === undefined && status < 500) {
    return 'No Vault token was found: set VAULT_TOKEN or log in with `vault login`.'
  }
  if (status === 403) return 'The token may be expired, or its policies may not let it write there.'
  if (status === 400)
    return 'The engine may have check-and-set required, or another version than vault_kv_version says.'
  if (status === 404) return 'There is no such KV engine, or of another version; VAULT_NAMESPACE may be missing.'
  return 'The server is sealed, not ready or overloaded: try again later.'
}
