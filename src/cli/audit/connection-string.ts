// PostgreSQL connection strings as lib/pq 1.12 reads them, the driver in sops: a URL or `name=value …`, with $PG… behind
// them. A part of one never stands in an error: only the names of settings do.
import type { Environment } from '../argv.ts'

export type Settings = ReadonlyMap<string, string>

const variables: readonly (readonly [name: string, variable: string])[] = [
  ['host', 'PGHOST'],
  ['port', 'PGPORT'],
  ['dbname', 'PGDATABASE'],
  ['user', 'PGUSER'],
  ['password', 'PGPASSWORD'],
  ['options', 'PGOPTIONS'],
  ['application_name', 'PGAPPNAME'],
  ['sslmode', 'PGSSLMODE'],
  ['sslrootcert', 'PGSSLROOTCERT'],
  ['sslcert', 'PGSSLCERT'],
  ['sslkey', 'PGSSLKEY'],
  ['connect_timeout', 'PGCONNECT_TIMEOUT'],
]

/** Throws an Error whose message shows no part of a value. */
export function parseConnectionString(text: string, env: Environment): Settings {
  const settings = new Map<string, string>()
  for (const [name, variable] of variables) {
    const value = env[variable]
    if (value !== undefined) settings.set(name, value)
  }
  for (const [name, value] of /^postgres(?:ql)?:\/\//.test(text) ? readUrl(text) : readPairs(text)) {
    settings.set(name === 'database' ? 'dbname' : name, value)
  }
  return settings
}

function* readUrl(text: string): Generator<readonly [string, string]> {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw new Error('the URL does not parse')
  const { username, password, hostname, port, pathname } = url
  const parts = [
    ['user', decode(username)],
    ['password', decode(password)],
    ['host', decode(hostname).replace(/^\[(.*)\]$/, '$1')],
    ['port', port],
    ['dbname', decode(pathname.slice(1))],
  ] as const
  for (const [name, value] of parts) if (value !== '') yield [name, value]
  yield* url.searchParams
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new Error('the URL does not parse')
  }
}

// A quoted value, with backslash escapes, or one up to the next space.
const pair = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\']|\\.)(?:[^\s\\]|\\.)*)?)(?=\s|$)\s*/suy

function* readPairs(text: string): Generator<readonly [string, string]> {
  pair.lastIndex = 0
  for (let at = 0; at < text.trimEnd().length; at = pair.lastIndex) {
    const match = pair.exec(text)
    if (match === null) throw new Error('it is neither a URL nor a list of name=value')
    const [, name = '', quoted, plain = ''] = match
    yield [name, (quoted ?? plain).replace(/\\(.)/gsu, '$1')]
  }
}
