// Each dialect read by the programs that it is for: every value that is not refused comes back to the byte, and nothing
// in a comment becomes a variable.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dialectFor, emitDialect } from '../../src/stores/dotenv-dialect.ts'
import type { Comment, Item } from '../../src/tree/types.ts'
import { alice } from '../test-keys.ts'
import {
  direnvBin,
  dockerEnvFileBin,
  installDirenv,
  installDockerReader,
  installNpmPackages,
  installPackages,
  npmDotenv,
} from './peers.ts'
import { sops, tsops } from './sops.ts'

let directory = ''
let file = ''
beforeAll(() => {
  installPackages({ dash: 'dash', zsh: 'zsh' })
  installDirenv()
  installDockerReader()
  installNpmPackages()
  directory = mkdtempSync(join(tmpdir(), 'tsops-dialect-'))
  file = join(directory, 'values.env')
})
afterAll(() => {
  // What a value or a comment could have run.
  expect(existsSync(join(directory, 'pwned'))).toBe(false)
  rmSync(directory, { recursive: true })
})

type Values = Readonly<Record<string, string>>

interface Reader {
  readonly dialect: string
  readonly name: string
  readonly read: () => Values
}

function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, LANG: 'C.UTF-8', FILE: file },
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (status === 0) return stdout
  throw new Error(`${command}: ${error?.message ?? stderr.slice(0, 500)}`)
}

function ofEnvironment(text: string): Values {
  const entries = text.split('\0').map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)])
  return Object.fromEntries(entries.filter(([name]) => name?.startsWith('K_'))) as Values
}

function inShell(...command: readonly [string, ...string[]]): Reader {
  const [program, ...options] = command
  const script = 'set -a; eval "$(cat "$FILE")"; env -0'
  return {
    dialect: 'shell',
    name: command.join(' '),
    read: () => ofEnvironment(run(program, ...options, '-c', script)),
  }
}

const printEnvironment = `for (const [n, v] of Object.entries(process.env)) process.stdout.write(n + '=' + v + '\\0')`

const readers: readonly Reader[] = [
  inShell('sh'),
  inShell('dash'),
  inShell('bash', '--norc'),
  inShell('zsh', '-f'),
  // There `#` does not start a comment.
  inShell('zsh', '-f', '-i'),
  inShell('zsh', '-f', '-o', 'rcquotes'),
  { dialect: 'shell', name: 'bash: source', read: () => ofEnvironment(run('bash', '-c', 'set -a; . "$FILE"; env -0')) },
  {
    dialect: 'node',
    name: 'node --env-file',
    read: () => ofEnvironment(run(process.execPath, `--env-file=${file}`, '-e', printEnvironment)),
  },
  {
    dialect: 'node',
    name: "npm's dotenv",
    read: () =>
      JSON.parse(
        run(
          process.execPath,
          '-e',
          `process.stdout.write(JSON.stringify(require(${JSON.stringify(npmDotenv)}).parse(require('fs').readFileSync(process.env.FILE))))`,
        ),
      ) as Values,
  },
  {
    dialect: 'docker',
    name: 'docker run --env-file',
    read: () => ofEnvironment((JSON.parse(run(dockerEnvFileBin, file)) as readonly string[]).join('\0')),
  },
  {
    dialect: 'direnv',
    name: 'direnv dotenv bash',
    read: () => ofEnvironment(run('bash', '-c', `eval "$(cat "$FILE" | ${direnvBin} dotenv bash /dev/stdin)"; env -0`)),
  },
]

const samples = [
  ...[
    '',
    ' ',
    'a b',
    ' a ',
    '\ta\t',
    `it's`,
    `"q"`,
    '`b`',
    `'"\``,
    `'a'`,
    `"a"`,
    '`a`',
    `a'`,
    `'a`,
    '\\',
    'a\\',
    ' a\\',
  ],
  ...[
    '$HOME',
    '${HOME}',
    '$(touch pwned)',
    '`touch pwned`',
    `'$(touch pwned)'`,
    `'; touch pwned; '`,
    '$',
    '$$',
    '\\$x',
  ],
  ...['a#b', 'a #b', '#', '# a', 'a=b', '=', '!x', '~', '*', 'a;b', 'a&b', 'a|b', '(a)', '{a,b}', '<a>', '%x', '^'],
  ...[
    'a\nb',
    '\n',
    'a\n',
    '\na',
    'a\n\nb',
    'a\r\nb',
    'a\r',
    '\r',
    'a\nK_X=y',
    `'\nK_X=y`,
    '\\n',
    '\\r',
    'a\\nb',
    '\\\n',
    '\\\\n',
  ],
  ...[
    'žluťoučký',
    '☂',
    '😀',
    '\u00a0',
    '\u2028',
    '\u0085',
    '\ufeff',
    '\v',
    '\f',
    '\x01',
    '\x7f',
    'export A',
    'x'.repeat(60_000),
  ],
]

const piece = fc.constantFrom(...samples.filter(({ length }) => length < 20))
const value = fc.oneof(
  fc.array(piece, { maxLength: 5 }).map((all) => all.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
)

function itemsOf(values: Values): readonly Item[] {
  return Object.entries(values).map(([key, text]) => ({ type: 'item', key, value: { type: 'str', value: text } }))
}

function emit(items: readonly (Item | Comment)[], name: string): Uint8Array | undefined {
  const dialect = dialectFor(name)
  try {
    return dialect === undefined ? undefined : emitDialect([{ type: 'branch', items }], dialect)
  } catch {
    return undefined
  }
}

describe.each(readers)('$dialect, read by $name', ({ dialect, read }) => {
  const all = [...samples, ...fc.sample(value, 400)]
  const values = Object.fromEntries(all.map((text, index) => [`K_${index}`, text]))
  const held = itemsOf(values).filter((item) => emit([item], dialect) !== undefined)

  test('every value that it holds comes back, between comments that say anything', () => {
    const items = held.flatMap((item, index): (Item | Comment)[] => [
      { type: 'comment', value: all[(index * 7) % all.length] ?? '', inline: false },
      item,
    ])
    writeFileSync(file, emit(items, dialect) ?? '')
    const found = read()
    for (const { key } of held) expect(JSON.stringify(found[key]), key).toBe(JSON.stringify(values[key]))
    expect(Object.keys(found)).toHaveLength(held.length)
    expect(held.length / all.length).toBeGreaterThan(0.4)
  })

  test('and so does what sops encrypted and our command prints', async () => {
    const some = Object.fromEntries(held.slice(0, samples.length).map(({ key }) => [key, values[key]]))
    const encrypt = ['encrypt', '--age', alice.recipient, '--filename-override', 'x.json']
    const { stdout } = await sops(encrypt, { stdin: Buffer.from(JSON.stringify(some)) })
    const types = ['--input-type', 'json', '--output-type', 'dotenv']
    const printed = await tsops(['decrypt', ...types, '--dotenv-dialect', dialect], { stdin: stdout })
    expect(printed).toMatchObject({ status: 0, stderr: '' })
    writeFileSync(file, printed.stdout)
    expect(read()).toEqual(some)
  })
})

test('only values that a reader cannot have are refused', () => {
  const refused = (dialect: string): readonly string[] =>
    samples.filter((text) => emit(itemsOf({ K: text }), dialect) === undefined)
  expect(refused('shell')).toEqual([])
  expect(refused('direnv')).toEqual([])
  expect(refused('docker').every((text) => /\n|\r$/.test(text))).toBe(true)
  expect(refused('node').every((text) => /\r|^['"\s].*[\\'"`]$/.test(text))).toBe(true)
})
