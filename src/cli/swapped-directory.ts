// A directory whose files change all at once, as a volume of Kubernetes does it: the names are links through `..data`,
// which points to a directory that is complete before the link moves over.
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { SopsError } from '../errors.ts'
import { explain, registerTemporary } from './files.ts'

export interface NewFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly mode: number
}

const current = '..data'

/** Puts the files in place of those of the last time. Throws SopsError ERR_SOPS_OUTPUT; then the old ones are there, whole. */
export function swapFiles(directory: string, files: readonly NewFile[]): void {
  try {
    mkdirSync(directory, { recursive: true })
    checkStrangers(directory, files)
    const version = `..${new Date().toISOString().replace(/\D/g, '')}.${randomBytes(4).toString('hex')}`
    const unregister = registerTemporary(join(directory, version))
    try {
      writeVersion(join(directory, version), files)
      const previous = readCurrent(directory)
      moveLink(directory, current, version)
      unregister()
      linkNames(directory, files)
      removeOld(directory, previous)
    } catch (error) {
      if (readCurrent(directory) !== version) rmSync(join(directory, version), { recursive: true, force: true })
      throw error
    } finally {
      unregister()
    }
  } catch (error) {
    if (error instanceof SopsError) throw error
    throw new SopsError('ERR_SOPS_OUTPUT', `Could not write to ${directory}: ${explain(error)}`)
  }
}

const killedAfter = 60_000

// Besides what was current, versions of a process that was killed. One that is younger may be another's work.
function removeOld(directory: string, previous: string | undefined): void {
  const now = readCurrent(directory)
  for (const name of readdirSync(directory)) {
    if (!versionName.test(name) || name === now) continue
    const path = join(directory, name)
    const age = Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
    if (name === previous || age > killedAfter) rmSync(path, { recursive: true, force: true })
  }
}

const versionName = /^\.\.\d+\.[0-9a-f]+$/

/** A version that was swapped in; undefined when there is none. */
function readCurrent(directory: string): string | undefined {
  try {
    const target = readlinkSync(join(directory, current))
    return versionName.test(target) ? target : undefined
  } catch {
    return undefined
  }
}

// Somebody else's file of the same name is not ours to replace.
function checkStrangers(directory: string, files: readonly NewFile[]): void {
  for (const name of [current, ...files.map((each) => each.name)]) {
    const found = lstatSync(join(directory, name), { throwIfNoEntry: false })
    if (found === undefined || isOurs(directory, name)) continue
    throw new SopsError('ERR_SOPS_OUTPUT', `${join(directory, name)} is there, and was not made by to-files`, {
      hint: 'Name another directory, or move the file away.',
    })
  }
}

function isOurs(directory: string, name: string): boolean {
  if (name === current) return readCurrent(directory) !== undefined
  try {
    return readlinkSync(join(directory, name)) === join(current, name)
  } catch {
    return false
  }
}

// Whoever may read one of the files must get through the directory.
function writeVersion(path: string, files: readonly NewFile[]): void {
  mkdirSync(path, { mode: 0o700 })
  for (const { name, bytes, mode } of files) writeSecret(join(path, name), bytes, mode)
  const readers = files.reduce((bits, { mode }) => bits | mode, 0) & 0o044
  chmodSync(path, 0o700 | (readers >> 2))
  synchronize(path)
}

function writeSecret(path: string, bytes: Uint8Array, mode: number): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  chmodSync(path, mode)
}

function synchronize(directory: string): void {
  const file = openSync(directory, 'r')
  try {
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function moveLink(directory: string, name: string, target: string): void {
  const temporary = join(directory, `..${randomBytes(9).toString('base64url')}.tmp`)
  symlinkSync(target, temporary)
  try {
    renameSync(temporary, join(directory, name))
  } catch (error) {
    unlinkSync(temporary)
    throw error
  }
}

function linkNames(directory: string, files: readonly NewFile[]): void {
  const names = new Set(files.map(({ name }) => name))
  for (const name of names) {
    if (!isOurs(directory, name)) moveLink(directory, name, join(current, name))
  }
  for (const name of readdirSync(directory)) {
    // Some Node.js 24 let a link to nothing stay that rmSync should take away.
    if (name !== current && !names.has(name) && isOurs(directory, name)) unlinkSync(join(directory, name))
  }
}
