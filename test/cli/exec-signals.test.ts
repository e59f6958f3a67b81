// What happens to exec-env and exec-file when this process is told to stop: the program hears of it first.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alice } from '../test-keys.ts'
import { type RunResult, useBuiltCli } from './built-cli.ts'
import { useSecretFiles } from './secret-files.ts'

const cli = useBuiltCli()
const secrets = useSecretFiles({ 'e.yaml': 'name: bar\n' })

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGWINCH'] as const

describe.skipIf(process.platform === 'win32')('signals', () => {
  const forms = [['exec-env'], ['exec-env', '--same-process'], ['exec-file'], ['exec-file', '--no-fifo']] as const

  const few = signals.slice(0, 3)
  const pairs = forms.flatMap((form, at) => (at === 0 ? signals : few).map((signal) => [form, signal] as const))

  test.for(pairs)('%j: %s reaches the program, which decides', async ([form, signal]) => {
    const trap = `trap 'echo got; exit 7' ${signal.slice(3)}; echo ready; while :; do sleep 0.02; done`
    const { status, stdout } = await interrupted([...form, 'e.yaml', trap], signal)
    expect([status, stdout]).toEqual([7, 'ready\ngot\n'])
  })

  test.for(
    forms.flatMap((form) => (['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const).map((s) => [form, s] as const)),
  )('%j: the program dies of %s, and so do we', async ([form, signal]) => {
    const wait = 'test -e {} || :; echo ready; exec sleep 30'
    const result = await interrupted([...form, 'e.yaml', wait], signal)
    expect([result.status, result.signal, result.stderr]).toEqual([null, signal, ''])
  })

  test('our own memory is not written to a core file', async () => {
    const { status, signal } = await interrupted(['exec-env', 'e.yaml', 'echo ready; exec sleep 30'], 'SIGQUIT')
    expect([status, signal]).toEqual([131, null])
  })

  test('before the program is there', async () => {
    // Waits for a key that never comes: a pipe that nobody writes to.
    const wait = ['exec-file', '/dev/stdin', 'echo no']
    const temporary = mkdtempSync(join(secrets(), 'early-'))
    const child = spawn(process.execPath, [cli(), ...wait], {
      cwd: secrets(),
      env: { PATH: process.env.PATH, SOPS_AGE_KEY: alice.identity, TMPDIR: temporary },
    })
    const ended = new Promise((resolve) => child.on('close', (...end) => resolve(end)))
    await new Promise((resolve) => setTimeout(resolve, 700))
    child.kill('SIGTERM')
    expect(await ended).toEqual([null, 'SIGTERM'])
    expect(readdirSync(temporary)).toEqual([])
  })

  /** Sends a signal once the program has said `ready`. */
  async function interrupted(
    args: readonly string[],
    signal: NodeJS.Signals,
  ): Promise<Omit<RunResult, 'stdout'> & { stdout: string }> {
    const temporary = mkdtempSync(join(secrets(), 'signal-'))
    const child = spawn(process.execPath, [cli(), ...args], {
      cwd: secrets(),
      env: { PATH: process.env.PATH, SOPS_AGE_KEY: alice.identity, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Without a terminal of its own, as a service is.
      detached: true,
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => {
      if (!stdout.includes('ready') && chunk.includes('ready')) child.kill(signal)
      stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const [status, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.on('close', (...end) => resolve(end))
    })
    expect(readdirSync(temporary)).toEqual([])
    rmSync(temporary, { recursive: true })
    return { status, signal: killedBy, stdout, stderr }
  }
})
