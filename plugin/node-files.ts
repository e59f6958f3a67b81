// The file system of this process. Without waiting: a few hundred small files are read sooner than the threads that would
// read them beside each other are woken.
import { closeSync, constants, fstatSync, openSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { FileProblem, type Files } from './world.ts'

export function nodeFiles(root: string): Files {
  return {
    root,
    realPath: async (path) => realpathSync.native(path),
    kindOf: async (path) => {
      const found = statSync(path)
      return found.isDirectory() ? 'directory' : found.isFile() ? 'file' : 'other'
    },
    read: async (path, limit) => read(path, limit),
  }
}

// A FIFO must not hold up the opening, nor a link that was put there since take it elsewhere.
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

function read(path: string, limit: number): Uint8Array {
  const file = openSync(path, flags)
  try {
    const found = fstatSync(file)
    if (found.isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
    if (!found.isFile()) throw new FileProblem('not-a-file')
    if (found.size > limit) throw new FileProblem('too-large')
    const bytes = readFileSync(file)
    // Files of /proc say that they are empty.
    if (bytes.length > limit) throw new FileProblem('too-large')
    return bytes
  } finally {
    closeSync(file)
  }
}
