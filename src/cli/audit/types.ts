import type { AuditAction } from '../../index.ts'
import type { Shape } from '../../config/shape.ts'
import type { Io } from '../io.ts'

export interface AuditRecord {
  readonly action: AuditAction
  readonly username: string
  /** Absolute; for stdin the working directory, as sops has it. */
  readonly file: string
}

export interface Auditor {
  /** Resolves when the record is safe. Throws CommandError. */
  write(record: AuditRecord): Promise<void>
}

/** One name below `backends` in the administrator's file. */
export interface AuditBackend {
  readonly name: string
  readonly fields: readonly string[]
  /**
   * `entry`: one element of the list under that name; `place`: how an error calls it. Throws CommandError, ConfigError.
   */
  open(entry: Shape, place: string, io: Io): Auditor
}
