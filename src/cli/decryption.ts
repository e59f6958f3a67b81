// What `decrypt` and `-d` do with one file.
import { resolve } from 'node:path'
import { decrypt, isEncrypted, parseTreePath } from '../index.ts'
import type { FlagValues } from './argv.ts'
import type { Call } from './command.ts'
import { fileOptions } from './file-options.ts'
import { openSession, stateOf } from './session.ts'
import { conflict, type Transformation } from './transform.ts'

/** How the flags of a call decrypt, for the subcommand and for `-d`. */
export function decryption(call: Call): Transformation {
  const { flags, io } = call
  const session = openSession(call)
  return {
    operation: 'decrypt',
    async prepare(path, onWarning) {
      const override = flags.text('filename-override')
      const name = override === '' ? path : resolve(io.cwd, override)
      const extract = parseTreePath(flags.text('extract'))
      const dotenvDialect = readDialect(flags)
      const options = { ...(await fileOptions(call, session, name, onWarning)), extract, dotenvDialect }
      const { format, outputFormat } = options
      return {
        outputFormat,
        isDue: (bytes) => holdsCiphertext(bytes, format),
        run: (bytes) => decrypt(bytes, options),
      }
    },
  }
}

/** Whether a file that was found, not named, is an encrypted one. */
export async function holdsCiphertext(bytes: Uint8Array, format: string): Promise<boolean> {
  const state = await stateOf(() => isEncrypted(bytes, { format }))
  // An encrypted file that was broken since is to be told of; a template that never parsed is not.
  return state === 'encrypted' || (state === 'unreadable' && Buffer.from(bytes).includes(ciphertextMark))
}

// What is decrypted in place is encrypted again one day, and then the quotes would be part of the values.
function readDialect(flags: FlagValues): string | undefined {
  const dialect = flags.text('dotenv-dialect')
  if (dialect === '' || dialect === 'sops') return undefined
  if (flags.isOn('in-place')) throw conflict('cannot use --dotenv-dialect with --in-place', 'Use --output FILE.')
  return dialect
}

const ciphertextMark = 'ENC[AES256_GCM,'
