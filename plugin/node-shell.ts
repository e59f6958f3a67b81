// The streams of this process. What a library prints must not get between the objects on stdout.
import { fstatSync, writeFileSync } from 'node:fs'
import { nodeHost } from '../src/index.ts'
import { Refusal } from './finding.ts'
import { nodeFiles } from './node-files.ts'
import type { Shell } from './program.ts'

/** To be called before anything else runs. */
export function pointConsoleAtStderr(): void {
  const { error } = console
  console.log = error
  console.info = error
  console.debug = error
}

export function processShell(): Shell {
  // A reader that has gone must not bring the process down.
  process.stderr.on('error', () => undefined)
  process.stdout.on('error', () => undefined)
  return {
    host: nodeHost(),
    files: nodeFiles(process.cwd()),
    readStdin,
    writeStdout,
    writeStderr: (text) => void process.stderr.write(text),
  }
}

async function readStdin(limit: number): Promise<Uint8Array | undefined> {
  if (process.stdin.isTTY) return undefined
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > limit) throw new Refusal('there is too much on stdin')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

// Node's stream to a file takes a short write for a whole one.
async function writeStdout(text: string): Promise<void> {
  const bytes = Buffer.from(text)
  if (isFile(process.stdout.fd)) {
    writeFileSync(process.stdout.fd, bytes)
    return
  }
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile()
  } catch {
    return false
  }
}
