// Random YAML documents, one JSON string on each line: node test/run.mjs test/vectors/make/yaml-documents.ts COUNT [SEED]
// They cover what the reader must agree on with sops: comments at every place and column, block and flow collections in
// each other, compact lists, anchors, aliases, merge keys, tags, scalars of every style, CRLF, several documents.
// Each fourth document, or with DAMAGE=1 in the environment each one, is then damaged in one or two places.

type Random = () => number

function makeRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const plainWords = [
  'x',
  'one two',
  '1',
  '1.5',
  'true',
  'null',
  '~',
  '2024-01-02',
  '0x1F',
  'a#b',
  'a:b',
  '-1',
  '<<',
  'é',
  '😀 y',
  '.inf',
  '08',
  '?q',
  '-q',
  ':q',
  'u %',
  '1_000',
  '=',
]
const quotedWords = [
  "'it''s'",
  '"q\\n\\x41"',
  "''",
  '""',
  '"a # b"',
  "'{x: 1}'",
  '"\\u00e9 \\U0001F600"',
  '"tab\\tq"',
  "'a: b'",
]
const keyWords = ['a', 'b', 'c', 'key', 'long key', "'q'", '"d q"', 'é', 'k1', 'x-y', '😀']
const tags = ['!!str ', '!foo ', '! ', '!<tag:yaml.org,2002:str> ', '!!map ', '!a%21b ', '!x-y ']

class Generator {
  readonly #random: Random
  #lines: string[] = []
  #anchors: string[] = []
  #maps: string[] = []
  #closing: (() => void)[] = []
  #count = 0
  #width = 4

  constructor(random: Random) {
    this.#random = random
  }

  #chance(probability: number): boolean {
    return this.#random() < probability
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T
  }

  text(): string {
    this.#width = 1 + this.#below(4)
    const count = this.#chance(0.12) ? 2 + this.#below(2) : 1
    for (let i = 0; i < count; i++) this.#document(i)
    return this.#join()
  }

  #document(index: number): void {
    const tagged = this.#chance(0.05)
    if (tagged) this.#lines.push(this.#pick(['%TAG !e! tag:e.org,2000:', '%YAML 1.1', '%TAG ! tag:x,2001: # c']))
    if (index > 0 || tagged || this.#chance(0.1)) this.#lines.push(this.#pick(['---', '---', '--- ', '---   ']))
    const from = this.#lines.length
    if (this.#chance(0.05)) this.#lines.push(this.#flow(2, true))
    else if (this.#chance(0.02))
      this.#lines.push(this.#pick(['null', '~', '{}', 'null', '~', '{}', 'text', '- a', '[]']))
    else this.#mapping(this.#chance(0.1) ? 1 + this.#below(4) : 0, 3, '')
    if (this.#chance(0.01) && from === this.#lines.length - 1) this.#lines[from] = `--- ${this.#lines[from]}`
    if (this.#chance(0.08)) this.#lines.push('...')
  }

  #key(): string {
    this.#count++
    const word = this.#chance(0.85) ? `k${this.#count}` : this.#pick(keyWords)
    return this.#chance(0.01) ? this.#pick(['<<', '? q', '1', 'true', '!!str 2', '&z k', '!!int x']) : word
  }

  #mapping(column: number, depth: number, lead: string): void {
    const pad = ' '.repeat(column)
    const count = 1 + this.#below(this.#width)
    for (let i = 0; i < count; i++) {
      const start = i === 0 && lead !== '' ? lead : pad
      if (this.#chance(0.04)) this.#explicit(start, column, depth)
      else this.#pair(start + this.#key() + (this.#chance(0.03) ? ' :' : ':'), column, depth)
    }
  }

  #explicit(start: string, column: number, depth: number): void {
    this.#scalar(`${start}?`, column)
    if (this.#chance(0.85)) this.#entry(`${' '.repeat(column)}:`, column, depth - 1)
  }

  #pair(head: string, column: number, depth: number): void {
    if (this.#chance(0.03)) {
      const target = this.#maps.length > 0 ? `*${this.#pick(this.#maps)}` : '{m: 1}'
      this.#lines.push(`${head.replace(/[^ ]*:$/, '<<:')} ${target}`)
    } else {
      this.#entry(head, column, depth - 1)
    }
  }

  #properties(collection: boolean): string {
    let properties = ''
    if (this.#chance(0.06)) {
      // An alias inside of its own anchor would crash sops in a later document: such anchors are used afterwards alone.
      const name = `x${++this.#count}`
      this.#closing.push(() => {
        this.#anchors.push(name)
        if (collection) this.#maps.push(name)
      })
      properties += ` &${name}`
    }
    if (this.#chance(0.04)) properties += ` ${this.#pick(tags).trimEnd()}`
    return properties
  }

  /** What follows `key:` or `-`. */
  #entry(head: string, column: number, depth: number): void {
    const outer = this.#closing
    this.#closing = []
    this.#node(head, column, depth)
    for (const close of this.#closing) close()
    this.#closing = outer
  }

  #node(head: string, column: number, depth: number): void {
    const roll = this.#random()
    const list = head.endsWith('-')
    const deeper = column + this.#pick([2, 2, 2, 1, 4, 3])
    if (depth > 0 && roll < 0.28) {
      if (list && this.#chance(0.8)) return this.#mapping(head.length + 1, depth, `${head} `)
      this.#lines.push(head + this.#properties(true))
      return this.#mapping(deeper, depth, '')
    }
    if (depth > 0 && roll < 0.5) {
      if (list && this.#chance(0.7)) return this.#sequence(head.length + 1, depth, `${head} `)
      this.#lines.push(head + this.#properties(false))
      return this.#sequence(!list && this.#chance(0.4) ? column : deeper, depth, '')
    }
    if (roll < 0.6) return void this.#lines.push(`${head}${this.#properties(false)} ${this.#flow(2, false)}`)
    if (roll < 0.66) return void this.#lines.push(head + this.#properties(false))
    if (roll < 0.7 && this.#anchors.length > 0) return void this.#lines.push(`${head} *${this.#pick(this.#anchors)}`)
    this.#scalar(head + this.#properties(false), column)
  }

  #sequence(column: number, depth: number, lead: string): void {
    const count = 1 + this.#below(3)
    for (let i = 0; i < count; i++) {
      this.#entry(i === 0 && lead !== '' ? `${lead}-` : `${' '.repeat(column)}-`, column, depth - 1)
    }
  }

  #scalar(head: string, column: number): void {
    const roll = this.#random()
    const pad = ' '.repeat(column + 1 + this.#below(3))
    if (roll < 0.62) this.#lines.push(`${head} ${this.#word()}`)
    else if (roll < 0.8) this.#block(head, column)
    else if (roll < 0.86)
      this.#lines.push(`${head} one`, `${pad}two`, ...(this.#chance(0.3) ? ['', `${pad}three`] : []))
    else if (roll < 0.91) this.#lines.push(`${head} "one \\`, `${pad}  two`, '', `${pad}three"`)
    else if (roll < 0.95) this.#lines.push(`${head} 'one`, `${pad}two  '`)
    else this.#lines.push(head, `${pad}${this.#word()}`)
  }

  #word(): string {
    return this.#chance(0.75) ? this.#pick(plainWords) : this.#pick(quotedWords)
  }

  #block(head: string, column: number): void {
    const indent = 1 + this.#below(4)
    const explicit = this.#chance(0.2) && indent < 10
    const header = this.#pick(['|', '|', '>']) + this.#pick(['', '', '-', '+']) + (explicit ? String(indent) : '')
    const pad = ' '.repeat(column + indent)
    this.#lines.push(`${head} ${header}${this.#chance(0.1) ? ' # h' : ''}`)
    const count = this.#below(4)
    for (let i = 0; i < count; i++) {
      this.#lines.push(
        this.#chance(0.2)
          ? this.#pick(['', pad, ' '])
          : pad + this.#pick(['text', '  deep', 'x: y', '# no', 'a\ttab', '- z', 'two ']),
      )
    }
    if (this.#chance(0.2)) this.#lines.push('')
  }

  #flow(depth: number, mapping: boolean): string {
    const open = mapping || this.#chance(0.5)
    const count = this.#below(4)
    const space = () =>
      this.#chance(0.12) ? this.#pick(['\n  ', '\n', ' # f\n   ', '\n # g\n  ', '  ', '\t']) : this.#pick(['', ' '])
    let text = space()
    for (let i = 0; i < count; i++) {
      const value = depth > 0 && this.#chance(0.25) ? this.#flow(depth - 1, false) : this.#flowWord()
      const key =
        open || this.#chance(0.1) ? `${this.#key()}:${this.#chance(0.05) ? this.#pick(['', '\n ']) : ' '}` : ''
      const shape = this.#chance(0.9)
        ? key + value
        : this.#pick([
            `k${this.#count++}`,
            `? e${this.#count++} : ${value}`,
            `k${this.#count++}:`,
            `? e${this.#count++}`,
          ])
      text += shape + space() + (i < count - 1 || this.#chance(0.2) ? `,${this.#chance(0.1) ? space() : ' '}` : '')
    }
    return open ? `{${text}}` : `[${text}]`
  }

  #flowWord(): string {
    if (this.#chance(0.05) && this.#anchors.length > 0) return `*${this.#pick(this.#anchors)} `
    const tag = this.#chance(0.04) ? this.#pick(tags) : ''
    return tag + (this.#chance(0.6) ? this.#pick(['x', '1', 'y z', 'a:b', 'true']) : this.#pick(quotedWords))
  }

  #comment(): string {
    this.#count++
    return this.#chance(0.08) ? this.#pick(['#', '##', '#!x', '#  y ']) : `# c${this.#count}`
  }

  /** Puts comments and blank lines between the lines, as dense as this document's own taste. */
  #join(): string {
    const [inline, own, blank] = [this.#random() * 0.3, this.#random() * 0.5, this.#random() * 0.4]
    const out: string[] = []
    for (const line of this.#lines.flatMap((text) => text.split('\n'))) {
      while (this.#chance(own)) {
        const near = line.length - line.trimStart().length
        const column = this.#chance(0.6) ? near : this.#below(9)
        out.push(' '.repeat(column) + this.#comment())
        if (this.#chance(blank)) out.push(this.#chance(0.9) ? '' : '  ')
      }
      if (this.#chance(blank)) out.push('')
      out.push(this.#chance(inline) ? line + this.#pick([' ', '  ', '\t', '   ']) + this.#comment() : line)
    }
    while (this.#chance(own))
      out.push(' '.repeat(this.#below(5)) + this.#comment(), ...(this.#chance(blank) ? [''] : []))
    const lineBreak = this.#chance(0.1)
      ? '\r\n'
      : this.#chance(0.02)
        ? this.#pick(['\r', '\u2028', '\x85', '\n\u2029'])
        : '\n'
    const text = out.join(lineBreak) + (this.#chance(0.85) ? lineBreak : '')
    return this.#chance(0.02) ? `\ufeff${text}` : text
  }

  damage(text: string): string {
    const pieces = [
      '\n',
      ' ',
      '\t',
      '#',
      ':',
      '-',
      '?',
      '[',
      ']',
      '{',
      '}',
      ',',
      '&',
      '*',
      '!',
      '|',
      '>',
      "'",
      '"',
      '%',
      '@',
      '\\',
      '  ',
      '\n\n',
      ': ',
      '- ',
      ' #',
      '\r',
      '...',
      '---',
      '\n---\n',
      '? ',
      '\u2028',
      '\x85',
      '\x07',
      '😀',
      '<<: ',
      '0',
      'a',
    ]
    const at = this.#below(text.length + 1)
    const roll = this.#random()
    if (roll < 0.4) return text.slice(0, at) + this.#pick(pieces) + text.slice(at)
    if (roll < 0.8) return text.slice(0, at) + text.slice(at + 1 + this.#below(3))
    return text.slice(0, at) + this.#pick(pieces) + text.slice(at + 1)
  }
}

const count = Number(process.argv[2] ?? 400)
const seed = Number(process.argv[3] ?? 1)
for (let i = 0; i < count; i++) {
  const generator = new Generator(makeRandom(seed * 1_000_003 + i))
  let text = generator.text()
  if (i % 4 === 3 || process.env.DAMAGE !== undefined) text = generator.damage(generator.damage(text))
  if (Buffer.from(text).toString() === text) process.stdout.write(`${JSON.stringify(text)}\n`)
}
