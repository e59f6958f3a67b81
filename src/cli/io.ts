// What the command line sees of its process. Tests hand in their own.
import { fstatSync, read, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { isatty } from 'node:tty'
import { promisify } from 'node:util'
import type { Host } from '../host.ts'
import { nodeHost } from '../node-host.ts'
import type { Environment } from './argv.ts'

export interface Io {
  readonly env: Environment
  /** Relative paths start here. */
  readonly cwd: string
  readonly stdin: AsyncIterable<Uint8Array> & {
    /** The next byte and no more: what follows belongs to whoever reads next. undefined: there is none. */
    readByte?(): Promise<number | undefined>
  }
  readonly stdout: { readonly isTerminal: boolean; write(bytes: Uint8Array): Promise<void> }
  readonly stderr: { readonly isTerminal: boolean; write(text: string): void }
  /** Somebody who can be asked. Absent where stdin is no terminal. */
  readonly terminal?: { ask(question: string): Promise<string> }
  /** What the administrator wants recorded stands here, instead of where sops looks. */
  readonly auditConfig?: string
}

/** The streams, the environment and the directory of this process. */
export function processIo(): Io {
  // A reader that has gone must not bring the process down, wherever the writing happens.
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', () => undefined)
  return {
    env: process.env,
    cwd: currentDirectory(),
    stdin: { [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator](), readByte },
    stdout: { isTerminal: process.stdout.isTTY, write: writeStdout },
    stderr: { isTerminal: process.stderr.isTTY, write: (text) => void process.stderr.write(text) },
    ...(isatty(0) && { terminal: { ask: askAtTerminal } }),
  }
}

/** Where relative paths start. A directory that was removed has no path: what is named by itself can be worked on all the same. */
export function currentDirectory(): string {
  try {
    return process.cwd()
  } catch {
    return `${resolve('/', process.env.PWD ?? '')} (deleted)`
  }
}

async function askAtTerminal(question: string): Promise<string> {
  return (await nodeHost().prompt?.(question, { secret: false })) ?? ''
}

const readDescriptor = promisify(read)
const pause = 20

// Not by process.stdin, which reads ahead: a passphrase typed at the terminal would end up in its buffer.
async function readByte(): Promise<number | undefined> {
  const byte = new Uint8Array(1)
  for (;;) {
    try {
      return (await readDescriptor(0, byte, 0, 1, null)).bytesRead === 0 ? undefined : byte[0]
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      // Windows tells of the end in this way.
      if (code === 'EOF') return undefined
      // Somebody else made the terminal or the pipe one that does not wait.
      if (code !== 'EAGAIN') throw error
      await setTimeout(pause)
    }
  }
}

// Node's stream to a file takes a short write for a whole one: on a full disk the text would be cut off in silence.
async function writeStdout(bytes: Uint8Array): Promise<void> {
  if (isFile(process.stdout.fd)) writeFileSync(process.stdout.fd, bytes)
  else await writeStream(bytes)
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    return false
  }
}

function writeStream(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      // A reader that has seen enough (`| head`) is no failure.
      if (error && !('code' in error && error.code === 'EPIPE')) reject(error)
      else resolve()
    })
  })
}

/** What the key backends see of the world. */
export function hostOf(io: Io): Host {
  const host = nodeHost()
  return { ...host, env: (name) => io.env[name], readFile: (path) => host.readFile(resolve(io.cwd, path)) }
}
