// Tab in real shells: the line that comes out is handed to a program that writes its arguments down.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installPackages, sopsBin } from './peers.ts'
import { cliPath } from './sops.ts'

let root = ''
let log = ''

beforeAll(() => {
  installPackages({ zsh: 'zsh', fish: 'fish', tmux: 'tmux' })
  root = mkdtempSync(join(tmpdir(), 'tsops-completion-'))
  log = join(root, 'log')
  mkdirSync(join(root, 'bin'))
  mkdirSync(join(root, 'work', 'dir $(touch pwned)'), { recursive: true })
  for (const name of ['my file.yaml', 'plain.env', '$(touch pwned).json']) writeFileSync(join(root, 'work', name), '')
  const program = `#!/bin/sh
case "$1 $* " in
completion*|*--generate-bash-completion*) exec '${process.execPath}' '${cliPath}' "$@" ;;
esac
{ printf '%s\\n' "$@"; echo .; } >> '${log}'
`
  for (const name of ['tsops', 'sops']) writeFileSync(join(root, 'bin', name), program, { mode: 0o755 })
})
// A shell that ends still writes.
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }))

interface Shell {
  readonly name: string
  readonly start: string
  readonly load: string
}

const shells: readonly Shell[] = [
  { name: 'bash', start: 'bash --norc --noprofile -i', load: 'source <(tsops completion bash --name sops)' },
  {
    name: 'zsh',
    start: 'zsh -f -i',
    load: 'autoload -Uz compinit; compinit -u -D; source <(tsops completion zsh --name sops)',
  },
  { name: 'fish', start: 'fish --no-config', load: 'tsops completion fish --name sops | source' },
]

/** What is typed, `→` for Tab, and the arguments that come of it. */
const lines: readonly (readonly [typed: string, args: readonly string[]])[] = [
  ['tsops decr→ pl→', ['decrypt', 'plain.env']],
  ['tsops decrypt --input-t→ ya→ my→', ['decrypt', '--input-type', 'yaml', 'my file.yaml']],
  ['tsops decrypt --input-type=ya→ pl→', ['decrypt', '--input-type=yaml', 'plain.env']],
  ['tsops decrypt --output=pla→', ['decrypt', '--output=plain.env']],
  ['tsops decrypt --decryption-order pgp,ag→', ['decrypt', '--decryption-order', 'pgp,age']],
  ['sops --conf→ pl→ upd→', ['--config', 'plain.env', 'updatekeys']],
  ['../bin/tsops filest→', ['filestatus']],
  ['tsops exec-env pl→ -- ech→ my→', ['exec-env', 'plain.env', '--', 'echo', 'my file.yaml']],
  ['tsops to-files --output di→ pl→', ['to-files', '--output', 'dir $(touch pwned)', 'plain.env']],
]

/** A shell at a terminal. Keys that come while it is busy wait, as they do for people. */
class Terminal {
  readonly #server: string

  constructor(name: string) {
    this.#server = `tsops-completion-${name}-${process.pid}`
    const path = `${join(root, 'bin')}:${process.env.PATH ?? ''}`
    // bash writes its history when it ends, into a directory that is being removed by then.
    const env = { PATH: path, HOME: root, HISTFILE: '/dev/null', TERM: 'xterm', LANG: 'C.UTF-8' }
    const shell = ['bash', '--norc', '--noprofile', '-i']
    this.#run(['-f', '/dev/null', 'new-session', '-d', '-x', '150', '-y', '50', ...shell], {
      cwd: join(root, 'work'),
      env,
    })
  }

  type(line: string): void {
    this.#run(['send-keys', '-l', `${line}\r`])
  }

  async until(pattern: RegExp): Promise<void> {
    const end = Date.now() + 30_000
    while (!pattern.test(this.#run(['capture-pane', '-p']))) {
      if (Date.now() > end) throw new Error(`not on the screen: ${this.#run(['capture-pane', '-p'])}`)
      await wait(50)
    }
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#server, 'kill-server'])
  }

  #run(args: readonly string[], options = {}): string {
    return execFileSync('tmux', ['-L', this.#server, ...args], { ...options, encoding: 'utf8' })
  }
}

describe.each(shells)('$name', ({ name, start, load }) => {
  let terminal: Terminal
  beforeAll(async () => {
    terminal = new Terminal(name)
    terminal.type(start)
    // What is typed is not yet what is printed.
    terminal.type(`${load}; echo re'ad'y`)
    await terminal.until(/ready/)
  })
  afterAll(() => {
    terminal.close()
  })

  test.each(lines)('%s', async (typed, args) => {
    rmSync(log, { force: true })
    terminal.type(typed.replaceAll('→', '\t'))
    // Some shells end a directory in a slash.
    expect((await writtenDown()).map((arg) => arg.replace(/\/$/, ''))).toEqual(args)
  })
})

describe('the script of sops', () => {
  test('asks our program in its place', async () => {
    const terminal = new Terminal('sops')
    try {
      terminal.type(`source <(${sopsBin} completion bash); echo re'ad'y`)
      await terminal.until(/ready/)
      for (const [typed, args] of [
        ['sops decr→ pl→', ['decrypt', 'plain.env']],
        ['sops encrypt --shamir→ 2 pl→', ['encrypt', '--shamir-secret-sharing-threshold', '2', 'plain.env']],
        ['sops decrypt --output-type ya→ pl→', ['decrypt', '--output-type', 'yaml', 'plain.env']],
      ] as const) {
        rmSync(log, { force: true })
        // It puts no space behind what it finds.
        terminal.type(typed.replaceAll('→', '\t'))
        expect(await writtenDown()).toEqual(args)
      }
    } finally {
      terminal.close()
    }
  })
})

async function writtenDown(): Promise<readonly string[]> {
  for (let tries = 0; tries < 200; tries++) {
    const text = read(log)
    if (text.endsWith('\n.\n')) return text.slice(0, -3).split('\n')
    await wait(50)
  }
  throw new Error('the program was not started')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
