// Random plain files in many styles. Every choice is fast-check's, so a failing file shrinks.

import fc from 'fast-check'

interface Written {
  /** Text after `key: ` or `- `; lines after the first come with their indentation relative to the container. */
  readonly lines: readonly string[]
  readonly block: boolean
}

const word = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
  .filter((text) => !/^(y|n|yes|no|on|off|true|false|null|sops)$/.test(text))
const phrase = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '))
const unicode = fc.string({ unit: 'grapheme', maxLength: 12 })
// Not the empty one: sops turns it into an empty string when it stands in a list.
const commentText = fc.oneof(phrase, fc.constantFrom(' TODO: x', '# two', ' a: b', ' 🔐 ü', '!bang', ' "quoted'))

const number = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  fc.integer().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => {
    const text = String(value)
    return /[.e]/.test(text) ? text : `${text}.0`
  }),
  fc.constantFrom('1.50', '0x1F', '0o17', '017', '1_000', '.5', '1e3', '-0', '+7', '.inf', '1000000.0'),
)

const plainScalar = fc.oneof(
  phrase,
  number,
  fc.constantFrom(
    'true',
    'False',
    '~',
    'null',
    '',
    'yes',
    'on',
    '2024-01-02',
    '2024-01-02T03:04:05+02:00',
    'a:b',
    'x#y',
  ),
)

const quotedScalar = fc.oneof(
  unicode.map((text) => JSON.stringify(text).replaceAll('\u007f', '\\x7f')),
  phrase.map((text) => `'${text}'`),
  fc.constantFrom("''", '""', "'it''s'", '"\\t\\n"', '"123"', '"true"', "'# no comment'", '" lead"'),
)

const inlineScalar = fc.oneof(plainScalar, quotedScalar)

const flowScalar = fc.oneof(quotedScalar, phrase, fc.constantFrom('1', '2.5', 'true', 'null'))

const { flow } = fc.letrec<{ flow: string; node: string }>((tie) => ({
  node: fc.oneof({ maxDepth: 2, withCrossShrink: true }, flowScalar, tie('flow')),
  flow: fc.oneof(
    fc.array(tie('node'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc
      .uniqueArray(fc.tuple(word, tie('node')), { maxLength: 3, selector: ([key]) => key })
      .map((items) => `{${items.map(([key, value]) => `${key}: ${value}`).join(', ')}}`),
  ),
}))

const blockScalar: fc.Arbitrary<Written> = fc
  .tuple(
    fc.constantFrom('|', '|-', '|+', '>', '>-', '>+'),
    fc.array(fc.oneof(phrase, fc.constantFrom('', '# text', '  more', 'k: v', '- i')), { minLength: 1, maxLength: 4 }),
  )
  .map(([header, lines]) => ({
    lines: [header, ...['first', ...lines].map((line) => (line === '' ? '' : `  ${line}`))],
    block: false,
  }))

const single = (text: fc.Arbitrary<string>): fc.Arbitrary<Written> =>
  text.map((line) => ({ lines: [line], block: false }))

interface Entry {
  readonly head: readonly string[]
  readonly blank: number
  readonly key: string
  readonly value: Written
  readonly inline: string | undefined
}

const { value: anyValue } = fc.letrec<{ value: Written; map: Written; list: Written }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { arbitrary: single(inlineScalar), weight: 5 },
    { arbitrary: single(flow), weight: 1 },
    { arbitrary: blockScalar, weight: 1 },
    { arbitrary: tie('map'), weight: 3 },
    { arbitrary: tie('list'), weight: 2 },
  ),
  map: fc
    .tuple(entries(tie('value')), fc.constantFrom(2, 4, 3))
    .map(([list, indent]) => ({ lines: mapLines(list).map((line) => shift(line, indent)), block: true })),
  list: fc
    .tuple(entries(tie('value')), fc.constantFrom(0, 2, 4))
    .map(([list, indent]) => ({ lines: listLines(list).map((line) => shift(line, indent)), block: true })),
}))

function entries(value: fc.Arbitrary<Written>): fc.Arbitrary<Entry[]> {
  const entry = fc.record({
    head: fc.oneof(
      { weight: 4, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(commentText, { maxLength: 2 }) },
    ),
    blank: fc.constantFrom(0, 0, 0, 0, 1, 2),
    key: word,
    value,
    inline: fc.option(commentText, { freq: 5, nil: undefined }),
  })
  return fc.uniqueArray(entry, { minLength: 1, maxLength: 4, selector: ({ key }) => key })
}

function mapLines(list: readonly Entry[]): readonly string[] {
  return list.flatMap(({ head, blank, key, value, inline }) => [
    ...Array<string>(blank).fill(''),
    ...head.map((text) => `#${text}`),
    ...entryLines(`${key}:`, value, inline),
  ])
}

function listLines(list: readonly Entry[]): readonly string[] {
  return list.flatMap(({ head, blank, value, inline }) => [
    ...Array<string>(blank).fill(''),
    ...head.map((text) => `#${text}`),
    ...entryLines('-', value, inline),
  ])
}

function entryLines(lead: string, { lines, block }: Written, inline: string | undefined): readonly string[] {
  // sops prints a comment behind an empty collection in a way that only sops reads.
  const isEmpty = lines[0] === '[]' || lines[0] === '{}'
  const tail = inline === undefined || isEmpty ? '' : ` #${inline}`
  // A list element that begins with a compact collection would need its own columns; the next line always works.
  if (block) return [`${lead}${tail}`, ...lines.map((line) => (lead === '-' ? shift(line, 2) : line))]
  const [first = '', ...rest] = lines
  return [`${lead} ${first}`.trimEnd() + tail, ...rest]
}

function shift(line: string, indent: number): string {
  return line === '' ? '' : ' '.repeat(indent) + line
}

/** A YAML file whose key `changeme` holds `before`. */
export const yamlFile: fc.Arbitrary<string> = fc
  .tuple(
    entries(anyValue),
    fc.constantFrom('', '---\n', '# top\n\n', '# top\n---\n'),
    fc.constantFrom('\n', '', '\n\n', '\n# end\n'),
    fc.boolean(),
  )
  .map(([list, start, end, crlf]) => {
    const text = `${start}changeme: before\n${mapLines(list).join('\n')}${end}`
    return crlf ? text.replaceAll('\n', '\r\n') : text
  })

const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie('json'), { maxKeys: 4 }),
  ),
}))

/** A JSON file whose key `changeme` holds `before`. */
export const jsonFile: fc.Arbitrary<string> = fc
  .tuple(
    fc.dictionary(word, json, { maxKeys: 5 }),
    fc.constantFrom<number | string>(0, 1, 2, 3, 4, '\t'),
    fc.constantFrom('', '\n', '\n\n'),
    fc.boolean(),
  )
  .map(([tree, indent, end, crlf]) => {
    const text = JSON.stringify({ changeme: 'before', ...tree }, null, indent) + end
    return crlf ? text.replaceAll('\n', '\r\n') : text
  })

const envLine = fc.oneof(
  fc
    .tuple(
      word,
      unicode.map((text) => text.replaceAll(/[\r\n]/g, '')),
    )
    .map(([key, value]) => `${key}=${value}`),
  commentText.map((text) => `#${text}`),
  fc.constantFrom('', 'export X="a b"', ' K = v ', "Q='x'", 'N=a\\nb', 'E='),
)

/** A dotenv file whose key `changeme` holds `before`. */
export const dotenvFile: fc.Arbitrary<string> = fc
  .tuple(fc.array(envLine, { maxLength: 8 }), fc.constantFrom('', '\n', '\n\n'))
  .map(([lines, end]) => ['changeme=before', ...lines].join('\n') + end)

const iniLine = fc.oneof(
  fc
    .tuple(word, fc.constantFrom('=', ' = ', ': ', '\t= '), phrase)
    .map(([key, mark, value]) => `${key}${mark}${value}`),
  phrase.map((text) => `; ${text}`),
  phrase.map((text) => `# ${text}`),
  word.map((name) => `[${name}]`),
  fc.constantFrom('', 'q = "x"', "s = 'y z'", 'e =', 'k = v ; c', 'p=  padded  ', 'u = ü 🔐'),
)

/** An INI file whose first section has a key `changeme` that holds `before`. */
export const iniFile: fc.Arbitrary<string> = fc
  .tuple(fc.array(iniLine, { maxLength: 8 }), fc.constantFrom('', '\n'))
  .map(([lines, end]) => ['[first]', 'changeme = before', ...lines].join('\n') + end)
