import { basename } from 'node:path'
import { type Shell, shells } from '../completion/shells.ts'
import type { Call, Command, CommandEntry } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { writeStdout } from '../files.ts'

/** `commands`: all of the program's. */
export function completionCommand(commands: readonly CommandEntry[]): Command {
  return {
    usage: 'SHELL',
    about: 'prints a script for a shell, which then completes commands, flags, files and values.',
    operation: 'completion',
    subcommands: shells.map((shell) => ({
      name: shell.name,
      summary: `print the script for ${shell.name}: ${shell.usage('tsops')}`,
      load: async () => shellCommand(shell, commands),
    })),
    flagGroups: async () => [],
    run: () => Promise.resolve(0),
  }
}

function shellCommand(shell: Shell, commands: readonly CommandEntry[]): Command {
  return {
    usage: '[flags] [-- WORD…]',
    about: `prints the script for ${shell.name}: ${shell.usage('tsops')}. With words: what can stand for the last one.`,
    operation: 'completion',
    flagGroups: async () => [
      {
        title: 'Flags',
        flags: [{ names: ['name'], kind: 'string', value: 'NAME', help: 'complete a command of this name, too' }],
      },
    ],
    run: (call) => complete(call, shell, commands),
  }
}

async function complete(call: Call, shell: Shell, commands: readonly CommandEntry[]): Promise<number> {
  const { io, flags, positionals } = call
  if (positionals.length === 0) {
    const names = [...new Set(['tsops', calledName(), ...flags.list('name')])].filter((name) => name !== '')
    await writeStdout(io, Buffer.from(shell.script(names.map(checkName))))
    return 0
  }
  const { findCandidates } = await import('../completion/candidates.ts')
  const words = shell.readWords(positionals)
  await writeStdout(io, Buffer.from(shell.print(await findCandidates(words, commands), words)))
  return 0
}

// Those who have put it in the place of sops type sops.
function calledName(): string {
  return basename(process.argv[1] ?? '') === 'sops' ? 'sops' : ''
}

// It becomes a part of a script.
function checkName(name: string): string {
  if (/^[\w.+-]+$/.test(name) && !name.startsWith('-')) return name
  throw new CommandError(1, 'Error: --name takes the name of a command', 'Letters, digits and . _ + - only.')
}
