import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { swapFiles } from '../../src/cli/swapped-directory.ts'

let directory = ''

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'swapped-'))
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, text: string, mode = 0o400): { name: string; bytes: Uint8Array; mode: number } {
  return { name, bytes: Buffer.from(text), mode }
}

function names(): readonly string[] {
  return readdirSync(directory)
    .filter((name) => !/^\.\.\d/.test(name))
    .sort()
}

test('files appear under their names, with their modes', () => {
  swapFiles(directory, [file('a', 'one'), file('b', 'two', 0o444)])
  expect(names()).toEqual(['..data', 'a', 'b'])
  expect(readFileSync(join(directory, 'b'), 'utf8')).toBe('two')
  expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o400)
  expect(statSync(join(directory, 'b')).mode & 0o777).toBe(0o444)
  expect(statSync(join(directory, '..data')).mode & 0o777).toBe(0o711)
})

test('nobody else gets in when no file is for anybody else', () => {
  swapFiles(directory, [file('a', 'one')])
  expect(statSync(join(directory, '..data')).mode & 0o777).toBe(0o700)
})

test('the next time the old files go, also those of a process that was killed', () => {
  swapFiles(directory, [file('a', 'one'), file('b', 'two')])
  const old = readlinkSync(join(directory, '..data'))
  const killed = join(directory, '..20200101000000000.0badcafe')
  mkdirSync(killed)
  utimesSync(killed, 0, 0)
  swapFiles(directory, [file('b', 'three'), file('c', 'four')])
  expect(names()).toEqual(['..data', 'b', 'c'])
  expect(readFileSync(join(directory, 'b'), 'utf8')).toBe('three')
  expect(existsSync(join(directory, old))).toBe(false)
  expect(existsSync(killed)).toBe(false)
  expect(readdirSync(directory).filter((name) => /^\.\.\d/.test(name))).toHaveLength(1)
})

test('a file of somebody else stays, and nothing is written', () => {
  writeFileSync(join(directory, 'b'), 'mine')
  expect(() => swapFiles(directory, [file('a', 'one'), file('b', 'two')])).toThrow(
    /b is there, and was not made by to-files/,
  )
  expect(names()).toEqual(['b'])
  expect(readdirSync(directory)).toHaveLength(1)
})

test('a link that leads elsewhere is somebody else’s', () => {
  symlinkSync('/etc', join(directory, '..data'))
  expect(() => swapFiles(directory, [file('a', 'one')])).toThrow(/was not made by to-files/)
  expect(lstatSync(join(directory, '..data')).isSymbolicLink()).toBe(true)
})

test('a failure leaves the old files', () => {
  swapFiles(directory, [file('a', 'one')])
  expect(() => swapFiles(directory, [file('a', 'two'), file('x/y', 'three')])).toThrow(/Could not write to/)
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('one')
  expect(readdirSync(directory)).toHaveLength(3)
})
