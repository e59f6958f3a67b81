// Overwrites what an editor left in a directory: its text, and its swap and backup files. On a disk it is the best that
// can be done from here; a file system that writes anew instead of over the old keeps a copy all the same.
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'

/** Leaves names and sizes. What cannot be overwritten is left to its removal. */
export function overwriteTree(directory: string): void {
  const open = [directory]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    try {
      const stats = lstatSync(path)
      // A file with another name elsewhere is somebody's, and so is what a symbolic link leads to.
      if (stats.isFile() && stats.nlink === 1) overwriteFile(path)
      if (!stats.isDirectory()) continue
      chmodSync(path, 0o700)
      for (const name of readdirSync(path)) open.push(join(path, name))
    } catch {
      // The removal tells.
    }
  }
}

const zeros = Buffer.alloc(1 << 20)

function overwriteFile(path: string): void {
  chmodSync(path, 0o600)
  const file = openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW)
  try {
    const { size, blocks } = fstatSync(file)
    // A file with holes is larger than what there is to overwrite, and has no end on a full disk.
    const length = Math.min(size, blocks * 512)
    for (let at = 0; at < length;) at += writeSync(file, zeros, 0, Math.min(zeros.length, length - at), at)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
