// From arguments to a command. Nothing is loaded that the answer does not need.
import { parseArguments, parseToDashes, UsageError } from './argv.ts'
import type { Environment, Flag, FlagValues, ParsedArguments } from './argv.ts'
import type { Call, Command, CommandEntry, FlagGroup } from './command.ts'
import { CommandError, exitStatus } from './exit-status.ts'
import { writeStdout } from './files.ts'
import { helpFlag, ownFlags, rootFlagGroups, rootFlags, rootKeyFlags } from './flags.ts'
import { commandHelp, programHelp } from './help.ts'
import type { Io } from './io.ts'
import { logLine } from './log.ts'
import { parseProgramCall } from './program-call.ts'
import { reportError } from './report.ts'
import { versionLine } from './version.ts'

const commands: readonly CommandEntry[] = [
  {
    name: 'decrypt',
    summary: 'decrypt files',
    load: async () => (await import('./commands/decrypt.ts')).decryptCommand,
  },
  {
    name: 'encrypt',
    summary: 'encrypt files',
    load: async () => (await import('./commands/encrypt.ts')).encryptCommand,
  },
  {
    name: 'filestatus',
    summary: 'tell whether a file is encrypted, as JSON',
    load: async () => (await import('./commands/filestatus.ts')).filestatusCommand,
  },
  {
    name: 'keygen',
    summary: 'make an age identity',
    load: async () => (await import('./commands/keygen.ts')).keygenCommand,
  },
  {
    name: 'keyservice',
    summary: 'serve keys to other machines',
    load: async () => (await import('./commands/keyservice.ts')).keyserviceCommand,
  },
  {
    name: 'edit',
    summary: 'edit a file in an editor',
    load: async () => (await import('./commands/edit.ts')).editCommand,
  },
  {
    name: 'set',
    summary: 'set a value',
    load: async () => (await import('./commands/set.ts')).setCommand,
  },
  {
    name: 'unset',
    summary: 'remove a value',
    load: async () => (await import('./commands/unset.ts')).unsetCommand,
  },
  {
    name: 'rotate',
    summary: 'encrypt with a new data key',
    load: async () => (await import('./commands/rotate.ts')).rotateCommand,
  },
  {
    name: 'updatekeys',
    summary: 'bring the master keys in line with the configuration',
    load: async () => (await import('./commands/updatekeys.ts')).updatekeysCommand,
  },
  {
    name: 'groups',
    summary: 'add and delete key groups',
    load: async () => (await import('./commands/groups.ts')).groupsCommand,
  },
  {
    name: 'exec-env',
    summary: 'run a program with the values in its environment',
    load: async () => (await import('./commands/exec-env.ts')).execEnvCommand,
  },
  {
    name: 'exec-file',
    summary: 'run a program with a decrypted file',
    load: async () => (await import('./commands/exec-file.ts')).execFileCommand,
  },
  {
    name: 'publish',
    summary: 'copy files to a destination',
    load: async () => (await import('./commands/publish.ts')).publishCommand,
  },
  {
    name: 'completion',
    summary: 'print a shell completion script',
    load: async () => (await import('./commands/completion.ts')).completionCommand(commands),
  },
  {
    name: 'git-textconv',
    summary: 'decrypt for `git diff`; passes plain files through',
    load: async () => (await import('./commands/git-textconv.ts')).gitTextconvCommand,
  },
  {
    name: 'to-secret',
    summary: 'print a Kubernetes Secret made from an encrypted file',
    load: async () => (await import('./commands/to-secret.ts')).toSecretCommand,
  },
  {
    name: 'to-sealed',
    summary: 'print a SealedSecret made from an encrypted file',
    load: async () => (await import('./commands/to-sealed.ts')).toSealedCommand,
  },
  {
    name: 'to-external',
    summary: 'print an ExternalSecret and a PushSecret for a published file',
    load: async () => (await import('./commands/to-external.ts')).toExternalCommand,
  },
  {
    name: 'to-files',
    summary: 'write one file per key, swapped in at once',
    load: async () => (await import('./commands/to-files.ts')).toFilesCommand,
  },
  {
    name: 'from-sealed',
    summary: 'make an encrypted file from a SealedSecret',
    load: async () => (await import('./commands/from-sealed.ts')).fromSealedCommand,
  },
]

/** Runs a command line without its program name; gives the exit status. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  try {
    if (args.at(-1) === '--generate-bash-completion') return await listCandidates(args.slice(0, -1), io)
    return await runRoot(args, io)
  } catch (error) {
    reportError(io, error)
    return exitStatus(error)
  }
}

async function runRoot(args: readonly string[], io: Io): Promise<number> {
  const root = await refuseUsage(io, rootUsage, () => parseRoot(args, io.env))
  if (root === undefined) return 1
  if (root.flags.isOn('help')) return print(io, rootHelp())
  if (root.flags.isOn('version')) return print(io, `${versionLine(root.flags)}\n`)
  const [name = '', ...rest] = root.positionals
  if (name === 'help' || name === 'h') return help(rest[0], io)
  const entry = commands.find((each) => each.name === name)
  if (entry !== undefined) return runCommand(entry, rest, root.flags, io)
  const { runLegacy } = await import('./commands/legacy.ts')
  return runLegacy({ io, root: root.flags, ...(await parseWithKeys(args, io.env)) })
}

async function listCandidates(args: readonly string[], io: Io): Promise<number> {
  await (await import('./completion/urfave.ts')).printUrfaveCandidates(args, commands, io)
  return 0
}

// The flags that are named after kinds of master keys need their registry: only when the others do not explain the
// arguments.
async function parseRoot(args: readonly string[], env: Environment): Promise<ParsedArguments> {
  try {
    return parseArguments(rootFlags, args, env, 'leading')
  } catch (error) {
    if (!(error instanceof UsageError) || error.kind !== 'syntax') throw error
    return parseWithKeys(args, env)
  }
}

async function parseWithKeys(args: readonly string[], env: Environment): Promise<ParsedArguments> {
  return parseArguments([...rootFlags, ...(await rootKeyFlags())], args, env, 'leading')
}

async function runCommand(entry: CommandEntry, args: readonly string[], root: FlagValues, io: Io): Promise<number> {
  const command = await entry.load()
  if (command.subcommands !== undefined) return runSubcommand(entry.name, command, args, root, io)
  const groups = await command.flagGroups()
  const text = commandHelp(entry.name, command, groups)
  const usage: Usage = ({ message }) => `Incorrect Usage: ${message}\n\n${text}`
  const status = await refuseUsage(io, usage, async () => {
    const parsed = parseCommand(command, groups, args, io.env)
    if (parsed.flags.isOn('help')) return print(io, text)
    return runReporting(command, { io, root, ...parsed })
  })
  return status ?? 1
}

// Without one of its commands it shows its help.
async function runSubcommand(
  parent: string,
  command: Command,
  args: readonly string[],
  root: FlagValues,
  io: Io,
): Promise<number> {
  const text = commandHelp(parent, command, [])
  const usage: Usage = ({ message }) => `Incorrect Usage. ${message}\n\n${text}`
  const parsed = await refuseUsage(io, usage, async () => parseArguments([helpFlag], args, io.env, 'leading'))
  if (parsed === undefined) return 1
  const [name = 'help', ...rest] = parsed.positionals
  if (parsed.flags.isOn('help') || name === 'help' || name === 'h') return print(io, text)
  const entry = command.subcommands?.find((each) => each.name === name)
  if (entry === undefined) throw new CommandError(3, `No help topic for '${name}'`)
  return runCommand({ ...entry, name: `${parent} ${name}` }, rest, root, io)
}

async function runReporting(command: Command, call: Call): Promise<number> {
  try {
    return await command.run(call)
  } catch (error) {
    if (error instanceof UsageError) throw error
    reportError(call.io, error, command.operation)
    return exitStatus(error, command.operation)
  }
}

function parseCommand(
  command: Command,
  groups: readonly FlagGroup[],
  args: readonly string[],
  env: Environment,
): ParsedArguments {
  const flags = [...groups.flatMap((group) => group.flags), helpFlag]
  if (command.isOurs === true) return parseOwn(flags, args, env)
  if (command.takesProgram === true) return parseProgramCall(flags, args, env)
  const several = command.severalFiles === true ? parseSeveral(flags, args, env) : undefined
  return several ?? parseArguments(flags, args, env, 'sops')
}

function parseOwn(flags: readonly Flag[], args: readonly string[], env: Environment): ParsedArguments {
  const { rest = [], ...parsed } = parseToDashes(flags, args, env)
  return { ...parsed, positionals: [...parsed.positionals, ...rest] }
}

// Where sops' order of arguments makes sense of them it holds. Several files among flags make none to sops, nor do
// flags of ours.
function parseSeveral(flags: readonly Flag[], args: readonly string[], env: Environment): ParsedArguments | undefined {
  try {
    const parsed = parseArguments(flags, args, env, 'anywhere')
    const plain = parsed.positionals.every((each) => each === '-' || !each.startsWith('-'))
    const many = parsed.positionals.length > 1 || ownFlags.some((name) => parsed.flags.isSet(name))
    return plain && many ? parsed : undefined
  } catch (error) {
    if (error instanceof UsageError) return undefined
    throw error
  }
}

type Usage = (error: UsageError) => string

const rootUsage: Usage = ({ kind, message }) =>
  kind === 'forms' ? `${message}\n${rootHelp()}` : `Incorrect Usage. ${message}\n\n${rootHelp()}`

// A command line that cannot be read: what is wrong and the help on stdout, as sops does it, and a log line. A variable
// that does not parse gets the line alone.
async function refuseUsage<T>(io: Io, usage: Usage, act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    if (error.kind !== 'environment') await print(io, usage(error))
    logLine(io, 'fatal', error.message)
    return undefined
  }
}

async function help(name: string | undefined, io: Io): Promise<number> {
  if (name === undefined || name === 'help' || name === 'h') return print(io, rootHelp())
  const entry = commands.find((each) => each.name === name)
  if (entry !== undefined) {
    const command = await entry.load()
    return print(io, commandHelp(name, command, await command.flagGroups()))
  }
  throw new CommandError(3, `No help topic for '${name}'`)
}

function rootHelp(): string {
  return programHelp(commands, rootFlagGroups)
}

async function print(io: Io, text: string): Promise<number> {
  await writeStdout(io, Buffer.from(text))
  return 0
}
