// Reading the metadata section as leniently as sops does (mapstructure's weak mode): names in any case, numbers and
// booleans as text, one map where a list is expected. Texts of errors are its own; they never quote a value.
import { SopsError } from '../errors.ts'
import { positional } from '../tree/scalar.ts'
import type { Branch, Value } from '../tree/types.ts'

/** The fields of a branch: the last of equal names counts, comments do not. */
export class Fields {
  readonly #exact = new Map<string, Value>()
  readonly #folded = new Map<string, Value>()

  constructor(branch: Branch) {
    for (const item of branch.items) if (item.type === 'item') this.#exact.set(item.key, item.value)
    for (const [key, value] of this.#exact) {
      if (!this.#folded.has(key.toLowerCase())) this.#folded.set(key.toLowerCase(), value)
    }
  }

  /** The name as it is written goes before another spelling of it. */
  get(name: string): Value | undefined {
    return this.#exact.get(name) ?? this.#folded.get(name)
  }

  /** Every name in lower case, once, with the value that `get` gives. */
  *entries(): Generator<[string, Value]> {
    for (const name of this.#folded.keys()) {
      const value = this.get(name)
      if (value !== undefined) yield [name, value]
    }
  }
}

export function decodeText(name: string, value: Value | undefined): string {
  if (value === undefined) return ''
  switch (value.type) {
    case 'null':
      return ''
    case 'str':
      return value.value
    case 'bool':
      return value.value ? '1' : '0'
    case 'int':
      return value.value.toString()
    case 'float':
      return positional(value.value)
    case 'bytes':
      return new TextDecoder().decode(value.value)
    default:
      throw unconvertible(name, 'string', value)
  }
}

export function decodeInt(name: string, value: Value | undefined): number {
  if (value === undefined) return 0
  switch (value.type) {
    case 'null':
      return 0
    case 'int':
      return Number(value.value)
    case 'float':
      return Number.isFinite(value.value) ? Math.trunc(value.value) : 0
    case 'bool':
      return value.value ? 1 : 0
    case 'str':
      return parseInteger(name, value.value)
    default:
      throw unconvertible(name, 'int', value)
  }
}

/** Go's strconv.ParseInt with base 0. */
function parseInteger(name: string, text: string): number {
  if (text === '') return 0
  const match = /^([+-]?)(0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?\d)*)$/.exec(text)
  if (match === null || text.length > 100) throw unparsable(name, 'int', 'strconv.ParseInt: invalid syntax')
  const [, sign = '', digits = ''] = match
  const magnitude = BigInt(digits.replaceAll('_', '').replace(/^0(?=[0-7])/, '0o'))
  const integer = sign === '-' ? -magnitude : magnitude
  if (BigInt.asIntN(64, integer) !== integer) throw unparsable(name, 'int', 'strconv.ParseInt: value out of range')
  return Number(integer)
}

export function decodeBool(name: string, value: Value | undefined): boolean {
  if (value === undefined) return false
  switch (value.type) {
    case 'null':
      return false
    case 'bool':
      return value.value
    case 'int':
    case 'float':
      return Number(value.value) !== 0
    case 'str':
      if (/^(1|t|T|true|TRUE|True)$/.test(value.value)) return true
      if (/^(|0|f|F|false|FALSE|False)$/.test(value.value)) return false
      throw unparsable(name, 'bool', 'strconv.ParseBool: invalid syntax')
    default:
      throw unconvertible(name, 'bool', value)
  }
}

/** The entries of a list of maps, each with its name. */
export function decodeMaps(name: string, value: Value | undefined): readonly (readonly [string, Branch])[] {
  return elements(value).map((element, index) => {
    const place = `${name}[${index}]`
    if (element.type === 'branch') return [place, element]
    if (element.type === 'null') return [place, { type: 'branch', items: [] }]
    const kind = kinds[element.type]
    throw failed(`'${place}' expected a map or struct, got "${kind}"`)
  })
}

function elements(value: Value | undefined): readonly Value[] {
  if (value === undefined || value.type === 'null') return []
  if (value.type === 'list') return value.items.filter(({ type }) => type !== 'comment')
  if (value.type === 'branch' && !value.items.some(({ type }) => type === 'item')) return []
  return [value]
}

/** A map of texts; a list of maps is joined. */
export function decodeTextMap(name: string, value: Value): Readonly<Record<string, string>> {
  const joined = new Map<string, string>()
  for (const element of elements(value)) {
    if (element.type !== 'branch') throw unconvertible(name, 'map[string]*string', element)
    for (const [key, text] of textEntries(name, element)) joined.set(key, text)
  }
  return Object.fromEntries(joined)
}

function* textEntries(name: string, branch: Branch): Generator<[string, string]> {
  for (const item of branch.items) {
    if (item.type === 'item') yield [item.key, decodeText(`${name}[${item.key}]`, item.value)]
  }
}

/** An error of the section as a whole. */
export function failed(message: string): SopsError {
  return new SopsError('ERR_SOPS_METADATA_INVALID', `decoding failed due to the following error(s):\n\n${message}`)
}

function unconvertible(name: string, expected: string, value: Value): SopsError {
  return failed(`'${name}' expected type '${expected}', got unconvertible type '${goTypes[value.type]}'`)
}

function unparsable(name: string, expected: string, reason: string): SopsError {
  return failed(`'${name}' cannot parse value as '${expected}': ${reason}`)
}

const kinds: Readonly<Record<Value['type'], string>> = {
  str: 'string',
  int: 'int',
  float: 'float64',
  bool: 'bool',
  time: 'struct',
  bytes: 'slice',
  null: 'invalid',
  comment: 'struct',
  branch: 'map',
  list: 'slice',
}

const goTypes: Readonly<Record<Value['type'], string>> = {
  ...kinds,
  time: 'time.Time',
  bytes: '[]uint8',
  comment: 'sops.Comment',
  branch: 'map[string]interface {}',
  list: '[]interface {}',
}
