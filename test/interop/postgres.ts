// A PostgreSQL of the test's own, with the table that sops writes its audit record to.

import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { freePort } from './free-port.ts'
import { installPackages } from './peers.ts'

const versions = '/usr/lib/postgresql'
const nobody = 65_534

export interface Postgres {
  readonly port: number
  /** The certificate that the server shows; its name is localhost. */
  readonly certificate: string
  /** A connection as the owner of the database. */
  connect(): Promise<pg.Client>
  close(): void
}

/** Of a user who can only add records. */
export const password = `it's p@ss\\word`

export async function startPostgres(): Promise<Postgres> {
  const programs = findPrograms()
  const directory = mkdtempSync(join(tmpdir(), 'tsops-postgres-'))
  const port = await freePort()
  const [data, certificate] = [join(directory, 'data'), join(directory, 'server.crt')]
  mkdirSync(data)
  writeFileSync(join(directory, 'password'), 'owner')
  makeCertificate(directory)
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0
  chmodSync(directory, 0o755)
  if (isRoot)
    for (const name of ['data', 'password', 'server.key', '.']) chownSync(join(directory, name), nobody, nobody)
  const run = (name: string, ...args: readonly string[]): void => {
    const command = [join(programs, name), ...args]
    const whole = isRoot ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...command] : command
    execFileSync(whole[0] ?? '', whole.slice(1), { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] })
  }
  const settings = [
    `port=${port}`,
    'listen_addresses=localhost',
    `unix_socket_directories=${directory}`,
    'fsync=off',
    'ssl=on',
    `ssl_cert_file=${certificate}`,
    `ssl_key_file=${join(directory, 'server.key')}`,
  ]
  run('initdb', '-D', data, '-U', 'owner', '--auth=scram-sha-256', `--pwfile=${directory}/password`, '--no-sync')
  run(
    'pg_ctl',
    '-D',
    data,
    '-w',
    '-l',
    join(data, 'log'),
    '-o',
    settings.map((each) => `-c ${each}`).join(' '),
    'start',
  )
  const server: Postgres = {
    ...{ port, certificate },
    async connect() {
      const client = new pg.Client({ host: 'localhost', port, user: 'owner', password: 'owner', database: 'postgres' })
      await client.connect()
      return client
    },
    close() {
      run('pg_ctl', '-D', data, '-m', 'immediate', 'stop')
      rmSync(directory, { recursive: true, force: true })
    },
  }
  await createTable(server)
  return server
}

function findPrograms(): string {
  if (!existsSync(versions)) installPackages({ initdb: 'postgresql' })
  const newest = readdirSync(versions).toSorted((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined)
    throw new Error(`The audit tests need PostgreSQL in ${versions}: apt-get install postgresql`)
  return join(versions, newest, 'bin')
}

function makeCertificate(directory: string): void {
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const files = ['-keyout', join(directory, 'server.key'), '-out', join(directory, 'server.crt')]
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files]
  const { status, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`The audit tests need openssl: ${stderr}`)
  chmodSync(join(directory, 'server.key'), 0o600)
}

async function createTable(server: Postgres): Promise<void> {
  const owner = await server.connect()
  await owner.query(`
    CREATE TABLE audit_event (
      id serial PRIMARY KEY, timestamp timestamp DEFAULT now(), action text, username text, file text,
      connection integer DEFAULT pg_backend_pid());
    CREATE ROLE recorder LOGIN PASSWORD '${password.replaceAll("'", "''")}';
    GRANT INSERT (action, username, file) ON audit_event TO recorder;
    GRANT USAGE ON audit_event_id_seq TO recorder`)
  await owner.end()
}
