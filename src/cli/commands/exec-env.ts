import type { Call, Command } from '../command.ts'
import type { Input } from '../exec/execution.ts'
import { CommandError } from '../exit-status.ts'
import { decryptionOrderFlag, keyServiceFlags, namingFlags } from '../flags.ts'

export const execEnvCommand: Command = {
  usage: '[flags] FILE COMMAND | [flags] FILE… -- PROGRAM ARGUMENT…',
  about:
    'runs a program with the decrypted values in its environment: a COMMAND for the shell, or a PROGRAM without one. ' +
    'Several files must not set the same variable.',
  operation: 'exec-env',
  takesProgram: true,
  async flagGroups() {
    const { backgroundFlag, userFlag } = await import('../exec/execution.ts')
    return [
      {
        title: 'Program',
        flags: [
          {
            names: ['pristine'],
            kind: 'bool',
            help: 'give the program the decrypted values and no other variable',
          },
          userFlag,
          {
            names: ['same-process'],
            kind: 'bool',
            help: 'let the program take the place of tsops, or end exactly as it ends',
          },
          backgroundFlag,
        ],
      },
      { title: 'Names', flags: namingFlags },
      { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
    ]
  },
  run: execEnv,
}

const conflictStatus = 8

async function execEnv(call: Call): Promise<number> {
  const { io, flags } = call
  const { isBackground, readInputs, readRequest, runInForeground, switchUser } = await import('../exec/execution.ts')
  const { runInBackground } = await import('../exec/child.ts')
  const { runAsSelf } = await import('../exec/same-process.ts')
  const { makeEnvironment } = await import('../exec/environment.ts')
  const { files, program } = readRequest(call)
  const inputs = await readInputs(call, files)
  const background = isBackground(call, 'exec-env')
  const sameProcess = flags.isOn('same-process')
  if (background && sameProcess) {
    throw new CommandError(conflictStatus, 'Error: The --same-process flag cannot be used with --background')
  }
  const secrets = await decryptVariables(call, inputs)
  const user = switchUser(call)
  if (sameProcess && process.platform === 'win32') {
    throw new CommandError(1, 'The --same-process flag is not supported on Windows')
  }
  const execution = { io, program, env: makeEnvironment(io, flags.isOn('pristine'), user, secrets) }
  if (sameProcess) return runAsSelf(execution)
  if (!background) return runInForeground(execution)
  await runInBackground(execution)
  return 0
}

async function decryptVariables({ flags }: Call, inputs: readonly Input[]): Promise<ReadonlyMap<string, string>> {
  const { openTree } = await import('../../index.ts')
  const { readNaming, readVariables } = await import('../exec/variables.ts')
  const naming = readNaming(flags)
  const sources = []
  for (const { file, options, read } of inputs) {
    const { branches } = await openTree(await read(), options)
    sources.push({ file, branch: branches[0] })
  }
  return readVariables(sources, naming)
}
