// Random YAML texts in many layouts. Every scalar is in the spelling that a rewrite would give it in its style.

export type Random = () => number

export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export interface Habits {
  readonly comments: boolean
  readonly flow: boolean
  readonly aliases: boolean
}

const words = ['abc', 'foo bar', 'x-1', '/usr/bin', 'a.b@c', 'ünï', 'héllo wörld', 'v1', 'key=value', 'a:b', 'it"s']
const typed = ['5', '-17', '0', '1.5', '0.25', 'true', 'false', '2024-01-02T03:04:05Z', '123456789']
const doubles = [
  '"abc"',
  '"a b: c"',
  '"5"',
  '"x\\ty"',
  '"l1\\nl2"',
  '"say \\"hi\\""',
  '"true"',
  '"😀"',
  '"#no"',
  '"back\\\\slash"',
]
const singles = ["'it''s'", "'a: b'", "'[x'", "' lead'", "'trail '", "'# no'", "'{x'"]
const flowSingles = ["'a: b'", "'a, b'", "'[x'", "' lead'"]
const lines = ['text', 'two words', '# not a comment', 'key: value', '- item', '"quoted"', 'tail', '---x', '{x']

class Writer {
  readonly #random: Random
  readonly #habits: Habits
  #anchors = 0
  /** Those that an alias may name: a node that holds an alias to itself is refused. */
  #closed: number[] = []

  constructor(random: Random, habits: Habits) {
    this.#random = random
    this.#habits = habits
  }

  #int(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#int(list.length)] as T
  }

  #inline(): string {
    return this.#habits.comments && this.#chance(0.12) ? `${' '.repeat(1 + this.#int(3))}#${this.#commentText()}` : ''
  }

  #commentText(): string {
    return this.#pick([' c', ' note: x', '!bang', '# double', ' [x]', ' tail  ', '', ' é'])
  }

  #between(column: number): string {
    let text = ''
    while (this.#chance(0.15)) text += '\n'
    while (this.#habits.comments && this.#chance(0.2)) {
      text += `${' '.repeat(this.#chance(0.6) ? column : this.#int(column + 4))}#${this.#commentText()}\n`
      while (this.#chance(0.2)) text += '\n'
    }
    return text
  }

  /** A value behind `key:` or `-`, from the blank to the end of its last line. */
  #scalar(parent: number): string {
    const kind = this.#int(12)
    if (kind < 4) return ` ${this.#pick(words)}${this.#inline()}\n`
    if (kind < 6) return ` ${this.#pick(typed)}${this.#inline()}\n`
    if (kind === 6)
      return this.#chance(0.5) ? `${this.#inline()}\n` : ` ${this.#pick(['null', '~', '""'])}${this.#inline()}\n`
    if (kind === 7) return ` ${this.#pick(singles)}${this.#inline()}\n`
    if (kind === 8) return ` ${this.#pick(doubles)}${this.#inline()}\n`
    return this.#block(parent)
  }

  #block(parent: number): string {
    const outer = Math.max(parent, 0)
    const step = 1 + this.#int(4)
    const margin = ' '.repeat(outer + step)
    if (this.#chance(0.3)) return ` ${this.#pick(['>', '>-'])}${this.#inline()}\n${margin}${this.#pick(lines)}\n`
    const count = 1 + this.#int(3)
    const body: string[] = []
    for (let i = 0; i < count; i++) {
      if (i > 0 && this.#chance(0.3)) body.push('')
      body.push((i > 0 && this.#chance(0.2) ? '  ' : '') + this.#pick(lines))
    }
    const indented = this.#chance(0.2)
    if (indented) body[0] = ` ${body[0] ?? ''}`
    const chomping = this.#pick(['', '-', '+'])
    const hint = indented || this.#chance(0.1) ? String(step) : ''
    const tail = chomping === '+' ? '\n'.repeat(this.#int(3)) : ''
    const header = this.#chance(0.5) ? hint + chomping : chomping + hint
    return ` |${header}${this.#inline()}\n${body.map((line) => (line === '' ? '' : margin + line)).join('\n')}\n${tail}`
  }

  #flow(depth: number): string {
    const kind = depth > 2 ? 0 : this.#int(4)
    if (kind < 2) return this.#pick([...words.slice(0, 5), ...typed, ...doubles, ...flowSingles])
    const gap = this.#chance(0.3) ? `${this.#habits.comments && this.#chance(0.3) ? ' # in flow' : ''}\n   ` : ''
    const count = this.#int(4)
    const items: string[] = []
    for (let i = 0; i < count; i++) items.push(kind === 2 ? this.#flow(depth + 1) : `k${i}: ${this.#flow(depth + 1)}`)
    const inner = items.join(`,${gap || ' '}`) + (count > 0 && this.#chance(0.1) ? ',' : '')
    return kind === 2 ? `[${gap}${inner}${gap}]` : `{${gap}${inner}${gap}}`
  }

  /** A value behind `key:`; `column` is that of the key. */
  #value(column: number, depth: number): string {
    const kind = this.#int(depth > 3 ? 6 : 10)
    if (kind === 5 && this.#habits.flow) return ` ${this.#flow(0)}${this.#inline()}\n`
    if (kind < 6) return this.#habits.aliases && this.#chance(0.2) ? this.#aliasOrAnchor() : this.#scalar(column)
    const name = this.#habits.aliases && this.#chance(0.15) ? this.#anchors++ : undefined
    const anchor = name === undefined ? '' : ` &a${name}`
    const step = 1 + this.#int(4)
    const body =
      kind < 8 ? this.#map(column + step, depth + 1) : this.#list(column + (this.#chance(0.4) ? 0 : step), depth + 1)
    if (name !== undefined) this.#closed.push(name)
    return `${anchor}${this.#inline()}\n${body}`
  }

  #aliasOrAnchor(): string {
    if (this.#closed.length > 0 && this.#chance(0.7)) return ` *a${this.#pick(this.#closed)}${this.#inline()}\n`
    const name = this.#anchors++
    this.#closed.push(name)
    return ` &a${name} ${this.#pick(words)}${this.#inline()}\n`
  }

  #map(column: number, depth: number): string {
    const count = 1 + this.#int(4)
    let text = ''
    for (let i = 0; i < count; i++) text += this.#between(column) + ' '.repeat(column) + this.#entry(column, depth, i)
    return text + (this.#chance(0.2) ? this.#between(column) : '')
  }

  #entry(column: number, depth: number, index: number): string {
    const name = this.#pick(['k', 'name', 'data', 'x_unencrypted', 'ä'])
    const key = this.#chance(0.1) ? `"${name}${index}"` : `${name}${index}`
    return `${key}:${this.#value(column, depth)}`
  }

  #list(column: number, depth: number): string {
    const count = 1 + this.#int(3)
    let text = ''
    for (let i = 0; i < count; i++) text += this.#between(column) + ' '.repeat(column) + this.#element(column, depth)
    return text + (this.#chance(0.2) ? this.#between(column) : '')
  }

  #element(column: number, depth: number): string {
    const kind = this.#int(depth > 3 ? 5 : 9)
    if (kind === 4 && this.#habits.flow) return `- ${this.#flow(0)}${this.#inline()}\n`
    if (kind < 5) return `-${this.#scalar(column)}`
    const gap = 1 + this.#int(3)
    const inner = column + 1 + gap
    if (kind < 7)
      return `-${' '.repeat(gap)}${this.#map(inner, depth + 1).replace(/^[^]*?(?=[^\s#])/, (head) => (/#|\n/.test(head) ? `\n${head}` : ''))}`
    if (kind === 7) return `-${this.#inline()}\n${this.#list(inner, depth + 1)}`
    return `-${' '.repeat(gap)}${this.#list(inner, depth + 1).replace(/^ +(?=-)/, '')}`.replace(
      /^(- *)(?=[#\n])/,
      '-\n',
    )
  }

  document(): string {
    const column = this.#chance(0.1) ? 1 + this.#int(3) : 0
    if (this.#habits.flow && this.#chance(0.12))
      return `${this.#between(0)}${this.#rootFlow()}${this.#inline()}\n${this.#between(0)}`
    return `${this.#map(column, 0)}${this.#between(column)}`
  }

  #rootFlow(): string {
    for (;;) {
      const text = this.#flow(0)
      if (text.startsWith('{')) return text
    }
  }

  text(): string {
    let text = this.#chance(0.2) ? `---${this.#inline()}\n` : ''
    text += this.document()
    while (this.#chance(0.2)) {
      this.#anchors = 0
      this.#closed = []
      if (this.#chance(0.2)) text += '...\n'
      text += `---${this.#inline()}\n`
      const kind = this.#int(8)
      text += kind === 0 ? '' : kind === 1 ? `${this.#pick(['{}', 'null', '~'])}\n` : this.document()
    }
    if (this.#chance(0.15)) text = text.replace(/\n$/, '')
    if (this.#chance(0.15)) text = text.replaceAll('\n', '\r\n')
    return this.#chance(0.1) ? `\ufeff${text}` : text
  }
}

export function randomYaml(random: Random, habits: Habits): string {
  return new Writer(random, habits).text()
}
