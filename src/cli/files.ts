// Reading and writing. A file is never half written: its new text is complete in a sibling file before the name moves
// over. A sibling is known from the moment it exists, so that a signal can take it away.
import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import type { Stats } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { getSystemErrorMap, promisify } from 'node:util'
import { SopsError } from '../errors.ts'
import { CommandError, readStatus, writeStatus } from './exit-status.ts'
import type { Io } from './io.ts'
import { logLine } from './log.ts'
import { quoteGo } from './quote.ts'

const stdinPaths: ReadonlySet<string> = new Set(['/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])
const stdoutPaths: ReadonlySet<string> = new Set(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1'])

/** Whether a path, or none, means stdin. */
export function isStdin(path: string | undefined): boolean {
  return path === undefined || stdinPaths.has(path)
}

/** Everything on stdin. Throws CommandError. */
export async function readStdin(io: Io): Promise<Uint8Array> {
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of io.stdin) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    throw new CommandError(readStatus, `Error reading from stdin: ${explain(error)}`)
  }
}

/** The first positional. Throws SopsError ERR_SOPS_INPUT when there is none. */
export function requireFile([file]: readonly string[]): string {
  if (file === undefined) throw new SopsError('ERR_SOPS_INPUT', 'Error: no file specified')
  return file
}

/** Throws SopsError ERR_SOPS_INPUT when there is no such file. */
export async function checkExists(path: string): Promise<void> {
  try {
    if (!isStdin(path)) await stat(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') return
    throw new SopsError('ERR_SOPS_INPUT', `Error: cannot operate on non-existent file ${quoteGo(path)}`)
  }
}

/** The bytes of a file. `name`: what a message calls it. Throws CommandError. */
export async function readInput(io: Io, path: string, name: string = path): Promise<Uint8Array> {
  // A pipe or a socket cannot always be opened again by name.
  if (isStdin(path)) return readStdin(io)
  try {
    return await readFile(path)
  } catch (error) {
    const isDirectory = codeOf(error) === 'EISDIR'
    const hint = isDirectory ? '`tsops encrypt`, `decrypt` and `rotate` take directories with --recursive.' : undefined
    const reason = `${isDirectory ? 'read' : 'open'} ${name}: ${explain(error)}`
    throw new CommandError(readStatus, `Error reading file: ${reason}`, hint)
  }
}

/**
 * Writes all of `bytes` to `path` or changes nothing. Symbolic links are written through; mode and, for root, owner are kept.
 * Throws SopsError ERR_SOPS_OUTPUT, and CommandError that `beforeReplacing`, called last of all, throws.
 */
export async function writeOutput(
  io: Io,
  path: string,
  bytes: Uint8Array,
  what: 'in-place' | 'output',
  beforeReplacing: () => void = () => undefined,
): Promise<void> {
  const absolute = resolve(io.cwd, path)
  if (stdoutPaths.has(absolute)) return writeStdout(io, bytes)
  try {
    const old = statSync(absolute, { throwIfNoEntry: false })
    if (old?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' })
    if (old === undefined || old.isFile()) {
      if (old !== undefined && old.nlink > 1) warnOfHardLinks(io, path)
      await replaceFile(followLinks(absolute), bytes, old, beforeReplacing)
      return
    }
  } catch (error) {
    if (error instanceof CommandError) throw error
    const reason = `open ${path}: ${explain(error)}`
    const hint = needsDirectory.has(codeOf(error))
      ? 'A new file is written beside the old one and takes its name, so the directory must be writable, too.'
      : undefined
    throw new SopsError(
      'ERR_SOPS_OUTPUT',
      `Could not open ${what} file for writing: ${reason}`,
      hint === undefined ? {} : { hint },
    )
  }
  return writeDevice(absolute, bytes)
}

/**
 * Writes over a file that holds `before`, and not over what somebody else wrote meanwhile.
 * Throws CommandError, SopsError ERR_SOPS_OUTPUT.
 */
export async function rewriteFile(io: Io, path: string, before: Uint8Array, after: Uint8Array): Promise<void> {
  const absolute = resolve(io.cwd, path)
  await writeOutput(io, absolute, after, 'in-place', () => {
    if (Buffer.compare(readFileSync(absolute), before) === 0) return
    const reason = `${absolute} was changed by somebody else meanwhile: nothing is written`
    throw new CommandError(writeStatus, reason, 'Run the command again.')
  })
}

function warnOfHardLinks(io: Io, path: string): void {
  logLine(io, 'warning', `${path} has other hard links: they keep the old text`)
}

const needsDirectory: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY'])

/** Throws CommandError. */
export async function writeStdout(io: Io, bytes: Uint8Array): Promise<void> {
  try {
    await io.stdout.write(bytes)
  } catch (error) {
    throw new CommandError(1, `write /dev/stdout: ${explain(error)}`)
  }
}

// A pipe or a device has no whole to keep, and its name must not be replaced by a file.
async function writeDevice(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(path, bytes)
  } catch (error) {
    if (codeOf(error) === 'EPIPE') return
    throw new CommandError(1, `write ${path}: ${explain(error)}`)
  }
}

/** Writes a new file that nobody else can read. Throws SopsError ERR_SOPS_OUTPUT, also when there is one already. */
export function createSecretFile(path: string, text: string): void {
  try {
    const file = openSync(path, 'wx', 0o600)
    try {
      writeFileSync(file, text)
      fsyncSync(file)
    } catch (error) {
      rmSync(path, { force: true })
      throw error
    } finally {
      closeSync(file)
    }
  } catch (error) {
    throw new SopsError('ERR_SOPS_OUTPUT', `Could not write ${path}: ${explain(error)}`)
  }
}

const temporaries = new Set<string>()

/** For a signal: what is half written goes, before the process does. */
export function removeTemporaries(): void {
  for (const path of temporaries) rmSync(path, { recursive: true, force: true })
}

/** A path that a signal takes away, until the function that comes back is called. */
export function registerTemporary(path: string): () => void {
  temporaries.add(path)
  return () => temporaries.delete(path)
}

const synchronize = promisify(fsync)

async function replaceFile(
  path: string,
  bytes: Uint8Array,
  old: Stats | undefined,
  beforeReplacing: () => void,
): Promise<void> {
  // Replacing a name asks nothing of the file itself; sops would not write to one that is read-only.
  if (old !== undefined) accessSync(path, constants.W_OK)
  const temporary = join(dirname(path), `.tsops-${randomBytes(9).toString('base64url')}.tmp`)
  const file = openSync(temporary, 'wx', old === undefined ? 0o666 : 0o600)
  temporaries.add(temporary)
  try {
    try {
      const mode = makePrivate(file)
      writeFileSync(file, bytes)
      if (old === undefined) fchmodSync(file, mode)
      else keepOwner(file, old)
      // Without this a power failure could leave the new name on an empty file; the old name on the old file is no
      // harm.
      await synchronize(file)
    } finally {
      closeSync(file)
    }
    beforeReplacing()
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  } finally {
    temporaries.delete(temporary)
  }
}

// What a killed process leaves behind may be plain text. Gives the mode that the umask and the directory left.
function makePrivate(file: number): number {
  const mode = fstatSync(file).mode & 0o7777
  try {
    fchmodSync(file, 0o600)
  } catch {
    // A file system that knows no modes.
  }
  return mode
}

function keepOwner(file: number, old: Stats): void {
  const now = fstatSync(file)
  let mode = old.mode & 0o7777
  if (process.getuid?.() === 0) {
    if (now.uid !== old.uid || now.gid !== old.gid) fchownSync(file, old.uid, old.gid)
  } else {
    if (now.uid !== old.uid) mode &= ~0o4000
    mode &= keepGroup(file, now, old)
  }
  fchmodSync(file, mode)
}

// Gives the bits that the mode may have.
function keepGroup(file: number, now: Stats, old: Stats): number {
  if (now.gid === old.gid) return 0o7777
  try {
    fchownSync(file, now.uid, old.gid)
    return 0o7777
  } catch {
    // The bits were meant for another group than the file now has.
    return ~0o6070
  }
}

const maxLinks = 40

// Where the bytes go: the end of a chain of links, which need not exist yet.
function followLinks(path: string): string {
  let at = path
  for (let links = 0; links < maxLinks; links += 1) {
    at = join(realpathSync(dirname(at)), basename(at))
    if (lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return at
    at = resolve(dirname(at), readlinkSync(at))
  }
  throw Object.assign(new Error(), { code: 'ELOOP' })
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** The system's words for what failed, as Go prints them. */
export function explain(error: unknown): string {
  const code = codeOf(error)
  for (const [name, text] of getSystemErrorMap().values()) if (name === code) return spelled.get(name) ?? text
  return 'unknown error'
}

const spelled = new Map([
  ['EISDIR', 'is a directory'],
  ['ENOTDIR', 'not a directory'],
  ['EEXIST', 'file exists'],
  ['ELOOP', 'too many levels of symbolic links'],
  ['EBUSY', 'device or resource busy'],
])
