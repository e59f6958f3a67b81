// `--generate-bash-completion` as the last argument, for scripts that `sops completion` made: the names that can come
// next, one per line; with $_CLI_ZSH_AUTOCOMPLETE_HACK their meaning behind a colon. The word that is being typed is
// there only if it begins with a dash.
import type { CommandEntry } from '../command.ts'
import { writeStdout } from '../files.ts'
import type { Io } from '../io.ts'
import { findCandidates } from './candidates.ts'

/** `args`: without that flag. */
export async function printUrfaveCandidates(
  args: readonly string[],
  commands: readonly CommandEntry[],
  io: Io,
): Promise<void> {
  const { list } = await findCandidates([...args, ''], commands)
  const typed = args.at(-1)?.startsWith('-') === true && list.length === 0
  const candidates = typed ? (await findCandidates(args, commands)).list : list
  const described = io.env._CLI_ZSH_AUTOCOMPLETE_HACK === '1'
  const lines = candidates.map(({ text, about }) => (described && about !== '' ? `${text}:${about}` : text))
  await writeStdout(io, Buffer.from(lines.map((line) => `${line}\n`).join('')))
}
