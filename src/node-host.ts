// The default host: this process' environment, file system and child processes.
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { Host, RunOptions } from './host.ts'

export function nodeHost(): Host {
  return {
    platform: process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux',
    env: (name) => process.env[name],
    readFile: (path) => readFile(path),
    run,
    // Asked for only when it is called: the first look at it loads a whole HTTP client.
    fetch: (...request) => globalThis.fetch(...request),
  }
}

/** stderr is thrown away, as sops does: what a key command prints there may be a secret. */
function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      shell: false,
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'ignore'],
      windowsHide: true,
    })
    const chunks: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', reject)
    child.on('close', (status, signal) => {
      if (status === 0) resolve(Buffer.concat(chunks))
      else reject(new Error(status === null ? `signal: ${signal ?? 'unknown'}` : `exit status ${status}`))
    })
    // A program that does not read its input closes the pipe; its status tells whether that was right.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.stdin)
  })
}
