// Log lines on stderr in the form of sops' logger (logrus), which scripts and editors pick apart.
import type { FlagValues } from './argv.ts'
import type { Io } from './io.ts'
import { quoteGo, showText } from './quote.ts'

export type Level = 'info' | 'warning' | 'error' | 'fatal'

/** CMD: the command line itself. SOPS: what works on documents. */
export type Logger = 'CMD' | 'SOPS' | 'KEYSERVICE' | 'EXEC' | 'PUBLISH'

/** `logger`: the name in the log line; SOPS unless said otherwise. */
export type Warn = (message: string, logger?: Logger) => void

const colours: Readonly<Record<Level, number>> = { info: 36, warning: 33, error: 31, fatal: 31 }

const plainValue = /^[A-Za-z0-9\-._/@^+]*$/

export function logLine(io: Io, level: Level, message: string, logger: Logger = 'CMD'): void {
  const name = hasColour(io) ? `\x1b[1m[${logger}]\x1b[22m` : `[${logger}]`
  io.stderr.write(`${name}\t ${io.stderr.isTerminal ? terminalEntry(level, message) : plainEntry(level, message)}\n`)
}

/** What sops says with --verbose, which it takes without a subcommand and in `publish`. Clients of sops look for it. */
export function inform(
  { io, flags }: { readonly io: Io; readonly flags: FlagValues },
  message: string,
  logger: Logger,
): void {
  if (flags.isOn('verbose')) logLine(io, 'info', message, logger)
}

/** Warnings as log lines. */
export function warnerTo(io: Io): Warn {
  return (message, logger = 'SOPS') => logLine(io, 'warning', message, logger)
}

function plainEntry(level: Level, message: string): string {
  const text = plainValue.test(message) ? message : quoteGo(message)
  return `time="${localTime(new Date())}" level=${level} msg=${text}`
}

function terminalEntry(level: Level, message: string): string {
  const label = level.slice(0, 4).toUpperCase()
  return `\x1b[${colours[level]}m${label}\x1b[0m[0000] ${showText(message).padEnd(44)} `
}

/** Whether words on stderr are coloured: sops asks stdout (fatih/color). */
export function hasColour(io: Io): boolean {
  return io.stdout.isTerminal && (io.env.NO_COLOR ?? '') === '' && io.env.TERM !== 'dumb'
}

/** A line with the local time in front: what sops says besides its log (Go's log package). */
export function timedLine(io: Io, message: string): void {
  const [date = '', time = ''] = localTime(new Date()).split('T')
  io.stderr.write(`${date.replaceAll('-', '/')} ${time.slice(0, 8)} ${showText(message)}\n`)
}

function localTime(date: Date): string {
  const offset = -date.getTimezoneOffset()
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19)
  if (offset === 0) return `${local}Z`
  const digits = (value: number): string => String(Math.trunc(value)).padStart(2, '0')
  return `${local}${offset < 0 ? '-' : '+'}${digits(Math.abs(offset) / 60)}:${digits(Math.abs(offset) % 60)}`
}
