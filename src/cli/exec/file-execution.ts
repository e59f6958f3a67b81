// Runs a program that reads a decrypted file by its path, and takes the file away afterwards.
import { join, posix } from 'node:path'
import { CommandError } from '../exit-status.ts'
import { logLine } from '../log.ts'
import { makePrivateDirectory, type PrivateDirectory } from '../private-directory.ts'
import { type Ending, type Execution, type Program, runChild, runInBackground } from './child.ts'
import { report } from './ending.ts'
import { findMaker, openFifo } from './fifo.ts'
import { defaultName, writeSecretFile } from './secret-file.ts'
import { SignalRelay } from './signals.ts'

export interface FileExecution extends Execution {
  readonly content: Uint8Array
  /** '' stands for a name of our own. */
  readonly name: string
  readonly fifo: boolean
}

/** Gives 0 or throws CommandError with the status of the program. */
export async function runWithFile(execution: FileExecution): Promise<number> {
  const relay = new SignalRelay()
  try {
    const ending = await runBetween(execution, relay)
    return report(ending, relay)
  } finally {
    relay.release()
  }
}

async function runBetween(execution: FileExecution, relay: SignalRelay): Promise<Ending> {
  const directory = makePrivateDirectory(execution.io)
  try {
    const maker = makerFor(execution, directory)
    if (maker !== undefined) return await runWithFifo(execution, relay, directory, maker)
    const path = writeSecretFile(directory.path, execution.name, execution.content)
    return await runChild(withPath(execution, path), relay)
  } finally {
    directory.remove()
  }
}

async function runWithFifo(
  execution: FileExecution,
  relay: SignalRelay,
  directory: PrivateDirectory,
  maker: string,
): Promise<Ending> {
  const { io, name, content } = execution
  const reserve = makePrivateDirectory(io)
  try {
    const path = join(directory.path, name === '' ? defaultName : posix.normalize(name))
    const fifo = openFifo(maker, path, join(reserve.path, defaultName), content)
    try {
      return await runChild(withPath(execution, path), relay)
    } finally {
      await fifo.close()
    }
  } finally {
    reserve.remove()
  }
}

// Undefined where a regular file has to do.
function makerFor({ io, fifo }: FileExecution, directory: PrivateDirectory): string | undefined {
  if (!fifo) return undefined
  if (process.platform === 'win32') {
    logLine(io, 'warning', 'no fifos on windows, use --no-fifo next time', 'EXEC')
    return undefined
  }
  const maker = findMaker(io.env)
  if (maker !== undefined) return maker
  if (!directory.inMemory) {
    throw new CommandError(
      1,
      'Could not make a named pipe: there is no program mkfifo',
      '--no-fifo writes the decrypted text to a file that only you can read, for as long as the program runs.',
    )
  }
  logLine(io, 'warning', 'no mkfifo here: the program gets a regular file, in memory', 'EXEC')
  return undefined
}

/**
 * Does not wait: a shell does, and takes the file away. There is nobody to fill a pipe, so it is a regular file.
 * Throws CommandError.
 */
export async function runWithFileInBackground(execution: FileExecution): Promise<void> {
  if (process.platform === 'win32') throw new CommandError(1, 'background is not supported on Windows')
  const directory = makePrivateDirectory(execution.io)
  try {
    const path = writeSecretFile(directory.path, execution.name, execution.content)
    const { file, args } = withPath(execution, path).program
    const program = { file: '/bin/sh', args: ['-c', runThenRemove, directory.path, file, ...args] }
    await runInBackground({ ...execution, program })
  } catch (error) {
    directory.remove()
    throw error
  }
  directory.handOver()
}

const runThenRemove = `trap 'rm -rf -- "$0"' EXIT; trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM; "$@"`

function withPath({ io, env, program }: Execution, path: string): Execution {
  const fill = (text: string): string => text.replaceAll('{}', () => path)
  const filled: Program = { file: fill(program.file), args: program.args.map(fill) }
  return { io, env, program: filled }
}
