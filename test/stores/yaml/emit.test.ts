import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SopsError } from '../../../src/errors.ts'
import { emitYaml, emitYamlValue } from '../../../src/stores/yaml/emit.ts'
import { emitFlow } from '../../../src/stores/yaml/flow.ts'
import type { Branch, Comment, Item, Value } from '../../../src/tree/types.ts'
import { anyText, branches } from './random-tree.ts'
import { expectation, readBack, withoutComments } from './read-back.ts'
import { readBranch, type Spelled } from './spelled-tree.ts'

interface Vector {
  readonly documents: readonly Spelled[]
  readonly indent: number
  readonly text: string
}

const vectors = JSON.parse(readFileSync('test/vectors/yaml-emit.json', 'utf8')) as Vector[]

const str = (value: string): Value => ({ type: 'str', value })
const item = (key: string, value: Value): Item => ({ type: 'item', key, value })
const map = (...items: (Item | Comment)[]): Branch => ({ type: 'branch', items })
const list = (...items: Value[]): Value => ({ type: 'list', items })
const comment = (value: string, inline = false): Comment => ({ type: 'comment', value, inline })
const emit = (...branch: Branch[]): string => emitYaml(branch, 2, undefined)

test('trees are printed byte for byte as sops prints them', () => {
  for (const { documents, indent, text } of vectors) {
    expect(emitYaml(documents.map(readBranch), indent, undefined)).toBe(text)
  }
})

describe('indent', () => {
  const tree = map(item('k', list(list(str('x')), map(item('m', map(item('p', str('q'))))))))

  test.each([undefined, 0, 4])('%s stands for four spaces', (indent) => {
    expect(emitYaml([tree], indent, undefined)).toBe('k:\n    - - x\n    - m:\n        p: q\n')
  })

  test.each([1, 10, 2])('%s stands for two spaces', (indent) => {
    expect(emitYaml([tree], indent, undefined)).toBe('k:\n  - - x\n  - m:\n      p: q\n')
  })

  test('a negative one is refused', () => {
    expect(() => emitYaml([tree], -1, undefined)).toThrow(
      new SopsError('ERR_SOPS_EMIT', 'YAML Negative indentation not accepted'),
    )
  })
})

describe('documents', () => {
  test('no document is an empty text, an empty document is {}', () => {
    expect(emit()).toBe('')
    expect(emit(map(), map(item('a', list())))).toBe('{}\n---\na: []\n')
  })

  test('the section ends each of them, the layout comment stands in the first', () => {
    const section = map(item('mac', str('x')))
    expect(emitYaml([map(item('a', str('b')), comment(' c')), map()], 2, section, 'one two')).toBe(
      'a: b\n# c\nsops:\n  # one two\n  mac: x\n---\nsops:\n  mac: x\n',
    )
  })

  test('a reserved key is refused', () => {
    expect(() => emitYaml([map(), map(item('sops', str('x')))], 2, map())).toThrow(SopsError)
  })
})

describe('comments', () => {
  test('stand before, on the line of and after what they came with', () => {
    const tree = map(
      comment(' top'),
      item('a', str('1x')),
      comment(' on b', true),
      item('b', str('2x')),
      comment(' end'),
    )
    expect(emit(tree)).toBe('# top\na: 1x\nb: 2x # on b\n# end\n')
  })

  test('stand in lists', () => {
    const items = list(comment(' 1'), str('x'), comment(' 2'), comment(' 3', true), str('z'), comment(' 4'))
    expect(emit(map(item('l', items)))).toBe('l:\n  # 1\n  - x\n  # 2\n  - z # 3\n  # 4\n')
  })

  test('of a map that ends a list move to the next free place', () => {
    const items = list(map(comment(' 1'), item('a', str('x')), comment(' 2')), comment(' 3'))
    expect(emit(map(item('l', items)))).toBe('l:\n  # 1\n  - a: x\n    # 2\n\n# 3\n')
  })
})

describe('where sops loses what it prints', () => {
  test('a text that starts with a tab keeps its lines', () => {
    expect(emit(map(item('\ta\nb', str('\tc\nd'))))).toBe('? "\\ta\\nb"\n: "\\tc\\nd"\n')
  })

  test("a block's digit is the depth that its body has", () => {
    expect(emitYaml([map(item('l', list(str(' a\nb'))), item('e', list(str('\n'))))], 4, undefined)).toBe(
      'l:\n    - |2-\n       a\n      b\ne:\n    - |4+\n\n',
    )
  })

  test('only maps are merged', () => {
    expect(emit(map(item('<<', map(item('a', str('b'))))))).toBe('!!merge <<:\n  a: b\n')
    expect(emit(map(item('<<', str('b'))))).toBe('"<<": b\n')
  })

  test('a comment on the line of an empty collection stands behind it', () => {
    expect(emit(map(comment(' c', true), item('a', list()), item('b', str('x'))))).toBe('a: [] # c\nb: x\n')
  })

  test('two comments on the line of a block do not become part of it', () => {
    expect(emit(map(comment(' 1', true), comment(' 2', true), item('a', str('x\n'))))).toBe('a: "x\\n" # 1\n\n# 2\n')
  })
})

test('a value stands alone, four spaces a level', () => {
  expect(emitYamlValue({ type: 'int', value: 5n })).toBe('5\n')
  expect(emitYamlValue({ type: 'list', items: [str('a'), map(item('k', map(item('l', str('b')))))] })).toBe(
    '- a\n- k:\n    l: b\n',
  )
})

describe('flow style', () => {
  test('takes one line', () => {
    const value = map(item('a', { type: 'int', value: 1n }), item('b c', list(str('x\n'), comment(' c'), str(''))))
    expect(emitFlow(value)).toBe('{a: 1, b c: ["x\\n", ""]}')
    expect(emitFlow(map(item('<<', map(item('k', str('ENC[a,b]'))))))).toBe("{<<: {k: 'ENC[a,b]'}}")
    expect(emitFlow(map(item('<<', str('x')), item('k'.repeat(200), str('y'))))).toBe(
      `{"<<": x, ? ${'k'.repeat(200)} : "y"}`,
    )
  })

  test('reads back', () => {
    fc.assert(
      fc.property(branches(anyText, true), (branch) => {
        const text = emitFlow(branch)
        expect(text).not.toContain('\n')
        expect(readBack(text)).toStrictEqual([withoutComments(branch)])
      }),
      { numRuns: 1000 },
    )
  })
})

test('any tree reads back', () => {
  const documents = fc.array(branches(anyText, true), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(documents, fc.integer({ min: 0, max: 10 }), (trees, indent) => {
      expect(readBack(emitYaml(trees, indent, undefined))).toStrictEqual(trees.map(expectation))
    }),
    { numRuns: 1000 },
  )
})

test('deep and wide trees are printed', () => {
  let deep: Exclude<Value, Comment> = { type: 'null' }
  for (let level = 0; level < 10_000; level++) deep = { type: 'list', items: [deep] }
  expect(emitYamlValue(deep)).toHaveLength(20_005)
  expect(emitFlow(deep)).toHaveLength(20_004)
  const wide = map(...Array.from({ length: 100_000 }, (_, index) => item(`k${index}`, str('value'))))
  expect(emit(wide).split('\n')).toHaveLength(100_001)
})
