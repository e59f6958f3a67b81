// What the command line sees of its process. Tests hand in their own.
import { fstatSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Host } from '../host.ts'
import { nodeHost } from '../node-host.ts'
import type { Environment } from './argv.ts'

export interface Io {
  readonly env: Environment
  /** Relative paths start here. */
  readonly cwd: string
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: { readonly isTerminal: boolean; write(bytes: Uint8Array): Promise<void> }
  readonly stderr: { readonly isTerminal: boolean; write(text: string): void }
}

/** The streams, the environment and the directory of this process. */
export function processIo(): Io {
  // A reader that has gone must not bring the process down, wherever the writing happens.
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', () => undefined)
  return {
    env: process.env,
    cwd: process.cwd(),
    stdin: { [Symbol.asyncIterator]: () => process.stdin[Symbol.asyncIterator]() },
    stdout: { isTerminal: process.stdout.isTTY, write: writeStdout },
    stderr: { isTerminal: process.stderr.isTTY, write: (text) => void process.stderr.write(text) },
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
