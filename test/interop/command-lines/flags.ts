// The flags that the real sops names in its help, and those that the command lines give.
import { parseArguments, UsageError } from '../../../src/cli/argv.ts'
import { rootFlags, rootKeyFlags } from '../../../src/cli/flags.ts'
import { sops } from '../sops.ts'
import type { CommandLine } from './line.ts'

export interface TheirFlag {
  /** Without dashes. */
  readonly names: readonly string[]
  readonly takesValue: boolean
  readonly env: string | undefined
}

/** '' is the root. */
export const commands: readonly string[] = [
  ...['', 'exec-env', 'exec-file', 'publish', 'keyservice', 'filestatus', 'groups add', 'groups delete', 'updatekeys'],
  ...['decrypt', 'encrypt', 'rotate', 'edit', 'set', 'unset'],
]

/** The flags of a command, out of its help. */
export async function flagsOf(command: string): Promise<readonly TheirFlag[]> {
  const { stdout } = await sops([...command.split(' ').filter((word) => word !== ''), '--help'])
  const [, options = ''] = stdout.toString().split(/^(?:GLOBAL )?OPTIONS:\n/m)
  return options
    .split('\n')
    .filter((line) => line.trimStart().startsWith('-'))
    .map((line) => {
      const [, text = ''] = /^\s+(.*?)(?:\s{2,}|$)/.exec(line) ?? []
      const words = text.split(/[ ,]+/)
      return {
        names: words.filter((word) => word.startsWith('-')).map((word) => word.replace(/^-+/, '')),
        takesValue: words.includes('value'),
        env: /\[\$(\w+)\]/.exec(line)?.[1],
      }
    })
    .filter(({ names }) => !names.includes('help') && !names.includes('version'))
}

export interface GivenFlags {
  readonly command: string
  readonly names: readonly string[]
}

/** Which flags a line gives to the root and to a command; none when its beginning cannot be read. */
export async function givenFlags({ args }: CommandLine): Promise<readonly GivenFlags[]> {
  try {
    const { positionals } = parseArguments([...rootFlags, ...(await rootKeyFlags())], args, {}, 'leading')
    const [one = '', two = ''] = positionals
    const command = [`${one} ${two}`, one].find((name) => commands.includes(name)) ?? ''
    const root = args.slice(0, args.length - positionals.length)
    return [
      { command: '', names: namesIn(root) },
      { command, names: namesIn(positionals) },
    ]
  } catch (error) {
    if (error instanceof UsageError) return []
    throw error
  }
}

function namesIn(tokens: readonly string[]): readonly string[] {
  return tokens.flatMap((token) => /^--?([a-z][a-z-]*)/.exec(token)?.[1] ?? [])
}
