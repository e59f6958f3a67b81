// Programs that call `sops`, with our command under that name: what they get is what sops gives them.

import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alice, bob } from '../test-keys.ts'
import {
  ansibleBin,
  ansibleCollections,
  direnvBin,
  ansiblePython,
  installAnsible,
  installDirenv,
  sopsBin,
} from './peers.ts'
import { cliPath, sops } from './sops.ts'

let root = ''
let count = 0

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tsops-clients-'))
  for (const [name, command] of Object.entries({
    ours: `'${process.execPath}' '${cliPath}'`,
    theirs: `'${sopsBin}'`,
  })) {
    mkdirSync(join(root, name))
    // The arguments are written down, each on a line.
    const log = `{ printf '%s\\n' "$@"; echo .; } >> "\${SOPS_CALLS:-/dev/null}"`
    writeFileSync(join(root, name, 'sops'), `#!/bin/sh\n${log}\nexec ${command} "$@"\n`, { mode: 0o755 })
  }
})
afterAll(() => rmSync(root, { recursive: true }))

type Side = 'ours' | 'theirs'
const sides: readonly Side[] = ['theirs', 'ours']

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

interface RunSettings {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string | Buffer
}

function environment(side: Side, cwd: string, env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const path = [join(root, side), dirname(direnvBin), process.env.PATH ?? ''].join(':')
  return { PATH: path, HOME: cwd, SOPS_AGE_KEY: alice.identity, LANG: 'C.UTF-8', ...env }
}

async function run(
  side: Side,
  [file = '', ...args]: readonly string[],
  { cwd, env, stdin }: RunSettings,
): Promise<Result> {
  const child = spawn(file, args, { cwd, env: environment(side, cwd, env) })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => undefined)
  child.stdin.end(stdin ?? '')
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { status, stdout, stderr }
}

/** A directory of its own, with what `files` says; those that begin with `enc:` are encrypted by sops to alice. */
async function makeDirectory(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = join(root, `run-${count++}`)
  mkdirSync(directory)
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    if (!text.startsWith('enc:')) writeFileSync(path, text)
    else {
      const args = ['encrypt', '--age', alice.recipient, '--filename-override', name]
      writeFileSync(path, (await sops(args, { stdin: Buffer.from(text.slice(4)) })).stdout)
    }
  }
  return directory
}

const stampless = (text: string): string => text.replaceAll(/time="[^"]*"/g, 'time').replaceAll(/run-\d+/g, 'run')

describe('direnv', () => {
  const values = { A: 'plain', B: `two words`, C: `it's $HOME "x" \`y\` \\n #z`, D: 'two\nlines', E: ' ends ', F: '☂' }
  let template = ''
  beforeAll(async () => {
    installDirenv()
    const nested = JSON.stringify({ APP: values })
    const yaml = 'A: plain\nB: second\n'
    template = await makeDirectory({
      'values.json': `enc:${JSON.stringify(values)}`,
      'nested.json': `enc:${nested}`,
      'plain.yaml': `enc:${yaml}`,
    })
  })

  /** What a shell in the directory has after its .envrc ran. */
  async function load(side: Side, envrc: string): Promise<Readonly<Record<string, string>>> {
    const cwd = join(root, `run-${count++}`)
    cpSync(template, cwd, { recursive: true })
    writeFileSync(join(cwd, '.envrc'), envrc)
    const settings = { cwd, env: { XDG_DATA_HOME: join(cwd, 'data'), XDG_CONFIG_HOME: join(cwd, 'config') } }
    expect(await run(side, [direnvBin, 'allow', '.'], settings)).toMatchObject({ status: 0 })
    const { stdout } = await run(side, [direnvBin, 'exec', '.', 'env', '-0'], settings)
    const pairs = stdout
      .split('\0')
      .map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)])
    return Object.fromEntries(pairs.filter(([name]) => name !== undefined && /^[A-F]$/.test(name))) as Record<
      string,
      string
    >
  }

  // As it stands in direnv's wiki.
  const useSops = (options: string, path: string): string => `use_sops() {
  local path=\${1:-$PWD/secrets.yaml}
  eval "$(sops -d ${options} "$path" | direnv dotenv bash /dev/stdin)"
  watch_file "$path"
}
use sops ${path}
`
  test('use_sops as many have it', async () => {
    for (const side of sides) {
      expect(await load(side, useSops('--output-type dotenv', 'plain.yaml'))).toEqual({ A: 'plain', B: 'second' })
      // What the dialects are for.
      expect(await load(side, useSops('--output-type dotenv', 'values.json'))).toEqual({})
    }
  })

  test('with --dotenv-dialect every value arrives', async () => {
    const options = '--output-type dotenv --dotenv-dialect direnv'
    expect(await load('ours', useSops(options, 'values.json'))).toEqual(values)
    expect(await load('ours', useSops(`${options} --extract "['APP']"`, 'nested.json'))).toEqual(values)
    const direct = 'set -a; eval "$(sops decrypt --output-type dotenv --dotenv-dialect shell values.json)"; set +a\n'
    expect(await load('ours', direct)).toEqual(values)
  })

  test('a file that does not open exports nothing', async () => {
    const envrc = `export SOPS_AGE_KEY=${bob.identity}\n${useSops('--output-type dotenv --dotenv-dialect direnv', 'values.json')}`
    expect(await load('ours', envrc)).toEqual({})
  })
})

describe('Ansible', () => {
  const playbook = `
- hosts: localhost
  gather_facts: false
  vars:
    whole: "{{ lookup('community.sops.sops', 'secret.yaml') | from_yaml }}"
  tasks:
    - debug: { msg: "{{ whole.a }}, {{ whole.list[1] }}" }
    - debug: { msg: "{{ lookup('community.sops.sops', 'secret.yaml', extract='[\\"list\\"][0]') }}" }
    - debug: { msg: "{{ lookup('community.sops.sops', 'secret.json', output_type='yaml', input_type='json', rstrip=false) }}" }
    - debug: { msg: "{{ lookup('community.sops.sops', 'data.bin', base64=true) }}" }
    - debug: { msg: "{{ lookup('community.sops.sops', 'missing.yaml', empty_on_not_exist=true) }}" }
    - debug: { msg: "{{ lookup('file', 'secret.yaml') | community.sops.decrypt(age_key=key) }}" }
    - community.sops.load_vars: { file: secret.yaml, name: loaded }
    - debug: { msg: "{{ loaded.a }}" }
    - community.sops.load_vars: { file: secret.yaml, name: loaded, expressions: evaluate-on-load }
    - community.sops.sops_encrypt: &new
        path: new.yaml
        content_yaml: { user: me, pass: "se cret" }
        age: ["{{ recipient }}", "{{ other }}"]
        encrypted_regex: ^pass$
        mode: "0600"
      register: first
    - community.sops.sops_encrypt: *new
      register: second
    - community.sops.sops_encrypt:
        path: text.txt
        content_text: some text
        config_path: rules.yaml
    - community.sops.sops_encrypt:
        path: bytes.bin
        content_binary: "{{ 'AP/+' }}"
        age: ["{{ recipient }}"]
      register: bytes
    - debug: { msg: "{{ lookup('community.sops.sops', 'new.yaml') }}" }
    - debug: { msg: "{{ first is changed }} {{ second is changed }} {{ bytes is changed }}" }
    - debug: { msg: "{{ lookup('community.sops.sops', 'text.txt') }} {{ lookup('community.sops.sops', 'bytes.bin', base64=true) }}" }
    - debug: { msg: "{{ lookup('community.sops.sops', 'secret.yaml', age_key='AGE-SECRET-KEY-NONE') }}" }
      ignore_errors: true
    - debug: { msg: "{{ lookup('community.sops.sops', 'broken.yaml') }}" }
      ignore_errors: true
    - debug: { msg: "{{ lookup('community.sops.sops', 'secret.yaml', enable_local_keyservice=false, keyservice=['tcp://127.0.0.1:1']) }}" }
      ignore_errors: true
`
  let template = ''
  beforeAll(async () => {
    installAnsible()
    template = await makeDirectory({
      'secret.yaml': 'enc:a: alpha\nlist: [one, two words]\n',
      'secret.json': 'enc:{"x": {"y": 1}}',
      'data.bin': 'enc:\x01binary\n',
      'rules.yaml': `creation_rules:\n  - path_regex: \\.txt$\n    age: ${alice.recipient}\n`,
      'play.yaml': playbook,
      'group_vars/all.sops.yaml': 'enc:from_group: yes indeed\n',
      'group.yaml': '- hosts: localhost\n  gather_facts: false\n  tasks: [{ debug: { msg: "{{ from_group }}" } }]\n',
    })
    const broken = readFileSync(join(template, 'secret.yaml'), 'utf8').replace(
      /lastmodified: .*/,
      'lastmodified: "2020-01-01T00:00:00Z"',
    )
    writeFileSync(join(template, 'broken.yaml'), broken)
  })

  interface Play extends Result {
    readonly calls: readonly string[]
    readonly cwd: string
  }

  async function play(side: Side, file: string, env: Readonly<Record<string, string>> = {}): Promise<Play> {
    const cwd = join(root, `run-${count++}`)
    cpSync(template, cwd, { recursive: true })
    // It reads no inventory plug-in's files that others can write.
    chmodSync(cwd, 0o700)
    const calls = join(cwd, 'calls')
    const settings = {
      ANSIBLE_COLLECTIONS_PATH: ansibleCollections,
      ANSIBLE_NOCOLOR: '1',
      SOPS_CALLS: calls,
      LC_ALL: 'C.UTF-8',
    }
    const variables = JSON.stringify({ key: alice.identity, recipient: alice.recipient, other: bob.recipient })
    const command = [
      ansibleBin,
      '-i',
      'localhost,',
      '-c',
      'local',
      '-e',
      variables,
      '-e',
      `ansible_python_interpreter=${ansiblePython}`,
      file,
    ]
    const result = await run(side, command, { cwd, env: { ...settings, ...env } })
    return {
      ...result,
      cwd,
      calls: readFileSync(calls, 'utf8')
        .split('\n.\n')
        .map((each) => stampless(each)),
    }
  }

  // Of a failure, what the collection makes of the status: the rest are the words of the program.
  const messages = ({ stdout }: Play): readonly string[] =>
    [...stdout.matchAll(/"msg": (.*)/g)].map(([, text = '']) => /\w+ exited with code \d+/.exec(text)?.[0] ?? text)

  test('lookup, filter, load_vars and sops_encrypt do with ours what they do with sops', async () => {
    const [theirs, ours] = [await play('theirs', 'play.yaml'), await play('ours', 'play.yaml')]
    expect(ours.status, ours.stdout + ours.stderr).toBe(0)
    expect(messages(ours)).toEqual(messages(theirs))
    expect(messages(ours)).toEqual(
      expect.arrayContaining(['"alpha, two words"', '"one"', '"True False True"', '"some text AP/+"']),
    )
    expect(ours.calls).toEqual(theirs.calls)
    // The version told it to use commands.
    expect(ours.calls[0]).toBe('--version\n--disable-version-check')
    expect(ours.calls).toContainEqual(expect.stringMatching(/^decrypt\n/))
    const opened = await sops(['decrypt', 'new.yaml'], { cwd: ours.cwd })
    expect(opened.stdout.toString()).toBe('pass: se cret\nuser: me\n')
    for (const { cwd } of [theirs, ours]) {
      expect(readFileSync(join(cwd, 'new.yaml'), 'utf8')).toMatch(/^pass: ENC\[.*\]\nuser: me\nsops:\n/)
    }
  })

  test('the vars plug-in', async () => {
    mkdirSync(join(template, 'host_vars'))
    writeFileSync(join(template, 'host_vars', 'localhost.sops.yaml'), 'not: encrypted\n')
    const skip = { ANSIBLE_VARS_SOPS_PLUGIN_HANDLE_UNENCRYPTED_FILES: 'skip' }
    const env = { ANSIBLE_VARS_ENABLED: 'host_group_vars,community.sops.sops', ...skip }
    for (const side of sides) {
      const result = await play(side, 'group.yaml', env)
      expect(result.status, result.stdout + result.stderr).toBe(0)
      expect(messages(result)).toEqual(['"yes indeed"'])
      expect(result.calls).toContainEqual(expect.stringMatching(/^filestatus\n/))
    }
  })
})

describe.each([
  ['the VS Code extension', 'T'],
  ['helm-secrets', 'H'],
])('the arguments of %s', (_, which) => {
  let template = ''
  beforeAll(async () => {
    template = await makeDirectory({
      'secret.yaml': 'enc:a: alpha\nb: 2\n',
      'secret.json': 'enc:{"a": "alpha"}',
      'secret.env': 'enc:A=alpha\n',
      'secret.ini': 'enc:[s]\na = alpha\n',
      'secret.txt': 'enc:some text\n',
      'plain.yaml': 'a: alpha\n',
      '.sops.yaml': `creation_rules:\n  - age: ${alice.recipient}\n`,
      'copied.yaml': `creation_rules:\n  - path_regex: plain\n    age: ${alice.recipient}\n`,
      'none.yaml': `creation_rules:\n  - path_regex: nothing\n    age: ${alice.recipient}\n`,
      // It copies what was edited over what it is given.
      editor: '#!/bin/sh\ncp "$VSCODE_SOPS_DECRYPTED_FILE_PATH" "$1"\n',
      'edited.yaml': 'a: beta\nb: 2\n',
    })
    for (const name of ['yaml', 'json', 'env', 'ini', 'txt'])
      cpSync(join(template, `secret.${name}`), join(template, `tmp-${name}`))
    chmodSync(join(template, 'editor'), 0o755)
  })

  interface Case {
    readonly args: readonly string[]
    readonly env?: Readonly<Record<string, string>>
    readonly stdin?: string
    /** What is to be the same afterwards, decrypted. */
    readonly file?: string
    /** The text that the client looks for. */
    readonly says?: string
  }

  const decryptAs = (type: string, name: string): Case => ({
    args: ['--config', '/dev/null', '--output-type', type, '--input-type', type, '--decrypt', name],
  })
  const typed = ['--input-type', 'yaml', '--output-type', 'yaml']
  const save = { EDITOR: './editor', VSCODE_SOPS_DECRYPTED_FILE_PATH: 'edited.yaml' }
  const editing = ['--config', '/dev/null', '--output-type', 'yaml', '--input-type', 'yaml', 'tmp-yaml']
  const cases: Readonly<Record<string, readonly Case[]>> = {
    T: [
      decryptAs('yaml', 'tmp-yaml'),
      decryptAs('json', 'tmp-json'),
      decryptAs('dotenv', 'tmp-env'),
      decryptAs('ini', 'tmp-ini'),
      decryptAs('binary', 'tmp-txt'),
      decryptAs('plaintext', 'tmp-txt'),
      { args: ['--aws-profile', 'p', '--ignore-mac', ...decryptAs('yaml', 'tmp-yaml').args] },
      { args: editing, env: save, file: 'tmp-yaml' },
      { args: editing, env: { ...save, VSCODE_SOPS_DECRYPTED_FILE_PATH: 'same.yaml' }, says: 'File has not changed' },
      { args: ['--config', '/dev/null', '--config', 'copied.yaml', '--encrypt', 'plain.yaml'] },
      {
        args: ['--config', '/dev/null', '--config', 'copied.yaml', '--in-place', '--encrypt', 'plain.yaml'],
        file: 'plain.yaml',
      },
      {
        args: ['--config', '/dev/null', '--config', 'none.yaml', '--encrypt', 'plain.yaml'],
        says: 'no matching creation rules found',
      },
    ],
    H: [
      { args: ['--encrypt', ...typed, 'plain.yaml'] },
      { args: ['--encrypt', ...typed, '--in-place', 'plain.yaml'], file: 'plain.yaml' },
      { args: ['--encrypt', ...typed, '--output', 'out.yaml', 'plain.yaml'], file: 'out.yaml' },
      { args: ['--decrypt', ...typed, 'secret.yaml'] },
      { args: ['--decrypt', ...typed, '--output', 'secret.yaml.dec', 'secret.yaml'], file: 'secret.yaml.dec' },
      { args: ['--decrypt', ...typed, '--in-place', 'secret.yaml'], file: 'secret.yaml' },
      { args: ['--verbose', '--decrypt', ...typed, 'secret.yaml'] },
      { args: ['--decrypt', '--input-type', 'binary', '--output-type', 'binary', 'secret.txt'] },
      { args: ['--decrypt', '--input-type', 'json', '--output-type', 'json', 'secret.json'] },
      { args: [...typed, 'tmp-yaml'], env: save, file: 'tmp-yaml' },
    ],
  }

  test.each((cases[which] ?? []).map((each) => [each.args.join(' '), each] as const))(
    '%s',
    async (__, { args, env, file, says }) => {
      const seen = []
      for (const side of sides) {
        const cwd = join(root, `run-${count++}`)
        cpSync(template, cwd, { recursive: true })
        writeFileSync(join(cwd, 'same.yaml'), (await sops(['decrypt', 'secret.yaml'], { cwd })).stdout)
        const { status, stdout, stderr } = await run(side, ['sops', ...args], {
          cwd,
          ...(env !== undefined && { env }),
        })
        if (says !== undefined) expect(stderr).toContain(says)
        seen.push({
          status,
          stdout: await decrypted(stdout),
          file: file === undefined ? '' : await decrypted(readFileSync(join(cwd, file), 'utf8')),
        })
      }
      expect(seen[1]).toEqual(seen[0])
    },
  )

  async function decrypted(text: string): Promise<string> {
    if (!text.includes('ENC[AES256_GCM')) return text
    const type = text.startsWith('{') ? 'json' : 'yaml'
    return (
      await sops(['decrypt', '--input-type', type, '--output-type', type], { stdin: Buffer.from(text) })
    ).stdout.toString()
  }
})

describe('helm-secrets', () => {
  test('a literal comes through /dev/stdin', async () => {
    const cwd = await makeDirectory({ 'x.json': 'enc:{"data": "x"}' })
    const command = `cat x.json | sops --decrypt --input-type json --output-type json /dev/stdin`
    const [theirs, ours] = [
      await run('theirs', ['sh', '-c', command], { cwd }),
      await run('ours', ['sh', '-c', command], { cwd }),
    ]
    expect(ours).toEqual(theirs)
    expect(ours.status).toBe(0)
  })

  // Its tests look for the first message; the flag comes from its --backend-args.
  test.each([['--decrypt', '--output', 'out.yaml'], ['--rotate', '--in-place'], ['--set', '["a"] "beta"'], []])(
    '--verbose tells what was done: %s',
    async (...mode) => {
      const told = []
      for (const side of sides) {
        const cwd = await makeDirectory({
          'x.yaml': 'enc:a: alpha\n',
          editor: '#!/bin/sh\necho "a: $$" > "$1"\n',
        })
        chmodSync(join(cwd, 'editor'), 0o755)
        const call = [...mode, '--input-type', 'yaml', '--output-type', 'yaml', 'x.yaml']
        const { status, stderr } = await run(side, ['sops', '--verbose', ...call], { cwd, env: { EDITOR: './editor' } })
        expect(status, stderr).toBe(0)
        // sops also tells of each master key and of each step.
        told.push(stampless(stderr).match(/^\[(?:CMD|SOPS)\].*level=info.*$/gm))
        const quiet = await run(side, ['sops', ...call], { cwd, env: { EDITOR: './editor' } })
        expect(quiet).toMatchObject({ status: 0, stderr: expect.not.stringContaining('level=info') as string })
      }
      expect(told[1]).toEqual(told[0])
      expect(told[0]).toContain('[SOPS]\t time level=info msg="Data key recovered successfully"')
    },
  )

  test('finds what it looks for in our files', async () => {
    const cwd = await makeDirectory({
      'x.yaml': 'a: 1\n',
      'x.json': '{"a": 1}',
      'x.txt': 'text',
      '.sops.yaml': `creation_rules:\n  - age: ${alice.recipient}\n`,
    })
    const text = async (name: string): Promise<string> =>
      (await run('ours', ['sops', '--encrypt', name], { cwd })).stdout
    const [yaml, json, binary] = [await text('x.yaml'), await text('x.json'), await text('x.txt')]
    for (const each of [yaml, json, binary]) expect(each).toMatch(/mac.*,type:str\]/)
    expect(yaml).toMatch(/^sops:$/m)
    expect(json).not.toMatch(/"data": "ENC/)
    expect(binary).toMatch(/"data": "ENC/)
  })
})

describe('hooks for pre-commit', () => {
  test('ensure-sops takes our files and refuses plain ones', async () => {
    installAnsible()
    const cwd = await makeDirectory({
      'x.yaml': 'a: one\nl: [two, { b: three }]\n',
      'x.json': '{"a": "one", "l": ["two"]}',
      'x.txt': 'text',
      'plain.yaml': 'a: one\n',
      '.sops.yaml': `creation_rules:\n  - age: ${alice.recipient}\n`,
    })
    for (const name of ['x.yaml', 'x.json', 'x.txt'])
      expect(await run('ours', ['sops', '-e', '-i', name], { cwd })).toMatchObject({ status: 0 })
    const hook = (...names: readonly string[]): number | null =>
      spawnSync(ansiblePython, ['-m', 'pre_commit_hook_ensure_sops', ...names], { cwd }).status
    expect(hook('x.yaml', 'x.json', 'x.txt')).toBe(0)
    expect(hook('x.yaml', 'plain.yaml')).not.toBe(0)
  })

  // Its rule: a Secret is refused unless the file says ENC.AES256.
  test('forbid-secrets takes our Secret', async () => {
    const secret = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  a: one\n'
    const cwd = await makeDirectory({ 'x.yaml': secret })
    const args = ['sops', '-e', '--age', alice.recipient, '--encrypted-regex', '^(data|stringData)$', 'x.yaml']
    const { stdout } = await run('ours', args, { cwd })
    expect(stdout).toMatch(/^kind: Secret$/m)
    expect(stdout).toMatch(/ENC.AES256/)
  })
})
