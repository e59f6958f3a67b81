import { describe, expect, test } from 'vitest'

import { flatten, unflatten } from '../../src/stores/flatten.ts'
import type { Branch, Value } from '../../src/tree/types.ts'

const str = (value: string): { readonly type: 'str'; readonly value: string } => ({ type: 'str', value })
const branch = (...pairs: [string, Value][]): Branch => ({
  type: 'branch',
  items: pairs.map(([key, value]) => ({ type: 'item', key, value })),
})
const fields = (...keys: string[]): { key: string; value: ReturnType<typeof str> }[] =>
  keys.map((key, index) => ({ key, value: str(String(index)) }))

describe('flattened metadata', () => {
  const nested = branch(
    ['age', { type: 'list', items: [branch(['enc', str('x')]), branch(['enc', str('y')])] }],
    ['kms', { type: 'list', items: [branch(['context', branch(['a', str('1')], ['b', str('2')])])] }],
    ['mac', str('m')],
  )
  const keys = [
    'age__list_0__map_enc',
    'age__list_1__map_enc',
    'kms__list_0__map_context__map_a',
    'kms__list_0__map_context__map_b',
    'mac',
  ]

  test('a path becomes a name and the name a path', () => {
    expect(flatten(nested).map(({ key }) => key)).toEqual(keys)
    expect(unflatten(flatten(nested))).toEqual(nested)
    expect(unflatten(flatten(nested).reverse())).toEqual(nested)
  })

  test('empty containers and comments vanish', () => {
    const comment = { type: 'comment', value: 'c', inline: false } as const
    const list = { type: 'list', items: [comment, str('x')] } as const
    expect(flatten(branch(['a', { type: 'list', items: [] }], ['b', branch()], ['c', list]))).toEqual([
      { key: 'c__list_0', value: str('x') },
    ])
    expect(unflatten([])).toEqual(branch())
  })

  test('two paths of one name are an error', () => {
    const error: unknown = expect.objectContaining({ code: 'ERR_SOPS_EMIT' })
    expect(() => flatten(branch(['a', branch(['b', str('x')])], ['a__map_b', str('y')]))).toThrow(error)
  })

  test.each([
    [fields('a', 'a'), 'Error while unflattening "a": Duplicate value'],
    [fields('a', 'a__map_b'), 'Error while unflattening: Type mismatch'],
    [fields('a__list_0', 'a__map_b'), 'Error while unflattening: Type mismatch'],
    [fields('a__list_1'), 'Error while unflattening: Incomplete list'],
    [fields('a__list_0', 'a__list_2'), 'Error while unflattening: Incomplete list'],
    [fields('a__list_-1'), 'Error while unflattening: Incomplete list'],
    [fields('a__list_99999999999999999999'), 'Error while unflattening: Incomplete list'],
    [fields(`a${'__map_b'.repeat(100_000)}`), 'Error while unflattening: nested too deeply'],
  ])('%j is an error', (broken, message) => {
    expect(() => unflatten(broken)).toThrow(expect.objectContaining({ code: 'ERR_SOPS_METADATA_INVALID', message }))
  })

  test('an index that is no number counts as 0, and no name is special', () => {
    expect(unflatten(fields('a__list_x'))).toEqual(branch(['a', { type: 'list', items: [str('0')] }]))
    expect(unflatten(fields('__proto____map_b'))).toEqual(branch(['__proto__', branch(['b', str('0')])]))
  })
})
