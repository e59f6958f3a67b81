import { describe, expect, test } from 'vitest'
import { findValue, parseTreePath } from '../../src/tree/path.ts'
import type { Branch } from '../../src/tree/types.ts'

describe('tree paths', () => {
  test.each([
    ['', []],
    ['["a"]', ['a']],
    [`['a']["b"][3]`, ['a', 'b', 3]],
    [`["it's"]`, ["it's"]],
    ['[""]', ['']],
    ['["a]b"]', ['a]b']],
    ['["__proto__"]', ['__proto__']],
  ])('%s', (text, path) => {
    expect(parseTreePath(text)).toEqual(path)
  })

  test.each(['a', '["a"', '[a]', '["a"]b', '[]', '["a[b"]', '[1.5]', '["a\']'])('%s is refused', (text) => {
    expect(() => parseTreePath(text)).toThrow(expect.objectContaining({ code: 'ERR_SOPS_PATH_SYNTAX' }))
  })

  const root: Branch = {
    type: 'branch',
    items: [
      { type: 'item', key: 'l', value: { type: 'list', items: [{ type: 'str', value: 'x' }] } },
      { type: 'item', key: 's', value: { type: 'str', value: 'y' } },
    ],
  }
  test('values are found', () => {
    expect(findValue(root, ['l', 0])).toEqual({ type: 'str', value: 'x' })
    expect(findValue(root, [1])).toMatchObject({ items: [{ key: 'key' }, { key: 'value' }] })
  })
  test.each([[['x']], [['l', 1]], [['l', -1]], [['s', 0]], [['s', 'x']], [['toString']], [[9]]])(
    '%j is missing',
    (path) => {
      expect(() => findValue(root, path)).toThrow(expect.objectContaining({ code: 'ERR_SOPS_PATH_MISSING' }))
    },
  )
})
