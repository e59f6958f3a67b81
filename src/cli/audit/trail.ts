// Who decrypted, encrypted or rotated which file. The record stands before the values are touched, and where it cannot be
// written nothing happens. What is recorded and where is the administrator's choice: the environment can only add a file.
import { isAbsolute, resolve } from 'node:path'
import { Shape } from '../../config/shape.ts'
import { ParseError } from '../../errors.ts'
import type { AuditAction } from '../../index.ts'
import { storeFor } from '../../stores/registry.ts'
import { CommandError } from '../exit-status.ts'
import { explain } from '../files.ts'
import { hostOf } from '../io.ts'
import type { Io } from '../io.ts'
import { jsonBackend, fileAuditor } from './json-lines.ts'
import { postgresBackend } from './postgres.ts'
import type { AuditBackend, Auditor } from './types.ts'
import { userName } from './user-name.ts'

const configFile = '/etc/sops/audit.yaml'
const extraFile = 'TSOPS_AUDIT_FILE'

const backends: readonly AuditBackend[] = [postgresBackend, jsonBackend]

/** Records one action on the file that it was made for. */
export type Audit = (action: AuditAction) => Promise<void>

/** The audit of one run; `file` as the user named it, undefined: stdin. The configuration is read at the first record. */
export function openTrail(io: Io): (file: string | undefined) => Audit {
  let loading: Promise<readonly Auditor[]> | undefined
  const written = new Map<string, Promise<void>>()
  const write = async (action: AuditAction, file: string): Promise<void> => {
    const auditors = await (loading ??= loadAuditors(io))
    if (auditors.length === 0) return
    const record = { action, username: userName(), file }
    for (const auditor of auditors) await auditor.write(record)
  }
  return (named) => (action) => {
    const file = resolve(io.cwd, named ?? '')
    const key = `${action} ${file}`
    // An edit opens its file twice, and it is still one access.
    const known = written.get(key)
    if (known !== undefined) return known
    const writing = write(action, file)
    written.set(key, writing)
    writing.catch(() => written.delete(key))
    return writing
  }
}

async function loadAuditors(io: Io): Promise<readonly Auditor[]> {
  const auditors = await readAuditors(io, io.auditConfig ?? configFile)
  const extra = io.env[extraFile] ?? ''
  if (extra === '') return auditors
  if (!isAbsolute(extra)) throw new CommandError(1, `Error: ${extraFile} must name a file by its absolute path`)
  return [...auditors, fileAuditor(extra)]
}

async function readAuditors(io: Io, file: string): Promise<readonly Auditor[]> {
  const bytes = await readIfThere(io, file)
  if (bytes === undefined) return []
  const top = new Shape(parse(bytes, file), '', file)
  const lists = top.map('backends')
  const names = backends.map(({ name }) => name)
  checkFields(top, ['backends'])
  checkFields(lists, names)
  return backends.flatMap((backend) =>
    (lists.maps(backend.name) ?? []).map((entry) => {
      checkFields(entry, backend.fields)
      return backend.open(entry, `${entry.place} of ${file}`, io)
    }),
  )
}

async function readIfThere(io: Io, file: string): Promise<Uint8Array | undefined> {
  try {
    return await hostOf(io).readFile(file)
  } catch (error) {
    const reason = explain(error)
    if (reason === 'no such file or directory' || reason === 'not a directory') return undefined
    // sops goes on without a record.
    throw new CommandError(
      1,
      `Error: cannot read the configuration of the audit: open ${file}: ${reason}`,
      'Whoever can use the keys must be able to read it: without it nothing is decrypted or encrypted.',
    )
  }
}

function parse(bytes: Uint8Array, file: string): ConstructorParameters<typeof Shape>[0] {
  try {
    return storeFor('yaml')?.parse(bytes).branches[0]
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw new CommandError(1, `Error: cannot parse the configuration of the audit, ${file}: ${error.message}`)
  }
}

// A slip of the pen would mean no record.
function checkFields(shape: Shape, known: readonly string[]): void {
  const [warning] = shape.warnings(known)
  if (warning !== undefined) throw new CommandError(1, `Error: the audit is not configured right: ${warning}`)
}
