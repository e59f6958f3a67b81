// What `encrypt` and `-e` do with one file.
import { resolve } from 'node:path'
import { encrypt, isEncrypted } from '../index.ts'
import type { Call } from './command.ts'
import { creationRule, namesKeys } from './creation.ts'
import { CommandError } from './exit-status.ts'
import { isStdin } from './files.ts'
import { transform } from './many.ts'
import { formatOf, openSession, type Session, stateOf } from './session.ts'
import type { Transformation } from './transform.ts'

/** Encrypts the files of a call; gives the exit status. */
export async function encryptFiles(call: Call): Promise<number> {
  const session = openSession(call)
  const ruled = namesKeys(call.flags) || (await session.config())?.creationRules !== undefined
  if (call.flags.isOn('recursive') && !ruled) {
    throw new CommandError(
      1,
      '--recursive encrypts what a creation rule matches, and there are no creation rules',
      'Write them into a .sops.yaml, or name the keys.',
    )
  }
  return transform(call, encryption(call, session))
}

/** How the flags of a call encrypt, for the subcommand and for `-e`. */
export function encryption(call: Call, session: Session = openSession(call)): Transformation {
  const { flags, io } = call
  return {
    operation: 'encrypt',
    async prepare(path, onWarning) {
      const override = flags.text('filename-override')
      const name = override === '' ? (path ?? '') : resolve(io.cwd, override)
      const format = formatOf(flags.text('input-type'), name)
      const outputFormat = formatOf(flags.text('output-type'), name)
      const layout = await session.layout(outputFormat)
      const rule = await creationRule(call, session, { name, format, onWarning })
      const allowUnencrypted = flags.isOn('allow-unencrypted')
      const audit = session.auditOf(path)
      const options = { ...session.options, format, outputFormat, layout, allowUnencrypted, audit, onWarning }
      return {
        outputFormat,
        isDue: async (bytes) => (await stateOf(() => isEncrypted(bytes, { format }))) !== 'encrypted',
        run: (bytes) => {
          const isUnlaid = format === 'yaml' && outputFormat === 'yaml' && isStdin(path) && isJsonObject(bytes)
          return encrypt(bytes, rule, { ...options, layout: layout ?? (isUnlaid ? {} : undefined) })
        },
      }
    },
  }
}

// JSON is YAML, and what a program writes into a pipe that has a mapping to encrypt: nobody chose that layout for a file.
function isJsonObject(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  if (!text.trimStart().startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
