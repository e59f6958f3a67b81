// What can stand for a value or a positional, told by its name in the help: FILE, FORMAT, …
import type { Flag } from '../argv.ts'

/** What the shell itself completes. */
export type Place = 'file' | 'directory' | 'command'

export interface Values {
  readonly texts: readonly string[]
  readonly place?: Place
  /** Several, with commas between them. */
  readonly several?: boolean
}

const nothing: Values = { texts: [] }

const meanings: Readonly<Record<string, () => Promise<Values>>> = {
  FILE: async () => ({ texts: [], place: 'file' }),
  DIRECTORY: async () => ({ texts: [], place: 'directory' }),
  COMMAND: async () => ({ texts: [], place: 'command' }),
  PROGRAM: async () => ({ texts: [], place: 'command' }),
  ARGUMENT: async () => ({ texts: [], place: 'file' }),
  FORMAT: async () => ({ texts: (await import('../../stores/registry.ts')).stores.map(({ name }) => name) }),
  DIALECT: async () => ({ texts: (await import('../../index.ts')).dotenvDialects }),
  TYPES: async () => ({
    texts: (await import('../../keys/registry.ts')).backends.map(({ type }) => type),
    several: true,
  }),
  NETWORK: async () => ({ texts: ['tcp', 'unix'] }),
}

/** For a flag that takes a value. */
export async function flagValues(flag: Flag): Promise<Values> {
  if (flag.kind === 'bool') return { texts: ['true', 'false'] }
  return namedValues(flag.value ?? '')
}

/** For a name in a usage line. */
async function namedValues(name: string): Promise<Values> {
  return Object.hasOwn(meanings, name) ? ((await meanings[name]?.()) ?? nothing) : nothing
}

/** For the positional at an index, from a usage line such as `[flags] FILE COMMAND`. */
export async function positionalValues(usage: string, index: number): Promise<Values> {
  const [first = ''] = usage.split(' | ')
  const words = first
    .replace(/\[flags\]|--\S+ [A-Z]+|\[--.*\]/g, '')
    .replace(/[[\]]/g, '')
    .split(/\s+/)
    .filter((word) => word !== '')
  const last = words.at(-1)
  const word = words[index] ?? (last?.endsWith('…') === true ? last : '')
  return namedValues(word.replace('…', ''))
}
