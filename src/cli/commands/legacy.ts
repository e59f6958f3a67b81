// sops without a command: `-d FILE`, `-e FILE`, `-r FILE`, `--set 'INDEX VALUE' FILE`, and FILE alone, to edit it.
// Everything after the file is passed over, as sops does.
import { resolve } from 'node:path'
import type { Call } from '../command.ts'
import { changeKeysStatus, CommandError, exitStatus } from '../exit-status.ts'
import { checkExists, requireFile } from '../files.ts'
import { changesKeys, matchingRule } from '../key-changes.ts'
import { logLine } from '../log.ts'
import { quoteGo } from '../quote.ts'
import { reportError } from '../report.ts'
import { openSession, type Session } from '../session.ts'
import { conflict, transformOne, type Transformation, warnOfMore } from '../transform.ts'

const severalModes =
  'More than one command (--encrypt, --decrypt, --rotate, --set) has been specified. ' +
  'Only the changes made by the last one will be visible. ' +
  'Note that this behavior is deprecated and will cause an error eventually.'

type Mode = 'encrypt' | 'decrypt' | 'rotate' | 'set' | 'edit'

/** Gives the exit status. */
export async function runLegacy(call: Call): Promise<number> {
  const { io, flags, positionals } = call
  const file = requireFile(positionals)
  warnOfMore(call)
  if (flags.isOn('in-place') && flags.text('output') !== '') {
    throw conflict('cannot operate on both --output and --in-place')
  }
  const modes: Mode[] = (['encrypt', 'decrypt', 'rotate'] as const).filter((mode) => flags.isOn(mode))
  await checkMissing(call, file, modes.length > 0)
  if (flags.text('set') !== '') modes.push('set')
  if (modes.length > 1) logLine(io, 'warning', severalModes)
  const mode = modes.at(-1) ?? 'edit'
  try {
    return await runMode({ ...call, positionals: [file] }, file, [...modes.slice(0, -1), mode])
  } catch (error) {
    reportError(io, error, mode)
    return exitStatus(error, mode)
  }
}

// sops looks for the file before it looks at what is to be done with it.
async function checkMissing({ io, flags }: Call, file: string, mustExist: boolean): Promise<void> {
  const path = resolve(io.cwd, file)
  try {
    await checkExists(path)
  } catch (error) {
    if (changesKeys(flags)) {
      const reason = `cannot add or remove keys on non-existent file ${quoteGo(path)}`
      throw new CommandError(changeKeysStatus, `Error: ${reason}, use \`--kms\` and \`--pgp\` instead.`)
    }
    if (mustExist) throw error
  }
}

// Only the last mode has an effect. What stands in the way of the others is an error all the same.
async function runMode(call: Call, file: string, modes: readonly Mode[]): Promise<number> {
  for (const mode of modes.slice(0, -1)) {
    const transformation = await transformationFor(call, mode)
    await transformation?.prepare(resolve(call.io.cwd, file), () => undefined)
  }
  const mode = modes.at(-1)
  if (mode === 'set' || mode === 'edit') {
    const session = openSession(call)
    await checkRule(call, file, session)
    if (mode === 'edit') return (await import('../editor/edit.ts')).runEdit(call, file, session)
    return (await import('../setting.ts')).runLegacySet(call, file, session)
  }
  const transformation = mode && (await transformationFor(call, mode))
  if (transformation !== undefined) await transformOne(call, transformation, file)
  return 0
}

async function transformationFor(call: Call, mode: Mode): Promise<Transformation | undefined> {
  if (mode === 'encrypt') return (await import('../encryption.ts')).encryption(call)
  if (mode === 'decrypt') return (await import('../decryption.ts')).decryption(call)
  if (mode === 'rotate') return (await import('../rotation.ts')).rotation(call, { mustMatch: true })
  return undefined
}

// Where there are creation rules one must match, which the subcommands do not ask.
async function checkRule({ io, flags }: Call, file: string, session: Session): Promise<void> {
  const name = resolve(io.cwd, flags.text('filename-override') || file)
  await matchingRule(session, name, { mustMatch: true })
}
