// The audit record in PostgreSQL, as sops writes it: one row in `audit_event` per record. One connection serves a run;
// an error shows what went wrong, never the connection string.
import type pgTypes from 'pg'
import type { Client } from 'pg'
import { CommandError } from '../exit-status.ts'
import { explain } from '../files.ts'
import type { Io } from '../io.ts'
import { parseConnectionString, type Settings } from './connection-string.ts'
import { clientConfigs } from './postgres-client.ts'
import type { AuditBackend, Auditor, AuditRecord } from './types.ts'

const retryAfter = 30_000

const insert = 'INSERT INTO audit_event (action, username, file) VALUES ($1, $2, $3)'

export const postgresBackend: AuditBackend = {
  name: 'postgres',
  fields: ['connection_string'],
  open: (entry, place, io) => postgresAuditor(entry.text('connection_string'), place, io),
}

/** What the driver's types leave out: whether an idle connection keeps the process. */
type Connection = Client & { ref(): void; unref(): void }

function postgresAuditor(connectionString: string, place: string, io: Io): Auditor {
  let connecting: Promise<Connection> | undefined
  const forget = (): void => void (connecting = undefined)
  const submit = async (record: AuditRecord): Promise<void> => {
    const client = await (connecting ??= connect(connectionString, place, { io, onEnd: forget }))
    client.ref()
    try {
      await client.query(insert, [record.action, record.username, record.file])
    } finally {
      client.unref()
    }
  }
  // One after the other, so that the connection that one of them loses is not another's.
  let turn: Promise<unknown> = Promise.resolve()
  return {
    write(record) {
      const result = turn.then(() => insertRecord(submit, record, { place, forget }))
      turn = result.catch(() => undefined)
      return result
    },
  }
}

// A connection that was idle while somebody edited may be gone: that is worth a second try, a refusal is not.
async function insertRecord(
  submit: (record: AuditRecord) => Promise<void>,
  record: AuditRecord,
  { place, forget }: { readonly place: string; readonly forget: () => void },
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await submit(record)
      return
    } catch (error) {
      if (error instanceof CommandError) throw error
      if (tries === 1 && stateOf(error) === undefined) forget()
      else
        throw new CommandError(
          1,
          `Error: cannot write the audit record to the database in ${place}: ${reasonOf(error)}`,
        )
    }
  }
}

interface ConnectOptions {
  readonly io: Io
  readonly onEnd: () => void
}

async function connect(text: string, place: string, { io, onEnd }: ConnectOptions): Promise<Connection> {
  const { default: pg } = await loadDriver()
  let failure: unknown
  for (const config of await clientConfigs(settingsOf(text, place, io), io).catch(rethrow(place))) {
    const client = new pg.Client(config) as Connection
    // What nobody waits for must not end the process.
    client.on('error', onEnd).on('end', onEnd)
    try {
      await client.connect()
      return client
    } catch (error) {
      failure = error
      void client.end().catch(() => undefined)
    }
  }
  // The other files of this run need not wait for it again; an editor that is tried later may.
  setTimeout(onEnd, retryAfter).unref()
  throw new CommandError(1, `Error: cannot connect to the audit database in ${place}: ${reasonOf(failure)}`)
}

async function loadDriver(): Promise<{ readonly default: typeof pgTypes }> {
  try {
    return await import('pg')
  } catch {
    throw new CommandError(
      1,
      'Error: the audit record goes to PostgreSQL, and the package pg could not be loaded',
      'npm install pg',
    )
  }
}

function settingsOf(text: string, place: string, io: Io): Settings {
  try {
    return parseConnectionString(text, io.env)
  } catch (error) {
    return rethrow(place)(error)
  }
}

/** The messages of these errors are ours. */
function rethrow(place: string): (error: unknown) => never {
  return (error) => {
    const reason = error instanceof Error ? error.message : ''
    throw new CommandError(1, `Error: the audit is not configured right: ${place}: ${reason}`)
  }
}

const refusals = new Map([
  ['28000', 'the user is not allowed to connect'],
  ['28P01', 'the password is wrong'],
  ['3D000', 'there is no such database'],
  ['42501', 'permission denied'],
  ['42P01', 'there is no table audit_event'],
  ['57014', 'it took too long'],
])

// The server's own words may quote what they like.
function reasonOf(error: unknown): string {
  const state = stateOf(error)
  if (state !== undefined) return `${refusals.get(state) ?? 'refused by the server'} (SQLSTATE ${state})`
  if (!(error instanceof Error)) return 'unknown error'
  const known = driverMessages.find(([start]) => error.message.startsWith(start))?.[1]
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : ''
  const reason = explain(error)
  return known ?? (reason === 'unknown error' ? `there is no connection${code}` : reason)
}

const driverMessages = [
  ['The server does not support SSL', 'the server has no TLS, and sslmode asks for it'],
  ['SASL: ', 'a password is needed'],
  ['timeout expired', 'it took too long'],
  ['Query read timeout', 'it took too long'],
] as const

function stateOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error && 'severity' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
