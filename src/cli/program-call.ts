// A command line that ends in a program. `FILE COMMAND`, for a shell, is sops' own and read as sops reads it;
// `FILE… -- PROGRAM ARG…` makes no sense to sops.
import { parseArguments, refuseFlags } from './argv.ts'
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
  const dashes = args.indexOf('--')
  if (dashes >= 0) {
    const ours = parseArguments(flags, args.slice(0, dashes), env, 'anywhere')
    refuseFlags(ours.positionals)
    return { ...ours, program: args.slice(dashes + 1) }
  }
  return own ? parseArguments(flags, args, env, 'anywhere') : theirs
}
