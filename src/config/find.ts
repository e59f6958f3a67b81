// Where .sops.yaml lies: in the working directory or the nearest directory above it that has one, as sops looks for it.
import { posix, win32 } from 'node:path'

const fileName = '.sops.yaml'
const misspeltName = '.sops.yml'
const maxLevels = 100

/** The part of a file system that the search needs. */
export interface FileSystem {
  readonly platform: 'linux' | 'darwin' | 'win32'
  exists(path: string): Promise<boolean>
}

export interface FoundConfig {
  /** Absolute; undefined when there is none. */
  readonly path: string | undefined
  /** A `.sops.yml` that was passed over. */
  readonly warning: string | undefined
}

/** `directory` is absolute. */
export async function findConfigFile(directory: string, files: FileSystem): Promise<FoundConfig> {
  const path = files.platform === 'win32' ? win32 : posix
  let misspelt: string | undefined
  let current = directory
  for (let level = 0; level < maxLevels; level++) {
    const up = '../'.repeat(level)
    if (await files.exists(path.join(current, fileName))) {
      return { path: path.join(current, fileName), warning: warn(misspelt, up + fileName) }
    }
    if (misspelt === undefined && (await files.exists(path.join(current, misspeltName)))) misspelt = up + misspeltName
    const parent = path.dirname(current)
    if (parent === current) break
    current = parent
  }
  return { path: undefined, warning: warn(misspelt) }
}

function warn(misspelt: string | undefined, used?: string): string | undefined {
  if (misspelt === undefined) return undefined
  const instead = used === undefined ? '' : `; using "${used}" instead`
  return `ignoring "${misspelt}" when searching for config file; the config file must be called "${fileName}"${instead}`
}
