// Runs the command line in this process, with streams, environment and directory of its own.

import { main } from '../../src/cli/program.ts'
import type { Io } from '../../src/cli/io.ts'

export interface Settings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
  readonly terminal?: boolean
  /** What the administrator wants recorded. */
  readonly auditConfig?: string
  /** Somebody at the terminal. */
  readonly answer?: (question: string) => Promise<string>
}

export interface Result {
  readonly status: number
  readonly stdout: string
  readonly bytes: Buffer
  readonly stderr: string
}

export async function tsops(args: readonly string[], settings: Settings): Promise<Result> {
  const stdout: Uint8Array[] = []
  let stderr = ''
  const isTerminal = settings.terminal === true
  const io: Io = {
    env: { HOME: settings.cwd, ...settings.env },
    cwd: settings.cwd,
    stdin: stdinOf(settings.stdin ?? ''),
    stdout: { isTerminal, write: async (bytes) => void stdout.push(bytes) },
    stderr: { isTerminal, write: (text) => void (stderr += text) },
    ...(settings.auditConfig !== undefined && { auditConfig: settings.auditConfig }),
    ...(settings.answer !== undefined && { terminal: { ask: settings.answer } }),
  }
  const status = await main(args, io)
  const bytes = Buffer.concat(stdout)
  return { status, bytes, stdout: bytes.toString(), stderr }
}

async function* stdinOf(text: string | Uint8Array): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
