// A directory for plain text: nobody else can enter it, it lies on memory where the system has some, and it is gone on
// every way out.
import {
  chmodSync,
  closeSync,
  fchmodSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Environment } from './argv.ts'
import { CommandError } from './exit-status.ts'
import { explain, registerTemporary } from './files.ts'

export interface PrivateDirectory {
  readonly path: string
  /** Whether what is written there stays in memory. */
  readonly inMemory: boolean
  /** May be called twice. Throws CommandError when the directory is still there. */
  remove(): void
  /** Somebody else will remove it. */
  handOver(): void
}

// The kinds of file system that keep their files in memory: tmpfs, ramfs.
const memoryTypes: ReadonlySet<number> = new Set([0x01021994, 0x858458f6])

/** A directory of its own for one command. TMPDIR, where it is set, says where. Throws CommandError. */
export function makePrivateDirectory({
  env,
  cwd,
}: {
  readonly env: Environment
  readonly cwd: string
}): PrivateDirectory {
  const named = env.TMPDIR ?? ''
  const places =
    named === ''
      ? [...[env.XDG_RUNTIME_DIR ?? '', '/dev/shm'].filter((place) => place !== '' && isMemory(place)), tmpdir()]
      : [resolve(cwd, named)]
  let failure: unknown
  for (const place of places) {
    try {
      return register(makeIn(place), isMemory(place))
    } catch (error) {
      failure = error
    }
  }
  throw new CommandError(1, `Could not make a private directory in ${places.at(-1) ?? ''}: ${explain(failure)}`)
}

function makeIn(place: string): string {
  const path = mkdtempSync(join(place, '.sops'))
  // Whatever the umask says.
  chmodSync(path, 0o700)
  return path
}

function register(path: string, inMemory: boolean): PrivateDirectory {
  const unregister = registerTemporary(path)
  const handOver = (): void => {
    unregister()
    process.removeListener('exit', removeAtExit)
  }
  const remove = (): void => {
    removeTree(path)
    handOver()
  }
  // For an end that nobody foresaw.
  const removeAtExit = (): void => rmSync(path, removal)
  process.once('exit', removeAtExit)
  return { path, inMemory, remove, handOver }
}

// Somebody may still be writing there.
const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 } as const

function removeTree(path: string): void {
  try {
    try {
      rmSync(path, removal)
    } catch {
      openDirectories(path)
      rmSync(path, removal)
    }
  } catch (error) {
    throw new CommandError(1, `Could not remove ${path}: ${explain(error)}`, 'It holds plain text: remove it yourself.')
  }
}

// A program may have left directories that not even their owner can change.
function openDirectories(root: string): void {
  const paths = lstatSync(root).isDirectory() ? [root] : []
  for (let path = paths.pop(); path !== undefined; path = paths.pop()) {
    chmodSync(path, 0o700)
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) paths.push(join(path, entry.name))
    }
  }
}

function isMemory(place: string): boolean {
  try {
    return memoryTypes.has(statfsSync(place).type)
  } catch {
    return false
  }
}

/** A new file for its owner alone, whatever the umask says. Throws the system's error. */
export function writePrivateFile(path: string, content: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    fchmodSync(file, 0o600)
    writeFileSync(file, content)
  } finally {
    closeSync(file)
  }
}
