// The executable with both programs in it: it does what the programs do under Node.js, and needs nothing beside it.
// TSOPS_TEST_BINARY names one that is built already.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunResult, run } from '../cli/built-cli.ts'
import { alice, quantum } from '../test-keys.ts'
import { type CommandLine, fillLine, readTables } from './command-lines/line.ts'
import { readTree } from './command-lines/outcome.ts'
import { fillNames, startWorld, type World } from './command-lines/world.ts'
import { startMoto } from './moto.ts'
import { kustomizeBin, sopsBin } from './peers.ts'
import { cliPath } from './sops.ts'

const binary = resolve(process.env.TSOPS_TEST_BINARY ?? 'dist/tsops')
let world: World
let root: string
let work: string

beforeAll(async () => {
  if (process.env.TSOPS_TEST_BINARY === undefined) execFileSync('npm', ['run', '-s', 'build:binary'], { stdio: 'pipe' })
  world = await startWorld()
  root = mkdtempSync(join(tmpdir(), 'standalone-'))
})

beforeEach(() => {
  work = mkdtempSync(join(root, 'work-'))
})

afterAll(async () => {
  await world.close()
  rmSync(root, { recursive: true })
})

function start(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  return run(file, args, { cwd: work, env: { SOPS_AGE_KEY: alice.identity, SOPS_DISABLE_VERSION_CHECK: '1', ...env } })
}

async function output(file: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
  const { status, stdout, stderr } = await start(file, args, env)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.toString()
}

const write = (name: string, text: string): void => writeFileSync(join(work, name), text)

describe('one command line, under Node.js and in the executable', () => {
  const tables = new Set(['decrypt', 'edit', 'encrypt', 'exec', 'legacy', 'publish', 'rotate', 'set', 'usage'])
  // Each sixth: all of them are held against sops under Node.js.
  const lines = readTables().filter(({ table, marks }) => tables.has(table) && !marks.endless)
  const some = lines.filter((_, index) => index % 6 === 0)

  test.for(some.map((line) => [`${line.table}: ${line.text}`, line] as const))('%s', async ([, line]) => {
    const filled = fillLine(line, fillNames(world.names))
    const outcomes = [await outcomeOf([process.execPath, cliPath], filled), await outcomeOf([binary], filled)]
    expect(outcomes[1]).toEqual(outcomes[0])
  })
})

async function outcomeOf([file = '', ...first]: readonly string[], line: CommandLine): Promise<unknown> {
  const place = join(work, 'place')
  cpSync(world.template, place, { recursive: true, verbatimSymlinks: true })
  const { stdin } = line
  const { status, signal, stdout, stderr } = await run(file, [...first, ...line.args], {
    cwd: place,
    env: { SOPS_AGE_KEY: alice.identity, SOPS_DISABLE_VERSION_CHECK: '', ...world.env, TMPDIR: work, ...line.env },
    stdin: stdin === undefined ? '' : 'text' in stdin ? stdin.text : readFileSync(join(world.template, stdin.file)),
  })
  const files = [...readTree(place)].map(([name, { mode, bytes }]) => [name, mode, withoutChance(bytes.toString())])
  rmSync(place, { recursive: true })
  return { status, signal, stdout: withoutChance(stdout.toString()), stderr: withoutChance(stderr), files }
}

/** Ciphertexts by their lengths, and no times and temporary names. */
function withoutChance(text: string): string {
  return text
    .replaceAll(/ENC\[AES256_GCM,data:[^,]*,iv:[^,]*,tag:[^,]*,/g, (all) => `ENC ${all.length},`)
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)/g, 'TIME')
    .replaceAll(/\d{4}(\/\d\d){2} \d\d(:\d\d){2}/g, 'TIME')
    .replaceAll(/-----BEGIN (AGE ENCRYPTED FILE|PGP MESSAGE)-----[^]*?-----END \1-----/g, '$1')
    .replaceAll(/"?\benc"?(=|: )"?[A-Za-z0-9+/=_:.-]{40,}/g, 'enc')
    .replaceAll(/standalone-\w+\/work-\w+\/[^\s/"]+/g, 'WORK')
    .replaceAll(/(__enc)(=| = )\S+/g, '$1')
}

describe('nothing of the directory gets in', () => {
  test('neither variables nor code', async () => {
    write('.env', `SOPS_AGE_KEY=${alice.identity}\n`)
    write('bunfig.toml', 'preload = ["./code.js"]\n')
    write('code.js', 'require("fs").writeFileSync("ran", "")\n')
    write('package.json', '{"type": "module"}')
    for (const name of ['pg-native', 'supports-color', 'node-fetch', 'openpgp', 'yaml']) {
      mkdirSync(join(work, 'node_modules', name), { recursive: true })
      copyFileSync(join(work, 'code.js'), join(work, 'node_modules', name, 'index.js'))
    }
    write('e.yaml', await output(sopsBin, ['encrypt', '--age', alice.recipient, 'package.json']))
    const { status } = await start(binary, ['decrypt', 'e.yaml'], { SOPS_AGE_KEY: '' })
    expect(status).toBe(128)
    // These load the most.
    for (const kind of ['GCP', 'AZURE']) await start(binary, ['encrypt', flagOf[kind]!, 'x', 'package.json'], world.env)
    expect(existsSync(join(work, 'ran'))).toBe(false)
  })

  test('it runs without a file beside it', async () => {
    copyFileSync(binary, join(work, 'elsewhere'))
    execFileSync('chmod', ['+x', join(work, 'elsewhere')])
    expect(await output(join(work, 'elsewhere'), ['--version', '--disable-version-check'])).toMatch(/^sops /)
  })

  test('$USER does not say who is in the audit record', async () => {
    write('p.yaml', 'a: secret\n')
    const record = join(work, 'audit.jsonl')
    const env = { TSOPS_AUDIT_FILE: record, USER: 'somebody', LOGNAME: 'somebody' }
    await output(binary, ['encrypt', '--age', alice.recipient, 'p.yaml'], env)
    const { username } = JSON.parse(readFileSync(record, 'utf8')) as { readonly username: string }
    expect(username).toBe(userInfo().username)
  })

  test('a pipe for a program holds more than the system keeps in it', async () => {
    const text = 'x'.repeat(1 << 20)
    write('p.txt', text)
    write('e.txt', await output(binary, ['encrypt', '--age', alice.recipient, 'p.txt']))
    const slowly = 'head -c 1 {} > /dev/null; (sleep 0.2; cat) < {} | wc -c'
    expect((await output(binary, ['exec-file', 'e.txt', slowly])).trim()).toBe(String(text.length))
  })

  test('the licences of what it contains are written down', () => {
    if (process.env.TSOPS_TEST_BINARY !== undefined) return
    const text = readFileSync('dist/LICENSES.txt', 'utf8')
    for (const name of ['tsops', 'Bun ', 'age-encryption ', '@aws-sdk/client-kms ', 'openpgp ', '@noble/curves ']) {
      expect(text).toMatch(new RegExp(`^${name}`, 'm'))
    }
  })
})

const flagOf: Readonly<Record<string, string>> = {
  ...{
    ARN: '--kms',
    PGP: '--pgp',
    GCP: '--gcp-kms',
    AZURE: '--azure-kv',
    VAULT: '--hc-vault-transit',
    HUAWEI: '--hckms',
  },
}

describe('every kind of key', () => {
  beforeEach(() => write('p.yaml', 'a: secret\n'))

  test.for(Object.keys(flagOf))('%s: each opens what the other wrote', async (name) => {
    const args = ['encrypt', flagOf[name]!, world.names[name]!, 'p.yaml']
    const env = { ...world.env, SOPS_AGE_KEY: '' }
    write('ours.yaml', await output(binary, args, env))
    write('theirs.yaml', await output(sopsBin, args, env))
    expect(await output(sopsBin, ['decrypt', 'ours.yaml'], env)).toBe('a: secret\n')
    expect(await output(binary, ['decrypt', 'theirs.yaml'], env)).toBe('a: secret\n')
  })

  test('post-quantum age', async () => {
    const env = { SOPS_AGE_KEY: quantum.identity }
    write('theirs.yaml', await output(sopsBin, ['encrypt', '--age', quantum.recipient, 'p.yaml']))
    expect(await output(binary, ['decrypt', 'theirs.yaml'], env)).toBe('a: secret\n')
    write('ours.yaml', await output(binary, ['encrypt', '--age', quantum.recipient, 'p.yaml']))
    expect(await output(sopsBin, ['decrypt', 'ours.yaml'], env)).toBe('a: secret\n')
  })

  test('the AWS KMS that somebody else wrote', async () => {
    const moto = await startMoto()
    try {
      const credentials = { AWS_ACCESS_KEY_ID: 'AKIAFAKEUSER', AWS_SECRET_ACCESS_KEY: 'fake' }
      const env = { ...credentials, AWS_ENDPOINT_URL: moto.url, AWS_EC2_METADATA_DISABLED: 'true', SOPS_AGE_KEY: '' }
      const args = ['encrypt', '--kms', await moto.createKey('eu-central-1'), 'p.yaml']
      write('theirs.yaml', await output(sopsBin, args, env))
      expect(await output(binary, ['decrypt', 'theirs.yaml'], env)).toBe('a: secret\n')
    } finally {
      await moto.close()
    }
  })

  test('as a key service for sops', async () => {
    write('e.yaml', await output(sopsBin, ['encrypt', '--age', alice.recipient, 'p.yaml']))
    const socket = join(work, 'keys.sock')
    const env = { ...process.env, SOPS_AGE_KEY: alice.identity }
    const service = spawn(binary, ['keyservice', '--network', 'unix', '--address', socket], { env, stdio: 'ignore' })
    const ended = new Promise((done) => service.once('close', done))
    for (let tries = 0; tries < 100 && !existsSync(socket); tries++) await sleep(50)
    const keys = { SOPS_AGE_KEY: '', SOPS_ENABLE_LOCAL_KEYSERVICE: 'false', SOPS_KEYSERVICE: `unix://${socket}` }
    expect(await output(sopsBin, ['decrypt', 'e.yaml'], keys)).toBe('a: secret\n')
    service.kill()
    await ended
    expect(existsSync(socket)).toBe(false)
  })
})

describe('the function', () => {
  const config = (kind: string, name: string, body: string): string =>
    `apiVersion: ${kind === 'ksops' ? 'viaduct.ai/v1' : 'tsops/v1'}\nkind: ${kind}\nmetadata:\n  name: x\n  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: ${name}\n${body}`

  async function build(path = process.env.PATH ?? ''): Promise<string> {
    return output(kustomizeBin, ['build', '--enable-alpha-plugins', '--enable-exec', '.'], { PATH: path })
  }

  beforeEach(async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n    name: one\nstringData:\n    a: secret\n'
    write('p.yaml', secret)
    const select = ['--encrypted-regex', '^(data|stringData)$']
    write('secret.yaml', await output(sopsBin, ['encrypt', '--age', alice.recipient, ...select, 'p.yaml']))
    mkdirSync(join(work, 'bin'))
  })

  const ways: Readonly<Record<string, (place: string) => void>> = {
    'a symbolic link': (place) => symlinkSync(binary, place),
    'a copy': (place) => {
      copyFileSync(binary, place)
      execFileSync('chmod', ['+x', place])
    },
  }

  test.for(Object.keys(ways))('%s, found in PATH', async (way) => {
    for (const name of ['ksops', 'tsops-krm']) ways[way]?.(join(work, 'bin', name))
    write('generate.yaml', config('ksops', 'ksops', 'files: [secret.yaml]\n'))
    write('kustomization.yaml', 'generators: [generate.yaml]\n')
    const path = `${join(work, 'bin')}:${process.env.PATH ?? ''}`
    expect(await build(path)).toContain('\n  a: secret\n')
    write('decrypt.yaml', config('SopsTransformer', 'tsops-krm', ''))
    write('kustomization.yaml', 'resources: [secret.yaml]\ntransformers: [decrypt.yaml]\n')
    expect(await build(path)).toContain('\n  a: secret\n')
  })

  test('it installs itself, also over the one before', async () => {
    const place = join(work, 'bin')
    symlinkSync(binary, join(work, 'ksops'))
    for (const program of [join(work, 'ksops'), join(place, 'tsops-krm')]) await output(program, ['install', place])
    expect(readdirSync(place)).toEqual(['ksops', 'tsops', 'tsops-krm'])
    expect(await output(join(place, 'tsops'), ['decrypt', 'secret.yaml'])).toContain('a: secret\n')
    const { status, stdout, stderr } = await start(join(place, 'ksops'), ['install', '/dev/null'])
    expect([status, stdout.toString()]).toEqual([1, ''])
    expect(stderr).toMatch(/^ksops: error: \/dev\/null: the programs cannot be put there: E[A-Z]+\n$/)
  })

  test('named by a path', async () => {
    symlinkSync(binary, join(work, 'bin', 'tsops-krm'))
    write('decrypt.yaml', config('SopsTransformer', './bin/tsops-krm', ''))
    write('kustomization.yaml', 'resources: [secret.yaml]\ntransformers: [decrypt.yaml]\n')
    expect(await build()).toContain('\n  a: secret\n')
  })

  test.for(readdirSync('test/krm').filter((name) => existsSync(join('test/krm', name, 'input.yaml'))))(
    'the case %s ends as under Node.js',
    (name) => {
      symlinkSync(binary, join(work, 'bin', 'tsops-krm'))
      const place = join('test/krm', name)
      const input = readFileSync(join(place, 'input.yaml'))
      const file = join(place, 'case.json')
      const settings = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CaseSettings) : {}
      const env = { PATH: process.env.PATH, HOME: work, SOPS_AGE_KEY: alice.identity, ...settings.env }
      const cwd = settings.root === undefined ? place : join('test/krm', settings.root)
      const node = [process.execPath, resolve(process.env.TSOPS_TEST_KRM ?? 'dist/bin/tsops-krm.js')]
      const [ours, theirs] = [node, [join(work, 'bin', 'tsops-krm')]].map(([program = '', ...args]) => {
        const { status, stdout, stderr } = spawnSync(program, args, { input, env, cwd, encoding: 'utf8' })
        return { status, stdout, stderr }
      })
      expect(theirs).toEqual(ours)
    },
  )
})

interface CaseSettings {
  readonly root?: string
  readonly env?: Readonly<Record<string, string>>
}
