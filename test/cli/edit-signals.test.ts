// The program itself, ended while its editor runs: nothing of the text is left, and the editor is gone too.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encrypt } from '../../src/index.ts'
import { ageRule, hostWith } from '../ours.ts'
import { alice } from '../test-keys.ts'
import { run, useBuiltCli } from './built-cli.ts'

const cli = useBuiltCli()
const directory = mkdtempSync(join(tmpdir(), 'edit-signals-'))
const file = join(directory, 'x.yaml')
let encrypted: Uint8Array

beforeAll(async () => {
  encrypted = await encrypt(Buffer.from('a: secret\n'), ageRule(), { format: 'yaml', host: hostWith() })
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** An editor that saves a change, tells where, and does not end. */
function endless(name: string, code = ''): string {
  const script = join(directory, `${name}.mjs`)
  writeFileSync(
    script,
    `import { writeFileSync, renameSync } from 'node:fs'
    const path = process.argv.at(-1)
    ${code}
    writeFileSync(path, 'a: other\\n')
    writeFileSync(path + '.swp', 'a: other\\n')
    writeFileSync(${JSON.stringify(join(directory, 'new'))}, JSON.stringify([path, process.pid]))
    renameSync(${JSON.stringify(join(directory, 'new'))}, ${JSON.stringify(join(directory, 'told'))})
    setInterval(() => undefined, 1000)`,
  )
  return `"${process.execPath}" "${script}"`
}

interface Ended {
  readonly status: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
  readonly path: string
  readonly editor: number
}

async function endWith(signal: NodeJS.Signals, editor: string): Promise<Ended> {
  writeFileSync(file, encrypted)
  rmSync(join(directory, 'told'), { force: true })
  const child = spawn(process.execPath, [cli(), 'edit', file], {
    env: { PATH: process.env.PATH, SOPS_AGE_KEY: alice.identity, EDITOR: editor },
    stdio: ['ignore', 'ignore', 'pipe'],
    // No terminal of ours.
    detached: true,
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((done) => child.on('close', (...end) => done(end)))
  while (!existsSync(join(directory, 'told'))) await wait(20)
  const [path, pid] = JSON.parse(readFileSync(join(directory, 'told'), 'utf8')) as [string, number]
  expect(existsSync(path)).toBe(true)
  child.kill(signal)
  const [status, by] = await ended
  return { status, signal: by, stderr, path, editor: pid }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test.for(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)('%s', async (signal) => {
  const { status, signal: by, stderr, path, editor } = await endWith(signal, endless('endless'))
  expect({ status, by }).toEqual({ status: 1, by: null })
  expect(stderr).toBe(`User canceled operation\nHint: ${file} is as it was.\n`)
  expect(existsSync(dirname(path))).toBe(false)
  expect(isRunning(editor)).toBe(false)
  expect(Buffer.compare(readFileSync(file), encrypted)).toBe(0)
})

test('an editor that does not listen is killed', async () => {
  const deaf = endless('deaf', `process.on('SIGTERM', () => undefined)`)
  const { status, path, editor } = await endWith('SIGTERM', deaf)
  expect(status).toBe(1)
  expect(existsSync(dirname(path))).toBe(false)
  expect(isRunning(editor)).toBe(false)
})

test('an editor that writes once more when it is ended leaves nothing', async () => {
  const told = JSON.stringify(join(directory, 'late-told'))
  const code = `process.on('SIGTERM', () => { writeFileSync(path + '~', 'a: other'); writeFileSync(${told}, ''); process.exit(0) })`
  const late = endless('late', code)
  const { status, path } = await endWith('SIGTERM', late)
  expect(status).toBe(1)
  expect(existsSync(join(directory, 'late-told'))).toBe(true)
  expect(existsSync(dirname(path))).toBe(false)
})

test('without a terminal an editor that breaks the text is run once', async () => {
  writeFileSync(file, encrypted)
  const script = join(directory, 'break.mjs')
  writeFileSync(script, `import { writeFileSync } from 'node:fs'; writeFileSync(process.argv.at(-1), 'a: [secret2')`)
  const env = { SOPS_AGE_KEY: alice.identity, EDITOR: `"${process.execPath}" "${script}"` }
  const { status, stdout, stderr } = await run(process.execPath, [cli(), 'edit', file], { cwd: directory, env })
  expect(status).toBe(2)
  expect(stdout.toString()).toBe('')
  expect(stderr).toMatch(/^Error unmarshalling file: yaml: line \d+: /)
  expect(stderr).not.toContain('secret2')
})
