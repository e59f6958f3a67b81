import { ParseError, ValueError } from '../../errors.ts'
import type { TagSource } from './event.ts'
import type { Token } from './token.ts'

const longPrefix = 'tag:yaml.org,2002:'

/** The tag handles of one document: those that %TAG declares, `!` and `!!`. */
export class TagHandles {
  readonly #prefixes = new Map<string, string>()

  declare(token: Token): void {
    if (this.#prefixes.has(token.value)) failAt(token, 'found a duplicate %TAG directive')
    this.#prefixes.set(token.value, token.suffix)
  }

  addDefaults(): void {
    if (!this.#prefixes.has('!')) this.#prefixes.set('!', '!')
    if (!this.#prefixes.has('!!')) this.#prefixes.set('!!', longPrefix)
  }

  clear(): void {
    this.#prefixes.clear()
  }

  resolve(token: Token): TagSource {
    const prefix = token.value === '' ? '' : this.#prefixes.get(token.value)
    if (prefix === undefined) failAt(token, 'found an undefined tag handle')
    const name = prefix + token.suffix
    const short = name.startsWith(longPrefix) ? `!!${name.slice(longPrefix.length)}` : name
    return { start: token.start, end: token.end, name: short }
  }
}

/** sops reads such a file and fails when it walks the tree: a failure of the value, not of the syntax. */
export function badKey({ line }: { readonly line: number }): ValueError {
  return new ValueError('ERR_SOPS_VALUE_ENCRYPT', [], `line ${line + 1}: a mapping key that is not a string`, {
    hint: 'Only string keys are supported: put the key in quotes.',
  })
}

export function failAt(place: { readonly line: number; readonly column: number }, problem: string): never {
  throw new ParseError('yaml', problem, place.line + 1, place.column + 1)
}
