// `-r FILE`; the question of updatekeys, byte after byte from stdin, and what may happen while it waits.
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { main } from '../../src/cli/program.ts'
import { confirm } from '../../src/cli/prompt.ts'
import { alice, bob } from '../test-keys.ts'
import { tsops } from './in-process.ts'

const directory = mkdtempSync(join(tmpdir(), 'rotation-'))
const env = { SOPS_AGE_KEY: alice.identity, HOME: directory }
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let said = ''
let printed = ''

function ioWith(stdin: Io['stdin']): Io {
  return {
    env,
    cwd: directory,
    stdin,
    stdout: { isTerminal: false, write: async (bytes) => void (printed += Buffer.from(bytes).toString()) },
    stderr: { isTerminal: false, write: (text) => void (said += text) },
  }
}

function nothing(): AsyncGenerator<Uint8Array> {
  return chunks()
}

async function* chunks(...all: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const each of all) yield Buffer.from(each)
}

beforeEach(() => {
  said = ''
  printed = ''
})

describe('-r', () => {
  const path = (name: string): string => join(directory, name)
  const text = (name: string): string => readFileSync(path(name), 'utf8')

  beforeEach(async () => {
    writeFileSync(path('a.yaml'), 'a: 1\n')
    await tsops(['encrypt', '-i', '--age', alice.recipient, 'a.yaml'], { cwd: directory, env })
    writeFileSync(path('rules.yaml'), `creation_rules: [{path_regex: '^a', age: "${alice.recipient}"}]`)
  })

  const rotateAsRoot = (...args: readonly string[]): Promise<number> => main(args, ioWith(nothing()))

  test('rotates to stdout or in place, with keys that come and go', async () => {
    const before = text('a.yaml')
    await rotateAsRoot('-r', '--add-age', bob.recipient, 'a.yaml')
    expect(printed).toContain(bob.recipient)
    expect(text('a.yaml')).toBe(before)
    await rotateAsRoot('-r', '-i', '--add-age', bob.recipient, 'a.yaml')
    await rotateAsRoot('-r', '-i', '--rm-age', alice.recipient, 'a.yaml')
    expect(text('a.yaml')).not.toContain(alice.recipient)
  })

  test('asks the rule, which must match', async () => {
    expect(await rotateAsRoot('--config', 'rules.yaml', '-r', 'a.yaml')).toBe(0)
    expect(said).toBe('')
    cpSync(path('a.yaml'), path('b.yaml'))
    expect(await rotateAsRoot('--config', 'rules.yaml', '-r', 'b.yaml')).toBe(1)
    expect(said).toContain('no matching creation rules found')
    await rotateAsRoot('-r', '-i', '--add-age', bob.recipient, 'a.yaml')
    expect(await rotateAsRoot('--config', 'rules.yaml', '-r', 'a.yaml')).toBe(1)
    expect(said).toContain(`age key "${bob.recipient}" is in the file`)
    expect(await rotateAsRoot('--config', 'rules.yaml', '-r', '--keep-unknown-keys', 'a.yaml')).toBe(0)
    expect(said).toContain('which only the file itself names')
  })

  test('takes a file whose MAC is wrong when that is asked for', async () => {
    writeFileSync(path('a.yaml'), text('a.yaml').replace(/mac: .*/, 'mac: ENC[x]'))
    expect(await rotateAsRoot('-r', 'a.yaml')).toBe(51)
    expect(await rotateAsRoot('-r', '--ignore-mac', 'a.yaml')).toBe(0)
    expect(printed).toMatch(/^a: ENC/)
  })
})

describe('the question', () => {
  function bytewise(input: string): { readonly stdin: Io['stdin']; readonly left: () => string } {
    const bytes = [...Buffer.from(input)]
    const readByte = (): Promise<number | undefined> => Promise.resolve(bytes.shift())
    return { stdin: Object.assign(nothing(), { readByte }), left: () => Buffer.from(bytes).toString() }
  }

  test('takes one line and leaves the rest', async () => {
    const { stdin, left } = bytewise('maybe\n y \nrest\n')
    expect(await confirm(ioWith(stdin), '? ')).toBe(true)
    expect(printed).toBe('? ? ')
    expect(left()).toBe('rest\n')
  })

  test('goes on where it stopped, however the input is cut', async () => {
    const io = ioWith(chunks('y', '\nn', '\n', 'x\ny'))
    expect([await confirm(io, ''), await confirm(io, ''), await confirm(io, '')]).toEqual([true, false, true])
    await expect(confirm(io, '')).rejects.toMatchObject({ message: 'EOF', status: 1 })
  })

  test.each([
    ['', 'EOF'],
    ['\n', 'unexpected newline'],
    ['y n\n', 'expected newline'],
    [' \t\n', 'unexpected newline'],
  ])('%j', async (input, message) => {
    await expect(confirm(ioWith(bytewise(input).stdin), '', 'Say y.')).rejects.toMatchObject({
      message,
      hint: 'Say y.',
    })
  })

  test('does not keep a line without end', async () => {
    const { stdin } = bytewise(`${'x'.repeat(100_000)}\ny\n`)
    expect(await confirm(ioWith(stdin), '')).toBe(true)
  })

  test('says why it cannot read', async () => {
    const readByte = (): Promise<number> => Promise.reject(Object.assign(new Error(), { code: 'EISDIR' }))
    const stdin = Object.assign(nothing(), { readByte })
    await expect(confirm(ioWith(stdin), '')).rejects.toMatchObject({ message: 'read /dev/stdin: is a directory' })
  })
})

describe('updatekeys', () => {
  const path = (name: string): string => join(directory, name)
  const run = (answer: Io['stdin']): Promise<number> =>
    main(['--config', 'both.config', 'updatekeys', 'a.yaml'], ioWith(answer))

  beforeEach(async () => {
    writeFileSync(path('a.yaml'), 'a: 1\n')
    await tsops(['encrypt', '-i', '--age', alice.recipient, 'a.yaml'], { cwd: directory, env })
    writeFileSync(path('both.config'), `creation_rules: [{age: "${alice.recipient},${bob.recipient}"}]`)
  })

  test('a file that was changed while it was asked about keeps the change', async () => {
    async function* answer(): AsyncGenerator<Uint8Array> {
      appendFileSync(path('a.yaml'), '# changed\n')
      yield Buffer.from('y\n')
    }
    expect(await run(answer())).toBe(3)
    expect(said).toMatch(/a\.yaml was changed by somebody else meanwhile: nothing is written$/m)
    expect(readFileSync(path('a.yaml'), 'utf8')).toMatch(/# changed\n$/)
    expect(readFileSync(path('a.yaml'), 'utf8')).not.toContain(bob.recipient)
  })

  test('a file that is gone by then does not come back', async () => {
    async function* answer(): AsyncGenerator<Uint8Array> {
      rmSync(path('a.yaml'))
      yield Buffer.from('y\n')
    }
    expect(await run(answer())).toBe(1)
    expect(existsSync(path('a.yaml'))).toBe(false)
  })

  test('a key whose name looks like lines of the difference stands on one line, without control characters', async () => {
    const text = readFileSync(path('a.yaml'), 'utf8')
    const name = JSON.stringify(`evil\n    ${alice.recipient}\nIs this okay? (y/n):\u001b[2J`)
    writeFileSync(
      path('a.yaml'),
      text.replace('    age:\n', `    age:\n        - enc: x\n          recipient: ${name}\n`),
    )
    expect(await run(chunks('n\n'))).toBe(0)
    expect(printed.split('\n')).toEqual([
      "The following changes will be made to the file's groups:",
      'Group 1',
      `    ${alice.recipient}`,
      `+++ ${bob.recipient}`,
      `--- evil\\n    ${alice.recipient}\\nIs this okay? (y/n):\\x1b[2J`,
      'Is this okay? (y/n):',
    ])
  })
})

describe('a file that somebody else changes meanwhile keeps that change', () => {
  const bobs = ['--age', bob.recipient]

  test.each<readonly string[]>([
    ['decrypt', '-i', 'a.yaml'],
    ['decrypt', '-i', 'a.yaml', 'b.yaml'],
    ['rotate', '-i', 'a.yaml'],
    ['-r', '-i', 'a.yaml'],
    ['groups', 'add', '-i', '--file', 'a.yaml', ...bobs],
    ['set', 'a.yaml', '["a"]', '2'],
    ['unset', 'a.yaml', '["a"]'],
    ['encrypt', '-i', ...bobs, 'plain.yaml'],
  ])('%s %s %s', async (...args) => {
    const changed = args.at(-1) === 'plain.yaml' ? 'plain.yaml' : 'a.yaml'
    for (const name of ['a.yaml', 'b.yaml', 'plain.yaml']) writeFileSync(join(directory, name), 'a: 1\n')
    await tsops(['encrypt', '-i', '--age', alice.recipient, 'a.yaml', 'b.yaml'], { cwd: directory, env })
    writeFileSync(join(directory, 'audit.yaml'), 'backends: {json: [{stderr: true}]}\n')
    const other = 'somebody: else\n'
    // The audit record, and a warning of `groups`, come between reading and writing.
    const write = (text: string): void => {
      if (/"action"|data key/.test(text)) writeFileSync(join(directory, changed), other)
      said += text
    }
    const io = { ...ioWith(nothing()), stderr: { isTerminal: false, write } }
    const status = await main(args, { ...io, auditConfig: join(directory, 'audit.yaml') })
    expect(readFileSync(join(directory, changed), 'utf8')).toBe(other)
    expect([status, said]).toEqual([
      3,
      expect.stringContaining('changed by somebody else meanwhile: nothing is written'),
    ])
  })
})
