// For `git diff`: a file that cannot be shown in clear is shown as it is. Only a file that cannot be read is a failure,
// since one of those stops the whole diff.
import { resolve } from 'node:path'
import { DataKeyError } from '../../errors.ts'
import type { Call, Command } from '../command.ts'
import { readInput, writeStdout, requireFile } from '../files.ts'
import { decryptionOrderFlag, inputTypeFlag, keyServiceFlags } from '../flags.ts'
import { showText } from '../quote.ts'
import { messageOf } from '../report.ts'

export const gitTextconvCommand: Command = {
  usage: '[flags] FILE',
  about: 'prints a file for `git diff`: decrypted when it is encrypted and a key is there, as it is otherwise.',
  operation: 'git-textconv',
  isOurs: true,
  flagGroups: async () => [
    { title: 'Format', flags: [inputTypeFlag] },
    { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
  ],
  run: convert,
}

async function convert(call: Call): Promise<number> {
  const { io, positionals } = call
  const file = requireFile(positionals)
  const bytes = await readInput(io, resolve(io.cwd, file), file)
  await writeStdout(io, await decryptIfPossible(call, file, bytes))
  return 0
}

async function decryptIfPossible(call: Call, file: string, bytes: Uint8Array): Promise<Uint8Array> {
  const { decrypt, isEncrypted } = await import('../../index.ts')
  const { formatOf, openSession, stateOf } = await import('../session.ts')
  const { parseOrder } = await import('../file-options.ts')
  const { io, flags } = call
  const format = formatOf(flags.text('input-type'), file)
  const order = parseOrder(flags)
  try {
    if ((await stateOf(() => isEncrypted(bytes, { format }))) !== 'encrypted') return bytes
    // Neither rules nor layouts of a .sops.yaml matter, so a broken one breaks no diff.
    const session = openSession(call)
    return await decrypt(bytes, { ...session.options, format, order, audit: session.auditOf(file) })
  } catch (error) {
    const reason = error instanceof DataKeyError ? 'none of its keys could be used' : messageOf(error, 'decrypt')
    io.stderr.write(`${lineOf(file)}: not decrypted, shown as it is: ${lineOf(reason)}\n`)
    return bytes
  }
}

function lineOf(text: string): string {
  return showText(text).replaceAll('\n', ' ')
}
