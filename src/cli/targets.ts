// Which files a command line means: files as given, directories walked with --recursive. A walk follows no symbolic
// link, so it cannot leave its tree, and passes by what holds no files of the user's own.
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { SopsError } from '../errors.ts'
import { CommandError, readStatus } from './exit-status.ts'
import { explain } from './files.ts'
import { quoteGo } from './quote.ts'

/** Directories that hold no files of the user's own. */
export const passedBy: ReadonlySet<string> = new Set(['.git', 'node_modules'])
export const configNames: ReadonlySet<string> = new Set(['.sops.yaml', '.sops.yml'])

export interface Target {
  /** As the user will know it. */
  readonly name: string
  /** Absolute; undefined: stdin. */
  readonly path: string | undefined
  /** The same for two names of one file. */
  readonly identity: string
  /** Found in a directory, not named: it may be none of our business. */
  readonly found: boolean
  /** Where it goes below an --output directory. */
  readonly below: string
}

export interface TargetFailure {
  readonly name: string
  readonly error: unknown
}

export interface Targets {
  readonly targets: readonly Target[]
  readonly failures: readonly TargetFailure[]
}

/** The path without symbolic links, where there is such a file. */
export function identify(path: string): Promise<string> {
  return realpath(path).catch(() => path)
}

/** Finds the files, each once, in the order given; within a directory by name. */
export async function findTargets(names: readonly string[], cwd: string, recursive: boolean): Promise<Targets> {
  const targets: Target[] = []
  const failures: TargetFailure[] = []
  const seen = new Set<string>()
  const add = async (target: Target): Promise<void> => {
    if (!seen.has(target.identity)) targets.push(target)
    seen.add(target.identity)
  }
  for (const name of names) {
    try {
      const fail = (failure: TargetFailure): void => void failures.push(failure)
      for (const target of await expand(name, cwd, recursive, fail)) await add(target)
    } catch (error) {
      failures.push({ name, error })
    }
  }
  return { targets, failures }
}

async function expand(
  name: string,
  cwd: string,
  recursive: boolean,
  fail: (failure: TargetFailure) => void,
): Promise<readonly Target[]> {
  if (name === '-') return [{ name, path: undefined, identity: name, found: false, below: '' }]
  const path = resolve(cwd, name)
  if (!(await isDirectory(path))) {
    return [{ name, path, identity: await identify(path), found: false, below: basename(path) }]
  }
  if (!recursive) {
    throw new CommandError(
      readStatus,
      `Error reading file: read ${path}: is a directory`,
      'Use --recursive for directories.',
    )
  }
  const found = await walkDirectory(path, (directory, error) => fail({ name: join(name, directory), error }))
  // A walk follows no link, so that below a real root every path is real.
  const root = await identify(path)
  return found.map((below) => ({
    name: join(name, below),
    path: join(path, below),
    identity: join(root, below),
    found: true,
    below,
  }))
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if (explain(error) !== 'no such file or directory') return false
    throw new SopsError('ERR_SOPS_INPUT', `Error: cannot operate on non-existent file ${quoteGo(path)}`)
  }
}

async function walkDirectory(
  root: string,
  fail: (directory: string, error: unknown) => void,
): Promise<readonly string[]> {
  const files: string[] = []
  const open = ['']
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    try {
      for (const entry of await readdir(join(root, directory), { withFileTypes: true })) {
        const path = join(directory, entry.name)
        if (entry.isDirectory() && !passedBy.has(entry.name)) open.push(path)
        else if (entry.isFile() && !configNames.has(entry.name)) files.push(path)
      }
    } catch (error) {
      const reason = `open ${join(root, directory)}: ${explain(error)}`
      fail(directory, new CommandError(readStatus, `Error reading directory: ${reason}`))
    }
  }
  return files.sort()
}
