// Files that a configuration names: inside the root of the kustomization after symbolic links, regular, and not too
// large. Nothing else of them is told than why they were refused.
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { Refusal } from './finding.ts'
import type { Settings } from './settings.ts'
import { FileProblem, type Files } from './world.ts'

const wayOut = 'TSOPS_KRM_ROOT can name a directory further up'

export class ConfinedFiles {
  readonly files: Files
  readonly #settings: Settings
  #wideRoot: Promise<string> | undefined

  constructor(files: Files, settings: Settings) {
    this.files = files
    this.#settings = settings
  }

  /** The real path of a file below `root` (default: the kustomization's). Throws Refusal. */
  async locate(path: string, root: string = this.files.root): Promise<string> {
    checkText(path)
    const limit = this.#settings.root === undefined ? root : await this.#widen()
    const absolute = resolve(root, path)
    // Before anything is looked at: whether a file outside exists is nobody's business. A root may be named by a link.
    if (!isInside(absolute, limit) && !isInside(absolute, resolve(this.files.root, this.#settings.root ?? root))) {
      throw outside()
    }
    const real = await this.files.realPath(absolute).catch((error: unknown) => {
      throw refusalOf(error)
    })
    if (!isInside(real, limit)) throw outside()
    return real
  }

  /** Throws Refusal. */
  async read(real: string): Promise<Uint8Array> {
    try {
      return await this.files.read(real, this.#settings.maxFileSize)
    } catch (error) {
      throw refusalOf(error, this.#settings.maxFileSize)
    }
  }

  #widen(): Promise<string> {
    const wide = resolve(this.files.root, this.#settings.root ?? '')
    return (this.#wideRoot ??= this.files.realPath(wide).catch(() => {
      throw new Refusal('TSOPS_KRM_ROOT names a directory that is not there')
    }))
  }
}

function checkText(path: string): void {
  if (path === '') throw new Refusal('the path is empty')
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(path)) throw new Refusal('it is a URL: only files are read')
  if (path.includes('\0')) throw new Refusal('the path holds a NUL character')
}

export function isInside(path: string, root: string): boolean {
  const way = relative(root, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function outside(): Refusal {
  return new Refusal(`the path leads out of the root of the kustomization; ${wayOut}`)
}

const reasons = new Map<unknown, string>([
  ['ENOENT', 'there is no such file'],
  ['ENOTDIR', 'there is no such file'],
  ['ELOOP', 'too many symbolic links'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ENAMETOOLONG', 'the path is too long'],
  ['EISDIR', 'it is a directory'],
])

function refusalOf(error: unknown, limit = 0): Refusal {
  if (error instanceof FileProblem) {
    if (error.problem === 'not-a-file') return new Refusal('it is not a regular file')
    return new Refusal(`the file is larger than ${String(limit)} bytes; TSOPS_KRM_MAX_FILE_SIZE can allow more`)
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return new Refusal(reasons.get(code) ?? 'it cannot be read')
}
