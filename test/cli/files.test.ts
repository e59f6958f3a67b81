// What a write may leave behind: the old file or the new one, whole, with its mode and its links, and nothing else.

import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { createSecretFile, writeOutput } from '../../src/cli/files.ts'
import type { Io } from '../../src/cli/io.ts'

let directory = ''
let io: Io
const printed: Uint8Array[] = []
const logged: string[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cli-files-'))
  printed.length = 0
  logged.length = 0
  io = {
    env: {},
    cwd: directory,
    stdin: (async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array()
    })(),
    stdout: { isTerminal: false, write: async (bytes) => void printed.push(bytes) },
    stderr: { isTerminal: false, write: (text) => void logged.push(text) },
  }
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

const at = (name: string): string => join(directory, name)
const read = (name: string): string => readFileSync(at(name), 'utf8')
const modeOf = (name: string): number => statSync(at(name)).mode & 0o7777
const write = (name: string, text: string): Promise<void> => writeOutput(io, name, Buffer.from(text), 'output')

async function failure(promise: Promise<void>): Promise<SopsError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof SopsError) return error
  throw new Error('it should have failed with a SopsError')
}

describe('writeOutput', () => {
  test('makes a new file with the mode that the umask leaves', async () => {
    const before = process.umask(0o027)
    try {
      await write('new', 'text')
    } finally {
      process.umask(before)
    }
    expect([read('new'), modeOf('new')]).toEqual(['text', 0o640])
  })

  test.for([0o600, 0o644, 0o660, 0o755, 0o400])('keeps the mode %o', async (mode) => {
    writeFileSync(at('file'), 'old')
    chmodSync(at('file'), mode)
    if (mode === 0o400 && process.getuid?.() !== 0) {
      expect((await failure(write('file', 'new'))).code).toBe('ERR_SOPS_OUTPUT')
      expect(read('file')).toBe('old')
    } else {
      await write('file', 'new')
      expect(read('file')).toBe('new')
    }
    expect(modeOf('file')).toBe(mode)
    expect(readdirSync(directory)).toEqual(['file'])
  })

  test.runIf(process.getuid?.() === 0)('keeps the owner for root', async () => {
    writeFileSync(at('file'), 'old')
    chmodSync(at('file'), 0o640)
    chownSync(at('file'), 12345, 23456)
    await write('file', 'new')
    const { uid, gid } = statSync(at('file'))
    expect([uid, gid, modeOf('file'), read('file')]).toEqual([12345, 23456, 0o640, 'new'])
  })

  test('tells of hard links, which keep the old text', async () => {
    writeFileSync(at('file'), 'old')
    linkSync(at('file'), at('other'))
    await write('file', 'new')
    expect([read('file'), read('other')]).toEqual(['new', 'old'])
    expect(logged.join('')).toContain('msg="file has other hard links: they keep the old text"')
  })

  test('writes through a chain of links', async () => {
    mkdirSync(at('sub'))
    writeFileSync(at('sub/file'), 'old')
    symlinkSync('../b', at('sub/a'))
    symlinkSync('sub/file', at('b'))
    await write('sub/a', 'new')
    expect(read('sub/file')).toBe('new')
    expect(readlinkSync(at('sub/a'))).toBe('../b')
    expect(lstatSync(at('b')).isSymbolicLink()).toBe(true)
    expect(readdirSync(at('sub')).sort()).toEqual(['a', 'file'])
  })

  test('makes the file at the end of a dangling link', async () => {
    symlinkSync('target', at('link'))
    await write('link', 'new')
    expect([read('target'), lstatSync(at('link')).isSymbolicLink()]).toEqual(['new', true])
  })

  test.for([
    ['none/file', 'no such file or directory'],
    ['folder', 'is a directory'],
    ['file/below', 'not a directory'],
    ['loop', 'too many levels of symbolic links'],
    ['x'.repeat(300), 'name too long'],
  ] as const)('fails at %s and leaves nothing', async ([name, reason]) => {
    mkdirSync(at('folder'))
    writeFileSync(at('file'), 'old')
    symlinkSync('loop', at('loop'))
    const error = await failure(write(name, 'new'))
    expect([error.code, error.message]).toEqual([
      'ERR_SOPS_OUTPUT',
      `Could not open output file for writing: open ${name}: ${reason}`,
    ])
    expect(readdirSync(directory).sort()).toEqual(['file', 'folder', 'loop'])
    expect(read('file')).toBe('old')
  })

  test('takes /dev/stdout for stdout, and a device for what it is', async () => {
    await write('/dev/stdout', 'text')
    await write('/dev/null', 'text')
    expect(Buffer.concat(printed).toString()).toBe('text')
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })
})

describe('createSecretFile', () => {
  test('makes a file for its owner alone', () => {
    createSecretFile(at('key'), 'secret')
    expect([read('key'), modeOf('key')]).toEqual(['secret', 0o600])
  })

  test('never overwrites, and follows no link', () => {
    writeFileSync(at('key'), 'old')
    symlinkSync('elsewhere', at('link'))
    expect(() => createSecretFile(at('key'), 'new')).toThrow('file exists')
    expect(() => createSecretFile(at('link'), 'new')).toThrow('file exists')
    expect([read('key'), existsSync(at('elsewhere'))]).toEqual(['old', false])
  })
})
