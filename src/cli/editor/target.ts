// The encrypted file that is edited, as it was when it was read. Nobody else's change is written over unasked.
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SopsError } from '../../errors.ts'
import { CommandError, readStatus, writeStatus } from '../exit-status.ts'
import { explain, readInput, writeOutput } from '../files.ts'
import type { Io } from '../io.ts'

/** Somebody else changed the file while it was edited. */
export class FileChanged extends CommandError {
  constructor(path: string) {
    super(writeStatus, `${path} was changed by somebody else while you edited it: nothing is written`)
    this.name = 'FileChanged'
  }
}

export class Target {
  readonly #io: Io
  readonly path: string
  #bytes: Uint8Array | undefined

  private constructor(io: Io, path: string, bytes: Uint8Array | undefined) {
    this.#io = io
    this.path = path
    this.#bytes = bytes
  }

  /** `path`: absolute. Throws CommandError; SopsError ERR_SOPS_OUTPUT when there is nowhere to write a new file. */
  static async read(io: Io, path: string): Promise<Target> {
    return new Target(io, path, await readIfThere(io, path))
  }

  /** undefined: there was no such file. */
  get bytes(): Uint8Array | undefined {
    return this.#bytes
  }

  /** What somebody else made of the file. */
  async readAgain(): Promise<Uint8Array | undefined> {
    return readIfThere(this.#io, this.path)
  }

  /** From now on, these bytes may be written over. */
  accept(bytes: Uint8Array | undefined): void {
    this.#bytes = bytes
  }

  /** Throws FileChanged; SopsError ERR_SOPS_OUTPUT. */
  async write(bytes: Uint8Array): Promise<void> {
    await writeOutput(this.#io, this.path, bytes, 'in-place', () => this.#check())
  }

  #check(): void {
    const now = statSync(this.path, { throwIfNoEntry: false }) && readFileSync(this.path)
    const isSame =
      now === undefined || this.#bytes === undefined ? now === this.#bytes : Buffer.compare(now, this.#bytes) === 0
    if (!isSame) throw new FileChanged(this.path)
  }
}

async function readIfThere(io: Io, path: string): Promise<Uint8Array | undefined> {
  const kind = kindOf(path)
  if (kind === 'missing') checkDirectory(path)
  if (kind === 'missing') return undefined
  if (kind === 'special') throw new CommandError(readStatus, `Error reading file: open ${path}: not a regular file`)
  return readInput(io, path)
}

function kindOf(path: string): 'missing' | 'special' | 'readable' {
  try {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) return 'missing'
    return stats.isFile() || stats.isDirectory() ? 'readable' : 'special'
  } catch {
    // Reading tells why.
    return 'readable'
  }
}

// Nobody should write a text and learn then that there is no place for it.
function checkDirectory(path: string): void {
  try {
    statSync(dirname(path))
  } catch (error) {
    const reason = `open ${path}: ${explain(error)}`
    throw new SopsError('ERR_SOPS_OUTPUT', `Could not open in-place file for writing: ${reason}`)
  }
}
