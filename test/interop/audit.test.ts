// The audit record in a real PostgreSQL: our rows are sops', and no plain text comes before them.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alice, bob } from '../test-keys.ts'
import { type AuditConfig, openAuditConfig } from './audit-config.ts'
import { sopsBin } from './peers.ts'
import { password, type Postgres, startPostgres } from './postgres.ts'
import { cliPath, sops } from './sops.ts'

let server: Postgres
let owner: Client
let config: AuditConfig
let root = ''

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tsops-audit-interop-'))
  server = await startPostgres()
  owner = await server.connect()
  owner.on('error', () => undefined)
  config = openAuditConfig()
})
afterAll(async () => {
  config.close()
  await owner.end()
  server.close()
  rmSync(root, { recursive: true })
})
beforeEach(async () => {
  configure(connection())
  await owner.query('TRUNCATE audit_event')
})

const ours = [process.execPath, cliPath]
const theirs = [sopsBin]

function connection(more = '', host = 'localhost'): string {
  const quoted = password.replaceAll(/['\\]/g, '\\$&')
  return `host=${host} port=${server.port} user=recorder password='${quoted}' dbname=postgres ${more}`
}

function configure(connectionString: string): void {
  config.write(JSON.stringify({ backends: { postgres: [{ connection_string: connectionString }] } }))
}

interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function start(command: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): ChildProcess {
  const variables = { PATH: process.env.PATH ?? '', HOME: cwd, SOPS_AGE_KEY: alice.identity, ...env }
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
  const [file = '', ...args] = [...config.prefix, 'env', '-i', ...assignments, ...command]
  return spawn(file, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] })
}

async function finish(child: ChildProcess, stdin = ''): Promise<Finished> {
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(stdin)
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { status, stdout, stderr }
}

async function makeDirectory(): Promise<string> {
  const directory = mkdtempSync(join(root, 'run-'))
  writeFileSync(join(directory, 'p.yaml'), 'a: 1\nb: s\n')
  writeFileSync(join(directory, '.sops.yaml'), `creation_rules:\n  - age: ${alice.recipient}\n`)
  const { stdout } = await sops(['encrypt', 'p.yaml'], { cwd: directory })
  writeFileSync(join(directory, 'e.yaml'), stdout)
  writeFileSync(join(directory, 'value.yaml'), stdout.toString().replace(/data:..../, 'data:AAAA'))
  writeFileSync(
    join(directory, 'mac.yaml'),
    stdout.toString().replace(/lastmodified: .*/, 'lastmodified: "2020-01-01T00:00:00Z"'),
  )
  writeFileSync(join(directory, 'odd\nname.yaml'), stdout)
  const script = join(directory, 'change')
  writeFileSync(script, '#!/bin/sh\necho "more: x" > "$1.new"\ncat "$1" >> "$1.new"\nmv "$1.new" "$1"\n', {
    mode: 0o755,
  })
  return directory
}

async function rows(directory: string): Promise<readonly string[]> {
  const { rows: all } = await owner.query<{ action: string; username: string; file: string }>(
    'SELECT action, username, file FROM audit_event ORDER BY id',
  )
  return all.map(({ action, username, file }) => `${action} ${username} ${file.replace(directory, '')}`)
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('it never came to that')
    await wait(50)
  }
}

interface Case {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: 'e.yaml' | 'p.yaml'
}

const cases: readonly Case[] = [
  { args: ['decrypt', 'e.yaml'] },
  { args: ['-d', 'e.yaml'] },
  { args: ['decrypt', '-i', 'e.yaml'] },
  { args: ['decrypt', '--extract', '["a"]', 'e.yaml'] },
  { args: ['decrypt', '--filename-override', 'x.yaml', 'e.yaml'] },
  { args: ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], stdin: 'e.yaml' },
  { args: ['decrypt', 'odd\nname.yaml'] },
  { args: ['decrypt', 'value.yaml'] },
  { args: ['decrypt', 'mac.yaml'] },
  { args: ['decrypt', 'e.yaml'], env: { SOPS_AGE_KEY: bob.identity } },
  { args: ['decrypt', 'missing.yaml'] },
  { args: ['decrypt', 'p.yaml'] },
  { args: ['encrypt', 'p.yaml'] },
  { args: ['-e', 'p.yaml'] },
  { args: ['encrypt', '--filename-override', 'x.yaml'], stdin: 'p.yaml' },
  { args: ['encrypt', 'e.yaml'] },
  { args: ['rotate', 'e.yaml'] },
  { args: ['rotate', '-i', 'e.yaml'] },
  { args: ['rotate', 'e.yaml'], env: { SOPS_AGE_KEY: bob.identity } },
  { args: ['rotate', 'p.yaml'] },
  { args: ['rotate', 'mac.yaml'] },
  { args: ['set', 'e.yaml', '["a"]', '2'] },
  { args: ['unset', 'e.yaml', '["a"]'] },
  { args: ['unset', '--idempotent', 'e.yaml', '["zz"]'] },
  { args: ['edit', 'e.yaml'], env: { EDITOR: './change' } },
  { args: ['e.yaml'], env: { EDITOR: './change' } },
  { args: ['edit', 'e.yaml'], env: { EDITOR: 'true' } },
  { args: ['edit', 'e.yaml'], env: { EDITOR: 'false' } },
  { args: ['edit', 'new.yaml'], env: { EDITOR: './change' } },
  { args: ['exec-env', 'e.yaml', 'true'] },
  { args: ['exec-file', 'e.yaml', 'true'] },
  { args: ['exec-file', '--no-fifo', 'e.yaml', 'cat {}'] },
  { args: ['updatekeys', '-y', 'e.yaml'] },
  { args: ['groups', 'add', '--file', 'e.yaml', '--age', alice.recipient] },
  { args: ['filestatus', 'e.yaml'] },
]

describe('the same rows as sops', () => {
  test.each(cases.map((each) => [each.args.join(' '), each] as const))('%s', async (_, { args, env, stdin }) => {
    const seen: { status: number | null; rows: readonly string[] }[] = []
    for (const program of [theirs, ours]) {
      await owner.query('TRUNCATE audit_event')
      const directory = await makeDirectory()
      const text = stdin === undefined ? '' : readFileSync(join(directory, stdin), 'utf8')
      const { status } = await finish(start([...program, ...args], directory, env), text)
      seen.push({ status, rows: await rows(directory) })
    }
    expect(seen[1]).toEqual(seen[0])
  })
})

describe('the connection', () => {
  test.each([
    [
      'a URL',
      (): string =>
        `postgres://recorder:${encodeURIComponent(password)}@localhost:${server.port}/postgres?sslmode=disable`,
    ],
    ['TLS without a check, the default', (): string => connection()],
    ['TLS with the certificate', (): string => connection(`sslmode=verify-full sslrootcert=${server.certificate}`)],
    [
      'TLS for another name',
      (): string => connection(`sslmode=verify-full sslrootcert=${server.certificate}`, '127.0.0.1'),
    ],
    [
      'TLS with a certificate for any name',
      (): string => connection(`sslmode=verify-ca sslrootcert=${server.certificate}`, '127.0.0.1'),
    ],
    ['TLS with nobody to trust', (): string => connection('sslmode=verify-full')],
    ['no TLS', (): string => connection('sslmode=disable')],
    ['TLS if possible', (): string => connection('sslmode=prefer')],
    ['a wrong password', (): string => connection('password=wrong')],
    ['no such database', (): string => connection('dbname=none')],
    ['no such table', (): string => connection('search_path=pg_catalog')],
    ['another host', (): string => connection('', '127.0.0.2')],
  ])('with %s works for us if it does for sops', async (_, connectionString) => {
    configure(connectionString())
    const directory = await makeDirectory()
    const expected = await finish(start([...theirs, 'decrypt', 'e.yaml'], directory))
    const found = await finish(start([...ours, 'decrypt', 'e.yaml'], directory))
    expect([found.status, found.stdout]).toEqual([expected.status, expected.stdout])
    if (found.status !== 0) expect(found.stderr).toMatch(/^Error: cannot (?:connect to|write) the audit/)
    expect(found.stderr).not.toContain('p@ss')
    expect(found.stderr).not.toContain('password=')
    expect(await rows(directory)).toHaveLength(found.status === 0 ? 2 : 0)
  })

  test('$PG… stands behind what the string says', async () => {
    configure('sslmode=disable dbname=postgres')
    const env = {
      PGHOST: 'localhost',
      PGPORT: String(server.port),
      PGUSER: 'recorder',
      PGPASSWORD: password,
      PGDATABASE: 'x',
    }
    const directory = await makeDirectory()
    for (const program of [theirs, ours]) {
      expect(await finish(start([...program, 'decrypt', 'e.yaml'], directory, env))).toMatchObject({ status: 0 })
    }
    expect(await rows(directory)).toHaveLength(2)
  })

  test('is one for many files', async () => {
    const directory = await makeDirectory()
    const names = Array.from({ length: 20 }, (_, index) => `e${index}.yaml`)
    for (const name of names) writeFileSync(join(directory, name), readFileSync(join(directory, 'e.yaml')))
    expect(await finish(start([...ours, 'decrypt', ...names], directory))).toMatchObject({ status: 0 })
    const { rows: all } = await owner.query(
      'SELECT DISTINCT connection, count(*)::int FROM audit_event GROUP BY connection',
    )
    expect(all).toEqual([expect.objectContaining({ count: 20 })])
  })

  test('that is lost while somebody edits is made anew', async () => {
    const directory = await makeDirectory()
    writeFileSync(
      join(directory, 'slow'),
      '#!/bin/sh\ntouch open\nwhile [ -e open ]; do sleep 0.1; done\n./change "$1"\n',
      { mode: 0o755 },
    )
    const editing = finish(start([...ours, 'edit', 'e.yaml'], directory, { EDITOR: './slow' }))
    await until(async () => existsSync(join(directory, 'open')))
    await owner.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'recorder'`)
    rmSync(join(directory, 'open'))
    expect(await editing).toMatchObject({ status: 0 })
    expect((await rows(directory)).map((row) => row.split(' ')[0])).toEqual(['decrypt', 'encrypt'])
  })
})

describe('before the record', () => {
  const commands: readonly (readonly string[])[] = [
    ['decrypt', 'e.yaml'],
    ['exec-env', 'e.yaml', 'echo "a is $a"'],
    ['exec-file', '--no-fifo', 'e.yaml', 'cat {}'],
    ['decrypt', '--output', 'out', 'e.yaml'],
  ]
  test.each(commands)('there is no plain text: %s %s %s', async (...args) => {
    const directory = await makeDirectory()
    await owner.query('BEGIN; LOCK TABLE audit_event')
    const child = start([...ours, ...args], directory)
    let stdout = ''
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    const done = finish(child)
    const blocked = async (): Promise<boolean> => {
      const { rows: waiting } = await owner.query(`SELECT 1 FROM pg_locks WHERE NOT granted`)
      return waiting.length > 0
    }
    await until(blocked)
    await wait(300)
    expect(stdout).toBe('')
    expect(existsSync(join(directory, 'out'))).toBe(false)
    await owner.query('COMMIT')
    expect(await done).toMatchObject({ status: 0 })
    expect(await rows(directory)).toHaveLength(1)
  })

  test('what may not be recorded is not done, to no file', async () => {
    await owner.query('REVOKE INSERT ON audit_event FROM recorder')
    try {
      const directory = await makeDirectory()
      const before = readFileSync(join(directory, 'e.yaml'), 'utf8')
      mkdirSync(join(directory, 'out'))
      for (const args of [
        ['decrypt', 'e.yaml'],
        ['rotate', '-i', 'e.yaml'],
        ['set', 'e.yaml', '["a"]', '2'],
        ['exec-env', 'e.yaml', 'touch ran'],
      ]) {
        const { status, stdout, stderr } = await finish(start([...ours, ...args], directory))
        expect([status, stdout]).toEqual([1, ''])
        expect(stderr).toContain('permission denied')
      }
      expect(readFileSync(join(directory, 'e.yaml'), 'utf8')).toBe(before)
      expect(existsSync(join(directory, 'ran'))).toBe(false)
    } finally {
      await owner.query('GRANT INSERT (action, username, file) ON audit_event TO recorder')
    }
  })
})
