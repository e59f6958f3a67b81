// What the driver is told for a connection string: lib/pq's defaults and its meaning of sslmode, which is not the driver's.
import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import { explain } from '../files.ts'
import { hostOf } from '../io.ts'
import type { Io } from '../io.ts'
import type { Settings } from './connection-string.ts'
import { userName } from './user-name.ts'

const second = 1000
const patience = 30

/** Without a meaning here; what else is not known is a setting of the server. */
const ignored = new Set([
  'binary_parameters',
  'disable_prepared_binary_result',
  'sslsni',
  'client_encoding',
  'datestyle',
])
const known = new Set([
  ...['host', 'port', 'user', 'password', 'dbname', 'options', 'application_name', 'fallback_application_name'],
  ...['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'connect_timeout'],
])
const unsupported = new Set([
  ...['hostaddr', 'passfile', 'service', 'sslinline', 'sslnegotiation', 'krbsrvname', 'krbspn', 'target_session_attrs'],
  ...['ssl_min_protocol_version', 'ssl_max_protocol_version', 'load_balance_hosts', 'min_protocol_version'],
  ...['max_protocol_version'],
])

/** How to connect, in the order to try. Throws an Error whose message shows no value. */
export async function clientConfigs(settings: Settings, io: Io): Promise<readonly ClientConfig[]> {
  for (const name of settings.keys()) if (unsupported.has(name)) throw new Error(`${name} is not supported`)
  const get = (name: string, otherwise: string): string => settings.get(name) ?? otherwise
  const host = get('host', 'localhost')
  if (host.includes(',')) throw new Error('several hosts are not supported')
  const user = get('user', userName())
  const password = get('password', '')
  const common = {
    ...{ host, user, port: numberOf('port', get('port', '5432')), database: get('dbname', user) },
    // A function, so that the driver does not look for one elsewhere.
    password: (): string => password,
    application_name: get('application_name', get('fallback_application_name', '')),
    options: serverOptions(settings),
    keepAlive: true,
    query_timeout: patience * second,
    connectionTimeoutMillis: (numberOf('connect_timeout', get('connect_timeout', '0')) || patience) * second,
  }
  return (await tlsChoices(settings, host, io)).map((ssl) => ({ ...common, ssl }))
}

function numberOf(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text)
  throw new Error(`${name} is not a number that it can be`)
}

function serverOptions(settings: Settings): string {
  const given = settings.get('options')
  const more = [...settings].filter(([name]) => !known.has(name) && !ignored.has(name))
  const texts = more.map(([name, value]) => {
    if (/^[\w.]+$/.test(name)) return `-c ${name}=${value.replace(/[\s\\]/g, '\\$&')}`
    throw new Error('a setting has a name that cannot be')
  })
  return [...(given === undefined ? [] : [given]), ...texts].join(' ')
}

type Ssl = NonNullable<ClientConfig['ssl']>

async function tlsChoices(settings: Settings, host: string, io: Io): Promise<readonly Ssl[]> {
  const system = settings.get('sslrootcert') === 'system'
  const mode = settings.get('sslmode') ?? (system ? 'verify-full' : 'require')
  if (!modes.has(mode)) throw new Error('sslmode is none of the known ones')
  if (system && mode !== 'verify-full') throw new Error('sslrootcert=system needs sslmode=verify-full')
  // A socket in the file system.
  if (mode === 'disable' || host.startsWith('/')) return [false]
  const ca = system ? undefined : await readPem(settings, io, 'sslrootcert', 'root.crt')
  const ssl: Exclude<Ssl, boolean> = {
    ...(ca !== undefined && { ca }),
    ...(await clientCertificate(settings, io)),
    // With a root certificate at hand, require means verify-ca.
    rejectUnauthorized: mode.startsWith('verify') || ca !== undefined,
    ...(mode !== 'verify-full' && { checkServerIdentity: (): undefined => undefined }),
  }
  if (mode === 'prefer') return [ssl, false]
  return mode === 'allow' ? [false, ssl] : [ssl]
}

const modes: ReadonlySet<string> = new Set(['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'])

async function clientCertificate(settings: Settings, io: Io): Promise<{ cert?: string; key?: string }> {
  const cert = await readPem(settings, io, 'sslcert', 'postgresql.crt')
  const key = cert === undefined ? undefined : await readPem(settings, io, 'sslkey', 'postgresql.key')
  return cert === undefined || key === undefined ? {} : { cert, key }
}

// One that is named must be there; the one at the usual place need not.
async function readPem(settings: Settings, io: Io, name: string, usual: string): Promise<string | undefined> {
  const named = settings.get(name) ?? ''
  const path = named === '' ? join(io.env.HOME ?? '', '.postgresql', usual) : named
  try {
    return Buffer.from(await hostOf(io).readFile(path)).toString()
  } catch (error) {
    if (named === '') return undefined
    throw new Error(`${name} cannot be read: ${explain(error)}`, { cause: error })
  }
}
