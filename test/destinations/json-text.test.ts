import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonText, mergeDocuments } from '../../src/destinations/json-text.ts'
import { json } from '../../src/stores/json.ts'
import type { Branch, Value } from '../../src/tree/types.ts'

const read = (text: string): readonly Branch[] => json.parse(Buffer.from(text)).branches

describe('JSON of a tree', () => {
  test('is what JSON.parse reads, with names in order', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()), (value) => {
        // Where an integer stands, sops reads one; JSON knows no negative zero.
        const text = JSON.stringify({ x: value })
        const printed = jsonText(mergeDocuments(read(text)))
        expect(JSON.parse(printed)).toEqual(JSON.parse(text))
        expect(jsonText(mergeDocuments(read(printed)))).toBe(printed)
      }),
    )
  })

  test('does not depend on the order of names', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer(), { minKeys: 2 }), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed())
        const print = (map: object): string => jsonText(mergeDocuments(read(JSON.stringify({ a: map }))))
        expect(print(turned)).toBe(print(value))
      }),
    )
  })

  test('keeps every digit of an integer', () => {
    expect(jsonText({ type: 'int', value: 2n ** 63n - 1n })).toBe('9223372036854775807')
  })

  test('the last of equal names counts, at the top over all documents', () => {
    const branches = [...read('{"a": 1, "a": 2, "b": 3}'), ...read('{"b": {"c": 1, "c": 2}}')]
    expect(jsonText(mergeDocuments(branches))).toBe('{"a":2,"b":{"c":2}}')
  })

  test('comments are left out', () => {
    const comment: Value = { type: 'comment', value: 'c', inline: false }
    const list: Value = { type: 'list', items: [comment, { type: 'null' }, comment] }
    expect(jsonText({ type: 'branch', items: [comment, { type: 'item', key: 'a', value: list }] })).toBe('{"a":[null]}')
  })

  test('empty ones', () => {
    expect(jsonText({ type: 'branch', items: [] })).toBe('{}')
    expect(jsonText({ type: 'list', items: [{ type: 'list', items: [] }] })).toBe('[[]]')
  })

  test('a deep tree', () => {
    let value: Value = { type: 'list', items: [] }
    for (let depth = 0; depth < 10_000; depth++) {
      value = depth % 2 === 0 ? { type: 'list', items: [value] } : branchOf(value)
    }
    expect(jsonText(value)).toHaveLength(2 + 5000 * 2 + 5000 * 6)
  })

  test('what it cannot hold is named by its place', () => {
    const bad: Value = {
      type: 'list',
      items: [{ type: 'int', value: 1n }, branchOf({ type: 'bytes', value: Buffer.of(0xff) })],
    }
    expect(() => jsonText(branchOf(bad), ['top'])).toThrow(
      expect.objectContaining({
        code: 'ERR_SOPS_EMIT',
        message: expect.stringMatching(/^top\.a\.1\.a: /) as string,
      }) as Error,
    )
    expect(() =>
      jsonText({ type: 'branch', items: [{ type: 'item', key: '\udcff', value: { type: 'null' } }] }),
    ).toThrow(expect.objectContaining({ code: 'ERR_SOPS_EMIT' }) as Error)
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(() => jsonText({ type: 'float', value })).toThrow(
        expect.objectContaining({ code: 'ERR_SOPS_EMIT' }) as Error,
      )
    }
  })
})

function branchOf(value: Value): Branch {
  return { type: 'branch', items: [{ type: 'item', key: 'a', value }] }
}
