import { resolve } from 'node:path'
import type { Call, Command } from '../command.ts'
import { inputTypeFlag } from '../flags.ts'
import { readInput, writeStdout, requireFile } from '../files.ts'
import { logLine } from '../log.ts'
import { messageOf } from '../report.ts'

export const filestatusCommand: Command = {
  usage: '[flags] FILE',
  about: 'prints {"encrypted":true} or {"encrypted":false}. No key is needed.',
  operation: 'filestatus',
  flagGroups: async () => [{ title: 'Format', flags: [inputTypeFlag] }],
  run: printStatus,
}

async function printStatus(call: Call): Promise<number> {
  const { io, flags, positionals } = call
  const file = requireFile(positionals)
  const { isEncrypted } = await import('../../index.ts')
  const { formatOf, openSession } = await import('../session.ts')
  const format = formatOf(flags.text('input-type'), file)
  // sops reads the configuration for every command, and stops at a broken one.
  await openSession(call).config()
  try {
    const bytes = await readInput(io, resolve(io.cwd, file), file)
    const encrypted = isEncrypted(bytes, { format })
    await writeStdout(io, Buffer.from(`${JSON.stringify({ encrypted })}\n`))
    return 0
  } catch (error) {
    // sops logs what it cannot load, instead of printing it.
    const reason = messageOf(error, 'filestatus')
    logLine(io, 'fatal', `cannot check file status: cannot load encrypted file: ${reason}`)
    return 1
  }
}
