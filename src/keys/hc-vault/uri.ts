// Where a transit key is: ADDRESS/v1/ENGINE/keys/NAME.
import { ConfigError } from '../../errors.ts'
import { fitsHostName } from '../host-name.ts'

export interface VaultKeyPath {
  readonly address: string
  readonly enginePath: string
  readonly keyName: string
}

const example = 'https://vault.example.com:8200/v1/transit/keys/keyName'

// Not with the flag i: it folds the Kelvin sign and the long s, which the range holds, into k and s.
const form = /^([Hh][Tt][Tt][Pp][Ss]?):\/\/([^\s\\/?#@\u0080-\u{10ffff}]+)(\/[^\\?#\p{Cc}]*)?$/u

/** Throws ConfigError. */
export function parseUri(uri: string): VaultKeyPath {
  const [, scheme, authority, text = ''] = form.exec(uri) ?? []
  if (scheme === undefined || authority === undefined || !URL.canParse(uri)) {
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(uri)) throw badUri(uri)
    throw new ConfigError(`missing scheme in Vault URL (should be like this: ${example}), got: ${JSON.stringify(uri)}`)
  }
  const path = escapePath(text)
  if (path === undefined) throw badUri(uri)
  if (/\/[^/]+\/v\d+\/[^/]+\/[^/]+\/[^/]+/.test(path)) {
    throw new ConfigError(`running Vault with a prefixed URL is not supported! (Format has to be like ${example})`)
  }
  if (!/\/v\d+\/[^/]+\/[^/]+\/[^/]+/.test(path)) throw badUri(uri)
  const [, ...segments] = withoutEndSlashes(path).replace(/^\/+/, '').split('/')
  const keyName = segments.pop() ?? ''
  segments.pop()
  const key = { address: `${scheme.toLowerCase()}://${authority}`, enginePath: segments.join('/'), keyName }
  if (requestUrl(key, 'encrypt') === undefined) throw badUri(uri)
  return key
}

// As Go writes a path: what is already a valid one stays, escapes included, and those are names to Vault.
function escapePath(text: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(text)) return undefined
  if (/^[\w\-.~!$&'()*+,;=:@[\]/%]*$/.test(text)) return text
  try {
    return decodeURIComponent(text).replace(/[^\w\-.~$&+,/:;=@]/gu, (character) =>
      Buffer.from(character).toString('hex').toUpperCase().replace(/../g, '%$&'),
    )
  } catch {
    return undefined
  }
}

function badUri(uri: string): ConfigError {
  return new ConfigError(
    `vault path does not seem to be formatted correctly: (eg. ${example}), got: ${JSON.stringify(uri)}`,
  )
}

/**
 * The URL of an operation on a key; undefined when its parts, which a file may have given, make none. No part may lead
 * to another path of the server than one of the transit engine: the request carries a token.
 */
export function requestUrl(key: VaultKeyPath, operation: 'encrypt' | 'decrypt'): string | undefined {
  return vaultUrl(key.address, [...key.enginePath.split('/'), operation, key.keyName])
}

/** The URL of a path of a server; undefined when address and path make none, or lead elsewhere than they say. */
export function vaultUrl(server: string, segments: readonly string[]): string | undefined {
  const address = withoutEndSlashes(server)
  const [, , , prefix = ''] = form.exec(address) ?? []
  const path = [...prefix.split('/').slice(1), 'v1', ...segments]
  if (!form.test(address) || !URL.canParse(address) || !path.every(isSegment)) return undefined
  const { origin, hostname } = new URL(address)
  return fitsHostName(hostname) ? `${origin}/${path.map(encodeURIComponent).join('/')}` : undefined
}

// A pattern would look at each slash of a long row anew.
function withoutEndSlashes(text: string): string {
  let end = text.length
  while (text[end - 1] === '/') end--
  return text.slice(0, end)
}

function isSegment(text: string): boolean {
  return text !== '' && text !== '.' && text !== '..' && !text.includes('/') && !/[\p{Cc}\p{Cs}]/u.test(text)
}
