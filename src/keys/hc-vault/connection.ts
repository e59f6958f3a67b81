// Vault's own variables for TLS, and the agent that may stand between.
import { KeyBackendError } from '../../errors.ts'
import type { Connection, Host } from '../../host.ts'
import type { MasterKey } from '../types.ts'

const connections = new WeakMap<Host, Promise<Connection | undefined>>()

/** How to connect; undefined: as fetch does. Made once per host. Throws KeyBackendError. */
export function connectionOf(key: MasterKey, host: Host): Promise<Connection | undefined> {
  const known = connections.get(host)
  if (known !== undefined) return known
  const connection = readConnection(key, host)
  connections.set(host, connection)
  connection.catch(() => connections.delete(host))
  return connection
}

async function readConnection(key: MasterKey, host: Host): Promise<Connection | undefined> {
  const ca = await readAuthorities(key, host)
  const clientCertificate = await readVariable(key, host, 'VAULT_CLIENT_CERT')
  const clientKey = await readVariable(key, host, 'VAULT_CLIENT_KEY')
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw failure(key, 'VAULT_CLIENT_CERT and VAULT_CLIENT_KEY must be set together')
  }
  const serverName = host.env('VAULT_TLS_SERVER_NAME') ?? ''
  const socketPath = /^unix:\/\/(.+)$/s.exec(host.env('VAULT_AGENT_ADDR') ?? '')?.[1]
  const connection: Connection = {
    ...(ca !== undefined && { ca }),
    ...(clientCertificate !== undefined && { clientCertificate }),
    ...(clientKey !== undefined && { clientKey }),
    ...(serverName !== '' && { serverName }),
    ...(skipsVerification(key, host) && { skipVerify: true }),
    ...(socketPath !== undefined && { socketPath }),
  }
  if (Object.keys(connection).length === 0) return undefined
  if (host.fetchOver !== undefined) return connection
  throw failure(key, 'the TLS variables of Vault are set, and this host cannot connect that way')
}

// The first of the three that is set counts, as in Vault's own client.
async function readAuthorities(key: MasterKey, host: Host): Promise<readonly string[] | undefined> {
  const file = await readVariable(key, host, 'VAULT_CACERT')
  if (file !== undefined) return [file]
  const text = host.env('VAULT_CACERT_BYTES') ?? ''
  if (text !== '') return [text]
  const directory = host.env('VAULT_CAPATH') ?? ''
  if (directory === '') return undefined
  const names = await host.readDirectory?.(directory).catch(() => undefined)
  if (names === undefined) throw failure(key, 'the directory that VAULT_CAPATH names cannot be read')
  return Promise.all(names.map((name) => readPem(key, host, `${directory}/${name}`, 'VAULT_CAPATH')))
}

async function readVariable(key: MasterKey, host: Host, name: string): Promise<string | undefined> {
  const path = host.env(name) ?? ''
  return path === '' ? undefined : readPem(key, host, path, name)
}

async function readPem(key: MasterKey, host: Host, path: string, variable: string): Promise<string> {
  const bytes = await host.readFile(path).catch(() => undefined)
  const text = bytes === undefined ? '' : Buffer.from(bytes).toString('latin1')
  if (text.includes('-----BEGIN ')) return text
  throw failure(key, `${path}, which ${variable} names, cannot be read as PEM`)
}

function skipsVerification(key: MasterKey, host: Host): boolean {
  const text = host.env('VAULT_SKIP_VERIFY') ?? ''
  if (['', '0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text)) return false
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true
  throw failure(key, 'could not parse VAULT_SKIP_VERIFY')
}

function failure(key: MasterKey, message: string): KeyBackendError {
  return new KeyBackendError(key.type, key.id, 'no-credential', message)
}
