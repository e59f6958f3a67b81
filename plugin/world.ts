// What the function sees of the world. Tests hand in their own.
import type { Host } from '../src/index.ts'

export interface Files {
  /** The directory in which relative paths start, without symbolic links: the root of the kustomization. */
  readonly root: string
  /** The path without symbolic links. Throws an error with a `code`. */
  realPath(path: string): Promise<string>
  /** 'other': a FIFO, a device, a socket. Throws an error with a `code`. */
  kindOf(path: string): Promise<'file' | 'directory' | 'other'>
  /** Reads a regular file of at most `limit` bytes that is no symbolic link itself. Throws FileProblem, or an error with a `code`. */
  read(path: string, limit: number): Promise<Uint8Array>
}

/** Why a file that is there is not read. */
export class FileProblem extends Error {
  readonly problem: 'not-a-file' | 'too-large'
  constructor(problem: FileProblem['problem']) {
    super(problem)
    this.problem = problem
  }
}

export interface World {
  readonly host: Host
  readonly files: Files
}
