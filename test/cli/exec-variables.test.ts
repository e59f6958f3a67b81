import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Naming, readVariables, type Source } from '../../src/cli/exec/variables.ts'
import { storeFor } from '../../src/stores/registry.ts'

const asSops: Naming = { separator: undefined, prefix: '', upper: false }
const flat: Naming = { ...asSops, separator: '__' }
const secret = 'Canary7Value'

function source(text: string, format = 'yaml', file = 'f'): Source {
  return { file, branch: storeFor(format)?.parse(Buffer.from(text)).branches[0] }
}

function read(text: string, naming: Naming = asSops, format = 'yaml'): Record<string, string> {
  return Object.fromEntries(readVariables([source(text, format)], naming))
}

describe('as sops', () => {
  test.for([
    ['a: x', { a: 'x' }],
    ['# c\na: 1\nb: 1.0\nc: 1e21\nd: true\ne: null\nf: 2020-01-02T03:04:05.678Z', 'scalars'],
    ['a: |\n  x\n  y\n', { a: 'x\ny\n' }],
    ['my-key: x\n"1": y\n"a b": z', { 'my-key': 'x', '1': 'y', 'a b': 'z' }],
    ['a: ""', { a: '' }],
    ['a: "#x"', { a: '#x' }],
  ] as const)('%j', ([text, expected]) => {
    const scalars = { a: '1', b: '1.0', c: '1E+21', d: 'true', e: '<nil>', f: '2020-01-02T03:04:05Z' }
    expect(read(text)).toEqual(expected === 'scalars' ? scalars : expected)
  })

  test('the later of two keys of one name', () => {
    expect(read('{"a": "1", "a": "2"}', asSops, 'json')).toEqual({ a: '2' })
  })

  test('a key called __proto__', () => {
    expect([...readVariables([source('{"__proto__": "x"}', 'json')], asSops)]).toEqual([['__proto__', 'x']])
  })

  test('the payload of a binary file', () => {
    const value = { type: 'bytes', value: Buffer.from('ü\n') } as const
    const branch = { type: 'branch', items: [{ type: 'item', key: 'data', value }] } as const
    expect([...readVariables([{ file: 'f', branch }], asSops)]).toEqual([['data', 'ü\n']])
  })

  test.for([
    [`k:\n  x: ${secret}`, 'cannot use complex value in environment; offending key k'],
    [`k: [${secret}]`, 'cannot use complex value in environment; offending key k'],
    [`a=b: ${secret}`, "cannot use keys with '=' in environment: a=b"],
    [`k: "${secret}\\0"`, 'environment variable contains NUL: k'],
    [`"k\\0": ${secret}`, 'cannot use keys with a NUL byte in environment: k\0'],
  ] as const)('refuses %j', ([text, message]) => {
    expect(() => read(text)).toThrow(message)
    expect(() => read(text)).not.toThrow(secret)
  })

  test('refuses bytes that are no text', () => {
    const branch = storeFor('dotenv')?.parse(Buffer.from('k=\xe9\n', 'latin1')).branches[0]
    expect(() => readVariables([{ file: 'f', branch }], asSops)).toThrow(
      'cannot use a value that is not UTF-8 in environment: k',
    )
  })
})

describe('several files', () => {
  test('give all their variables', () => {
    const all = readVariables([source('a: 1'), source('b: 2')], asSops)
    expect([...all]).toEqual([
      ['a', '1'],
      ['b', '2'],
    ])
  })

  test('must not set one twice, even to the same', () => {
    const files = [source('a: 1', 'yaml', 'x.yaml'), source('b: 2\na: 1', 'yaml', 'y.yaml')]
    expect(() => readVariables(files, asSops)).toThrow(
      'the environment variable a is set twice: by x.yaml: a and by y.yaml: a',
    )
    const same = source('a: 1', 'yaml', 'x.yaml')
    expect(() => readVariables([same, { ...same }], asSops)).toThrow('set twice')
  })
})

describe('names of our own', () => {
  test('nested values, comments do not count', () => {
    const text = 'db:\n  # c\n  host: h\n  ports:\n    # c\n    - 1\n    - {name: n}\nempty: {}\nnone: []\n'
    expect(read(text, flat)).toEqual({ db__host: 'h', db__ports__0: '1', db__ports__1__name: 'n' })
    const app: Naming = { separator: '_', prefix: 'app_', upper: true }
    expect(read(text, app)).toEqual({ APP_DB_HOST: 'h', APP_DB_PORTS_0: '1', APP_DB_PORTS_1_NAME: 'n' })
  })

  test.for([
    [`a__b: ${secret}\na:\n  b: ${secret}`, flat, 'a__b is set twice: by a__b and by a.b'],
    [`a: ${secret}\nA: ${secret}`, { ...asSops, upper: true }, 'A is set twice: by a and by A'],
    [`m:\n  my-key: ${secret}`, flat, 'm.my-key does not make a name for an environment variable: m__my-key'],
    [`"1a": ${secret}`, flat, '1a does not make a name'],
    [`é: ${secret}`, flat, 'é does not make a name'],
    [`m:\n  "": ${secret}\n"": ${secret}`, flat, 'does not make a name'],
    [`m:\n  a=b: ${secret}`, flat, "cannot use keys with '=' in environment: m.a=b"],
    [`m:\n  k: "\\0${secret}"`, flat, 'environment variable contains NUL: m.k'],
  ] as const)('refuses %j', ([text, naming, message]) => {
    expect(() => read(text, naming)).toThrow(message)
    expect(() => read(text, naming)).not.toThrow(secret)
  })

  test('every leaf of any tree comes through under a name of its own, or there is an error', () => {
    const key = fc.stringMatching(/^[a-z_][a-z0-9_]{0,3}$/)
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ maxDepth: 5 }, fc.string(), fc.array(tie('tree')), fc.dictionary(key, tie('tree'))),
    }))
    fc.assert(
      fc.property(fc.dictionary(key, tree), (value) => {
        const expected: string[] = []
        JSON.stringify(value, (_, each: unknown) => {
          if (typeof each === 'string') expected.push(each)
          return each
        })
        let got: readonly string[] | undefined
        try {
          got = [...readVariables([source(JSON.stringify(value), 'json')], flat).values()]
        } catch (error) {
          expect(String(error)).toMatch(/set twice|contains NUL/)
        }
        if (got !== undefined) expect(got).toEqual(expected)
      }),
    )
  })

  test('depth costs no stack', () => {
    const deep = '{"a":'.repeat(9_000) + '"x"' + '}'.repeat(9_000)
    expect(Object.values(read(deep, flat, 'json'))).toEqual(['x'])
  })
})
