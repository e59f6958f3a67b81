// The program as a process: what it loads, how it ends.

import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tsopsVersion } from '../../src/cli/version.ts'
import { alice } from '../test-keys.ts'
import { run, useBuiltCli } from './built-cli.ts'
import { tsops } from './in-process.ts'

const cli = useBuiltCli()
const root = mkdtempSync(join(tmpdir(), 'cli-program-'))
const env = { SOPS_AGE_KEY: alice.identity }
const count = 40

beforeAll(async () => {
  for (let number = 0; number < count; number += 1) {
    writeFileSync(join(root, `f${number}.yaml`), `a: ${number}\nlong: ${'x'.repeat(20_000)}\n`)
  }
  const names = readdirSync(root)
  const { status } = await tsops(['encrypt', '--age', alice.recipient, '-i', ...names], { cwd: root })
  expect(status).toBe(0)
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('loading', () => {
  test('the version and the help load no store and no key', async () => {
    const { metafile } = await build({
      entryPoints: [join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')],
      bundle: true,
      splitting: true,
      write: false,
      metafile: true,
      outdir: 'unused',
      packages: 'external',
      platform: 'node',
      format: 'esm',
    })
    const loaded = new Set<string>()
    const follow = (path: string): void => {
      if (loaded.has(path)) return
      loaded.add(path)
      for (const { kind, path: next, external } of metafile.inputs[path]?.imports ?? []) {
        if (kind === 'import-statement' && external !== true) follow(next)
        else if (kind === 'import-statement') expect(next).toMatch(/^node:/)
      }
    }
    follow('src/cli/main.ts')
    expect([...loaded].filter((path) => /^src\/(stores|keys|config|tree|cipher)\//.test(path))).toEqual([])
    expect(loaded.has('src/cli/program.ts')).toBe(true)
  })
})

describe('a process', () => {
  test('prints the version that clients look for', async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as {
      version: string
    }
    expect(tsopsVersion).toBe(version)
    const exact = 'sops 3.13.3\n'
    const full = `sops 3.13.3 (tsops ${version})\n`
    for (const [args, line] of [
      [['--version'], full],
      [['-v'], full],
      [['--version', '--disable-version-check'], exact],
      [['--check-for-updates', '-v'], full],
      [['--check-for-updates', '--disable-version-check', '-v'], full],
    ] as const) {
      const { status, stdout, stderr } = await run(process.execPath, [cli(), ...args], { cwd: root })
      expect([status, stdout.toString(), stderr]).toEqual([0, line, ''])
    }
  })

  test('passes stdin through to stdout and gives the status', async () => {
    const text = readFileSync(join(root, 'f0.yaml'))
    const args = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']
    const good = await run(process.execPath, [cli(), ...args], { cwd: root, env, stdin: text })
    expect([good.status, good.stdout.toString().slice(0, 5), good.stderr]).toEqual([0, 'a: 0\n', ''])
    const bad = await run(process.execPath, [cli(), ...args], { cwd: root, stdin: text })
    expect([bad.status, bad.stdout.length]).toEqual([128, 0])
    expect(bad.stderr).toMatch(/^Failed to get the data key required to decrypt the SOPS file\.\n\nGroup 0: FAILED\n/)
  })

  test('is not upset by a reader that goes away', async () => {
    const child = spawn(process.execPath, [cli(), 'decrypt', ...readdirSync(root)], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: root, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    const status = await new Promise((resolve) => child.on('close', resolve))
    expect([status, stderr]).toEqual([0, `decrypted ${count}, skipped 0, failed 0\n`])
  })
})

describe('a process that is stopped while it writes', () => {
  const original = (name: string): string => readFileSync(join(root, name), 'utf8')

  test.for([
    ['SIGTERM', 0],
    ['SIGTERM', 20],
    ['SIGINT', 10],
    ['SIGINT', 40],
    ['SIGHUP', 30],
    ['SIGKILL', 15],
    ['SIGKILL', 35],
  ] as const)('%s after %d ms', async ([signal, delay]) => {
    const directory = mkdtempSync(join(tmpdir(), 'cli-stopped-'))
    cpSync(root, directory, { recursive: true })
    const child = spawn(process.execPath, [cli(), 'decrypt', '-i', '--jobs', '3', ...readdirSync(root)], {
      cwd: directory,
      env: { PATH: process.env.PATH, HOME: directory, ...env },
      stdio: 'ignore',
    })
    // The first changed file starts the clock, so that the stop falls into the work.
    const started = setInterval(() => {
      if (!readdirSync(directory).some((name) => isPlain(join(directory, name)))) return
      clearInterval(started)
      setTimeout(() => child.kill(signal), delay)
    }, 1)
    const ended = await new Promise((resolve) => child.on('close', (_, by) => resolve(by)))
    clearInterval(started)
    expect([signal, null]).toContain(ended)
    for (const name of readdirSync(directory)) {
      if (name.startsWith('.tsops-')) expect(signal).toBe('SIGKILL')
      else expect(isWhole(name, readFileSync(join(directory, name), 'utf8'), original(name))).toBe(true)
    }
    rmSync(directory, { recursive: true })
  })

  test('a disk that is full', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'cli-full-'))
    cpSync(join(root, 'f0.yaml'), join(directory, 'f0.yaml'))
    // Files may have one block.
    const line = `ulimit -f 1; exec ${process.execPath} ${cli()} decrypt`
    for (const args of ['-i f0.yaml', '--output new.yaml f0.yaml']) {
      const { status, stderr } = await run('/bin/sh', ['-c', `${line} ${args}`], { cwd: directory, env })
      expect([status, stderr.split(' for writing')[0]]).toEqual([3, expect.stringMatching(/^Could not open/)])
    }
    expect(readdirSync(directory)).toEqual(['f0.yaml'])
    expect(readFileSync(join(directory, 'f0.yaml'), 'utf8')).toBe(original('f0.yaml'))
    rmSync(directory, { recursive: true })
  })
})

test.skipIf(process.platform === 'win32')('stdout that takes a part of the text only is a failure', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cli-cut-'))
  const line = `ulimit -f 1; exec ${process.execPath} ${cli()} decrypt ${join(root, 'f0.yaml')} > out`
  const { status, stderr } = await run('/bin/sh', ['-c', line], { cwd: directory, env })
  expect([status, stderr]).toEqual([1, 'write /dev/stdout: file too large\n'])
  rmSync(directory, { recursive: true })
})

// Windows lets nobody remove it.
test.skipIf(process.platform === 'win32')('a directory that was removed under the process', async () => {
  const file = join(root, 'f0.yaml')
  const inRemoved = async (args: string): ReturnType<typeof run> => {
    const directory = mkdtempSync(join(tmpdir(), 'cli-removed-'))
    const line = `rmdir "$PWD"; exec ${process.execPath} ${cli()} ${args}`
    return run('/bin/sh', ['-c', line], { cwd: directory, env: { ...env, PWD: directory } })
  }
  const named = await inRemoved(`decrypt ${file}`)
  expect([named.status, named.stderr, named.stdout.subarray(0, 5).toString()]).toEqual([0, '', 'a: 0\n'])
  const executed = await inRemoved(`exec-env --same-process ${file} 'exec /usr/bin/printenv a'`)
  expect([executed.status, executed.stdout.toString()]).toEqual([0, '0\n'])
  const relative = await inRemoved('decrypt f0.yaml')
  expect([relative.status, relative.stderr]).toEqual([100, expect.stringContaining('(deleted)/f0.yaml')])
})

function isPlain(path: string): boolean {
  return path.endsWith('.yaml') && /^a: \d+\n/.test(readFileSync(path, 'utf8'))
}

function isWhole(name: string, text: string, old: string): boolean {
  return text === old || text === `a: ${name.replace(/\D/g, '')}\nlong: ${'x'.repeat(20_000)}\n`
}
