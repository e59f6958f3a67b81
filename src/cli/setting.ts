// What `set`, `unset` and `--set` do with one file. It is written back in place, and not over what somebody else wrote
// meanwhile.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ParseError, SopsError } from '../errors.ts'
import { parseJsonValue, parseTreePath, set, unset } from '../index.ts'
import type { TreePath, Value } from '../tree/types.ts'
import type { Call } from './command.ts'
import { CommandError } from './exit-status.ts'
import { fileOptions, type FileOptions } from './file-options.ts'
import { explain, readInput, readStdin, rewriteFile } from './files.ts'
import { inform, warnerTo } from './log.ts'
import { openSession, type Session } from './session.ts'

const formatStatus = 7
const generalStatus = 1

type SetValue = Exclude<Value, { type: 'comment' }>

/** `set FILE INDEX VALUE`; gives the exit status. The order of the checks is sops'. */
export async function runSet(call: Call): Promise<number> {
  const { flags, positionals } = call
  const [fromFile, fromStdin] = [flags.isOn('value-file'), flags.isOn('value-stdin')]
  if (fromFile && fromStdin) {
    throw new CommandError(generalStatus, 'Error: cannot use both --value-file and --value-stdin')
  }
  const [file = '', index = '', value = ''] = positionals
  if (positionals.length !== (fromStdin ? 2 : 3)) throw countError(fromStdin)
  const session = await startSession(call)
  const path = parseIndex(index, 'Invalid set index format')
  const text = fromStdin ? await readStdin(call.io) : fromFile ? await readValue(call, value) : value
  return setAt(call, session, file, { path, value: parseValue(text) })
}

/** `--set 'INDEX VALUE'` without a command, on a file that the caller has looked for; gives the exit status. */
export async function runLegacySet(call: Call, file: string, session: Session): Promise<number> {
  const text = call.flags.text('set')
  const end = text.indexOf('] ')
  if (end < 0) throw formatError('Invalid --set format', indexHint)
  const value = parseValue(text.slice(end + 2))
  return setAt(call, session, file, { path: parseIndex(text.slice(0, end + 1), 'Invalid --set format'), value })
}

/** `unset FILE INDEX`; gives the exit status. */
export async function runUnset(call: Call): Promise<number> {
  const { flags, positionals } = call
  const [file = '', index = ''] = positionals
  if (positionals.length !== 2) {
    throw new SopsError('ERR_SOPS_INPUT', 'Error: no file specified, or index is missing', {
      hint: `Name the file and the place: tsops unset secrets.yaml '["key"]'.`,
    })
  }
  const session = await startSession(call)
  const path = parseIndex(index, 'Invalid unset index format')
  const idempotent = flags.isOn('idempotent')
  return changeInPlace(call, session, file, (bytes, options) => unset(bytes, path, { ...options, idempotent }))
}

const indexHint = `An index is written as '["key"][0]'.`

function countError(fromStdin: boolean): SopsError {
  return new SopsError(
    'ERR_SOPS_INPUT',
    fromStdin
      ? 'Error: file specified, or index and value are missing. Need precisely 2 positional arguments since --value-stdin is used.'
      : 'Error: no file specified, or index and value are missing. Need precisely 3 positional arguments.',
    { hint: `Name the file, the place and the value, in JSON: tsops set secrets.yaml '["key"]' '"value"'.` },
  )
}

// sops reads the configuration for every command, and stops at a broken one.
async function startSession(call: Call): Promise<Session> {
  const session = openSession(call)
  await session.config()
  return session
}

function parseIndex(text: string, message: string): TreePath {
  try {
    const path = parseTreePath(text)
    if (path.length > 0) return path
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
  }
  throw formatError(message, indexHint)
}

function parseValue(text: string | Uint8Array): SetValue {
  const value = readJson(text)
  if (value.type === 'list') {
    throw formatError('Invalid --set value format', 'A list can be set inside an object, or element by element.')
  }
  return value
}

function readJson(text: string | Uint8Array): SetValue {
  try {
    const value = parseJsonValue(text)
    if (value.type !== 'comment') return value
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
  }
  throw formatError('Value for --set is not valid JSON', `A string needs its quotes: '"value"'.`)
}

function formatError(message: string, hint: string): CommandError {
  return new CommandError(formatStatus, message, hint)
}

async function readValue({ io }: Call, name: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(io.cwd, name))
  } catch (error) {
    throw new CommandError(generalStatus, `open ${name}: ${explain(error)}`)
  }
}

interface Setting {
  readonly path: TreePath
  readonly value: SetValue
}

async function setAt(call: Call, session: Session, file: string, { path, value }: Setting): Promise<number> {
  const idempotent = call.flags.isOn('idempotent')
  return changeInPlace(call, session, file, (bytes, options) => set(bytes, path, value, { ...options, idempotent }))
}

type Change = (bytes: Uint8Array, options: FileOptions) => Promise<Uint8Array>

async function changeInPlace(call: Call, session: Session, file: string, change: Change): Promise<number> {
  const { io, flags } = call
  const path = resolve(io.cwd, file)
  // Only the form without a command has the flag.
  const name = resolve(io.cwd, flags.text('filename-override') || file)
  const options = await fileOptions(call, session, name, warnerTo(io))
  const bytes = await readInput(io, path)
  const changed = await change(bytes, options)
  if (changed === bytes) return 0
  await rewriteFile(io, path, bytes, changed)
  inform(call, 'File written successfully', 'CMD')
  return 0
}
