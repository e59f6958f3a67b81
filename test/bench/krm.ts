// 200 encrypted Secrets, and a large one, through kustomize: with our function, as a program of Node.js and in the
// executable, and with ksops, as a Markdown table. ksops is no part of this project: build it elsewhere and name it.
// KSOPS=/path/to/ksops npm run bench:krm [-- FILES [MILLISECONDS]]
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startFakeAws } from '../fakes/aws-kms.ts'
import { kustomizeBin, sopsBin } from '../interop/peers.ts'
import { alice } from '../test-keys.ts'

const [count = 200, latency = 50] = process.argv.slice(2).map(Number)
const runs = 7

const credential = { accessKeyId: 'AKIAFAKEUSER', secretAccessKey: 'fake-secret-of-the-user' }
const arn = `arn:aws:kms:eu-central-1:123456789012:key/${'1'.repeat(36)}`
const aws = await startFakeAws({ credentials: [credential], keys: [{ arn }] })
const directory = mkdtempSync(join(tmpdir(), 'tsops-bench-krm-'))
const env = {
  HOME: directory,
  SOPS_AGE_KEY: alice.identity,
  AWS_ENDPOINT_URL: aws.url,
  AWS_ACCESS_KEY_ID: credential.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credential.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: 'true',
}

const ksops = process.env.KSOPS ?? ''
const built = resolve(process.env.TSOPS_TEST_BINARY ?? 'dist/tsops')
const binary = existsSync(built) ? built : ''
const programs: readonly (readonly [string, string])[] = [
  ['ksops', ksops],
  ['tsops-krm, Node.js', resolve(process.env.TSOPS_TEST_KRM ?? 'dist/bin/tsops-krm.js')],
  ['tsops-krm, executable', binary],
]

const head = (kind: string, index: number): string => `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: s${index}\n`
const small = Array.from(
  { length: count },
  (_, index) => `${head('Secret', index)}stringData:\n  user: admin\n  password: hunter${index}\n`,
)
// A Secret may not be as large.
const large = [
  `${head('Large', 0)}data:\n${Array.from({ length: 10_000 }, (_, n) => `  key${n}: ${'x'.repeat(1000)}\n`).join('')}`,
]
const kinds: string[] = []

try {
  await seal('age', ['--age', alice.recipient], small)
  await seal('kms', ['--kms', arn], small)
  await seal('age, one file of 10 MB', ['--age', alice.recipient], large)
  aws.latency = latency
  console.log(`Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`)
  console.log(`${count} files through kustomize build, KMS answers in ${latency} ms: quickest and median of ${runs}\n`)
  console.log('| keys | function | quickest, s | median, s |\n|---|---|--:|--:|')
  for (const kind of kinds) for (const [name, file] of programs) console.log(await row(kind, name, file))
} finally {
  rmSync(directory, { recursive: true })
  await aws.close()
}

/** A kustomization with a generator over files under these keys. */
async function seal(kind: string, keys: readonly string[], texts: readonly string[]): Promise<void> {
  kinds.push(kind)
  const folder = join(directory, kind)
  mkdirSync(folder)
  const names = texts.map((_, index) => `s${index}.yaml`)
  for (const [index, name] of names.entries()) {
    const text = texts[index] ?? ''
    const args = ['encrypt', ...keys, '--encrypted-regex', '^(data|stringData)$', '--filename-override', name]
    writeFileSync(join(folder, name), await output(sopsBin, args, text))
  }
  const annotation = '    config.kubernetes.io/function: |\n      exec: {path: ksops}\n'
  const config = `apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: g\n  annotations:\n${annotation}files:\n`
  writeFileSync(join(folder, 'generate.yaml'), config + names.map((name) => `- ${name}\n`).join(''))
  writeFileSync(join(folder, 'kustomization.yaml'), 'generators: [generate.yaml]\n')
}

async function row(kind: string, name: string, file: string): Promise<string> {
  if (file === '') return `| ${kind} | ${name} | not there | |`
  const bin = mkdtempSync(join(directory, 'bin-'))
  symlinkSync(file, join(bin, 'ksops'))
  const args = ['build', '--enable-alpha-plugins', '--enable-exec', join(directory, kind)]
  const times: number[] = []
  while (times.length < runs) {
    const start = performance.now()
    await output(kustomizeBin, args, '', `${bin}:${process.env.PATH ?? ''}`)
    times.push((performance.now() - start) / 1000)
  }
  times.sort((a, b) => a - b)
  return `| ${kind} | ${name} | ${times[0]?.toFixed(2) ?? ''} | ${times[runs >> 1]?.toFixed(2) ?? ''} |`
}

function output(file: string, args: readonly string[], input: string, path = process.env.PATH): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(file, args, { env: { ...env, PATH: path }, stdio: ['pipe', 'pipe', 'inherit'] })
    const chunks: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.on('error', fail)
    child.on('close', (status) => {
      if (status === 0) done(Buffer.concat(chunks).toString())
      else fail(new Error(`${file}: exit status ${String(status)}`))
    })
    child.stdin.end(input)
  })
}
