// A command line that ends in a program. `FILE COMMAND`, for a shell, is sops' own and read as sops reads it;
// `FILE… -- PROGRAM ARG…` makes no sense to sops.
import { parseArguments, parseToDashes } from './argv.ts'
import type { Environment, Flag, ParsedArguments } from './argv.ts'
import { ownFlags } from './flags.ts'

/**
 * `program` is there only where the command line is not one for sops.
 * @throws UsageError
 */
export function parseProgramCall(flags: readonly Flag[], args: readonly string[], env: Environment): ParsedArguments {
  const theirs = parseArguments(flags, args, env, 'sops')
  const own = ownFlags.some((name) => theirs.flags.isSet(name))
  if (theirs.positionals.length === 2 && !own) return theirs
  if (args.includes('--')) {
    const { rest = [], ...ours } = parseToDashes(flags, args, env)
    return { ...ours, program: rest }
  }
  return own ? parseArguments(flags, args, env, 'anywhere') : theirs
}
