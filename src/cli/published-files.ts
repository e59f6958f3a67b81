// The files of a directory that is published, in the order of sops. A symbolic link is followed to a file of the same
// directory, never out of it.
import { readdir, realpath, stat } from 'node:fs/promises'
import { join, sep } from 'node:path'
import { CommandError } from './exit-status.ts'
import { explain } from './files.ts'
import { configNames, passedBy } from './targets.ts'

export interface FoundFiles {
  /** Paths below the directory. */
  readonly files: readonly string[]
  readonly failures: readonly { readonly file: string; readonly error: unknown }[]
}

export async function filesBelow(directory: string): Promise<FoundFiles> {
  const root = await realpath(directory)
  const files: string[] = []
  const failures: { file: string; error: unknown }[] = []
  const open: (string | Entry)[] = ['']
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const below = typeof next === 'string' ? next : next.path
    try {
      if (typeof next === 'string') open.push(...(await entriesOf(root, next)).toReversed())
      else if (next.isLink) await checkLink(root, below)
      if (typeof next !== 'string') files.push(below)
    } catch (error) {
      failures.push({ file: below, error })
    }
  }
  return { files, failures }
}

/** A file or a link; a directory is its path alone. */
interface Entry {
  readonly path: string
  readonly isLink: boolean
}

async function entriesOf(root: string, directory: string): Promise<readonly (string | Entry)[]> {
  try {
    const entries = await readdir(join(root, directory), { withFileTypes: true })
    entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    return entries.flatMap((entry): (string | Entry)[] => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) return passedBy.has(entry.name) ? [] : [path]
      if (configNames.has(entry.name)) return []
      return entry.isFile() || entry.isSymbolicLink() ? [{ path, isLink: entry.isSymbolicLink() }] : []
    })
  } catch (error) {
    throw new CommandError(1, `open ${join(root, directory)}: ${explain(error)}`)
  }
}

async function checkLink(root: string, link: string): Promise<void> {
  const target = await realpath(join(root, link)).catch(() => undefined)
  const isInside = target?.startsWith(root.endsWith(sep) ? root : root + sep) === true
  if (target !== undefined && isInside && (await stat(target)).isFile()) return
  throw new CommandError(1, 'it is a symbolic link that leads to no file of the directory: it is not followed')
}
