// Arbitrary trees with the strings that YAML finds hard.
import fc from 'fast-check'
import type { Branch, Comment, Item, List, Scalar, Value } from '../../../src/tree/types.ts'

const pieces = [
  ...[
    'a',
    'b',
    'foo',
    ' ',
    '  ',
    '\t',
    '\n',
    '\n\n',
    ':',
    ': ',
    '#',
    ' #',
    '-',
    '- ',
    '---',
    '...',
    '?',
    '? ',
    '"',
    "'",
  ],
  ...[
    '\\',
    '|',
    '>',
    '%',
    '@',
    '`',
    '&',
    '*',
    '!',
    '{',
    '}',
    '[',
    ']',
    ',',
    'é',
    '中',
    '\u{1F600}',
    '\u2028',
    '\u2029',
  ],
  ...[
    '\u0085',
    '\ufeff',
    '\u00a0',
    '\ufffd',
    '\ufffe',
    '\0',
    '\x01',
    '\x1b',
    '\x7f',
    '\r',
    '\r\n',
    '\n ',
    ' \n',
    '\n\t',
  ],
  ...[
    '0',
    '1',
    '9',
    '.',
    'e',
    '_',
    'ENC[AES256_GCM,data:x+/=,iv:y,tag:z,type:str]',
    'true',
    'null',
    '~',
    '=',
    '<<',
    '$',
  ],
]

const words = [
  ...[
    '',
    '~',
    'null',
    'true',
    'yes',
    'No',
    'on',
    'y',
    'N',
    '123',
    '0x1F',
    '0o7',
    '017',
    '1_000',
    '1.5',
    '.5',
    '1e3',
    '-',
  ],
  ...['--', '---', '--- a', '...', '+1', '-0', '.inf', '-.inf', '.nan', '2024-01-01', '2024-01-01T00:00:00Z', '1:30'],
  ...[
    '190:20:30.15',
    '1:60',
    '=',
    '!!str x',
    '&a',
    '*a',
    'a: b',
    'a:',
    'a :b',
    'a #b',
    '#a',
    'a#b',
    '- a',
    '-a',
    '? a',
  ],
  ...['?a', ':a', 'a,b', '[a', '{a}', '%a', '@a', '`a', '|', '>', '"a"', "'a'", "a'b", 'a"b', ' a', 'a ', '\ta', 'a\t'],
  ...[
    'a\nb',
    'a\nb\n',
    'a\n\n',
    '\n',
    '\n\n',
    '\na',
    ' a\nb',
    '  a\nb\n',
    '\ta\nb',
    '\n\ta',
    'a\n b',
    'a \nb',
    'a\n\tb',
  ],
  ...['a\n\t', 'a\n ', 'a\r\nb', 'a\u2028b', '\ufeffa b"', 'a\u{1F600}\nb', 'a\n---\nb', '- a\n- b\n', 'k: v\n', '|\n'],
  ...['x'.repeat(128), 'x'.repeat(129), 'é'.repeat(64), 'é'.repeat(65), 'x y '.repeat(50), '__proto__', 'constructor'],
  'ENC[AES256_GCM,data:abc,iv:x,tag:y,type:str]',
]

export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...words),
  fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 12 }),
)

/** Strings that sops itself prints in a way that it reads back. */
export const soundText: fc.Arbitrary<string> = anyText.filter(
  (text) => text !== '<<' && !/[\u2028\u2029]/.test(text) && !(/^[ \t\n]/.test(text) && text.includes('\n')),
)

const floats = fc.oneof(
  fc.double(),
  fc.double({ min: -1e7, max: 1e7 }).map((value) => Number(value.toPrecision(7))),
  fc.constantFrom(0, -0, Infinity, -Infinity, NaN, 1e20, 1e21, 100000, 999999.5, 1000000, 0.0001, 0.00001, 5e-324),
)

const times = ['2024-01-01T00:00:00Z', '2024-01-01T10:20:30.123456+02:00', '9999-12-31T23:59:59.999999999-11:30']

/** Bytes that no string can hold. */
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => new Uint8Array([0xff, ...array]))

export function scalars(text: fc.Arbitrary<string>): fc.Arbitrary<Scalar> {
  return fc.oneof(
    { weight: 6, arbitrary: text.map((value): Scalar => ({ type: 'str', value })) },
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map((value): Scalar => ({ type: 'int', value })),
    floats.map((value): Scalar => ({ type: 'float', value })),
    fc.boolean().map((value): Scalar => ({ type: 'bool', value })),
    fc.constantFrom(...times).map((value): Scalar => ({ type: 'time', value })),
    bytes.map((value): Scalar => ({ type: 'bytes', value })),
    fc.constant<Scalar>({ type: 'null' }),
  )
}

const comments: fc.Arbitrary<Comment> = fc.record({
  type: fc.constant('comment'),
  value: fc.constantFrom(' c', '', ' x: y', '# z', ' \u{1F600}', ' trailing ', '!a'),
  inline: fc.constant(false),
})

/** `commented`: comments stand anywhere but in collections that hold nothing else. */
export function branches(text: fc.Arbitrary<string>, commented: boolean): fc.Arbitrary<Branch> {
  const around = <T>(entries: fc.Arbitrary<T>): fc.Arbitrary<(T | Comment)[]> =>
    fc.array(commented ? fc.oneof({ weight: 3, arbitrary: entries }, comments) : entries, { maxLength: 4 })
  const hasContent = (entries: readonly { type: string }[]): boolean =>
    entries.length === 0 || entries.some(({ type }) => type !== 'comment')
  return fc.letrec<{ value: Exclude<Value, Comment>; branch: Branch; list: List }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, { weight: 4, arbitrary: scalars(text) }, tie('branch'), tie('list')),
    branch: around(fc.record<Item>({ type: fc.constant('item'), key: text, value: tie('value') }))
      .filter(hasContent)
      .map((items) => ({ type: 'branch', items: uniqueKeys(items) })),
    list: around(tie('value'))
      .filter(hasContent)
      .map((items) => ({ type: 'list', items })),
  })).branch
}

function uniqueKeys(items: readonly (Item | Comment)[]): (Item | Comment)[] {
  const seen = new Set<string>()
  return items.filter((item) => item.type === 'comment' || (!seen.has(item.key) && seen.add(item.key)))
}
