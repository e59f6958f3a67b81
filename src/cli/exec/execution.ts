// What `exec-env` and `exec-file` have in common: which files, which program, as which user.
import { resolve } from 'node:path'
import type { Flag } from '../argv.ts'
import type { Call } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { type FileOptions, fileOptions } from '../file-options.ts'
import { readInput } from '../files.ts'
import { logLine, warnerTo } from '../log.ts'
import { openSession } from '../session.ts'
import { type Execution, type Program, runChild, shellFor } from './child.ts'
import { report } from './ending.ts'
import { SignalRelay } from './signals.ts'
import { becomeUser } from './user.ts'

export const backgroundFlag: Flag = {
  names: ['background'],
  kind: 'bool',
  help: 'do not wait for the program (deprecated)',
}

export const userFlag: Flag = { names: ['user'], kind: 'string', value: 'NAME', help: 'run the program as this user' }

export interface Input {
  readonly file: string
  readonly options: FileOptions
  readonly read: () => Promise<Uint8Array>
}

/** The files of a call and how each is opened, before one is read. Throws CommandError, SopsError, ConfigError. */
export async function readInputs(call: Call, files: readonly string[]): Promise<readonly Input[]> {
  const { io } = call
  const session = openSession(call)
  const inputs: Input[] = []
  for (const file of files) {
    const options = await fileOptions(call, session, resolve(io.cwd, file), warnerTo(io))
    inputs.push({ file, options, read: () => readInput(io, resolve(io.cwd, file), file) })
  }
  return inputs
}

export interface Request {
  readonly files: readonly string[]
  readonly program: Program
}

/** One file and one argument, after `--` or not, is sops' form: the argument is for the shell. Throws CommandError. */
export function readRequest({ positionals, program }: Call): Request {
  if (program === undefined) {
    const [file, command, more] = positionals
    if (file === undefined || command === undefined || more !== undefined) throw missing()
    return { files: [file], program: shellFor(command) }
  }
  const [first, ...args] = program
  if (first === undefined || positionals.length === 0) throw missing()
  const forShell = positionals.length === 1 && args.length === 0
  return { files: positionals, program: forShell ? shellFor(first) : { file: first, args } }
}

function missing(): CommandError {
  return new CommandError(
    1,
    'error: missing file to decrypt',
    'Write FILE and then the command line as one argument, or FILE, `--`, and a program with its arguments.',
  )
}

/** Becomes the user that a flag names; gives the user's variables. Throws CommandError. */
export function switchUser({ flags }: Call): ReadonlyMap<string, string> {
  const name = flags.text('user')
  return name === '' ? new Map() : becomeUser(name)
}

/** Warns of a flag that is there for old scripts. */
export function isBackground({ io, flags }: Call, command: string): boolean {
  if (!flags.isOn('background')) return false
  const message = `${command}'s --background option is deprecated and will be removed in a future version of sops`
  logLine(io, 'warning', message)
  return true
}

/** Gives 0 or throws CommandError with the status of the program. */
export async function runInForeground(execution: Execution): Promise<number> {
  const relay = new SignalRelay()
  try {
    return report(await runChild(execution, relay), relay)
  } finally {
    relay.release()
  }
}
