// The audit record: what is written, before what, and that nothing happens where it cannot be.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { clientConfigs } from '../../src/cli/audit/postgres-client.ts'
import { parseConnectionString } from '../../src/cli/audit/connection-string.ts'
import { processIo } from '../../src/cli/io.ts'
import { alice, bob } from '../test-keys.ts'
import { type Result, type Settings, tsops } from './in-process.ts'

let cwd = ''
let log = ''
let config = ''
beforeEach(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'tsops-audit-'))
  log = join(cwd, 'log')
  config = join(cwd, 'audit.yaml')
  writeFileSync(join(cwd, 'p.yaml'), 'a: clear\n')
  const { bytes } = await tsops(['encrypt', '--age', alice.recipient, 'p.yaml'], { cwd })
  writeFileSync(join(cwd, 'e.yaml'), bytes)
  writeFileSync(config, `backends: {json: [{path: ${log}}]}\n`)
})
afterEach(() => rmSync(cwd, { recursive: true }))

function run(args: readonly string[], settings: Partial<Settings> = {}): Promise<Result> {
  const env = { SOPS_AGE_KEY: alice.identity, ...settings.env }
  return tsops(args, { cwd, auditConfig: config, ...settings, env })
}

function records(): readonly string[] {
  if (!existsSync(log)) return []
  return readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { timestamp, action, username, file, ...rest } = JSON.parse(line) as Record<string, string>
      expect(rest).toEqual({})
      expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      expect(username).toBe(userInfo().username)
      return `${action ?? ''} ${(file ?? '').replace(cwd, '')}`
    })
}

describe('what is recorded', () => {
  test.each<[readonly string[], readonly string[]]>([
    [['decrypt', 'e.yaml'], ['decrypt /e.yaml']],
    [['-d', 'e.yaml'], ['decrypt /e.yaml']],
    [['decrypt', '--extract', '["a"]', 'e.yaml'], ['decrypt /e.yaml']],
    [['encrypt', '--age', alice.recipient, 'p.yaml'], ['encrypt /p.yaml']],
    [['-e', '--age', alice.recipient, 'p.yaml'], ['encrypt /p.yaml']],
    [
      ['rotate', 'e.yaml'],
      ['rotate /e.yaml', 'decrypt /e.yaml', 'encrypt /e.yaml'],
    ],
    [['git-textconv', 'e.yaml'], ['decrypt /e.yaml']],
    // No plain text is made.
    [['git-textconv', 'p.yaml'], []],
    [['filestatus', 'e.yaml'], []],
  ])('%j', async (args, expected) => {
    const { status, stderr } = await run(args)
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('Error')])
    expect(records()).toEqual(expected)
  })

  test('each of several files, and one file once', async () => {
    writeFileSync(join(cwd, 'e2.yaml'), readFileSync(join(cwd, 'e.yaml')))
    expect((await run(['decrypt', '--jobs', '1', 'e.yaml', 'e2.yaml', './e.yaml'])).status).toBe(0)
    expect(records()).toEqual(['decrypt /e.yaml', 'decrypt /e2.yaml'])
  })

  test('stdin is the working directory, as in sops, and a name taken over is not the file', async () => {
    const stdin = readFileSync(join(cwd, 'e.yaml'))
    await run(['decrypt', '--filename-override', 'x.yaml'], { stdin })
    await run(['decrypt', '--filename-override', 'x.yaml', 'e.yaml'])
    expect(records()).toEqual(['decrypt ', 'decrypt /e.yaml'])
  })

  test('a file without the right key is not recorded, one that was changed is', async () => {
    expect((await run(['decrypt', 'e.yaml'], { env: { SOPS_AGE_KEY: bob.identity } })).status).toBe(128)
    expect(records()).toEqual([])
    writeFileSync(join(cwd, 'e.yaml'), readFileSync(join(cwd, 'e.yaml'), 'utf8').replace(/data:..../, 'data:AAAA'))
    expect((await run(['decrypt', 'e.yaml'])).status).toBe(25)
    expect(records()).toEqual(['decrypt /e.yaml'])
  })

  test('a name cannot write a line', async () => {
    const name = 'x\n{"action":"none"}\n\u2028"\u001b[2J.yaml'
    writeFileSync(join(cwd, name), readFileSync(join(cwd, 'e.yaml')))
    expect((await run(['decrypt', name])).status).toBe(0)
    expect(records()).toEqual([`decrypt /${name}`])
  })

  test('on stderr', async () => {
    writeFileSync(config, 'backends:\n  json:\n    - stderr: true\n')
    const { stdout, stderr } = await run(['decrypt', 'e.yaml'])
    expect([stdout, JSON.parse(stderr)]).toEqual(['a: clear\n', expect.objectContaining({ action: 'decrypt' })])
  })

  test('the environment adds a file and takes none away', async () => {
    const more = join(cwd, 'more')
    expect((await run(['decrypt', 'e.yaml'], { env: { TSOPS_AUDIT_FILE: more } })).status).toBe(0)
    expect(records()).toEqual(['decrypt /e.yaml'])
    expect(readFileSync(more, 'utf8')).toContain('"action":"decrypt"')
    expect(statSync(more).mode & 0o777).toBe(0o600)
    expect((await run(['decrypt', 'e.yaml'], { env: { TSOPS_AUDIT_FILE: '' } })).status).toBe(0)
    expect(records()).toHaveLength(2)
  })

  test('what a full disk left of a line takes no other with it', async () => {
    const more = join(cwd, 'more')
    writeFileSync(more, '{"timestamp":"20')
    await run(['decrypt', 'e.yaml'], { env: { TSOPS_AUDIT_FILE: more } })
    const [torn, whole = '', end] = readFileSync(more, 'utf8').split('\n')
    expect([torn, JSON.parse(whole), end]).toEqual([
      '{"timestamp":"20',
      expect.objectContaining({ action: 'decrypt' }),
      '',
    ])
  })
})

describe('without a record nothing happens', () => {
  const secret = 'pa55w0rd'
  const cases: readonly (readonly [what: string, config: string, message: RegExp])[] = [
    ['a directory in the place of the file', 'backends: {json: [{path: /}]}', /is a directory/],
    ['a full disk', 'backends: {json: [{path: /dev/full}]}', /no space left/],
    ['no place', 'backends: {json: [{}]}', /needs a path, or stderr: true/],
    ['two places', 'backends: {json: [{path: /x, stderr: true}]}', /needs a path, or stderr: true/],
    ['a relative path', 'backends: {json: [{path: x}]}', /must be absolute/],
    ['a misspelt backend', 'backends: {postgress: []}', /did you mean "postgres"/],
    ['a misspelt field', 'backends: {json: [{pth: /x}]}', /did you mean "path"/],
    ['a misspelt top', 'backend: {}', /did you mean "backends"/],
    ['no list', 'backends: {json: /x}', /a list is expected/],
    ['no YAML', 'backends: [', /cannot parse the configuration of the audit/],
    ['an unreachable database', at(`host=127.0.0.1 port=1 user=u password=${secret}`), /connection refused/],
    ['a socket that is not there', at(`host=/nonexistent password=${secret}`), /no such file/],
    ['a URL that does not parse', at(`postgres://u:${secret}@@[`), /the URL does not parse/],
    ['a port that is none', at(`port=${secret}`), /port is not a number/],
    ['a mode that is none', at(`sslmode=${secret}`), /sslmode is none/],
    ['several hosts', at('host=a,b'), /several hosts/],
    ['no connection string', at(secret), /neither a URL nor a list/],
    ['a root certificate that is not there', at('sslrootcert=/nonexistent'), /sslrootcert cannot be read/],
  ]

  function at(text: string): string {
    return `backends: {postgres: [{connection_string: "${text}"}]}`
  }

  test.each(cases)('%s', async (_, text, message) => {
    writeFileSync(config, `${text}\n`)
    const plain = readFileSync(join(cwd, 'p.yaml'), 'utf8')
    for (const args of [
      ['decrypt', 'e.yaml'],
      ['decrypt', '--output', 'out', 'e.yaml'],
      ['rotate', '-i', 'e.yaml'],
      ['encrypt', '-i', '--age', alice.recipient, 'p.yaml'],
    ]) {
      const before = readFileSync(join(cwd, 'e.yaml'), 'utf8')
      const { status, stdout, stderr } = await run(args)
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toMatch(message)
      expect(stderr).not.toContain(secret)
      expect(stderr).not.toContain('defect')
      expect(readFileSync(join(cwd, 'e.yaml'), 'utf8')).toBe(before)
    }
    expect(existsSync(join(cwd, 'out'))).toBe(false)
    expect(readFileSync(join(cwd, 'p.yaml'), 'utf8')).toBe(plain)
  })

  test('a configuration that cannot be read', async () => {
    rmSync(config)
    const { status } = await run(['decrypt', 'e.yaml'])
    expect(status).toBe(0)
    const { stderr, stdout } = await run(['decrypt', 'e.yaml'], { auditConfig: cwd })
    expect([stdout, stderr]).toEqual(['', expect.stringMatching(/cannot read the configuration of the audit/)])
  })

  test('a relative file in the environment', async () => {
    const { status, stderr } = await run(['decrypt', 'e.yaml'], { env: { TSOPS_AUDIT_FILE: 'log' } })
    expect([status, stderr]).toEqual([1, expect.stringContaining('absolute')])
  })

  test('git shows the ciphertext', async () => {
    writeFileSync(config, 'backends: {json: [{path: /dev/full}]}\n')
    const { status, bytes } = await run(['git-textconv', 'e.yaml'])
    expect([status, bytes]).toEqual([0, readFileSync(join(cwd, 'e.yaml'))])
  })

  test('what others may not read stays so', async () => {
    writeFileSync(log, '')
    chmodSync(log, 0o640)
    await run(['decrypt', 'e.yaml'])
    expect(statSync(log).mode & 0o777).toBe(0o640)
  })
})

describe('a connection string', () => {
  const io = { ...processIo(), env: { HOME: '/nonexistent' } }

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['', {}, {}],
    ['host=h port=1', {}, { host: 'h', port: '1' }],
    [`user = u  password='a b\\'c\\\\' dbname=''`, {}, { user: 'u', password: `a b'c\\`, dbname: '' }],
    ['password=a\\ b', {}, { password: 'a b' }],
    ['user=u', { PGUSER: 'v', PGHOST: 'h' }, { user: 'u', host: 'h' }],
    ['database=d', { PGDATABASE: 'e' }, { dbname: 'd' }],
    [
      'postgres://u:p%40%20@h:5/d?sslmode=disable&a=b',
      {},
      { user: 'u', password: 'p@ ', host: 'h', port: '5', dbname: 'd', sslmode: 'disable', a: 'b' },
    ],
    ['postgresql://[::1]/', {}, { host: '::1' }],
    ['postgres:///d?host=/tmp', {}, { dbname: 'd', host: '/tmp' }],
  ])('%s', (text, env, expected) => {
    expect(Object.fromEntries(parseConnectionString(text, env))).toEqual(expected)
  })

  test.each(['x', 'a=b c', `a='b`, `a='b'c`, 'a=b\\', 'postgres://u:%zz@h/', 'postgres://h:x/'])(
    '%s is none',
    (text) => {
      expect(() => parseConnectionString(text, {})).toThrow(/does not parse|neither a URL/)
    },
  )

  test.each<[string, unknown]>([
    ['host=h sslmode=disable', [false]],
    ['host=/tmp', [false]],
    ['host=h', [expect.objectContaining({ rejectUnauthorized: false })]],
    ['host=h sslmode=verify-ca', [expect.objectContaining({ rejectUnauthorized: true })]],
    ['host=h sslmode=verify-full', [{ rejectUnauthorized: true }]],
    ['host=h sslrootcert=system', [{ rejectUnauthorized: true }]],
    ['host=h sslmode=prefer', [expect.objectContaining({ rejectUnauthorized: false }), false]],
    ['host=h sslmode=allow', [false, expect.objectContaining({ rejectUnauthorized: false })]],
  ])('%s: TLS', async (text, expected) => {
    const configs = await clientConfigs(parseConnectionString(text, {}), io)
    expect(configs.map(({ ssl }) => ssl)).toEqual(expected)
  })

  test('settings of the server', async () => {
    const settings = parseConnectionString(`options='-c a=1' search_path='x y' binary_parameters=yes`, {})
    const [config] = await clientConfigs(settings, io)
    expect(config?.options).toBe('-c a=1 -c search_path=x\\ y')
    for (const text of [`'x;y'=1`, 'hostaddr=1.2.3.4', 'passfile=x']) {
      await expect(clientConfigs(parseConnectionString(text, {}), io)).rejects.toThrow(/cannot be|not supported/)
    }
  })
})
