// Runs one program with our stdin, stdout and stderr, to its end.
import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { CommandError } from '../exit-status.ts'
import { explain } from '../files.ts'
import { currentDirectory, type Io } from '../io.ts'
import { quoteGo } from '../quote.ts'
import type { SignalRelay } from './signals.ts'

export interface Program {
  readonly file: string
  readonly args: readonly string[]
}

export interface Execution {
  readonly io: Io
  readonly program: Program
  readonly env: Readonly<Record<string, string>>
}

/** How a program ended. */
export type Ending = { readonly status: number } | { readonly signal: NodeJS.Signals }

/** What runs a command line as sops does. */
export function shellFor(command: string): Program {
  if (process.platform === 'win32') return { file: 'cmd.exe', args: ['/C', command] }
  return { file: '/bin/sh', args: ['-c', command] }
}

/** Waits for the end of the program, which gets the signals that this process gets. Throws CommandError. */
export async function runChild(execution: Execution, relay: SignalRelay): Promise<Ending> {
  const child = await start(execution, 'inherit')
  relay.connect((signal) => void child.kill(signal))
  const ending = await endOf(child)
  if ('signal' in ending) await wait(sameMoment)
  return ending
}

// Of a signal to both of us and of the end that it brought the program, either may be heard of first.
const sameMoment = 20

/** Does not wait, and gives the program nothing to read and nowhere to write, as sops does. Throws CommandError. */
export async function runInBackground(execution: Execution): Promise<void> {
  const child = await start(execution, 'ignore')
  child.unref()
}

function start({ io, program, env }: Execution, stdio: 'inherit' | 'ignore'): Promise<ChildProcess> {
  return new Promise((resolve, reject) => {
    // A directory is entered only where it is another one: the user may have no right to.
    const cwd = io.cwd === currentDirectory() ? {} : { cwd: io.cwd }
    try {
      const child = spawn(program.file, program.args, { env, stdio, ...cwd })
      child.once('spawn', () => resolve(child))
      // Later ones are signals that the program does not have to take.
      child.on('error', (error) => reject(startError(program.file, error)))
    } catch (error) {
      reject(startError(program.file, error))
    }
  })
}

function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) resolve({ status: child.exitCode })
    else if (child.signalCode !== null) resolve({ signal: child.signalCode })
    else child.once('exit', (status, signal) => resolve(signal === null ? { status: status ?? 1 } : { signal }))
  })
}

// Shells say 127 for what is not there and 126 for what cannot be run.
const startStatuses = new Map<unknown, number>([
  ['ENOENT', 127],
  ['EACCES', 126],
])

function startError(file: string, error: unknown): CommandError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' && !file.includes('/')) {
    return new CommandError(127, `exec: ${quoteGo(file)}: executable file not found in $PATH`)
  }
  const hint = code === 'E2BIG' ? tooLarge : undefined
  return new CommandError(startStatuses.get(code) ?? 1, `fork/exec ${file}: ${explain(error)}`, hint)
}

const tooLarge =
  'The arguments and the environment are larger than the system allows, or one value is. ' +
  '`tsops exec-file` has no such limit.'
