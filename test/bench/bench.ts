// Time and memory beside the real sops: whole processes, the median of alternating runs, as a Markdown table.
// npm run bench [-- WORD…] runs the cases whose names hold one of the words.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { installPeers, sopsBin } from '../interop/peers.ts'
import { alice } from '../test-keys.ts'

interface Case {
  readonly name: string
  readonly file: string
  readonly bytes: () => Buffer
}

interface Cost {
  readonly seconds: number
  readonly megabytes: number
}

interface Row {
  readonly name: string
  readonly operation: 'encrypt' | 'decrypt'
  readonly sops: Cost
  readonly ours: Cost
}

const runs = 5
const time = '/usr/bin/time'

const cases: readonly Case[] = [
  { name: 'small YAML', file: 'small.yaml', bytes: () => Buffer.from('# note\na: secret\nb:\n  - 1\n  - true\n') },
  { name: 'YAML, 10,000 values', file: '10k.yaml', bytes: () => yamlWith(10_000) },
  { name: 'YAML, 100,000 values', file: '100k.yaml', bytes: () => yamlWith(100_000) },
  { name: 'JSON, 10,000 values', file: '10k.json', bytes: () => jsonWith(10_000) },
  { name: 'JSON, 100,000 values', file: '100k.json', bytes: () => jsonWith(100_000) },
  { name: 'binary, 50 MB', file: '50m.bin', bytes: () => Buffer.alloc(50_000_000, Uint8Array.from(Array(251).keys())) },
]

installPeers()
const cli = resolve('dist/bin/tsops.js')
if (!existsSync(cli)) throw new Error('build first')
const directory = mkdtempSync(join(tmpdir(), 'tsops-bench-'))
const env = { PATH: process.env.PATH, HOME: directory, SOPS_AGE_KEY: alice.identity }

try {
  const wanted = process.argv.slice(2)
  const chosen = cases.filter(({ name }) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  print(chosen.flatMap(measure))
} finally {
  rmSync(directory, { recursive: true })
}

function measure({ name, file, bytes }: Case): readonly Row[] {
  mkdirSync(join(directory, 'encrypted'), { recursive: true })
  const plain = join(directory, file)
  const encrypted = join(directory, 'encrypted', file)
  writeFileSync(plain, bytes())
  run([sopsBin], ['encrypt', '--age', alice.recipient, '--output', encrypted, plain])
  return [
    compare(name, 'encrypt', ['encrypt', '--age', alice.recipient, plain]),
    compare(name, 'decrypt', ['decrypt', encrypted]),
  ]
}

function compare(name: string, operation: Row['operation'], args: readonly string[]): Row {
  const theirs: Cost[] = []
  const ours: Cost[] = []
  for (let index = 0; index < runs; index++) {
    theirs.push(run([sopsBin], args))
    ours.push(run([process.execPath, cli], args))
  }
  return { name, operation, sops: median(theirs), ours: median(ours) }
}

// GNU time alone tells the peak memory of a child.
function run(program: readonly string[], args: readonly string[]): Cost {
  const report = join(directory, 'time')
  const command = ['-o', report, '-f', '%M', ...program, ...args]
  const start = performance.now()
  const { status, stderr } = spawnSync(time, command, { env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' })
  const seconds = (performance.now() - start) / 1000
  if (status !== 0)
    throw new Error(`${program.join(' ')} ${args[0] ?? ''}: status ${status ?? 'none'}: ${stderr.slice(0, 300)}`)
  return { seconds, megabytes: Number(readFileSync(report, 'utf8')) / 1024 }
}

function median(costs: readonly Cost[]): Cost {
  const middle = (pick: (cost: Cost) => number): number => costs.map(pick).toSorted((a, b) => a - b)[costs.length >> 1]!
  return { seconds: middle(({ seconds }) => seconds), megabytes: middle(({ megabytes }) => megabytes) }
}

function print(rows: readonly Row[]): void {
  const version = spawnSync(sopsBin, ['--version', '--disable-version-check'], { encoding: 'utf8' }).stdout.trim()
  console.log(
    `${version}, Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, median of ${runs}\n`,
  )
  console.log('| file | operation | sops s | ours s | ratio | sops MB | ours MB | ratio |')
  console.log('|---|---|--:|--:|--:|--:|--:|--:|')
  for (const { name, operation, sops, ours } of rows) {
    const cells = [sops.seconds, ours.seconds, ours.seconds / sops.seconds].map((n) => n.toFixed(2))
    const memory = [sops.megabytes, ours.megabytes].map((n) => n.toFixed(0))
    const ratio = (ours.megabytes / sops.megabytes).toFixed(2)
    console.log(`| ${[name, operation, ...cells, ...memory, ratio].join(' | ')} |`)
  }
  console.log('\nGrowth from 10,000 to 100,000 values (10 is linear; start-up included):')
  for (const kind of ['YAML', 'JSON']) {
    for (const operation of ['encrypt', 'decrypt']) {
      const at = (count: string): Row | undefined =>
        rows.find((row) => row.name === `${kind}, ${count} values` && row.operation === operation)
      const [small, large] = [at('10,000'), at('100,000')]
      if (small === undefined || large === undefined) continue
      const growth = [large.sops.seconds / small.sops.seconds, large.ours.seconds / small.ours.seconds]
      console.log(`- ${kind} ${operation}: sops ${growth[0]!.toFixed(1)}, ours ${growth[1]!.toFixed(1)}`)
    }
  }
}

function yamlWith(values: number): Buffer {
  const groups = Array.from({ length: values / 10 }, (_, group) => {
    const items = Array.from({ length: 8 }, (_, index) => `    key_${index}: "value ${group} ${index}"\n`).join('')
    return `group_${group}:\n  # note\n  settings:\n${items}  count: ${group}\n  enabled: true\n`
  })
  return Buffer.from(groups.join('\n'))
}

function jsonWith(values: number): Buffer {
  const groups = Array.from({ length: values / 10 }, (_, group) => {
    const settings = Object.fromEntries(
      Array.from({ length: 8 }, (_, index) => [`key_${index}`, `value ${group} ${index}`]),
    )
    return [`group_${group}`, { settings, count: group, enabled: true }] as const
  })
  return Buffer.from(JSON.stringify(Object.fromEntries(groups), null, 2))
}
