// Typed access to the fields of a configuration, as go-yaml decodes into sops' structs: any scalar where a text is
// expected, an absent or null field as nothing, anything else an error that names the place and shows no value.
import { ConfigError } from '../errors.ts'
import { positional } from '../tree/scalar.ts'
import type { Branch, Value } from '../tree/types.ts'
import { nearest } from './nearest.ts'
import type { KeyGroupEntry } from './types.ts'

/** One map of the configuration. */
export class Shape {
  /** Such as `creation_rules[2]`; '' for the whole. */
  readonly place: string
  readonly #fields: ReadonlyMap<string, Value>
  readonly #file: string

  constructor(value: Value | undefined, place: string, file: string) {
    this.place = place
    this.#file = file
    if (value !== undefined && value.type !== 'null' && value.type !== 'branch')
      throw this.#wrong(place, value, 'a map')
    this.#fields = value?.type === 'branch' ? collectFields(value, 0) : new Map()
  }

  /** Whether it says nothing at all. */
  get isEmpty(): boolean {
    return this.#fields.size === 0
  }

  get(name: string): Value | undefined {
    const value = this.#fields.get(name)
    return value?.type === 'null' ? undefined : value
  }

  text(name: string): string {
    const value = this.get(name)
    return value === undefined ? '' : this.#textOf(value, this.at(name))
  }

  int(name: string): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (value.type === 'int') return Number(value.value)
    if (value.type === 'float' && Number.isFinite(value.value)) return Math.trunc(value.value)
    throw this.#wrong(this.at(name), value, 'an int')
  }

  bool(name: string): boolean {
    const value = this.get(name)
    if (value === undefined) return false
    if (value.type === 'bool') return value.value
    if (value.type === 'str' && /^(?:y|yes|on)$/i.test(value.value)) return true
    if (value.type === 'str' && /^(?:n|no|off)$/i.test(value.value)) return false
    throw this.#wrong(this.at(name), value, 'a bool')
  }

  /** The elements of a list, each with its place; undefined when there is no such field. */
  list(name: string): readonly (readonly [place: string, value: Value])[] | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    if (value.type !== 'list') throw this.#wrong(this.at(name), value, 'a list')
    const elements = value.items.filter(({ type }) => type !== 'comment')
    const placed = elements.map((element, index) => [`${this.at(name)}[${index}]`, element] as const)
    // go-yaml leaves a null out of a list of maps or texts.
    return placed.filter(([, { type }]) => type !== 'null')
  }

  maps(name: string): readonly Shape[] | undefined {
    return this.list(name)?.map(([place, element]) => new Shape(element, place, this.#file))
  }

  map(name: string): Shape {
    return new Shape(this.get(name), this.at(name), this.#file)
  }

  /** A text, or a map of texts and maps; deeper ones are refused. */
  plain(value: Value, place: string, levels = 2): KeyGroupEntry {
    if (value.type !== 'branch' || levels === 0) return this.#textOf(value, place)
    const fields = [...collectFields(value, 0)]
    return Object.fromEntries(fields.map(([name, field]) => [name, this.plain(field, `${place}.${name}`, levels - 1)]))
  }

  /** A warning for each field that is not among `known`; `onlyNear`: only for those that look misspelt. */
  warnings(known: readonly string[], onlyNear = false): string[] {
    return [...this.#fields.keys()].flatMap((name) => {
      if (known.includes(name)) return []
      const meant = nearest(name, known)
      if (meant === undefined && onlyNear) return []
      const advice = meant === undefined ? '' : `; did you mean "${meant}"?`
      return [`${this.#file}: unknown field "${this.at(name)}" is ignored${advice}`]
    })
  }

  at(name: string): string {
    return this.place === '' ? name : `${this.place}.${name}`
  }

  #textOf(value: Value, place: string): string {
    switch (value.type) {
      case 'str':
      case 'time':
        return value.value
      case 'int':
      case 'bool':
        return String(value.value)
      case 'float':
        return positional(value.value)
      case 'null':
        return ''
      default:
        throw this.#wrong(place, value, 'a string')
    }
  }

  #wrong(place: string, value: Value, expected: string): ConfigError {
    const where = place === '' ? '' : `${place}: `
    const problem = `${where}${expected} is expected here, not ${kinds[value.type]}`
    return new ConfigError(`error loading config: Could not unmarshal config file: ${problem}`, this.#file)
  }
}

const kinds: Readonly<Record<Value['type'], string>> = {
  str: 'a string',
  int: 'an int',
  float: 'a float',
  bool: 'a bool',
  time: 'a timestamp',
  bytes: 'binary data',
  null: 'null',
  comment: 'a comment',
  branch: 'a map',
  list: 'a list',
}

const maxMerges = 100

// The last of equal names counts; a merge key gives what the map itself does not.
function collectFields(branch: Branch, depth: number): Map<string, Value> {
  const fields = new Map<string, Value>()
  for (const item of branch.items) if (item.type === 'item') fields.set(item.key, item.value)
  const merged = fields.get('<<')
  fields.delete('<<')
  if (merged === undefined || depth > maxMerges) return fields
  for (const source of merged.type === 'list' ? merged.items : [merged]) {
    if (source.type !== 'branch') continue
    for (const [name, value] of collectFields(source, depth + 1)) if (!fields.has(name)) fields.set(name, value)
  }
  return fields
}
