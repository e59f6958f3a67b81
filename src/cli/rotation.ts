// What `rotate` and `-r` do with one file.
import { resolve } from 'node:path'
import { rotate } from '../index.ts'
import type { Call } from './command.ts'
import { holdsCiphertext } from './decryption.ts'
import { changeKeysStatus, CommandError } from './exit-status.ts'
import { fileOptions } from './file-options.ts'
import { checkExists } from './files.ts'
import { changesKeys, keyChanges, matchingRule, specOptions } from './key-changes.ts'
import { quoteGo } from './quote.ts'
import { openSession } from './session.ts'
import type { Transformation } from './transform.ts'

/** How the flags of a call rotate. `mustMatch`: where there are creation rules, one must match, as sops has it for `-r`. */
export function rotation(call: Call, { mustMatch = false }: { readonly mustMatch?: boolean } = {}): Transformation {
  const { flags, io } = call
  const session = openSession(call)
  return {
    operation: 'rotate',
    async checkFile(path) {
      // Any other file that is not there is told of when it is read.
      if (!changesKeys(flags)) return
      await checkExists(path).catch(() => {
        throw new CommandError(
          changeKeysStatus,
          `Error: cannot add or remove keys on non-existent file ${quoteGo(path)}, use the \`edit\` subcommand instead.`,
        )
      })
    },
    async prepare(path, onWarning) {
      const override = flags.text('filename-override')
      const name = override === '' ? (path ?? '') : resolve(io.cwd, override)
      const options = {
        ...(await fileOptions(call, session, name, onWarning)),
        ...keyChanges(flags),
        rule: await matchingRule(session, name, { ...specOptions(flags), mustMatch }),
        keepUnknownKeys: flags.isOn('keep-unknown-keys'),
      }
      return {
        outputFormat: options.outputFormat,
        isDue: (bytes) => holdsCiphertext(bytes, options.format),
        run: (bytes) => rotate(bytes, options),
      }
    },
  }
}
