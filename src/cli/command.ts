// What a subcommand is: one file in commands/, one line in program.ts.
import type { Flag, FlagValues } from './argv.ts'
import type { Operation } from './exit-status.ts'
import type { Io } from './io.ts'

export interface FlagGroup {
  readonly title: string
  readonly flags: readonly Flag[]
}

export interface Call {
  readonly io: Io
  /** Flags before the subcommand: of these, --config, --indent and --mac-only-encrypted count. */
  readonly root: FlagValues
  readonly flags: FlagValues
  readonly positionals: readonly string[]
  /** What stands after `--`, for a command that runs a program. */
  readonly program?: readonly string[]
}

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Promise<Command>
}

export interface Command {
  /** The positionals, as the help shows them. */
  readonly usage: string
  readonly about: string
  readonly operation: Operation
  /** Takes any number of files: flags then mix freely with them. */
  readonly severalFiles?: boolean
  /** sops has no such command: flags may stand anywhere. */
  readonly isOurs?: boolean
  /** Ends in a program: `FILE COMMAND` for a shell, or `FILE… -- PROGRAM ARG…`. */
  readonly takesProgram?: boolean
  /** Commands of its own; then it does nothing else. */
  readonly subcommands?: readonly CommandEntry[]
  flagGroups(): Promise<readonly FlagGroup[]>
  /** Gives the exit status; throws what report.ts can print. */
  run(call: Call): Promise<number>
}
