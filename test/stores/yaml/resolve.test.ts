import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ParseError } from '../../../src/errors.ts'
import { isPlainString, resolveScalar } from '../../../src/stores/yaml/resolve.ts'
import { readScalar } from './spelled-tree.ts'

interface Vector {
  readonly text: string
  readonly plain: boolean
  readonly tag: string
  readonly type: string
  readonly value: string
}

const vectors = JSON.parse(readFileSync('test/vectors/yaml-resolve.json', 'utf8')) as Vector[]

test('a scalar gets the type that go-yaml gives it', () => {
  for (const { text, plain, tag, type, value } of vectors) {
    const asked = JSON.stringify({ text, plain, tag })
    if (type === 'error') expect(() => resolveScalar(text, plain, tag), asked).toThrow(ParseError)
    else expect(resolveScalar(text, plain, tag), asked).toStrictEqual(readScalar(type, value))
  }
})

test('a verbatim tag counts as its long form', () => {
  expect(resolveScalar('017', true, '!<tag:yaml.org,2002:int>')).toStrictEqual({ type: 'int', value: 15n })
})

test('an error does not show the value', () => {
  for (const tag of ['!!int', '!!binary', '!!timestamp']) {
    expect(() => resolveScalar('hunter2!', true, tag)).not.toThrow(/hunter2/)
    expect(() => resolveScalar('hunter2!', true, tag)).toThrow(ParseError)
  }
})

test('each scalar is an object of its own', () => {
  expect(resolveScalar('true', true, undefined)).not.toBe(resolveScalar('true', true, undefined))
})

test('long texts are typed in one pass', () => {
  const million = 1_000_000
  expect(resolveScalar('1'.repeat(million), true, undefined).type).toBe('str')
  expect(resolveScalar(`0x${'0'.repeat(million)}1`, true, undefined)).toStrictEqual({ type: 'int', value: 1n })
  expect(resolveScalar(`.${'1_'.repeat(6 * million)}1`, true, undefined).type).toBe('float')
  expect(isPlainString('1:'.repeat(6 * million))).toBe(true)
})
