// --same-process: the program takes the place of this process where Node.js can do that (process.execve, from 22.15 on).
// Elsewhere it runs as a child, and we end as it ends.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { currentDirectory } from '../io.ts'
import { type Execution, type Program, runChild } from './child.ts'
import { repeat } from './ending.ts'
import { SignalRelay } from './signals.ts'

/** Gives the status of the program, if there is anybody left to take it. Throws CommandError. */
export async function runAsSelf(execution: Execution): Promise<number> {
  replaceSelf(execution)
  const relay = new SignalRelay()
  try {
    return repeat(await runChild(execution, relay))
  } finally {
    relay.release()
  }
}

type Execve = (file: string, args: readonly string[], env: Readonly<Record<string, string>>) => void

// Returns only where this process cannot be replaced. A call that fails would end the process in a crash: so whatever may
// be refused is tried out first.
function replaceSelf({ io, program, env }: Execution): void {
  const execve = findExecve()
  const { file, args } = throughShell(program, env) ?? { file: '', args: [] }
  if (execve === undefined || file === '' || io.cwd !== currentDirectory() || !existsSync(file)) return
  // From here on nobody would hear of a signal that somebody else answers.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const) process.removeAllListeners(signal)
  // The same arguments and variables for a program that does nothing. It also ends the non-blocking mode that Node.js
  // puts on pipes and that the program would inherit.
  const rehearsal = spawnSync(file, ['-c', ':', ...args], { env, stdio: 'inherit' })
  if (rehearsal.status !== 0) return
  // What Node.js ignores, the program would ignore. A handler does not outlive the call.
  for (const signal of ['SIGPIPE', 'SIGXFSZ'] as const) process.on(signal, () => undefined)
  execve(file, [file, ...args], env)
}

// A shell finds the program in the PATH that it is given, but keeps only variables that it has names for.
function throughShell(program: Program, env: Execution['env']): Program | undefined {
  if (program.file === '/bin/sh') return program
  const named = Object.keys(env).every((name) => /^[A-Za-z_]\w*$/.test(name))
  return named ? { file: '/bin/sh', args: ['-c', 'exec "$0" "$@"', program.file, ...program.args] } : undefined
}

function findExecve(): Execve | undefined {
  const execve: unknown = Reflect.get(process, 'execve')
  if (process.platform === 'win32' || typeof execve !== 'function') return undefined
  return (...args) => void Reflect.apply(execve, process, args)
}
