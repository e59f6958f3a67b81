// From the end of a program to our own, as sops tells it.
import { constants } from 'node:os'
import { kill, pid } from 'node:process'
import { CommandError } from '../exit-status.ts'
import type { Ending } from './child.ts'
import type { SignalRelay } from './signals.ts'

/** Gives 0 or throws CommandError with the status of the program. */
export function report(ending: Ending, relay: SignalRelay): number {
  if ('signal' in ending) {
    // Who sent it to us sees us die of it, and a shell's loop stops at Ctrl-C.
    if (relay.hasReceived(ending.signal)) return dieOf(ending.signal)
    throw new CommandError(255, `signal: ${words.get(ending.signal) ?? ending.signal}`)
  }
  if (ending.status !== 0) throw new CommandError(ending.status, `exit status ${ending.status}`)
  return 0
}

/** As if this process had been the program. Gives its status where this process still lives. */
export function repeat(ending: Ending): number {
  return 'signal' in ending ? dieOf(ending.signal) : ending.status
}

// These make a system write the memory of a process to a file; ours holds keys.
const withCore: ReadonlySet<NodeJS.Signals> = new Set<NodeJS.Signals>([
  ...(['SIGQUIT', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV'] as const),
  ...(['SIGXCPU', 'SIGXFSZ', 'SIGSYS'] as const),
])

// The first process of a container cannot die of a signal that it sends itself: then the status tells it, as shells do.
function dieOf(signal: NodeJS.Signals): number {
  if (process.platform !== 'win32' && !withCore.has(signal)) {
    // Node.js ignores some signals until a listener has come and gone.
    if (signal !== 'SIGKILL' && signal !== 'SIGSTOP') process.on(signal, () => undefined)
    process.removeAllListeners(signal)
    kill(pid, signal)
  }
  return 128 + constants.signals[signal]
}

// As Go says them.
const words = new Map<NodeJS.Signals, string>([
  ['SIGHUP', 'hangup'],
  ['SIGINT', 'interrupt'],
  ['SIGQUIT', 'quit'],
  ['SIGILL', 'illegal instruction'],
  ['SIGTRAP', 'trace/breakpoint trap'],
  ['SIGABRT', 'aborted'],
  ['SIGBUS', 'bus error'],
  ['SIGFPE', 'floating point exception'],
  ['SIGKILL', 'killed'],
  ['SIGUSR1', 'user defined signal 1'],
  ['SIGSEGV', 'segmentation fault'],
  ['SIGUSR2', 'user defined signal 2'],
  ['SIGPIPE', 'broken pipe'],
  ['SIGALRM', 'alarm clock'],
  ['SIGTERM', 'terminated'],
  ['SIGSTKFLT', 'stack fault'],
  ['SIGXCPU', 'CPU time limit exceeded'],
  ['SIGXFSZ', 'file size limit exceeded'],
  ['SIGVTALRM', 'virtual timer expired'],
  ['SIGPROF', 'profiling timer expired'],
  ['SIGIO', 'I/O possible'],
  ['SIGPWR', 'power failure'],
  ['SIGSYS', 'bad system call'],
])
