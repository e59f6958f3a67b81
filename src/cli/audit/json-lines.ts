// The audit record as JSON lines, one object per line, appended to a file or written to stderr. A line break in a file's
// name cannot end a line.
import { open } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { CommandError } from '../exit-status.ts'
import { explain } from '../files.ts'
import type { Io } from '../io.ts'
import type { AuditBackend, Auditor, AuditRecord } from './types.ts'

export const jsonBackend: AuditBackend = {
  name: 'json',
  fields: ['path', 'stderr'],
  open(entry, place, io) {
    const path = entry.text('path')
    const stderr = entry.bool('stderr')
    if ((path !== '') === stderr) {
      throw new CommandError(1, `Error: the audit is not configured right: ${place} needs a path, or stderr: true`)
    }
    if (stderr) return stderrAuditor(io)
    if (isAbsolute(path)) return fileAuditor(path)
    throw new CommandError(1, `Error: the audit is not configured right: the path in ${place} must be absolute`)
  },
}

export function fileAuditor(path: string): Auditor {
  return {
    async write(record) {
      try {
        await append(path, Buffer.from(lineOf(record)))
      } catch (error) {
        throw new CommandError(1, `Error: cannot write the audit record: open ${path}: ${explain(error)}`)
      }
    },
  }
}

// One write for the whole line, so that processes do not mix theirs.
async function append(path: string, line: Uint8Array): Promise<void> {
  const file = await open(path, 'a', 0o600)
  try {
    const stats = await file.stat()
    const whole = stats.isFile() && (await endsTorn(path, stats.size)) ? Buffer.concat([lineBreak, line]) : line
    const { bytesWritten } = await file.write(whole)
    if (bytesWritten < whole.length) throw Object.assign(new Error(), { code: 'ENOSPC' })
    if (stats.isFile()) await file.datasync()
  } finally {
    await file.close()
  }
}

const lineBreak = Buffer.from('\n')

// A full disk takes a part of a line; the next record must not be lost to it. A log that cannot be read stays as it is.
async function endsTorn(path: string, size: number): Promise<boolean> {
  if (size === 0) return false
  const reader = await open(path, 'r').catch(() => undefined)
  if (reader === undefined) return false
  try {
    const { bytesRead, buffer } = await reader.read(Buffer.alloc(1), 0, 1, size - 1)
    return bytesRead === 1 && !buffer.equals(lineBreak)
  } finally {
    await reader.close()
  }
}

function stderrAuditor(io: Io): Auditor {
  return { write: async (record) => io.stderr.write(lineOf(record)) }
}

function lineOf({ action, username, file }: AuditRecord): string {
  return `${JSON.stringify({ timestamp: new Date().toISOString(), action, username, file })}\n`
}
