// What `groups add` and `groups delete` do.
import { resolve } from 'node:path'
import { SopsError } from '../errors.ts'
import { addGroup, deleteGroup, type GroupOptions } from '../index.ts'
import type { SpecOptions } from '../keys/types.ts'
import type { Call } from './command.ts'
import { CommandError } from './exit-status.ts'
import { readInput, rewriteFile, writeStdout } from './files.ts'
import { groupKeys, matchingRule, specOptions } from './key-changes.ts'
import { logLine, warnerTo } from './log.ts'
import { quoteGo } from './quote.ts'
import { hintText, messageOf } from './report.ts'
import { formatOf, openSession } from './session.ts'

export async function addKeyGroup(call: Call): Promise<number> {
  if (call.positionals.length > 0) throw new CommandError(1, 'error: no positional arguments allowed', fileHint)
  return changeFile(call, (file, options) => addGroup(file, groupKeys(call.flags), options))
}

export async function deleteKeyGroup(call: Call): Promise<number> {
  const [text] = call.positionals
  if (text === undefined || call.positionals.length > 1) {
    throw new CommandError(1, 'error: exactly one positional argument (index) required', fileHint)
  }
  return changeFile(call, (file, options) => deleteGroup(file, parseIndex(text), options))
}

const fileHint = 'The file is named with --file.'

function parseIndex(text: string): number {
  const problem = !/^\d+$/.test(text) ? 'invalid syntax' : Number(text) > 0xffffffff ? 'value out of range' : undefined
  if (problem === undefined) return Number(text)
  const message = `failed to parse [index] argument: strconv.ParseUint: parsing ${quoteGo(text)}: ${problem}`
  throw new SopsError('ERR_SOPS_CONFLICT', message)
}

async function changeFile(
  call: Call,
  change: (file: Uint8Array, options: GroupOptions) => Promise<Uint8Array>,
): Promise<number> {
  const { io, flags } = call
  const name = flags.text('file')
  const path = resolve(io.cwd, name)
  const options = await groupOptions(call, path, specOptions(flags))
  try {
    if (name === '') throw new CommandError(2, 'Error reading file: open : no such file or directory', fileHint)
    const bytes = await readInput(io, path, name)
    const changed = await change(bytes, options)
    if (flags.isOn('in-place')) await rewriteFile(io, path, bytes, changed)
    else await writeStdout(io, changed)
    return 0
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    // sops logs these instead of printing them, and of keys that did not work only that there were too few.
    logLine(io, 'fatal', messageOf(error, 'groups'))
    if (error.hint !== undefined) io.stderr.write(`${hintText(error.hint)}\n`)
    return 1
  }
}

async function groupOptions(call: Call, path: string, spec: SpecOptions): Promise<GroupOptions> {
  const { io, flags } = call
  const session = openSession(call)
  return {
    ...session.options,
    format: formatOf('', path),
    // sops tries the keys in the order of the file here.
    order: [],
    onWarning: warnerTo(io),
    rule: await matchingRule(session, path, spec),
    keepUnknownKeys: flags.isOn('keep-unknown-keys'),
    shamirThreshold: flags.integer('shamir-secret-sharing-threshold'),
  }
}
