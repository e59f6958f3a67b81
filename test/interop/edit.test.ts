// What `edit` makes of files, beside the real sops: the lines that change, the metadata with --show-master-keys, and
// signals. command-lines/edit.txt compares the command lines, edit-terminal.test.ts has the editors.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { findBackend } from '../../src/keys/registry.ts'
import { alice, bob } from '../test-keys.ts'
import { identityOf, kinds, type Program, useEveryKey } from './every-key.ts'
import { sopsBin } from './peers.ts'
import { cliPath } from './sops.ts'

const keys = useEveryKey()

const read = (name: string): string => readFileSync(keys.path(name), 'utf8')

/** Edits by a script that finds the `text` and may `write` another. */
async function edit(program: Program, code: string, ...args: readonly string[]): Promise<void> {
  keys.write(
    'editor.mjs',
    `import { readFileSync, writeFileSync } from 'node:fs'
    const path = process.argv.at(-1)
    const text = readFileSync(path, 'utf8')
    const write = (text) => writeFileSync(path, text)
    ${code}`,
  )
  const EDITOR = `${process.execPath} ${keys.path('editor.mjs')}`
  const { status, stderr } = await program(['edit', ...args], { env: { EDITOR } })
  expect(status, stderr).toBe(0)
}

async function encrypted(name: string, plain: string): Promise<void> {
  keys.write(name, plain)
  const { status, stderr } = await keys.sops(['encrypt', '-i', '--age', alice.recipient, name])
  expect(status, stderr).toBe(0)
}

async function opened(program: Program, name: string, identities = alice.identity): Promise<string> {
  const { status, stdout, stderr } = await program(['decrypt', name], { identities })
  expect(status, stderr).toBe(0)
  return stdout.toString()
}

describe('a file that sops wrote', () => {
  test.for([
    ['x.yaml', '# c\na: one\nb:\n    - two\n    - 3\n', ['a:', 'lastmodified:', 'mac:']],
    ['x.json', '{\n\t"a": "one",\n\t"b": [\n\t\t2,\n\t\t3\n\t]\n}\n', ['"a":', '"lastmodified":', '"mac":']],
    ['x.env', '# c\nA=one\nB=two\n', ['A', 'sops_lastmodified', 'sops_mac']],
    ['x.ini', '[s]\n; c\na = one\nb = two\n', ['a', 'lastmodified', 'mac']],
  ] as const)('%s changes in the line that was edited', async ([name, plain, lines]) => {
    await encrypted(name, plain)
    const before = read(name)
    await wait(1100)
    await edit(keys.ours, `write(text.replace('one', 'other'))`, name)
    const old = new Set(before.split('\n'))
    const changed = read(name)
      .split('\n')
      .filter((line) => !old.has(line))
    expect(changed.map((line) => line.trim().split(/[ =]/)[0]).sort()).toEqual([...lines].sort())
    expect(await opened(keys.sops, name)).toContain('other')
    // And back again, by sops.
    await edit(keys.sops, `write(text.replace('other', 'third'))`, name)
    expect(await opened(keys.ours, name)).toContain('third')
  })
})

describe('--show-master-keys', () => {
  test('keeps what was edited, where sops loses it', async () => {
    await encrypted('x.yaml', 'a: one\n')
    await edit(keys.sops, `write(text.replace('one', 'other'))`, '-s', 'x.yaml')
    expect(await opened(keys.sops, 'x.yaml')).toBe('a: one\n')
    await edit(keys.ours, `write(text.replace('one', 'other'))`, '-s', 'x.yaml')
    expect(await opened(keys.sops, 'x.yaml')).toBe('a: other\n')
  })

  test.each(kinds)(
    'a $type key that is written there opens the file, and one that is removed does not',
    async ({ type }) => {
      await encrypted('x.yaml', 'a: one\n')
      const backend = findBackend(type)
      const [key] = backend?.parse(keys.spec(type)) ?? []
      if (backend === undefined || key === undefined) throw new Error(`no key of type ${type}`)
      const fields = Object.entries(backend.toMetadata(key))
      const entry = Object.fromEntries(fields.filter(([name]) => name !== 'enc' && name !== 'created_at'))
      const line = `        - ${JSON.stringify(entry)}\n`
      const [from, to] =
        type === 'age' ? ['    age:\n', `    age:\n${line}`] : ['sops:\n', `sops:\n    ${type}:\n${line}`]
      await edit(keys.ours, `write(text.replace(${JSON.stringify(from)}, ${JSON.stringify(to)}))`, '-s', 'x.yaml')
      for (const program of [keys.ours, keys.sops]) {
        expect(await opened(program, 'x.yaml', identityOf(type))).toBe('a: one\n')
        expect(await opened(program, 'x.yaml')).toBe('a: one\n')
      }
      const own = `/ +- enc: [|]\\n(?: {12}.*\\n)+ +recipient: ${alice.recipient}\\n/`
      await edit(keys.ours, `write(text.replace(${own}, '').replace(/^ {4}age:\\n(?= {4}\\w)/m, ''))`, '-s', 'x.yaml')
      for (const program of [keys.ours, keys.sops]) {
        expect(await opened(program, 'x.yaml', identityOf(type))).toBe('a: one\n')
      }
      expect(read('x.yaml')).not.toContain(alice.recipient)
    },
  )

  test('does nothing for a recipient that somebody wrote into the file before', async () => {
    await encrypted('x.yaml', 'a: one\n')
    keys.write(
      'x.yaml',
      read('x.yaml').replace('    age:\n', `    age:\n        - recipient: ${bob.recipient}\n          enc: x\n`),
    )
    await edit(keys.ours, `write(text.replace('one', 'other'))`, '-s', 'x.yaml')
    await edit(keys.ours, `write(text.replace('other', 'third'))`, 'x.yaml')
    for (const program of [keys.ours, keys.sops]) {
      expect(await opened(program, 'x.yaml')).toBe('a: third\n')
      expect((await program(['decrypt', 'x.yaml'], { identities: bob.identity })).status).toBe(128)
    }
  })
})

describe('a signal to the program alone', () => {
  test.for(['SIGTERM', 'SIGINT'] as const)('%s ends both programs alike', async (signal) => {
    const endings = []
    for (const program of [[sopsBin], [process.execPath, cliPath]]) {
      await encrypted('x.yaml', 'a: one\n')
      endings.push(await endWith(signal, program))
    }
    const [theirs, ours] = endings
    expect(ours?.status).toBe(theirs?.status)
    expect(ours?.stderr.startsWith(theirs?.stderr ?? '-'), ours?.stderr).toBe(true)
    for (const { path } of endings) expect(existsSync(dirname(path)), path).toBe(false)
  })
})

interface Ended {
  readonly status: number | null
  readonly stderr: string
  readonly path: string
}

async function endWith(signal: NodeJS.Signals, [file = '', ...args]: readonly string[]): Promise<Ended> {
  rmSync(keys.path('told'), { force: true })
  keys.write('slow', '#!/bin/sh\necho "$1" >told.new\nmv told.new told\nexec sleep 5\n')
  const child = spawn(file, [...args, 'edit', 'x.yaml'], {
    cwd: keys.path(''),
    env: { PATH: process.env.PATH, HOME: keys.path(''), SOPS_AGE_KEY: alice.identity, EDITOR: 'sh slow' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  // An editor that sops leaves behind keeps the pipe open.
  const ended = new Promise<number | null>((done) => child.on('exit', done))
  while (!existsSync(keys.path('told'))) await wait(20)
  child.kill(signal)
  const status = await ended
  await wait(100)
  return { status, stderr, path: read('told').trim() }
}
