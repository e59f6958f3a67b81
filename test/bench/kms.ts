// Many files of a KMS that takes its time: ours in one process beside the real sops file by file, as a Markdown table.
// npm run bench:kms [-- FILES [MILLISECONDS]]

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startFakeAws } from '../fakes/aws-kms.ts'
import { installPeers, peers, sopsBin } from '../interop/peers.ts'

interface Cost {
  readonly seconds: number
  readonly requests: number
}

/** Decrypts the files into the directory. */
type Decryption = (files: readonly string[], output: string) => Promise<void>

const [count = 200, latency = 50] = process.argv.slice(2).map(Number)
const runs = 3

installPeers()
const cli = resolve('dist/bin/tsops.js')
if (!existsSync(cli)) throw new Error('build first')

const credential = { accessKeyId: 'AKIAFAKEUSER', secretAccessKey: 'fake-secret-of-the-user' }
const arn = `arn:aws:kms:eu-central-1:123456789012:key/${'1'.repeat(36)}`
const aws = await startFakeAws({ credentials: [credential], keys: [{ arn }] })
const directory = mkdtempSync(join(tmpdir(), 'tsops-bench-kms-'))
const env = {
  PATH: process.env.PATH,
  HOME: directory,
  AWS_ENDPOINT_URL: aws.url,
  AWS_ACCESS_KEY_ID: credential.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: 'true',
  SOPS_DISABLE_VERSION_CHECK: '1',
}

const sopsOneByOne: Decryption = async (files, output) => {
  for (const file of files) await run(sopsBin, ['decrypt', '--output', join(output, nameOf(file)), file])
}
const ours =
  (...flags: readonly string[]): Decryption =>
  (files, output) =>
    run(process.execPath, [cli, 'decrypt', ...flags, '--output', output, ...files])

const programs: readonly (readonly [string, Decryption, number])[] = [
  ['sops, file by file', sopsOneByOne, 1],
  ['ours, one process', ours(), runs],
  ['ours, one process, `--jobs 32`', ours('--jobs', '32'), runs],
]

try {
  const own = await encryptOwn()
  const kinds: readonly (readonly [string, readonly string[]])[] = [
    ['its own', own],
    ['shared by all', copies(own[0] ?? '')],
  ]
  const version = peers.find(({ name }) => name === 'sops')?.version ?? ''
  const processors = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
  console.log(`sops ${version}, Node.js ${process.version}, ${processors}`)
  console.log(`${count} YAML files, KMS answers in ${latency} ms, one process: median of ${runs}\n`)
  console.log('| data key of a file | program | seconds | × sops | requests to KMS |')
  console.log('|---|---|--:|--:|--:|')
  aws.latency = latency
  for (const [kind, files] of kinds) await compare(kind, files)
} finally {
  rmSync(directory, { recursive: true })
  await aws.close()
}

async function compare(kind: string, files: readonly string[]): Promise<void> {
  let base: Cost | undefined
  for (const [name, decryption, times] of programs) {
    const costs: Cost[] = []
    while (costs.length < times) costs.push(await measure(decryption, files))
    const cost = costs.toSorted((a, b) => a.seconds - b.seconds)[costs.length >> 1]!
    base ??= cost
    const cells = [cost.seconds.toFixed(2), (cost.seconds / base.seconds).toFixed(3), cost.requests]
    console.log(`| ${[kind, name, ...cells].join(' | ')} |`)
  }
}

async function measure(decryption: Decryption, files: readonly string[]): Promise<Cost> {
  const output = mkdtempSync(join(directory, 'output-'))
  const before = aws.requests.length
  const start = performance.now()
  await decryption(files, output)
  const seconds = (performance.now() - start) / 1000
  const requests = aws.requests.length - before
  for (const file of files) {
    const text = readFileSync(join(output, nameOf(file)), 'utf8')
    if (text !== plainOf(file)) throw new Error(`${nameOf(file)} is not what was encrypted`)
  }
  rmSync(output, { recursive: true })
  return { seconds, requests }
}

/** Files that sops can print as they are, so that the outputs compare. */
function plainOf(file: string): string {
  const number = nameOf(file).startsWith('own') ? nameOf(file).replace(/\D/g, '') : '0'
  return `# database\nuser: admin\npassword: secret-${Number(number)}\nports:\n    - 5432\n    - 5433\n`
}

async function encryptOwn(): Promise<readonly string[]> {
  const files = fileNames('own')
  for (const file of files) writeFileSync(file, plainOf(file))
  await run(process.execPath, [cli, 'encrypt', '--kms', arn, '-i', ...files])
  return files
}

/** As one writes them with a data key per project: the same wrapped key in each. */
function copies(file: string): readonly string[] {
  const files = fileNames('shared')
  for (const each of files) writeFileSync(each, readFileSync(file))
  return files
}

function fileNames(kind: string): readonly string[] {
  mkdirSync(join(directory, kind))
  return Array.from({ length: count }, (_, index) => join(directory, kind, `${kind}-${index}.yaml`))
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1)
}

// The service answers from this very process, which must not stand still meanwhile.
async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let report = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (report += text))
  const status = await new Promise<number | null>((done, failed) => {
    child.on('error', failed)
    child.on('close', done)
  })
  if (status !== 0) throw new Error(`${program} ${args[0] ?? ''}: status ${status ?? 'none'}: ${report.slice(0, 300)}`)
}
