// exec-env and exec-file at a real terminal: Ctrl-C, Ctrl-Z, job control, the window's size.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { useBuiltCli } from '../cli/built-cli.ts'
import { useSecretFiles } from '../cli/secret-files.ts'
import { alice } from '../test-keys.ts'
import { Terminal } from './tmux.ts'

const cli = useBuiltCli()
const secrets = useSecretFiles({ 'e.yaml': 'name: bar\n' })
const temporary = (): string => join(secrets(), 'tmp')
let terminal: Terminal

beforeEach(async () => {
  mkdirSync(temporary(), { recursive: true })
  const env = { SOPS_AGE_KEY: alice.identity, TMPDIR: temporary() }
  terminal = new Terminal({ cwd: secrets(), env })
  await enter(`tsops() { ${process.execPath} ${cli()} "$@"; }; clear`)
})

afterEach(() => {
  terminal.close()
  expect(readdirSync(temporary())).toEqual([])
})

async function enter(line: string): Promise<void> {
  await terminal.type(line, 'Enter')
}

/** The whole screen, once something stands on it. */
async function until(pattern: RegExp): Promise<string> {
  return (await terminal.see(pattern)).input
}

const commands = ['exec-env', 'exec-env --same-process', 'exec-file', 'exec-file --no-fifo'] as const

test.for(commands)('%s: Ctrl-C reaches the program once, and its answer is ours', async (command) => {
  writeFileSync(join(secrets(), 'count.mjs'), count)
  await enter(`clear; tsops ${command} e.yaml 'exec ${process.execPath} count.mjs SIGINT'; echo "status=$?"`)
  await until(/^ready$/m)
  await terminal.type('C-c')
  expect(await until(/^status=\d+$/m)).toMatch(/^caught=1$[^]*^status=7$/m)
})

// Says how often a signal came, half a second after it came first.
const count = `let caught = 0
  process.on(process.argv[2], () => {
    if (++caught > 1) return
    setTimeout(() => {
      console.log('\\ncaught=' + caught)
      process.exitCode = 7
      clearInterval(alive)
    }, 500)
  })
  const alive = setInterval(() => undefined, 1000)
  console.log('ready')`

test.for(commands)('%s: a program that dies of Ctrl-C takes the loop with it', async (command) => {
  await enter(`clear; for i in 1 2 3; do tsops ${command} e.yaml 'echo run $name; sleep 20'; done`)
  await until(/^run/m)
  await terminal.type('C-c')
  await enter('echo "status=$?"')
  const screen = await until(/^status=\d+$/m)
  expect(screen).toMatch(/^status=130$/m)
  expect(screen.match(/^run/gm)).toHaveLength(1)
})

test.for(commands)('%s: Ctrl-Z stops it, fg goes on', async (command) => {
  await enter(`clear; tsops ${command} e.yaml 'echo ready; sleep 1; echo over'; echo "status=$?"`)
  await until(/^ready$/m)
  await terminal.type('C-z')
  await until(/Stopped/)
  await enter('clear; fg')
  expect(await until(/^over$/m)).not.toContain('ready')
})

test('Ctrl-\\', async () => {
  await enter(`ulimit -c 0; clear; tsops exec-file e.yaml 'echo ready; exec sleep 20'; echo "status=$?"`)
  await until(/^ready$/m)
  await terminal.type('C-\\')
  await until(/status=131$/m)
})

test('the program has the terminal', async () => {
  await enter(`clear; tsops exec-env e.yaml 'test -t 0 && test -t 1 && test -t 2 && read x && echo "[$x $name]"'`)
  await enter('typed')
  await until(/^\[typed bar\]$/m)
})

test('a shell with jobs of its own', async () => {
  await enter(`clear; tsops exec-env e.yaml -- env PS1=inner: bash --norc -i; echo "status=$?"`)
  await until(/^inner:/m)
  await enter('clear; echo asleep; sleep 20')
  await until(/^asleep$/m)
  await terminal.type('C-c')
  await enter('echo "inner=$? $name"')
  await until(/^inner=130 bar$/m)
  await enter('exit 4')
  await until(/^status=4$/m)
})

test('in the background of a terminal a signal for us is one for the program', async () => {
  const trap = `trap "echo caught; exit 7" INT; echo ready; while :; do sleep 0.1; done`
  await enter(`clear; tsops exec-env e.yaml '${trap}' &`)
  await until(/ready$/m)
  const listed = execFileSync('pgrep', ['-f', `${cli()} exec-env`], { encoding: 'utf8' })
  process.kill(Number(listed.split('\n')[0]), 'SIGINT')
  await until(/caught$/m)
  await enter('')
  await until(/Exit 7 /)
})

test('the window changes its size', async () => {
  writeFileSync(join(secrets(), 'count.mjs'), count)
  await enter(`clear; tsops exec-env e.yaml '${process.execPath} count.mjs SIGWINCH; stty size'`)
  await until(/^ready$/m)
  terminal.resize(100, 40)
  const screen = await until(/^\d+ \d+$/m)
  expect(screen).toMatch(/^caught=1$/m)
  expect(screen).toMatch(/^40 100$/m)
})

test('the terminal goes away', async () => {
  await enter(`clear; tsops exec-file --no-fifo e.yaml 'echo ready; exec sleep 20'`)
  await until(/^ready$/m)
  terminal.close()
  for (const end = Date.now() + 10_000; readdirSync(temporary()).length > 0 && Date.now() < end;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})
