// The program as it is run: bundled into dist/, so that packages are found, and started by Node.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'

const projectDirectory = join(import.meta.dirname, '..', '..')

export interface RunResult {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunSettings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Uint8Array
}

/** Builds the program for the tests of a file and gives the path of its main module. */
export function useBuiltCli(): () => string {
  let directory = ''
  beforeAll(async () => {
    const dist = join(projectDirectory, 'dist')
    mkdirSync(dist, { recursive: true })
    directory = mkdtempSync(join(dist, 'cli-test-'))
    await build({
      entryPoints: { main: join(projectDirectory, 'src', 'cli', 'main.ts') },
      outdir: directory,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    })
  })
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return () => join(directory, 'main.mjs')
}

/** Runs a program to its end, with nothing of this process' environment but PATH. */
export async function run(file: string, args: readonly string[], settings: RunSettings): Promise<RunResult> {
  const child = spawn(file, args, {
    cwd: settings.cwd,
    env: { PATH: process.env.PATH, HOME: settings.cwd, ...settings.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.stdin.on('error', () => undefined)
  child.stdin.end(settings.stdin ?? '')
  const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...end) => {
      resolve(end)
    })
  })
  return { status, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}
