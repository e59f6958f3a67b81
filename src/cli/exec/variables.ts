// From decrypted trees to environment variables: sops' rules, and for names that we make rules of our own. A message names
// the key, never the value.
import { isUtf8 } from 'node:buffer'
import { scalarText } from '../../stores/scalar-text.ts'
import { scalarsOf } from '../../tree/kinds.ts'
import type { Branch, Scalar } from '../../tree/types.ts'
import type { FlagValues } from '../argv.ts'
import { CommandError } from '../exit-status.ts'

/** How the names are made; undefined where sops knows no such thing. */
export interface Naming {
  readonly separator: string | undefined
  readonly prefix: string
  readonly upper: boolean
}

export interface Source {
  readonly file: string
  readonly branch: Branch | undefined
}

const namePart = /^\w+$/

/** Throws CommandError. */
export function readNaming(flags: FlagValues): Naming {
  const separator = flags.isSet('flatten') ? flags.text('flatten') : undefined
  const prefix = flags.text('prefix')
  for (const [flag, text] of [['flatten', separator] as const, ['prefix', prefix] as const]) {
    if (text === undefined || (flag === 'prefix' && text === '') || namePart.test(text)) continue
    throw new CommandError(1, `Error: --${flag} takes letters, digits and underscores only`)
  }
  return { separator, prefix, upper: flags.isOn('upper') }
}

const emptyBranch: Branch = { type: 'branch', items: [] }

/** The variables of one file, or of several that must not name one twice. Throws CommandError. */
export function readVariables(sources: readonly Source[], naming: Naming): ReadonlyMap<string, string> {
  const renamed = naming.separator !== undefined || naming.prefix !== '' || naming.upper
  const enter = (key: string): void => {
    if (naming.separator === undefined) throw complexValue(key)
  }
  const values = new Map<string, string>()
  const givers = new Map<string, { readonly source: Source; readonly place: string }>()
  for (const source of sources) {
    for (const { path, value } of scalarsOf(source.branch ?? emptyBranch, enter)) {
      const name = nameOf(path, naming)
      const place = (sources.length > 1 ? `${source.file}: ` : '') + path.join('.')
      checkName(name, place, renamed)
      const giver = givers.get(name)
      // A key that stands twice in a JSON file: the later one wins, as in sops.
      if (giver !== undefined && (giver.source !== source || giver.place !== place)) {
        throw new CommandError(1, `the environment variable ${name} is set twice: by ${giver.place} and by ${place}`)
      }
      givers.set(name, { source, place })
      values.set(name, textOf(value, place))
    }
  }
  return values
}

function checkName(name: string, place: string, renamed: boolean): void {
  if (name.includes('=')) throw new CommandError(1, `cannot use keys with '=' in environment: ${place}`)
  if (name.includes('\0')) throw new CommandError(1, `cannot use keys with a NUL byte in environment: ${place}`)
  if (!renamed || /^[A-Za-z_]\w*$/.test(name)) return
  throw new CommandError(
    1,
    `${place} does not make a name for an environment variable: ${name}`,
    'With --flatten, --prefix and --upper a name has letters, digits and underscores, and no digit in front.',
  )
}

function complexValue(key: string): CommandError {
  return new CommandError(
    1,
    `cannot use complex value in environment; offending key ${key}`,
    'With --flatten nested values become variables of their own.',
  )
}

function nameOf(path: readonly string[], { separator = '', prefix, upper }: Naming): string {
  const name = prefix + path.join(separator)
  return upper ? name.replace(/[a-z]/g, (letter) => letter.toUpperCase()) : name
}

function textOf(value: Scalar, place: string): string {
  if (value.type === 'bytes' && !isUtf8(value.value)) {
    throw new CommandError(1, `cannot use a value that is not UTF-8 in environment: ${place}`)
  }
  const text = value.type === 'bytes' ? Buffer.from(value.value).toString('utf8') : scalarText(value)
  if (text.includes('\0')) throw new CommandError(1, `environment variable contains NUL: ${place}`)
  return text
}
