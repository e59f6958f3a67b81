// sops' argument rules (urfave/cli 1.22 over Go's flag package): `-x` is `--x`, a value follows or stands after `=`,
// booleans take only `=`, no bundling. A subcommand's flags may follow its positionals, a root flag may not.
import { quoteGo } from './quote.ts'

export interface Flag {
  readonly names: readonly [string, ...string[]]
  readonly kind: 'bool' | 'string' | 'integer' | 'list'
  readonly help: string
  /** The variable that gives the default. */
  readonly env?: string
  /** The default of a boolean: off when absent. */
  readonly on?: boolean
  /** Accepted, and left out of the help. */
  readonly hidden?: boolean
  /** What stands for the value in the help. */
  readonly value?: string
  /** What the flag says without `=`; it then takes no value from the next argument. */
  readonly bare?: string
}

/** environment: a variable does not parse. forms: one flag under two names. syntax: all else. */
export type UsageKind = 'environment' | 'forms' | 'syntax'

/** The command line cannot be read. */
export class UsageError extends Error {
  readonly kind: UsageKind
  constructor(kind: UsageKind, message: string) {
    super(message)
    this.name = 'UsageError'
    this.kind = kind
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

/** What the flags of one level say; the names are those that come first in their definitions. */
export class FlagValues {
  readonly #texts: ReadonlyMap<string, readonly string[]>
  constructor(texts: ReadonlyMap<string, readonly string[]>) {
    this.#texts = texts
  }
  /** Whether the command line or the environment gives the flag, if only an empty value. */
  isSet(name: string): boolean {
    return this.#texts.has(name)
  }
  isOn(name: string): boolean {
    return this.text(name) === 'true'
  }
  /** The last value; '' when there is none. */
  text(name: string): string {
    return this.list(name).at(-1) ?? ''
  }
  integer(name: string): number {
    return Number(this.text(name))
  }
  list(name: string): readonly string[] {
    return this.#texts.get(name) ?? []
  }
}

export interface ParsedArguments {
  readonly flags: FlagValues
  readonly positionals: readonly string[]
  /** What stands after `--`, for a command that runs a program. */
  readonly program?: readonly string[]
}

/**
 * Where flags may stand. leading: before the first positional, as at sops' root. sops: anywhere, as in its subcommands, but what follows a
 * boolean travels with it and ends the flags. anywhere: without that trap.
 */
export type FlagOrder = 'leading' | 'sops' | 'anywhere'

/**
 * Reads the arguments of one level.
 * @throws UsageError
 */
export function parseArguments(
  flags: readonly Flag[],
  args: readonly string[],
  env: Environment,
  order: FlagOrder,
): ParsedArguments {
  const byName = new Map<string, Flag>()
  for (const flag of flags) for (const name of flag.names) byName.set(name, flag)
  const texts = readDefaults(flags, env)
  const positionals = readTokens(byName, moveFlagsFirst(byName, args, order), texts)
  return { flags: new FlagValues(texts), positionals }
}

function readDefaults(flags: readonly Flag[], env: Environment): Map<string, readonly string[]> {
  const texts = new Map<string, readonly string[]>()
  for (const flag of flags) {
    const value = flag.env === undefined ? undefined : env[flag.env]
    if (value !== undefined) texts.set(flag.names[0], parseDefault(flag, value))
    else if (flag.on === true) texts.set(flag.names[0], ['true'])
  }
  return texts
}

function parseDefault(flag: Flag, value: string): readonly string[] {
  if (flag.kind === 'list') return value.split(',').map((each) => each.trim())
  if (flag.kind !== 'bool') return [value]
  // sops takes an empty variable for false, even where the flag is on by default.
  const parsed = value === '' ? false : parseBool(value)
  if (parsed !== undefined) return [String(parsed)]
  const reason = `strconv.ParseBool: parsing ${quoteGo(value)}: invalid syntax`
  throw new UsageError(
    'environment',
    `could not parse ${value} as bool value for flag ${flag.names.join(', ')}: ${reason}`,
  )
}

function readTokens(
  byName: ReadonlyMap<string, Flag>,
  args: readonly string[],
  texts: Map<string, readonly string[]>,
): readonly string[] {
  const given = new Map<Flag, Set<string>>()
  let at = 0
  while (at < args.length) {
    const arg = args[at] ?? ''
    if (arg.length < 2 || !arg.startsWith('-')) break
    at += 1
    if (arg === '--') break
    const { name, value } = splitFlag(arg)
    const flag = byName.get(name)
    if (flag === undefined) throw new UsageError('syntax', `flag provided but not defined: -${name}`)
    let text = value ?? flag.bare ?? (flag.kind === 'bool' ? 'true' : undefined)
    if (text === undefined) {
      text = args[at]
      at += 1
      if (text === undefined) throw new UsageError('syntax', `flag needs an argument: -${name}`)
    }
    const names = given.get(flag) ?? new Set()
    const before = flag.kind === 'list' && names.size > 0 ? (texts.get(flag.names[0]) ?? []) : []
    texts.set(flag.names[0], [...before, parseValue(flag, name, text)])
    given.set(flag, names.add(name))
  }
  checkForms(given)
  return args.slice(at)
}

function checkForms(given: ReadonlyMap<Flag, ReadonlySet<string>>): void {
  for (const [flag, names] of given) {
    // In the order of the definition, as sops says it.
    const [first, second] = flag.names.filter((name) => names.has(name))
    if (second !== undefined) {
      throw new UsageError('forms', `Cannot use two forms of the same flag: ${second} ${String(first)}`)
    }
  }
}

function splitFlag(arg: string): { readonly name: string; readonly value: string | undefined } {
  const body = arg.slice(arg.startsWith('--') ? 2 : 1)
  if (body === '' || body.startsWith('-') || body.startsWith('=')) {
    throw new UsageError('syntax', `bad flag syntax: ${arg}`)
  }
  const equals = body.indexOf('=')
  return equals < 0 ? { name: body, value: undefined } : { name: body.slice(0, equals), value: body.slice(equals + 1) }
}

function parseValue(flag: Flag, name: string, text: string): string {
  if (flag.kind === 'bool') {
    const value = parseBool(text)
    if (value !== undefined) return String(value)
    throw new UsageError('syntax', `invalid boolean value ${quoteGo(text)} for -${name}: parse error`)
  }
  if (flag.kind !== 'integer') return text
  const value = parseInteger(text)
  if (typeof value === 'bigint') return String(value)
  throw new UsageError('syntax', `invalid value ${quoteGo(text)} for flag -${name}: ${value}`)
}

const booleans = new Map([
  ...['1', 't', 'T', 'TRUE', 'true', 'True'].map((text) => [text, true] as const),
  ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map((text) => [text, false] as const),
])

function parseBool(text: string): boolean | undefined {
  return booleans.get(text)
}

const integer = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/

function parseInteger(text: string): bigint | string {
  const match = integer.exec(text)
  if (match === null) return 'parse error'
  const digits = (match[2] ?? '').replaceAll('_', '')
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits)
  const value = match[1] === '-' ? -magnitude : magnitude
  return BigInt.asIntN(64, value) === value ? value : 'value out of range'
}

// sops moves the token after a flag without `=` along with it, even after a boolean, where it then ends the flags: `-i
// file --output x` leaves `--output x` behind.
function moveFlagsFirst(
  byName: ReadonlyMap<string, Flag>,
  args: readonly string[],
  order: FlagOrder,
): readonly string[] {
  if (order === 'leading') return args
  const flags: string[] = []
  const others: string[] = []
  let mayBeValue = false
  for (const [at, arg] of args.entries()) {
    const flag = knownFlag(byName, arg)
    if (mayBeValue && flag === undefined) {
      mayBeValue = false
      flags.push(arg)
    } else if (arg === '--') {
      return [...flags, '--', ...others, ...args.slice(at + 1)]
    } else if (flag !== undefined) {
      flags.push(arg)
      const alone = flag.kind === 'bool' || flag.bare !== undefined
      mayBeValue = !arg.includes('=') && (order === 'sops' || !alone)
    } else {
      others.push(arg)
    }
  }
  return [...flags, ...others]
}

function knownFlag(byName: ReadonlyMap<string, Flag>, arg: string): Flag | undefined {
  if (!arg.startsWith('-') || arg === '-' || arg === '--') return undefined
  return byName.get(arg.replace(/^-{1,3}/, '').split('=', 1)[0] ?? '')
}

/**
 * Flags anywhere before `--`; `rest`: what stands behind it, undefined without one.
 * @throws UsageError
 */
export function parseToDashes(
  flags: readonly Flag[],
  args: readonly string[],
  env: Environment,
): ParsedArguments & { readonly rest: readonly string[] | undefined } {
  const dashes = args.indexOf('--')
  const parsed = parseArguments(flags, dashes < 0 ? args : args.slice(0, dashes), env, 'anywhere')
  refuseFlags(parsed.positionals)
  return { ...parsed, rest: dashes < 0 ? undefined : args.slice(dashes + 1) }
}

/** For command lines on which a positional cannot look like a flag. Throws UsageError. */
export function refuseFlags(positionals: readonly string[]): void {
  const typo = positionals.find((each) => each.length > 1 && each.startsWith('-'))
  if (typo === undefined) return
  throw new UsageError('syntax', `flag provided but not defined: ${typo.replace(/^-(?=-)/, '')}`)
}
