import { describe, expect, test } from 'vitest'
import { documentEntries, isSecret, secretEntries } from '../../src/kubernetes/entries.ts'
import { storeFor } from '../../src/stores/registry.ts'
import type { Branch } from '../../src/tree/types.ts'

function parse(text: string): Branch {
  const [branch] = storeFor('yaml')?.parse(Buffer.from(text)).branches ?? []
  if (branch === undefined) throw new Error('no document')
  return branch
}

function texts(entries: readonly { key: string; value: Uint8Array }[]): readonly string[] {
  return entries.map(({ key, value }) => `${key}=${Buffer.from(value).toString()}`)
}

describe('of a Secret', () => {
  test('stringData wins over data, which is base64', () => {
    const secret = parse('apiVersion: v1\nkind: Secret\ndata: {a: YQ==, b: Yg==}\nstringData: {b: c}\n')
    expect(isSecret(secret)).toBe(true)
    expect(texts(secretEntries(secret))).toEqual(['a=a', 'b=c'])
  })

  test.for([
    ['data: {a: "!marker"}', 'data.a is not base64'],
    ['data: {a: 1}', 'data.a is not base64'],
    ['data: {a: YQ}', 'data.a is not base64'],
    ['stringData: {a: 5}', 'stringData.a is not a string'],
    ['stringData: {a: {marker: b}}', 'stringData.a is not a string'],
  ] as const)('%s', ([text, message]) => {
    expect(() => secretEntries(parse(text))).toThrow(message)
  })

  test.for([
    'kind: Secret',
    'apiVersion: v1\nkind: ConfigMap',
    'apiVersion: v2\nkind: Secret',
    'apiVersion: {v1: 1}\nkind: Secret',
  ])('%s is none', (text) => expect(isSecret(parse(text))).toBe(false))
})

describe('of another document', () => {
  test('one for each key, in order', () => {
    const document = parse('b: two words\n# note\na: 1\nc: true\nd: 1.50\ne: ""\nn: x\n__proto__: y\n')
    expect(texts(documentEntries(document, undefined))).toEqual([
      'b=two words',
      'a=1',
      'c=true',
      'd=1.5',
      'e=',
      'n=x',
      '__proto__=y',
    ])
  })

  test('nested values, when asked for', () => {
    const document = parse('a:\n  b: 1\n  c:\n    - x\n    # note\n    - y: z\nd: 2\n')
    expect(texts(documentEntries(document, '.'))).toEqual(['a.b=1', 'a.c.0=x', 'a.c.1.y=z', 'd=2'])
    expect(() => documentEntries(document, undefined)).toThrow('a holds more than one value')
  })

  test('two values for one key, and null, are errors', () => {
    expect(() => documentEntries(parse('a.b: 1\na: {b: 2}\n'), '.')).toThrow(
      'a.b gives a key that another value has, too',
    )
    expect(() => documentEntries(parse('a: null\n'), undefined)).toThrow('a is null')
  })

  test('any depth', () => {
    const deep = parse(`${'{a: '.repeat(2000)}1${'}'.repeat(2000)}`)
    expect(documentEntries(deep, '.')).toHaveLength(1)
  })
})
