// sops without a command: `-d FILE`, `-e FILE`. Everything after the file is passed over, as sops does.
import { resolve } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { Call } from '../command.ts'
import { changeKeysStatus, CommandError, exitStatus, later } from '../exit-status.ts'
import { checkExists } from '../files.ts'
import { logLine } from '../log.ts'
import { quoteGo } from '../quote.ts'
import { reportError } from '../report.ts'
import { transformOne } from '../transform.ts'

const severalModes =
  'More than one command (--encrypt, --decrypt, --rotate, --set) has been specified. ' +
  'Only the changes made by the last one will be visible. ' +
  'Note that this behavior is deprecated and will cause an error eventually.'

/** Gives the exit status. */
export async function runLegacy(call: Call): Promise<number> {
  const { io, flags, positionals } = call
  const [file] = positionals
  if (file === undefined) throw new SopsError('ERR_SOPS_INPUT', 'Error: no file specified')
  const modes = ['encrypt', 'decrypt', 'rotate'].filter((mode) => flags.isOn(mode))
  if (flags.text('set') !== '') modes.push('set')
  await checkMissing(call, file, modes.length > 0)
  const mode = modes.at(-1)
  if (mode !== 'encrypt' && mode !== 'decrypt')
    throw later(mode === undefined ? `Editing (tsops ${file})` : `--${mode}`)
  try {
    const transformation =
      mode === 'encrypt' ? (await import('../encryption.ts')).encryption : (await import('../decryption.ts')).decryption
    if (modes.length > 1) logLine(io, 'warning', severalModes)
    await transformOne(call, transformation(call), file)
    return 0
  } catch (error) {
    reportError(io, error, mode)
    return exitStatus(error, mode)
  }
}

// sops looks for the file before it looks at what is to be done with it.
async function checkMissing({ io, flags }: Call, file: string, mustExist: boolean): Promise<void> {
  const path = resolve(io.cwd, file)
  const { backends } = await import('../../keys/registry.ts')
  const changes = backends.flatMap(({ names }) => [`add-${names.flag}`, `rm-${names.flag}`])
  try {
    await checkExists(path)
  } catch (error) {
    if (changes.some((name) => flags.text(name) !== '')) {
      const reason = `cannot add or remove keys on non-existent file ${quoteGo(path)}`
      throw new CommandError(changeKeysStatus, `Error: ${reason}, use \`--kms\` and \`--pgp\` instead.`)
    }
    if (mustExist) throw error
  }
}
