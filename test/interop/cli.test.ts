// One command line, two programs: status, stdout, the files afterwards and the shape of stderr are the same, or the
// difference is listed here.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alice, bob } from '../test-keys.ts'
import { type RunResult, sops, tsops } from './sops.ts'

interface Case {
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** help: both print help, each its own. encrypted: sops decrypts both to the same. */
  readonly stdout?: 'help' | 'encrypted' | { readonly ours: RegExp }
  /**
   * same: to the byte, but for the time. shape: log lines and text where sops has them. hinted: as sops, then a hint.
   */
  readonly stderr?: 'same' | 'shape' | 'hinted' | { readonly ours: RegExp }
  /** Where we exit otherwise, on purpose. */
  readonly ourStatus?: number
}

const age = ['--age', alice.recipient]
const key = alice.recipient

const root = mkdtempSync(join(tmpdir(), 'cli-interop-'))
const template = join(root, 'template')

beforeAll(async () => {
  mkdirSync(join(template, 'dir'), { recursive: true })
  const files: Readonly<Record<string, string>> = {
    'p.yaml': 'a: 1\nb: s\nc:\n    - x\n    - "y": 2\n',
    'p.json': '{\n\t"a": 1,\n\t"b": "s"\n}\n',
    'p.env': 'A=1\nB=s\n',
    'p.ini': '[s]\na = 1\n',
    'p.txt': 'some text\n',
    'bad.yaml': 'a: [\n',
    'bad.json': '{"a": x}\n',
    'bad.env': 'nothing\n',
    'empty.yaml': '',
    'rules.yaml': `creation_rules:\n  - path_regex: \\.yaml$\n    age: ${key}\n  - path_regex: \\.txt$\n    age: ${key}\n`,
    'norule.yaml': `creation_rules:\n  - path_regex: nope\n    age: ${key}\n`,
    'nokeys.yaml': 'creation_rules:\n  - path_regex: p\n',
    'suffix.yaml': `creation_rules:\n  - encrypted_suffix: b\n    age: ${key}\n`,
    'two.yaml': `creation_rules:\n  - encrypted_suffix: b\n    encrypted_regex: b\n    age: ${key}\n`,
    'broken.yaml': ': [',
    'regex.yaml': `creation_rules:\n  - path_regex: '('\n    age: ${key}\n`,
    'indent.yaml': 'stores:\n  yaml:\n    indent: 2\n',
    'empty-config.yaml': '',
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(template, name), text)
  for (const name of ['yaml', 'json', 'env', 'ini', 'txt']) {
    const { status, stdout } = await sops(['encrypt', ...age, `p.${name}`], { cwd: template })
    expect(status).toBe(0)
    writeFileSync(join(template, `e.${name}`), stdout)
  }
  const encrypted = readFileSync(join(template, 'e.yaml'), 'utf8')
  const change = (name: string, from: RegExp, to: string): void => {
    expect(encrypted).toMatch(from)
    writeFileSync(join(template, name), encrypted.replace(from, to))
  }
  change('value.yaml', /data:..../, 'data:AAAA')
  change('time.yaml', /lastmodified: .*/, 'lastmodified: "2020-01-01T00:00:00Z"')
  change('clear.yaml', /^a: .*$/m, 'a: 1')
  change('order.yaml', /^(a: .*\n)(b: .*\n)/, '$2$1')
  change('nomac.yaml', / *mac: .*\n/, '')
  const other = await sops(['encrypt', '--age', bob.recipient, 'p.yaml'], { cwd: template })
  writeFileSync(join(template, 'bob.yaml'), other.stdout)
})

afterAll(() => rmSync(root, { recursive: true, force: true }))

// Between these programs stdin and stdout are sockets, which cannot be opened by name: sops fails there, and works on a
// pipe.
const socket = { ourStatus: 0, stderr: { ours: /^$/ } } as const

const cases: readonly Case[] = [
  // decrypt
  { args: ['decrypt', 'e.yaml'] },
  { args: ['decrypt', 'e.json'] },
  { args: ['decrypt', 'e.env'] },
  { args: ['decrypt', 'e.ini'] },
  { args: ['decrypt', 'e.txt'] },
  { args: ['decrypt', '-i', 'e.yaml'] },
  { args: ['decrypt', '--in-place', 'e.json'] },
  { args: ['decrypt', '-i=true', 'e.json'] },
  { args: ['decrypt', '-i=f', 'e.yaml'] },
  { args: ['decrypt', 'e.yaml', '-i'] },
  { args: ['decrypt', '--output', 'out.yaml', 'e.yaml'] },
  { args: ['decrypt', '-output=out.yaml', 'e.yaml'] },
  { args: ['decrypt', '--output=', 'e.yaml'] },
  { args: ['decrypt', 'e.yaml', '--output', 'out.yaml'] },
  { args: ['decrypt', '--output', 'dir', 'e.yaml'] },
  { args: ['decrypt', '--output', 'none/x', 'e.yaml'] },
  { args: ['decrypt', '--output', '/dev/full', 'e.yaml'] },
  { args: ['decrypt', '--output', '/dev/stdout', 'e.yaml'], ...socket, stdout: { ours: /^a: 1\nb: s\n/ } },
  { args: ['decrypt', '--output', 'x', '-i', 'e.yaml'] },
  { args: ['decrypt', '--extract', '["a"]', 'e.yaml'] },
  { args: ['decrypt', '--extract', `['b']`, 'e.yaml'] },
  { args: ['decrypt', '--extract', '["c"]', 'e.yaml'] },
  { args: ['decrypt', '--extract', '["c"][1]', 'e.yaml'] },
  { args: ['decrypt', '--extract', '["c"][0]', 'e.yaml'] },
  { args: ['decrypt', '--extract', '[0]', 'e.yaml'] },
  { args: ['decrypt', '--extract', '', 'e.yaml'] },
  { args: ['decrypt', '--extract', '["b"]', 'e.json'] },
  { args: ['decrypt', '--extract', '["a"]', 'e.json'] },
  { args: ['decrypt', 'e.yaml', '--extract', '["a"]'] },
  { args: ['decrypt', '--extract', '["zz"]', 'e.yaml'], stderr: 'hinted' },
  { args: ['decrypt', '--extract', '["c"][9]', 'e.yaml'], stderr: 'hinted' },
  { args: ['decrypt', '--extract', '[a', 'e.yaml'], stderr: 'shape' },
  { args: ['decrypt', '--extract', 'a', 'e.yaml'], stderr: 'shape' },
  { args: ['decrypt', '--output-type', 'json', 'e.yaml'] },
  { args: ['decrypt', '--output-type', 'yaml', 'e.json'] },
  { args: ['decrypt', '--output-type', 'dotenv', 'e.json'] },
  { args: ['decrypt', '--output-type', 'dotenv', 'e.yaml'], stderr: 'shape' },
  { args: ['decrypt', '--output-type', 'binary', 'e.yaml'], stderr: 'shape' },
  { args: ['decrypt', '--input-type', 'json', 'e.yaml'], stderr: 'shape' },
  { args: ['decrypt', '--filename-override', 'x.json', 'e.json'] },
  { args: ['decrypt', '--filename-override', 'x.json', 'e.yaml'], stderr: 'shape' },
  {
    args: ['decrypt', '--input-type', 'nonsense', 'e.yaml'],
    ourStatus: 100,
    stdout: { ours: /^$/ },
    stderr: { ours: /nonsense/ },
  },
  { args: ['decrypt', '--input-type', 'plaintext', '--output-type', 'plaintext', 'e.txt'] },
  {
    args: ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml', '/dev/stdin'],
    stdin: 'e.yaml',
    ...socket,
    stdout: { ours: /^a: 1\nb: s\n/ },
  },
  { args: ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], stdin: 'e.yaml' },
  { args: ['decrypt', '--filename-override', 'x.yaml'], stdin: 'e.yaml' },
  { args: ['decrypt', '--output-type', 'json', '--filename-override', 'x.yaml'], stdin: 'e.yaml' },
  { args: ['decrypt'], stdin: 'e.txt' },
  { args: ['decrypt'], stdin: 'e.yaml', stderr: 'shape' },
  { args: ['decrypt', '-i'] },
  { args: ['decrypt', 'none.yaml'] },
  { args: ['decrypt', 'dir'], stderr: 'hinted' },
  { args: ['decrypt', 'p.yaml'], stderr: 'hinted' },
  { args: ['decrypt', 'bad.yaml'], stderr: 'shape' },
  { args: ['decrypt', 'bad.json'], stderr: 'shape' },
  { args: ['decrypt', 'empty.yaml'], stderr: 'hinted' },
  { args: ['decrypt', 'value.yaml'], stderr: 'shape' },
  { args: ['decrypt', 'clear.yaml'], stderr: 'shape' },
  { args: ['decrypt', 'time.yaml'], stderr: 'shape' },
  { args: ['decrypt', 'order.yaml'], stderr: 'shape' },
  { args: ['decrypt', 'nomac.yaml'], stderr: 'shape' },
  { args: ['decrypt', '--ignore-mac', 'nomac.yaml'], stderr: { ours: /level=warning/ } },
  { args: ['decrypt', '--ignore-mac', 'order.yaml'], stderr: { ours: /level=warning/ } },
  { args: ['decrypt', '--ignore-mac=0', 'order.yaml'], stderr: 'shape' },
  { args: ['decrypt', 'bob.yaml'], stderr: 'shape' },
  { args: ['decrypt', '--decryption-order', 'pgp,age', 'e.yaml'] },
  { args: ['decrypt', '--decryption-order', 'whatever', 'e.yaml'] },
  { args: ['decrypt', '--decryption-order', 'age,age', 'e.yaml'] },
  { args: ['decrypt', 'e.yaml'], env: { SOPS_DECRYPTION_ORDER: 'age,pgp,age' } },
  { args: ['decrypt', '--enable-local-keyservice=false', 'e.yaml'], stderr: 'shape' },
  { args: ['decrypt', 'e.yaml'], env: { SOPS_ENABLE_LOCAL_KEYSERVICE: '' }, stderr: 'shape' },
  { args: ['decrypt', 'e.yaml'], env: { SOPS_ENABLE_LOCAL_KEYSERVICE: 'True' } },
  { args: ['decrypt', 'e.yaml'], env: { SOPS_ENABLE_LOCAL_KEYSERVICE: 'perhaps' } },
  { args: ['--enable-local-keyservice=false', 'decrypt', 'e.yaml'] },
  { args: ['decrypt', 'e.yaml', '--nonsense', 'x'] },
  { args: ['decrypt', 'e.yaml', '--', '--nonsense'] },
  { args: ['decrypt', '-i', 'e.yaml', '--ignore-mac'] },
  { args: ['decrypt', '--ignore-mac', 'e.yaml', '-i'], stderr: { ours: /looks like a flag.*\n.*MAC/ } },
  { args: ['decrypt', '--', 'e.yaml'] },
  // usage errors
  { args: ['decrypt', '--nonsense', 'e.yaml'], stdout: 'help' },
  { args: ['decrypt', '--indent', '2', 'e.yaml'], stdout: 'help' },
  { args: ['decrypt', '-di', 'e.yaml'], stdout: 'help' },
  { args: ['decrypt', '-i=perhaps', 'e.yaml'], stdout: 'help' },
  { args: ['decrypt', '--extract'], stdout: 'help' },
  { args: ['decrypt', '--=x'], stdout: 'help' },
  { args: ['decrypt', '---x'], stdout: 'help' },
  { args: ['decrypt', '-v'], stdout: 'help' },
  { args: ['decrypt', '-i', '--in-place', 'e.yaml'], stdout: 'help' },
  { args: ['encrypt', '--shamir-secret-sharing-threshold', 'x', 'p.yaml'], stdout: 'help' },
  { args: ['encrypt', '--ignore-mac', 'p.yaml'], stdout: 'help' },
  { args: ['encrypt', '--encrypted-comment-regex', 'x', 'p.yaml'], stdout: 'help' },
  { args: ['--nonsense'], stdout: 'help' },
  { args: ['-di', 'e.yaml'], stdout: 'help' },
  { args: ['-d', '--decrypt', 'e.yaml'], stdout: 'help' },
  { args: ['--indent', 'x', 'decrypt', 'e.yaml'], stdout: 'help' },
  { args: ['--indent', '99999999999999999999', 'decrypt', 'e.yaml'], stdout: 'help' },
  { args: ['--config'], stdout: 'help' },
  // help and version
  { args: ['--help'], stdout: 'help' },
  { args: ['-h', 'decrypt'], stdout: 'help' },
  { args: ['help'], stdout: 'help' },
  { args: ['h', 'decrypt'], stdout: 'help' },
  { args: ['decrypt', '-help'], stdout: 'help' },
  { args: ['encrypt', 'p.yaml', '--help'], stdout: 'help' },
  { args: ['decrypt', '--help=false', 'e.yaml'] },
  { args: ['help', 'nonsense'] },
  { args: ['--version', '--disable-version-check'], stdout: { ours: /^sops 3\.13\.3 \(tsops \d+\.\d+\.\d+\)\n$/ } },
  { args: ['-v', 'x'], env: { SOPS_DISABLE_VERSION_CHECK: '1' }, stdout: { ours: /^sops 3\.13\.3 / } },
  { args: ['--version'], env: { SOPS_DISABLE_VERSION_CHECK: 'perhaps' } },
  // configuration
  { args: ['--config', 'none.yaml', 'decrypt', 'e.yaml'] },
  { args: ['--config', 'none.yaml', '--config', 'rules.yaml', 'decrypt', 'e.yaml'] },
  { args: ['--config', '/dev/null', 'decrypt', 'e.yaml'] },
  { args: ['--config=', 'decrypt', 'e.yaml'], env: { SOPS_CONFIG: 'none.yaml' } },
  { args: ['decrypt', 'e.yaml'], env: { SOPS_CONFIG: 'none.yaml' } },
  { args: ['--config', 'broken.yaml', 'decrypt', 'e.yaml'], stderr: 'shape' },
  { args: ['--config', 'broken.yaml', 'filestatus', 'e.yaml'], stderr: 'shape' },
  { args: ['--config', 'indent.yaml', 'decrypt', 'e.yaml'] },
  { args: ['--indent', '2', 'decrypt', 'e.yaml'] },
  { args: ['--indent', '0x3', 'decrypt', 'e.json'] },
  { args: ['--indent', '2', 'decrypt', '--output-type', 'json', 'e.yaml'] },
  { args: ['--config', 'rules.yaml', 'encrypt', 'p.yaml'], stdout: 'encrypted' },
  { args: ['--config', 'rules.yaml', 'encrypt', 'p.json'], stderr: 'hinted' },
  { args: ['--config', 'rules.yaml', 'encrypt', ...age, 'p.json'], stderr: 'hinted' },
  { args: ['--config', 'norule.yaml', 'encrypt', 'p.yaml'], stderr: 'hinted' },
  { args: ['--config', 'nokeys.yaml', 'encrypt', 'p.yaml'], stderr: 'hinted' },
  { args: ['--config', 'suffix.yaml', 'encrypt', 'p.yaml'], stdout: 'encrypted' },
  { args: ['--config', 'suffix.yaml', 'encrypt', '--encrypted-regex', 'a', 'p.yaml'] },
  { args: ['--config', 'two.yaml', 'encrypt', 'p.yaml'], stderr: 'shape' },
  { args: ['--config', 'regex.yaml', 'encrypt', 'p.yaml'], stderr: 'shape' },
  { args: ['--config', 'empty-config.yaml', 'encrypt', 'p.yaml'], stderr: 'hinted' },
  { args: ['--config', 'rules.yaml', 'encrypt', '--filename-override', 'x.txt', 'p.yaml'], stdout: 'encrypted' },
  // encrypt
  { args: ['encrypt', ...age, 'p.yaml'], stdout: 'encrypted' },
  { args: ['encrypt', '-a', key, 'p.json'], stdout: 'encrypted' },
  { args: ['encrypt', `-a=${key}`, 'p.env'], stdout: 'encrypted' },
  { args: ['encrypt', 'p.ini', ...age], stdout: 'encrypted' },
  { args: ['encrypt', ...age, 'p.txt'], stdout: 'encrypted' },
  { args: ['encrypt', 'p.yaml'], env: { SOPS_AGE_RECIPIENTS: key }, stdout: 'encrypted' },
  { args: ['encrypt', '--age=', 'p.yaml'], env: { SOPS_AGE_RECIPIENTS: key }, stderr: 'hinted' },
  { args: ['encrypt', 'p.yaml'], stderr: 'hinted' },
  { args: ['encrypt', '--age', 'nonsense', 'p.yaml'], stderr: 'shape' },
  { args: ['encrypt', ...age, '--output-type', 'json', 'p.yaml'], stdout: 'encrypted' },
  { args: ['encrypt', ...age, '--output-type', 'dotenv', 'p.yaml'], stderr: 'shape' },
  { args: ['encrypt', ...age, '--encrypted-regex', '^b$', 'p.yaml'], stdout: 'encrypted' },
  { args: ['encrypt', ...age, '--unencrypted-suffix', 'a', 'p.yaml'], stdout: 'encrypted' },
  { args: ['--mac-only-encrypted', 'encrypt', ...age, '--encrypted-suffix', 'b', 'p.yaml'], stdout: 'encrypted' },
  { args: ['encrypt', ...age, '--encrypted-suffix', 'b', '--encrypted-regex', 'a', 'p.yaml'] },
  { args: ['encrypt', ...age, '--encrypted-suffix', 'b', '--encrypted-regex', 'a', 'p.txt'], stdout: 'encrypted' },
  {
    args: ['encrypt', ...age, '--encryption-context', 'x', 'p.yaml'],
    stderr: { ours: /^Invalid KMS encryption context format\nHint: .*\n$/ },
  },
  { args: ['encrypt', ...age, 'e.yaml'], stderr: 'shape' },
  { args: ['encrypt', ...age, 'bad.yaml'], stderr: 'shape' },
  { args: ['encrypt', ...age, 'bad.json'], stderr: 'shape' },
  { args: ['encrypt', ...age, 'bad.env'], stderr: 'shape' },
  { args: ['encrypt', ...age, 'empty.yaml'] },
  { args: ['encrypt', ...age, 'none.yaml'] },
  { args: ['encrypt', ...age, 'dir'], stderr: 'hinted' },
  { args: ['encrypt', ...age, '-i'] },
  { args: ['encrypt', ...age] },
  { args: ['encrypt', ...age, '--filename-override', 'x.yaml'], stdin: 'p.yaml', stdout: 'encrypted' },
  {
    args: ['encrypt', ...age, '--filename-override', 'x.yaml', '/dev/stdin'],
    stdin: 'p.yaml',
    ...socket,
    stdout: { ours: /^a: ENC/ },
  },
  { args: ['encrypt', ...age, '--enable-local-keyservice=false', 'p.yaml'], stderr: 'hinted' },
  { args: ['encrypt', ...age, '--output', 'x', '-i', 'p.yaml'] },
  {
    args: ['encrypt', ...age, '--encrypted-regex', '([', 'p.yaml'],
    ourStatus: 1,
    stdout: { ours: /^$/ },
    stderr: { ours: /\S/ },
  },
  {
    args: ['encrypt', ...age, '--encrypted-regex', 'zz', 'p.yaml'],
    ourStatus: 1,
    stdout: { ours: /^$/ },
    stderr: { ours: /--allow-unencrypted/ },
  },
  // filestatus
  { args: ['filestatus', 'e.yaml'] },
  { args: ['filestatus', 'p.yaml'] },
  { args: ['filestatus', 'nomac.yaml'] },
  { args: ['filestatus', '--input-type', 'yaml', 'e.yaml'] },
  { args: ['filestatus'] },
  { args: ['filestatus', 'none.yaml'] },
  { args: ['filestatus', 'bad.yaml'], stderr: 'shape' },
  // without a command
  { args: ['-d', 'e.yaml'] },
  { args: ['--decrypt', '--input-type', 'yaml', '--output-type', 'yaml', 'e.yaml'] },
  { args: ['--decrypt', '--input-type', 'yaml', '--output-type', 'yaml', '--in-place', 'e.yaml'] },
  { args: ['--decrypt', '--input-type', 'yaml', '--output-type', 'yaml', '--output', 'out', 'e.yaml'] },
  {
    args: ['--decrypt', '--input-type', 'json', '--output-type', 'json', '/dev/stdin'],
    stdin: 'e.json',
    ...socket,
    stdout: { ours: /^\{\n\t"a": 1,/ },
  },
  {
    args: [
      '--ignore-mac',
      '--config',
      '/dev/null',
      '--output-type',
      'yaml',
      '--input-type',
      'yaml',
      '--decrypt',
      'nomac.yaml',
    ],
    stderr: { ours: /level=warning/ },
  },
  { args: ['--config', '/dev/null', '--config', 'rules.yaml', '--encrypt', 'p.yaml'], stdout: 'encrypted' },
  { args: ['--config', '/dev/null', '--config', 'norule.yaml', '--encrypt', 'p.yaml'], stderr: 'hinted' },
  { args: ['-d', '--output-type', 'dotenv', '--extract', '["b"]', 'e.json'] },
  { args: ['-d', 'e.yaml', '--extract', '["a"]'] },
  { args: ['-d', 'e.yaml', 'e.json'] },
  { args: ['-d', '-i', 'e.yaml'] },
  { args: ['-d'] },
  { args: ['-d', 'none.yaml'] },
  { args: ['-d', 'p.yaml'], stderr: 'hinted' },
  { args: ['-d', '-'] },
  { args: ['-r', 'none.yaml'] },
  { args: ['--add-age', 'x', '-d', 'none.yaml'] },
  { args: ['--rm-pgp', 'x', 'none.yaml'] },
  { args: ['-s', '-d', 'e.yaml'] },
  { args: ['--indent', '-1', 'decrypt', 'e.yaml'], stderr: 'shape' },
  { args: ['--indent', '-1', 'decrypt', 'e.json'] },
  { args: ['--indent', '12', 'decrypt', 'e.yaml'] },
  { args: ['-d', '-i', '--output', 'x', 'e.yaml'] },
  { args: ['-e', ...age, 'p.yaml'], stdout: 'encrypted' },
  { args: ['--encrypt', '-a', key, '--encrypted-comment-regex', 'x', '--encrypted-suffix', 'b', 'p.yaml'] },
  { args: ['-e', 'p.yaml', ...age], stderr: 'hinted' },
  { args: ['-e', 'p.yaml'], stderr: 'hinted' },
  { args: ['-e', '-d', ...age, 'e.yaml'] },
  { args: [] },
  { args: ['-i'] },
  { args: ['--', 'decrypt', 'e.yaml'] },
]

describe('the same command line', () => {
  test.for(cases.map((each) => [describeCase(each), each] as const))('%s', async ([, each]) => {
    const [theirs, ours] = await Promise.all([runIn('sops', each), runIn('tsops', each)])
    expect(ours.result.status, ours.result.stderr).toBe(each.ourStatus ?? theirs.result.status)
    await compareStdout(each, theirs.result, ours.result)
    compareStderr(each, theirs.result, ours.result)
    if (each.stdout === undefined) expect(ours.files).toEqual(theirs.files)
    rmSync(theirs.directory, { recursive: true })
    rmSync(ours.directory, { recursive: true })
  })
})

function describeCase({ args, env, stdin }: Case): string {
  const variables = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value} `)
  const words = args.map((arg) => arg.replace(alice.recipient, 'age1alice'))
  return `${variables.join('')}sops ${words.join(' ')}${stdin === undefined ? '' : ` < ${stdin}`}`
}

interface Outcome {
  readonly result: RunResult
  readonly directory: string
  readonly files: ReadonlyMap<string, string>
}

async function runIn(program: 'sops' | 'tsops', each: Case): Promise<Outcome> {
  const directory = join(mkdtempSync(join(root, 'run-')), 'work')
  cpSync(template, directory, { recursive: true })
  const result = await (program === 'sops' ? sops : tsops)(each.args, {
    cwd: directory,
    env: { SOPS_DISABLE_VERSION_CHECK: '', ...each.env },
    ...(each.stdin !== undefined && { stdin: readFileSync(join(template, each.stdin)) }),
  })
  const files = readdirSync(directory).map((name): [string, string] => {
    const path = join(directory, name)
    const { mode } = statSync(path)
    return [name, `${mode.toString(8)} ${statSync(path).isFile() ? readFileSync(path, 'utf8') : ''}`]
  })
  return {
    result: { ...result, stderr: result.stderr.replaceAll(directory, '/work') },
    directory,
    files: new Map(files),
  }
}

async function compareStdout({ stdout }: Case, theirs: RunResult, ours: RunResult): Promise<void> {
  const text = ours.stdout.toString()
  if (stdout === undefined) expect(text).toBe(theirs.stdout.toString())
  else if (stdout === 'help') {
    expect(text).toContain('tsops')
    expect(firstLine(text).startsWith('Incorrect Usage')).toBe(
      firstLine(theirs.stdout.toString()).startsWith('Incorrect Usage'),
    )
  } else if (stdout === 'encrypted') {
    expect((await openWithSops(ours)).stdout.toString()).toBe((await openWithSops(theirs)).stdout.toString())
  } else expect(text).toMatch(stdout.ours)
}

// Whatever the format was: the text itself tells.
async function openWithSops({ stdout }: RunResult): Promise<RunResult> {
  const text = stdout.toString()
  const format = text.startsWith('{')
    ? 'json'
    : /^sops_/m.test(text)
      ? 'dotenv'
      : /^\[sops\]/m.test(text)
        ? 'ini'
        : 'yaml'
  const result = await sops(['decrypt', '--input-type', format, '--output-type', format], { stdin: stdout })
  expect(result.status, result.stderr).toBe(0)
  return result
}

function compareStderr({ stderr = 'same' }: Case, theirs: RunResult, ours: RunResult): void {
  if (stderr === 'same') expect(withoutTime(ours.stderr)).toBe(withoutTime(theirs.stderr))
  else if (stderr === 'shape') expect(shapeOf(ours.stderr)).toEqual(shapeOf(theirs.stderr))
  else if (stderr === 'hinted') {
    const text = withoutTime(ours.stderr)
    expect(text.startsWith(withoutTime(theirs.stderr)), text).toBe(true)
    expect(text.slice(withoutTime(theirs.stderr).length)).toMatch(/^(Hint: [^]*\n)?$/)
  } else expect(ours.stderr).toMatch(stderr.ours)
}

function withoutTime(text: string): string {
  return text.replace(/time="[^"]*"/g, 'time="…"')
}

function shapeOf(text: string): readonly string[] {
  const kinds = text
    .split('\n')
    .map((line) => /^\[\w+\]\t time="[^"]*" level=\w+ /.exec(line)?.[0] ?? (line === '' ? '' : 'text'))
  const shapes = kinds.map((kind) => kind.replace(/time="[^"]*"/, '')).filter((kind) => kind !== '')
  return shapes.filter((kind, index) => kind !== shapes[index - 1])
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
