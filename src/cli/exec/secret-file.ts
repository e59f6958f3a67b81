// The decrypted file that a program reads by its path: a regular file, or a FIFO, which holds nothing at rest.
import { randomInt } from 'node:crypto'
import { posix, win32 } from 'node:path'
import { join } from 'node:path'
import { CommandError } from '../exit-status.ts'
import { explain } from '../files.ts'
import { writePrivateFile } from '../private-directory.ts'

export const defaultName = 'tmp-file'

/**
 * Refuses a name that leaves the directory, on this system or another. Throws CommandError.
 * @param name '' stands for a name of our own
 */
export function checkName(name: string): void {
  if (name === '') return
  const escapes = [posix, win32].some((path) => {
    const [first = ''] = path.normalize(name).split(/[\\/]/)
    return path.isAbsolute(name) || first === '..'
  })
  const device = process.platform === 'win32' && name.split(/[\\/]/).some((part) => devices.test(part))
  if (escapes || device || name.includes('\0') || /^[A-Za-z]:/.test(name)) {
    throw new CommandError(1, 'The provided filename is not a local path.')
  }
  // sops refuses these too: it makes no directories.
  const plain = posix.normalize(name)
  if (plain === '.' || plain.includes('/')) {
    throw new CommandError(
      1,
      'The provided filename is not the name of a file.',
      '--filename takes a name without directories.',
    )
  }
}

const devices = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[ .:].*)?$/i

/** Gives the path. Throws CommandError. */
export function writeSecretFile(directory: string, name: string, content: Uint8Array): string {
  const path = join(directory, name === '' ? `${defaultName}${randomInt(1e9)}` : posix.normalize(name))
  try {
    writePrivateFile(path, content)
    return path
  } catch (error) {
    throw new CommandError(1, `open ${path}: ${explain(error)}`, 'TMPDIR names another place for the file.')
  }
}
