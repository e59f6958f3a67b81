// sops' own black-box tests, fetched with its source, built by cargo and run on any program that is to be sops.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFakeVault } from '../fakes/vault.ts'
import { startMoto } from './moto.ts'
import { peers, peersDirectory } from './peers.ts'

export interface Suite {
  /** The tests by name, ignored ones too. */
  readonly names: readonly string[]
  /** sops' source, read-only. */
  readonly source: string
}

/** Downloads the source, with Go as all of sops. */
export function fetchSuite(): Suite {
  const sops = peers.find(({ name }) => name === 'sops')
  const module = `${sops?.module.replace(/\/cmd\/.*/, '') ?? ''}@${sops?.version ?? ''}`
  const { Dir: source } = JSON.parse(
    execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' }),
  ) as {
    Dir: string
  }
  const text = readFileSync(join(source, 'functional-tests', 'src', 'lib.rs'), 'utf8')
  const names = [...text.matchAll(/#\[test\]\s*(?:#\[ignore\]\s*)?fn (\w+)/g)].map(([, name = '']) => name)
  return { names, source }
}

export interface SuiteWorld {
  readonly directory: string
  /** Runs every test; gives what went wrong by the test's name, '' for nothing. */
  run(program: Program): Promise<ReadonlyMap<string, string>>
  /** The names of what the last run published. */
  published(): Promise<readonly string[]>
  close(): Promise<void>
}

export interface Program {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const bucket = 'sops-publish-functional-tests'

/** The servers and keys that the tests want. */
export async function startSuite({ source }: Suite): Promise<SuiteWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'functional-suite-'))
  const copied = join(directory, 'functional-tests')
  cpSync(join(source, 'functional-tests'), copied, { recursive: true })
  execFileSync('chmod', ['-R', 'u+w', copied])
  const binary = build(copied)
  const gnupg = importKeys(directory, join(source, 'pgp', 'sops_functional_tests_key.asc'))
  const mounts = new Map([1, 2].map((version) => [version === 1 ? 'kv' : 'secret', makeMount(version === 1 ? 1 : 2)]))
  const [moto, vault] = await Promise.all([startMoto(), startFakeVault({ token: 'root', mounts })])
  const arn = await moto.createKey('us-east-1')
  const place = `${moto.url}/${bucket}`
  await fetch(place, { method: 'PUT' })
  const env = {
    ...{ PATH: process.env.PATH, HOME: directory, GNUPGHOME: gnupg, FUNCTIONAL_TEST_KMS_ARN: arn },
    ...{
      AWS_ENDPOINT_URL: moto.url,
      AWS_ACCESS_KEY_ID: 'fake',
      AWS_SECRET_ACCESS_KEY: 'fake',
      AWS_REGION: 'us-east-1',
    },
    ...{ VAULT_ADDR: vault.url, VAULT_TOKEN: 'root' },
  }
  return {
    directory,
    async run(program) {
      for (const { secrets } of mounts.values()) secrets.clear()
      for (const key of await listObjects(place)) await fetch(`${place}/${key}`, { method: 'DELETE' })
      const run = mkdtempSync(join(directory, 'run-'))
      cpSync(copied, run, { recursive: true })
      const temporary = join(run, 'tmp')
      mkdirSync(temporary)
      writeWrapper(join(run, 'sops'), program)
      return parseResults(await runTests(binary, run, { ...env, TMPDIR: temporary }))
    },
    async published() {
      const secrets = [...mounts.values()].flatMap((mount) => [...mount.secrets.keys()])
      return [...secrets, ...(await listObjects(place))]
    },
    async close() {
      execFileSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: gnupg } })
      await Promise.all([moto.close(), vault.close()])
    },
  }
}

async function listObjects(bucketUrl: string): Promise<readonly string[]> {
  const text = await (await fetch(bucketUrl)).text()
  return [...text.matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key = '']) => key)
}

function makeMount(version: 1 | 2): { version: 1 | 2; secrets: Map<string, string[]> } {
  return { version, secrets: new Map() }
}

interface CargoMessage {
  readonly reason: string
  readonly executable?: string | null
}

/** Gives the program that holds the tests. */
function build(directory: string): string {
  const lines = execFileSync('cargo', ['test', '--no-run', '--locked', '--message-format=json'], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...process.env, CARGO_TARGET_DIR: join(peersDirectory, 'cargo-target') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const messages = lines.split('\n').filter((line) => line.startsWith('{'))
  for (const message of messages) {
    const { reason, executable } = JSON.parse(message) as CargoMessage
    if (reason === 'compiler-artifact' && typeof executable === 'string') return executable
  }
  throw new Error('cargo built no tests')
}

function importKeys(directory: string, file: string): string {
  const home = join(directory, 'gnupg')
  mkdirSync(home, { mode: 0o700 })
  execFileSync('gpg', ['--batch', '--homedir', home, '--import', file], { stdio: 'pipe' })
  return home
}

function writeWrapper(path: string, { command, env = {} }: Program): void {
  const variables = Object.entries(env).map(([name, value]) => `export ${name}='${value}'\n`)
  const words = command.map((word) => `'${word}'`).join(' ')
  writeFileSync(path, `#!/bin/sh\n${variables.join('')}exec ${words} "$@"\n`)
  chmodSync(path, 0o755)
}

function runTests(binary: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(binary, ['--include-ignored', '--test-threads', '2'], { cwd, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', () => resolve(output))
  })
}

function parseResults(output: string): ReadonlyMap<string, string> {
  const shown = new Map(
    [...output.matchAll(/^---- tests::(\w+) stdout ----\n([^]*?)(?=^---- tests::|^failures:$)/gm)].map(
      ([, name = '', text = '']) => [name, text],
    ),
  )
  const results = [...output.matchAll(/^test tests::(\w+) \.\.\. (\w+)$/gm)]
  return new Map(results.map(([, name = '', word]) => [name, word === 'ok' ? '' : (shown.get(name) ?? 'failed')]))
}
