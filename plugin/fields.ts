// Reads a configuration field by field. Whatever is not as it should be is reported with its place; what nobody asked
// for is unknown.
import { fieldPath, itemsOf } from '../src/kubernetes/object.ts'
import type { Branch, Value } from '../src/index.ts'
import type { Place, Report } from './finding.ts'

export class Fields {
  readonly branch: Branch
  readonly report: Report
  readonly place: Place
  readonly #path: readonly (string | number)[]
  #asked = new Set<string>()

  constructor(branch: Branch, report: Report, place: Place = {}, path: readonly (string | number)[] = []) {
    this.branch = branch
    this.report = report
    this.place = place
    this.#path = path
  }

  /** The same fields with another report, for work that goes on beside other work. */
  reporting(report: Report): Fields {
    const same = new Fields(this.branch, report, this.place, this.#path)
    same.#asked = this.#asked
    return same
  }

  /** Where something below stands. */
  at(...path: readonly (string | number)[]): Place {
    return { ...this.place, field: fieldPath(...this.#path, ...path) }
  }

  /** undefined: it is absent, null, or not a text, which is reported. */
  text(name: string): string | undefined {
    const value = this.#get(name)
    if (value === undefined || value.type === 'str') return value?.value
    this.#wrong('a text is expected here', name)
    return undefined
  }

  /** One of a few words. */
  word<Word extends string>(name: string, words: readonly Word[]): Word | undefined {
    const found = this.text(name)
    const word = words.find((each) => each === found)
    if (found !== undefined && word === undefined) this.#wrong(`it must be ${words.join(', ')}`, name)
    return word
  }

  flag(name: string): boolean | undefined {
    const value = this.#get(name)
    if (value === undefined || value.type === 'bool') return value?.value
    this.#wrong('true or false is expected here', name)
    return undefined
  }

  texts(name: string): readonly string[] {
    return this.#list(name).flatMap((value, index) => {
      if (value.type === 'str') return [value.value]
      this.#wrong('a text is expected here', name, index)
      return []
    })
  }

  /** A mapping of texts. */
  textMap(name: string): readonly (readonly [string, string])[] {
    const value = this.#get(name)
    if (value !== undefined && value.type !== 'branch') this.#wrong('a mapping is expected here', name)
    return itemsOf(value).flatMap(({ key, value: found }): (readonly [string, string])[] => {
      if (found.type === 'str') return [[key, found.value]]
      if (found.type === 'null') return [[key, '']]
      this.#wrong('a text is expected here: put it in quotes', name, key)
      return []
    })
  }

  section(name: string): Fields | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (value.type === 'branch') return new Fields(value, this.report, this.place, [...this.#path, name])
    this.#wrong('a mapping is expected here', name)
    return undefined
  }

  sections(name: string): readonly Fields[] {
    return this.#list(name).flatMap((value, index) => {
      if (value.type === 'branch') return [new Fields(value, this.report, this.place, [...this.#path, name, index])]
      this.#wrong('a mapping is expected here', name, index)
      return []
    })
  }

  /** Whether there is such a field at all. */
  has(name: string): boolean {
    return this.#get(name) !== undefined
  }

  /** Reports the fields that were never asked for. */
  finish(severity: 'error' | 'warning'): void {
    for (const { key } of itemsOf(this.branch)) {
      if (this.#asked.has(key)) continue
      if (severity === 'error') this.report.error('unknown field', this.at(key))
      else this.report.warn('unknown field; it is passed over', this.at(key))
    }
  }

  #get(name: string): Exclude<Value, { type: 'null' }> | undefined {
    this.#asked.add(name)
    const value = itemsOf(this.branch).find(({ key }) => key === name)?.value
    return value === undefined || value.type === 'null' ? undefined : value
  }

  #list(name: string): readonly Value[] {
    const value = this.#get(name)
    if (value === undefined) return []
    if (value.type === 'list') return value.items.filter(({ type }) => type !== 'comment')
    this.#wrong('a list is expected here', name)
    return []
  }

  #wrong(message: string, ...path: readonly (string | number)[]): void {
    this.report.error(message, this.at(...path))
  }
}
