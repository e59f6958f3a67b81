import { mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { Call, Command } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { createSecretFile, explain, writeStdout } from '../files.ts'
import { hostOf } from '../io.ts'

export const keygenCommand: Command = {
  usage: '[flags]',
  about: 'makes an age identity where sops looks for one, and prints its public key. Never overwrites a file.',
  operation: 'keygen',
  isOurs: true,
  flagGroups: async () => [
    {
      title: 'Flags',
      flags: [
        { names: ['output', 'o'], kind: 'string', value: 'FILE', help: 'write the identity to FILE' },
        { names: ['pq'], kind: 'bool', help: 'make a post-quantum identity' },
      ],
    },
  ],
  run: generate,
}

async function generate({ io, flags, positionals }: Call): Promise<number> {
  if (positionals.length > 0)
    throw new CommandError(1, 'Error: keygen takes no arguments', 'To name a file, use --output.')
  const { defaultKeyFile } = await import('../../keys/age/identity-sources.ts')
  const path = flags.text('output') === '' ? defaultKeyFile(hostOf(io)) : resolve(io.cwd, flags.text('output'))
  if (path === undefined) throw new CommandError(1, 'Error: there is no home directory', 'Name a file with --output.')
  const { generateIdentity } = await import('../../keys/age/keygen.ts')
  const { file, recipient } = await generateIdentity(flags.isOn('pq') ? 'pq' : 'x25519')
  writeIdentity(path, file)
  io.stderr.write(`Identity written to ${path}\n`)
  await writeStdout(io, Buffer.from(`${recipient}\n`))
  return 0
}

function writeIdentity(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new CommandError(1, `Could not create directory ${dirname(path)}: ${explain(error)}`)
  }
  try {
    createSecretFile(path, text)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    throw new CommandError(1, error.message, 'keygen never changes a file that is there.')
  }
}
