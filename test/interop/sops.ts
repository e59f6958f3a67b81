// Runs the real sops (and the built CLI) as whole processes, in an environment that holds nothing but what a test gives.

import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { sopsBin } from './peers.ts'
import { alice } from '../test-keys.ts'

export interface RunResult {
  readonly status: number
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunInput {
  readonly stdin?: Uint8Array
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Ends the program after so many milliseconds. */
  readonly timeout?: number
}

export const cliPath: string = resolve(process.env.TSOPS_TEST_CLI ?? 'dist/bin/tsops.js')

export async function sops(args: readonly string[], input: RunInput = {}): Promise<RunResult> {
  return run(sopsBin, args, input)
}

export async function tsops(args: readonly string[], input: RunInput = {}): Promise<RunResult> {
  return run(process.execPath, [cliPath, ...args], input)
}

async function run(file: string, args: readonly string[], input: RunInput): Promise<RunResult> {
  const child = spawn(file, args, {
    cwd: input.cwd,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', SOPS_AGE_KEY: alice.identity, ...input.env },
    timeout: input.timeout,
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  // A program that fails early closes its stdin; its status says why.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input.stdin ?? '')
  const status = await new Promise<number>((done, failed) => {
    child.on('error', failed)
    child.on('close', (code) => done(code ?? -1))
  })
  return { status, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}

const fileNames: Readonly<Record<string, string>> = {
  yaml: 'x.yaml',
  json: 'x.json',
  dotenv: 'x.env',
  ini: 'x.ini',
  binary: 'x.bin',
}

export async function sopsEncrypt(format: string, plain: Uint8Array, args: readonly string[] = []): Promise<RunResult> {
  const name = fileNames[format] ?? 'x'
  return sops(['encrypt', '--age', alice.recipient, '--filename-override', name, ...args], { stdin: plain })
}

export async function sopsDecrypt(
  format: string,
  encrypted: Uint8Array,
  outputFormat: string = format,
  args: readonly string[] = [],
): Promise<RunResult> {
  return sops(['decrypt', '--input-type', format, '--output-type', outputFormat, ...args], { stdin: encrypted })
}

/** The bytes that sops prints; throws its stderr when it fails. */
export async function bytesOf(result: Promise<RunResult>): Promise<Buffer> {
  const { status, stdout, stderr } = await result
  if (status !== 0) throw new Error(`sops: status ${status}: ${stderr}`)
  return stdout
}
