// Which program edits: $SOPS_EDITOR, else $EDITOR, split into words without a shell; else the first of vim, nano and vi
// that there is. As sops chooses it.
import { splitWords } from '../../keys/age/shell-words.ts'
import { findInPath } from '../../node-host.ts'
import type { Environment } from '../argv.ts'
import { CommandError } from '../exit-status.ts'
import type { Program } from '../exec/child.ts'
import { quoteGo } from '../quote.ts'

const editorStatus = 201

/** The program and its arguments, without the path of the file. Throws CommandError. */
export function chooseEditor(env: Environment): Program {
  for (const name of ['SOPS_EDITOR', 'EDITOR']) {
    const command = env[name] ?? ''
    if (command !== '') return parseCommand(name, command, env)
  }
  for (const { file: name, args } of defaults) {
    const file = findInPath(name, env.PATH)
    if (file !== undefined) return { file, args }
  }
  throw editorError(
    'no editor available',
    'Name one in SOPS_EDITOR or EDITOR: neither is set, and none of vim, nano and vi is in PATH.',
  )
}

// What vim keeps of a text besides the file itself (registers in ~/.viminfo, undo, backup and swap files where the user's
// settings put them) would outlive the private directory.
const tracelessVim = ['-n', '-i', 'NONE', '-c', 'silent! set nobackup nowritebackup noundofile']

const defaults: readonly Program[] = [
  { file: 'vim', args: tracelessVim },
  { file: 'nano', args: [] },
  { file: 'vi', args: [] },
]

function parseCommand(name: string, command: string, env: Environment): Program {
  const [word, ...args] = words(name, command)
  if (word === undefined) throw editorError(`$${name} names no program`)
  // With a slash it is a path; without one it is looked for in PATH, but never beside the file that somebody edits.
  if (process.platform === 'win32' || word.includes('/')) return { file: word, args }
  const file = findInPath(word, env.PATH)
  if (file === undefined) throw editorError(`exec: ${quoteGo(word)}: executable file not found in $PATH`)
  return { file, args }
}

function words(name: string, command: string): readonly string[] {
  try {
    return splitWords(command)
  } catch {
    throw editorError(`invalid $${name}: ${command}`)
  }
}

/** A failure of the editor, in sops' words. */
export function editorError(reason: string, hint?: string): CommandError {
  return new CommandError(editorStatus, `Could not run editor: ${reason}`, hint)
}
