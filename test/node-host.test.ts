import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { RunError } from '../src/host.ts'
import { nodeHost } from '../src/node-host.ts'

const host = nodeHost()
const node = process.execPath
const script = (code: string, ...args: readonly string[]): string[] => ['-e', code, ...args]
const text = async (answer: Promise<Uint8Array>): Promise<string> => Buffer.from(await answer).toString()

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsops-host-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('env', () => {
  test('tells an empty variable from one that is not set', () => {
    vi.stubEnv('TSOPS_TEST', '')
    expect(host.env('TSOPS_TEST')).toBe('')
    vi.unstubAllEnvs()
    expect(host.env('TSOPS_TEST')).toBeUndefined()
  })
})

describe('readFile', () => {
  test('gives bytes', async () => {
    const path = join(directory, 'file')
    await writeFile(path, Uint8Array.of(0, 255))
    expect([...(await host.readFile(path))]).toEqual([0, 255])
  })

  test('names a missing file by its code', async () => {
    await expect(host.readFile(join(directory, 'gone'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})

describe('run', () => {
  test('gives stdout, and nothing of stderr', async () => {
    expect(await text(host.run(node, script('console.log("out"); console.error("err")')))).toBe('out\n')
  })

  test('hands arguments on as they are', async () => {
    const args = ['$HOME', '`x`', 'a b', '', '*', '"']
    const code = 'console.log(JSON.stringify(process.argv.slice(1)))'
    expect(JSON.parse(await text(host.run(node, script(code, ...args))))).toEqual(args)
  })

  test('adds variables to its own', async () => {
    vi.stubEnv('TSOPS_TEST', 'own')
    const code = 'console.log(process.env.TSOPS_TEST, process.env.TSOPS_MORE)'
    expect(await text(host.run(node, script(code), { env: { TSOPS_MORE: 'more' } }))).toBe('own more\n')
    vi.unstubAllEnvs()
  })

  test('feeds stdin', async () => {
    const stdin = new Uint8Array(200_000).fill(65)
    const code = 'let n = 0; process.stdin.on("data", (d) => (n += d.length)).on("end", () => console.log(n))'
    expect(await text(host.run(node, script(code), { stdin }))).toBe('200000\n')
  })

  test('a program that does not read its stdin does no harm', async () => {
    const stdin = new Uint8Array(5_000_000)
    expect(await text(host.run(node, script('console.log("done")'), { stdin }))).toBe('done\n')
  })

  test('without stdin a program sees the end of input', async () => {
    const code = 'process.stdin.on("data", () => {}).on("end", () => console.log("end"))'
    expect(await text(host.run(node, script(code)))).toBe('end\n')
  })

  test('a failing status is an error that shows nothing of what was printed', async () => {
    const code = 'console.log("secret"); console.error("secret"); process.exitCode = 3'
    const failure: unknown = await host.run(node, script(code)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ message: 'exit status 3' })
  })

  test('stderr is kept for the error when it is asked for', async () => {
    const code = 'console.log("secret"); console.error("report"); process.exitCode = 3'
    const failure: unknown = await host.run(node, script(code), { keepStderr: true }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(RunError)
    expect(failure).toMatchObject({ message: 'exit status 3', status: 3, stderr: 'report\n' })
    const quiet: unknown = await host.run(node, script(code)).catch((error: unknown) => error)
    expect(quiet).toMatchObject({ status: 3, stderr: '' })
  })

  test('a program that a signal ends has no status', async () => {
    const failure: unknown = await host.run(node, script('process.kill(process.pid)')).catch((error: unknown) => error)
    expect(failure).toMatchObject({ message: 'signal: SIGTERM', status: undefined })
  })

  test('a program that writes without end is stopped', async () => {
    const code = 'const b = Buffer.alloc(1 << 20); const w = () => process.stdout.write(b, w); w()'
    await expect(host.run(node, script(code))).rejects.toThrow('it wrote too much')
  })

  test('much on stderr is cut', async () => {
    const code = 'process.stderr.write("x".repeat(1e7)); process.exitCode = 1'
    const failure: unknown = await host.run(node, script(code), { keepStderr: true }).catch((error: unknown) => error)
    expect(failure instanceof RunError && failure.stderr.length < 100_000).toBe(true)
  })

  test('a program that is not there', async () => {
    await expect(host.run(join(directory, 'gone'), [])).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
