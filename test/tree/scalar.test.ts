import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toNanoseconds } from '../../src/rfc3339.ts'
import { fromPlaintext, positional, toPlaintext } from '../../src/tree/scalar.ts'

describe('floats in ciphertext and MAC have no exponent', () => {
  test.each([
    [1.5, '1.5'],
    [1, '1'],
    [1e21, '1000000000000000000000'],
    [1e-7, '0.0000001'],
    [-1.25e-9, '-0.00000000125'],
    [1.7976931348623157e308, `17976931348623157${'0'.repeat(292)}`],
    [5e-324, `0.${'0'.repeat(323)}5`],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [NaN, 'NaN'],
    [-0, '-0'],
  ])('%f is %s', (value, text) => {
    expect(positional(value)).toBe(text)
  })

  test('every double reads back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true }), (value) => {
        expect(positional(value)).not.toMatch(/e/)
        expect(fromPlaintext('float', Buffer.from(positional(value)))).toEqual({ type: 'float', value })
      }),
    )
  })
})

describe('plaintexts of other writers', () => {
  test.each([
    ['int', '+5', { type: 'int', value: 5n }],
    ['int', '007', { type: 'int', value: 7n }],
    ['int', '9223372036854775807', { type: 'int', value: 9223372036854775807n }],
    ['int', '9223372036854775808', undefined],
    ['int', '1.0', undefined],
    ['int', '', undefined],
    ['float', '1e3', { type: 'float', value: 1000 }],
    ['float', 'inf', { type: 'float', value: Infinity }],
    ['float', '.5', { type: 'float', value: 0.5 }],
    ['float', '1e999', undefined],
    ['float', 'x', undefined],
    ['bool', 'true', { type: 'bool', value: true }],
    ['bool', 'F', { type: 'bool', value: false }],
    ['bool', 'yes', undefined],
    ['time', '2024-01-01T10:20:30.120+00:00', { type: 'time', value: '2024-01-01T10:20:30.12Z' }],
    ['time', '2024-02-30T10:20:30Z', undefined],
    ['other', 'x', undefined],
  ])('%s %s', (tag, text, expected) => {
    expect(fromPlaintext(tag, Buffer.from(text))).toEqual(expected)
  })

  test('a string whose bytes are no UTF-8 stays bytes', () => {
    const bytes = Buffer.from([0xff, 0x41])
    expect(fromPlaintext('str', bytes)).toEqual({ type: 'bytes', value: bytes })
  })

  test('a byte order mark is part of a string', () => {
    expect(fromPlaintext('str', Buffer.from('\ufeffx'))).toEqual({ type: 'str', value: '\ufeffx' })
  })
})

test.each([
  ['2024-01-01T00:00:00Z', '2024-01-01T00:00:00Z'],
  ['2006-01-02T15:04:05+07:06', '2006-01-02T15:04:05+07:06'],
  ['2006-01-02T15:04:05.000000000-07:00', '2006-01-02T15:04:05-07:00'],
  ['2024-02-29T15:04:05Z', '2024-02-29T15:04:05Z'],
  ['1900-02-29T15:04:05Z', undefined],
  ['2024-01-01', undefined],
  ['2024-01-01T24:00:00Z', undefined],
])('the time %s is %s', (text, expected) => {
  expect(toNanoseconds(text)).toBe(expected)
})

test('an integer beyond 64 bits is refused', () => {
  expect(() => toPlaintext({ type: 'int', value: 2n ** 63n })).toThrow(RangeError)
})
