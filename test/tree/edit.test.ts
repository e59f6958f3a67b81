import { describe, expect, test } from 'vitest'
import { applyEdit, planSet, planUnset, skipComments } from '../../src/tree/edit.ts'
import { sameValues } from '../../src/tree/walk.ts'
import type { Branch, Comment, Item, TreePath, Value } from '../../src/tree/types.ts'

const str = (value: string): Value => ({ type: 'str', value })
const float = (value: number): Value => ({ type: 'float', value })
const comment: Comment = { type: 'comment', value: 'c', inline: false }
const map = (...items: (Item | Comment)[]): Branch => ({ type: 'branch', items })
const item = (key: string, value: Value): Item => ({ type: 'item', key, value })
const list = (...items: Value[]): Value => ({ type: 'list', items })

const tree = map(
  item('a', { type: 'int', value: 1n }),
  comment,
  item('m', map(item('k', str('v')))),
  item('l', list(comment, str('x'))),
)

function afterSet(path: TreePath, value: Value): Branch {
  const edit = planSet(tree, path, value)
  return edit.kind === 'none' ? tree : applyEdit(tree, edit)
}

describe('set', () => {
  test.each<[TreePath, Branch]>([
    [['a'], map(item('a', str('n')), ...tree.items.slice(1))],
    [['new'], map(...tree.items, item('new', str('n')))],
    [['new', 'deep', 7], map(...tree.items, item('new', map(item('deep', list(str('n'))))))],
    [['a', 'b'], map(item('a', map(item('b', str('n')))), ...tree.items.slice(1))],
    [['l', 9], map(...tree.items.slice(0, 3), item('l', list(comment, str('x'), str('n'))))],
    [['l', 1], map(...tree.items.slice(0, 3), item('l', list(comment, str('n'))))],
    // sops counts the comment.
    [['l', 0], map(...tree.items.slice(0, 3), item('l', list(str('n'), str('x'))))],
    [['l', 9, 'k'], map(...tree.items.slice(0, 3), item('l', list(comment, str('x'), map(item('k', str('n'))))))],
    [['m', 0], tree],
  ])('%j', (path, wanted) => {
    expect(sameValues([afterSet(path, str('n'))], [wanted])).toBe(true)
  })

  test('leaves the tree alone', () => {
    const before = structuredClone(tree)
    afterSet(['m', 'k'], str('n'))
    expect(tree).toEqual(before)
  })

  test('tells what is there already, with its type', () => {
    expect(planSet(tree, ['m'], map(item('k', str('v'))))).toEqual({ kind: 'none', reason: 'present' })
    expect(planSet(tree, ['a'], float(1)).kind).toBe('replace')
    expect(planSet(tree, ['l'], list(str('x'))).kind).toBe('replace')
  })

  test.each<[TreePath, string]>([
    [[], 'ERR_SOPS_PATH_SYNTAX'],
    [['l', -1], 'ERR_SOPS_PATH_SYNTAX'],
    [['l', 'k'], 'ERR_SOPS_PATH_MISSING'],
  ])('refuses %j', (path, code) => {
    expect(() => planSet(tree, path, str('n'))).toThrow(expect.objectContaining({ code }))
    expect(() => planUnset(tree, path)).toThrow(expect.objectContaining({ code }))
  })

  test('makes thousands of levels', () => {
    const path = Array.from({ length: 20_000 }, (_, index) => (index % 2 === 0 ? 'k' : 0))
    expect(planSet(tree, path, str('n')).kind).toBe('append')
  })
})

describe('unset', () => {
  test('removes', () => {
    const edit = planUnset(tree, ['m', 'k'])
    expect(edit).toEqual({ kind: 'remove', place: [2, 0] })
    expect(edit.kind === 'remove' && applyEdit(tree, edit).items[2]).toEqual(item('m', map()))
  })

  test.each<[TreePath, string]>([
    [['x'], 'Key not found: x'],
    [[0], 'Key not found: 0'],
    [['l', 2], 'Index 2 out of bounds'],
  ])('tells that there is nothing at %j', (path, message) => {
    expect(planUnset(tree, path)).toEqual({ kind: 'missing', message })
  })

  test('refuses what stands in the way', () => {
    expect(() => planUnset(tree, ['a', 'b'])).toThrow("Unsupported type: int for item 'b'")
  })
})

test('places without comments', () => {
  expect(skipComments(tree, [2, 0])).toEqual([1, 0])
  expect(skipComments(tree, [3, 1])).toEqual([2, 0])
  expect(skipComments(tree, [3, 0])).toBeUndefined()
})
