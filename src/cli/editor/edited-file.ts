// The file in the editor: under the name of the encrypted one, in a private directory, 0600, until it is wiped.
import { readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { CommandError, readStatus, writeStatus } from '../exit-status.ts'
import { explain } from '../files.ts'
import type { Io } from '../io.ts'
import { makePrivateDirectory, type PrivateDirectory, writePrivateFile } from '../private-directory.ts'
import { overwriteTree } from './wipe.ts'

export class EditedFile {
  readonly path: string
  readonly #directory: PrivateDirectory

  /** `like`: the path of the encrypted file. Throws CommandError. */
  static create(io: Io, like: string, text: Uint8Array): EditedFile {
    try {
      // Memory, whatever TMPDIR says.
      return new EditedFile(makeDirectory({ env: { ...io.env, TMPDIR: '' }, cwd: io.cwd }), like, text)
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      // The memory may be too small.
      const named = io.env.TMPDIR ?? ''
      const place = { env: { ...io.env, TMPDIR: named === '' ? tmpdir() : named }, cwd: io.cwd }
      return new EditedFile(makeDirectory(place), like, text)
    }
  }

  private constructor(directory: PrivateDirectory, like: string, text: Uint8Array) {
    this.#directory = directory
    this.path = join(directory.path, basename(like))
    try {
      writePrivateFile(this.path, text)
    } catch (error) {
      this.wipe()
      throw new CommandError(writeStatus, `Could not write temporary file: open ${this.path}: ${explain(error)}`)
    }
  }

  /** Whatever the editor made of it. Throws CommandError. */
  read(): Uint8Array {
    try {
      const stats = statSync(this.path)
      if (stats.isFile()) return readFileSync(this.path)
      throw new CommandError(
        readStatus,
        this.#unreadable(stats.isDirectory() ? 'is a directory' : 'not a regular file'),
      )
    } catch (error) {
      throw error instanceof CommandError ? error : new CommandError(readStatus, this.#unreadable(explain(error)))
    }
  }

  #unreadable(reason: string): string {
    return `Could not read edited file: ${this.path}: ${reason}`
  }

  /** Puts another text in its place, or keeps the one that is there. */
  replace(text: Uint8Array): void {
    const next = join(this.#directory.path, '.next')
    try {
      writePrivateFile(next, text)
      renameSync(next, this.path)
    } catch {
      rmSync(next, { force: true })
    }
  }

  /** Leaves the directory: an editor that saves when it is ended must find no other place for the text. */
  empty(): void {
    overwriteTree(this.#directory.path)
    for (const name of readdirSync(this.#directory.path)) {
      rmSync(join(this.#directory.path, name), { recursive: true, force: true })
    }
  }

  /** May be called twice. Throws CommandError when something is still there. */
  wipe(): void {
    overwriteTree(this.#directory.path)
    this.#directory.remove()
  }
}

function makeDirectory(place: Pick<Io, 'env' | 'cwd'>): PrivateDirectory {
  try {
    return makePrivateDirectory(place)
  } catch (error) {
    throw error instanceof CommandError ? new CommandError(writeStatus, error.message) : error
  }
}
