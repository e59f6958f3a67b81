import { chmod, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Conversation } from '../src/host.ts'
import { nodeHost } from '../src/node-host.ts'

const host = nodeHost()
const node = process.execPath
const start = (code: string, ...args: readonly string[]): Conversation => host.start!(node, ['-e', code, ...args])

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsops-start-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))
afterEach(() => vi.unstubAllEnvs())

async function hear({ output }: Conversation): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of output) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('a conversation', () => {
  test('goes to and fro', async () => {
    const echo = start('process.stdin.on("data", (d) => process.stdout.write(String(d).toUpperCase()))')
    const heard = echo.output[Symbol.asyncIterator]()
    for (const word of ['one', 'two']) {
      await echo.write(Buffer.from(word))
      expect(String((await heard.next()).value)).toBe(word.toUpperCase())
    }
    echo.end()
    expect(await echo.status).toBe(0)
  })

  test('hands arguments on as they are, and tells the status', async () => {
    const args = ['$HOME', '`x`', 'a b', '', '"']
    const talk = start('console.log(JSON.stringify(process.argv.slice(1))); process.exitCode = 3', ...args)
    expect(JSON.parse(await hear(talk))).toEqual(args)
    expect(await talk.status).toBe(3)
  })

  test('does not happen where the caller stands', async () => {
    expect(await hear(start('process.stdout.write(process.cwd())'))).toBe(await realpath(tmpdir()))
  })

  test('is over when it is killed, even if the program would rather go on', async () => {
    const deaf = start('process.on("SIGINT", () => {}); process.stdout.write("x"); setInterval(() => {}, 1000)')
    await deaf.output[Symbol.asyncIterator]().next()
    deaf.kill()
    expect(await deaf.status).toBeUndefined()
  })

  test('with a program that is gone fails when it is spoken to', async () => {
    const talk = start('process.stdin.destroy()')
    await talk.status
    await expect(talk.write(new Uint8Array(1_000_000))).rejects.toThrow()
  })
})

describe('the program', () => {
  test('is looked for in PATH', async () => {
    const program = join(directory, 'tsops-test-program')
    await writeFile(program, '#!/bin/sh\necho here\n')
    await chmod(program, 0o755)
    vi.stubEnv('PATH', [directory, process.env.PATH].join(delimiter))
    expect(await hear(host.start!('tsops-test-program', []))).toBe('here\n')
  })

  test.each([
    ['an empty PATH', ''],
    ['the current directory', '.'],
    ['a directory that is not absolute', 'test'],
  ])('is not found by %s', async (_, path) => {
    vi.stubEnv('PATH', path)
    const talk = host.start!('package.json', [])
    await expect(talk.status).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(talk.write(new Uint8Array(1))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await hear(talk)).toBe('')
    talk.end()
    talk.kill()
  })

  test.each(['./x', '../x', 'a/b', 'package.json', 'tsops-no-such-program'])('%s is none', async (file) => {
    await expect(host.start!(file, []).status).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

test('somebody who is not there cannot be asked', async () => {
  // In a session of its own a program has no terminal.
  const entry = join(directory, 'ask.mjs')
  const { build } = await import('esbuild')
  await build({
    stdin: {
      contents:
        "import { nodeHost } from './src/node-host.ts'\nnodeHost().prompt('?', { secret: true }).catch((e) => console.log(e.message))",
      resolveDir: process.cwd(),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: entry,
  })
  const { spawn } = await import('node:child_process')
  const child = spawn(node, [entry], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  expect(Buffer.concat(chunks).toString()).toBe('there is no terminal\n')
})
