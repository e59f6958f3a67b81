import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Place, spellScalar } from '../../../src/stores/yaml/spell.ts'
import type { Style } from '../../../src/stores/yaml/syntax.ts'
import type { Scalar } from '../../../src/tree/types.ts'
import { anyText, scalars } from './random-tree.ts'
import { expectation, readBack } from './read-back.ts'

const styles: readonly Style[] = ['plain', 'single', 'double', 'literal', 'folded']
const block: Place = { style: 'plain', flow: false, simpleKey: false, bodyColumn: 4, hint: 2 }

function spell(value: string, place: Partial<Place> = {}): string {
  return spellScalar({ type: 'str', value }, { ...block, ...place })
}

describe("sops' choice", () => {
  test.each([
    ['text', 'text'],
    ['', '""'],
    ['yes', '"yes"'],
    ['N', '"N"'],
    ['017', '"017"'],
    ['2024-01-01', '"2024-01-01"'],
    ['190:20:30', '"190:20:30"'],
    ['190:61', '190:61'],
    ['a: b', "'a: b'"],
    ["'", "''''"],
    [' a', "' a'"],
    ['a\tb', '"a\\tb"'],
    ['\u{1F600}', '"\\U0001F600"'],
    ['\ufeffa b', '"\\uFEFF\\x61\\x20\\x62"'],
    ['a\nb\n', '|\n    a\n    b'],
    ['a\nb', '|-\n    a\n    b'],
    ['a\n\n', '|+\n    a\n'],
    [' a\nb', '|2-\n     a\n    b'],
    ['a \nb', '"a \\nb"'],
    ['ENC[AES256_GCM,data:x,type:str]', 'ENC[AES256_GCM,data:x,type:str]'],
    ['<<', '!!merge <<'],
  ])('%j is written %j', (value, text) => {
    expect(spell(value)).toBe(text)
  })

  test('in flow style a ciphertext goes in quotes', () => {
    expect(spell('ENC[AES256_GCM,data:x,type:str]', { flow: true })).toBe("'ENC[AES256_GCM,data:x,type:str]'")
    expect(spell('a\nb', { flow: true })).toBe('"a\\nb"')
  })

  test('strings that sops would lose go in double quotes', () => {
    expect(spell('\ta\nb')).toBe('"\\ta\\nb"')
    expect(spell('a\u2028b')).toBe('"a\\Lb"')
    expect(spell('a\u2029\nb')).toBe('"a\\P\\nb"')
  })

  test.each([
    [100000, '100000'],
    [999999.5, '999999.5'],
    [1000000, '1e+06'],
    [1234567.5, '1.2345675e+06'],
    [0.0001, '0.0001'],
    [0.00001234, '1.234e-05'],
    [1e21, '1e+21'],
    [5e-324, '5e-324'],
    [-0, '-0'],
    [-Infinity, '-.inf'],
    [NaN, '.nan'],
  ])('the float %d is written %s', (value, text) => {
    expect(spellScalar({ type: 'float', value }, block)).toBe(text)
  })

  test('bytes are base64 in lines of 70', () => {
    const value = new Uint8Array(60).fill(0xff)
    const text = spellScalar({ type: 'bytes', value }, block)
    expect(text).toBe(`!!binary |\n    ${'/'.repeat(70)}\n    ${'/'.repeat(10)}`)
    expect(spellScalar({ type: 'bytes', value }, { ...block, flow: true })).toBe(`!!binary ${'/'.repeat(80)}`)
  })
})

describe('a style that was asked for', () => {
  test.each<[Style, string, string]>([
    ['single', "it's", "'it''s'"],
    ['single', '\u{1F600}', "'\u{1F600}'"],
    ['single', 'a\nb', '|-\n    a\n    b'],
    ['double', 'a\t"\\\n\u{1F600}é\x01', '"a\\t\\"\\\\\\n\u{1F600}é\\x01"'],
    ['literal', 'a', '|-\n    a'],
    ['literal', '\ta\n', '|2\n    \ta'],
    ['literal', 'a\rb', '"a\\rb"'],
    ['literal', '', '""'],
    ['folded', 'a\nb\n', '>\n    a\n\n    b'],
    ['folded', 'a\n\n  b\nc', '>-\n    a\n\n      b\n    c'],
    ['folded', 'a\n \nb', '"a\\n \\nb"'],
  ])('%s for %j gives %j', (style, value, text) => {
    expect(spell(value, { style })).toBe(text)
  })

  test('only strings take it', () => {
    expect(spellScalar({ type: 'int', value: 5n }, { ...block, style: 'double' })).toBe('5')
    expect(spellScalar({ type: 'null' }, { ...block, style: 'literal' })).toBe('null')
  })

  test('no block stands in flow style or in a simple key', () => {
    expect(spell('a', { style: 'literal', flow: true })).toBe('a')
    expect(spell('a\nb', { style: 'folded', simpleKey: true })).toBe('"a\\nb"')
  })
})

describe('what is written reads back', () => {
  const reads = (value: Scalar, text: string): void => {
    const [branch] = readBack(text)
    const [first] = branch?.items ?? []
    expect(first?.type === 'item' && first.value).toStrictEqual(expectation(value))
  }

  test('as the value of a map', () => {
    fc.assert(
      fc.property(
        scalars(anyText),
        fc.constantFrom(...styles),
        fc.integer({ min: 1, max: 12 }),
        (value, style, hint) => {
          const text = spellScalar(value, { ...block, style, bodyColumn: hint, hint })
          reads(value, `k: ${text}\nz: 1\n`)
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('in a list', () => {
    fc.assert(
      fc.property(scalars(anyText), fc.constantFrom(...styles), (value, style) => {
        const [branch] = readBack(`k:\n  - ${spellScalar(value, { ...block, style })}\n  - 1\n`)
        const [first] = branch?.items ?? []
        const list = first?.type === 'item' && first.value.type === 'list' ? first.value.items : []
        expect(list[0]).toStrictEqual(expectation(value))
      }),
      { numRuns: 2000 },
    )
  })

  test('in flow style', () => {
    fc.assert(
      fc.property(scalars(anyText), fc.constantFrom(...styles), (value, style) => {
        const text = spellScalar(value, { style, flow: true, simpleKey: false, bodyColumn: 0, hint: 0 })
        expect(text).not.toContain('\n')
        reads({ type: 'null' }, `{k: null, l: [${text}, ${text}], m: ${text}}`)
        const [branch] = readBack(`{m: ${text}, l: [${text}, ${text}]}`)
        const [first] = branch?.items ?? []
        expect(first?.type === 'item' && first.value).toStrictEqual(expectation(value))
      }),
      { numRuns: 2000 },
    )
  })

  test('as a simple key', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom(...styles), (value, style) => {
        const text = spell(value, { style, simpleKey: true })
        expect(text).not.toContain('\n')
        const [branch] = readBack(`${text}: 1\n`)
        const [first] = branch?.items ?? []
        expect(first?.type === 'item' && first.key).toBe(value)
      }),
      { numRuns: 2000 },
    )
  })
})

test('hostile lengths take one pass', () => {
  const million = 1_000_000
  for (const value of ['\n '.repeat(million), `${'1:'.repeat(6 * million)}1`, '\u{1F600}'.repeat(million)]) {
    expect(spell(value).length).toBeGreaterThan(million)
  }
  const blanks = ' '.repeat(million)
  for (const style of styles) expect(spell(`a\n${blanks}`, { style }).length).toBeGreaterThan(million)
  expect(spell('ab '.repeat(4 * million) + 'c')).toHaveLength(12 * million + 1)
})
