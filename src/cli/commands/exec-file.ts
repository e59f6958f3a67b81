import type { Call, Command } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { decryptionOrderFlag, keyServiceFlags, typeFlags } from '../flags.ts'

export const execFileCommand: Command = {
  usage: '[flags] FILE COMMAND | [flags] FILE -- PROGRAM ARGUMENT…',
  about:
    'runs a program that reads the decrypted file: {} in a COMMAND for the shell, or in a PROGRAM and its arguments, ' +
    'stands for the path.',
  operation: 'exec-file',
  takesProgram: true,
  async flagGroups() {
    const { backgroundFlag, userFlag } = await import('../exec/execution.ts')
    return [
      {
        title: 'File',
        flags: [
          { names: ['no-fifo'], kind: 'bool', help: 'use a regular file instead of a named pipe' },
          { names: ['filename'], kind: 'string', value: 'NAME', help: 'name of the file; default tmp-file' },
        ],
      },
      { title: 'Program', flags: [userFlag, backgroundFlag] },
      { title: 'Format', flags: typeFlags },
      { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
    ]
  },
  run: execFile,
}

async function execFile(call: Call): Promise<number> {
  const { io, flags } = call
  const { decrypt } = await import('../../index.ts')
  const { isBackground, readInputs, readRequest, switchUser } = await import('../exec/execution.ts')
  const { makeEnvironment } = await import('../exec/environment.ts')
  const { runWithFile, runWithFileInBackground } = await import('../exec/file-execution.ts')
  const { checkName } = await import('../exec/secret-file.ts')
  const { files, program } = readRequest(call)
  const [input, another] = await readInputs(call, files)
  if (input === undefined || another !== undefined) throw new CommandError(1, 'error: exec-file takes one file')
  const content = await decrypt(await input.read(), input.options)
  const background = isBackground(call, 'exec-file')
  const user = switchUser(call)
  const name = flags.text('filename')
  checkName(name)
  const env = makeEnvironment(io, false, user)
  const task = { io, program, env, content, name, fifo: !flags.isOn('no-fifo') }
  if (!background) return runWithFile(task)
  await runWithFileInBackground(task)
  return 0
}
