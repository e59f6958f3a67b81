// What can come next on a command line: from the definitions that the parser and the help read.
import type { Flag } from '../argv.ts'
import type { Command, CommandEntry } from '../command.ts'
import { helpFlag, rootFlags, rootKeyFlags } from '../flags.ts'
import { flagValues, type Place, positionalValues, type Values } from './values.ts'

export interface Candidate {
  readonly text: string
  readonly about: string
}

export interface Candidates {
  readonly list: readonly Candidate[]
  /** What the shell is to complete besides. */
  readonly place?: Place | undefined
}

/** Where the line stands after all words but the last. */
interface State {
  readonly flags: readonly Flag[]
  /** Commands that can be named here. */
  readonly entries: readonly CommandEntry[]
  readonly command: Command | undefined
  /** Positionals so far. */
  readonly count: number
  /** The flag that the next word is the value of. */
  readonly pending: Flag | undefined
  /** A `--` came. */
  readonly flagsEnd: boolean
}

/** `words`: those after the program's name; the last is the one to complete, and may be empty. */
export async function findCandidates(words: readonly string[], commands: readonly CommandEntry[]): Promise<Candidates> {
  let state: State = await rootState(commands)
  for (const word of words.slice(0, -1)) state = await advance(state, word, commands)
  const word = words.at(-1) ?? ''
  if (state.pending !== undefined) return matching(await flagValues(state.pending), word, '')
  if (word.startsWith('-') && !state.flagsEnd) return completeFlag(state, word)
  return completePositional(state, word)
}

async function rootState(commands: readonly CommandEntry[]): Promise<State> {
  const flags = [...rootFlags, ...(await rootKeyFlags())]
  return { flags, entries: commands, command: undefined, count: 0, pending: undefined, flagsEnd: false }
}

async function advance(state: State, word: string, commands: readonly CommandEntry[]): Promise<State> {
  if (state.pending !== undefined) return { ...state, pending: undefined }
  if (!state.flagsEnd && word === '--') return { ...state, flagsEnd: true, count: 0 }
  if (!state.flagsEnd && word.startsWith('-') && word.length > 1) return { ...state, pending: pendingFlag(state, word) }
  if (state.entries.length === 0) return { ...state, count: state.count + 1 }
  const entry = state.entries.find(({ name }) => name === word)
  if (entry !== undefined) return enter(entry, state)
  // `help COMMAND`; any other word is a file, and what comes after it is passed over.
  const isHelp = state.command === undefined && (word === 'help' || word === 'h')
  return { ...state, entries: isHelp ? commands.map(closed) : [], flags: isHelp ? [] : state.flags, count: 1 }
}

// The name of a command that is not entered.
function closed({ name, summary }: CommandEntry): CommandEntry {
  return { name, summary, load: () => Promise.reject(new Error('a name only')) }
}

async function enter(entry: CommandEntry, state: State): Promise<State> {
  if (state.flags.length === 0) return { ...state, entries: [] }
  const command = await entry.load()
  const groups = await command.flagGroups()
  const flags = [...groups.flatMap((group) => group.flags), helpFlag]
  return { ...state, flags, command, entries: command.subcommands ?? [], count: 0 }
}

function pendingFlag({ flags }: State, word: string): Flag | undefined {
  if (word.includes('=')) return undefined
  const flag = flags.find(({ names }) => names.includes(word.replace(/^--?/, '')))
  return flag === undefined || flag.kind === 'bool' || flag.bare !== undefined ? undefined : flag
}

async function completeFlag({ flags }: State, word: string): Promise<Candidates> {
  const equals = word.indexOf('=')
  if (equals > 0) {
    const name = word.slice(0, equals).replace(/^--?/, '')
    const flag = flags.find(({ names }) => names.includes(name))
    const lead = word.slice(0, equals + 1)
    return flag === undefined ? { list: [] } : matching(await flagValues(flag), word.slice(equals + 1), lead)
  }
  const texts = flags
    .filter(({ hidden }) => hidden !== true)
    .flatMap(({ names, help }) => names.map((name) => ({ text: (name.length > 1 ? '--' : '-') + name, about: help })))
  // Short ones only while nothing but a dash stands there.
  return { list: texts.filter(({ text }) => text.startsWith(word)) }
}

async function completePositional(
  { entries, command, count, flagsEnd, flags }: State,
  word: string,
): Promise<Candidates> {
  if (entries.length > 0) {
    const help = flags.length > 0 ? [{ name: 'help', summary: 'show the help' }] : []
    const named = [...entries, ...help].filter(({ name }) => name.startsWith(word))
    if (named.length > 0 || command !== undefined) return { list: named.map(toCandidate) }
  }
  // sops without a command takes a file.
  if (command === undefined) return { list: [], place: flags.length > 0 ? 'file' : undefined }
  if (flagsEnd && command.takesProgram === true) return { list: [], place: count === 0 ? 'command' : 'file' }
  return matching(await positionalValues(command.usage, count), word, '')
}

function toCandidate({ name, summary }: Pick<CommandEntry, 'name' | 'summary'>): Candidate {
  return { text: name, about: summary }
}

function matching({ texts, place, several }: Values, word: string, lead: string): Candidates {
  const comma = several === true ? word.lastIndexOf(',') + 1 : 0
  const before = word.slice(0, comma)
  const taken = new Set(before.split(','))
  const fitting = texts.filter((text) => text.startsWith(word.slice(comma)) && !taken.has(text))
  return { list: fitting.map((text) => ({ text: lead + before + text, about: '' })), place }
}
