import { describe, expect, test } from 'vitest'
import { compileSelection } from '../../src/tree/selection.ts'
import type { Branch, Comment, Selection, Value } from '../../src/tree/types.ts'
import { walk } from '../../src/tree/walk.ts'

const comment = (value: string): Comment => ({ type: 'comment', value, inline: false })
const item = (key: string, value: string | Value) => ({
  type: 'item' as const,
  key,
  value: typeof value === 'string' ? ({ type: 'str', value } as const) : value,
})
const map = (...items: Branch['items'][number][]): Branch => ({ type: 'branch', items })
const list = (...items: Value[]): Value => ({ type: 'list', items })

async function selected(root: Branch, selection: Selection): Promise<string[]> {
  const found: string[] = []
  const selector = await compileSelection(selection)
  walk([root], selector(), ({ leaf, encrypted, path }) => {
    if (encrypted) found.push(leaf.type === 'comment' ? `#${leaf.value}` : path().join('.'))
  })
  return found
}

const tree = map(
  comment('top'),
  item('plain_unencrypted', 'x'),
  item('data', map(comment('in data'), item('password', 'p'), item('port', 'q'))),
  item('others', list({ type: 'str', value: 'a' }, map(item('Data_unencrypted', 'b'), item('d', 'c')))),
)

describe('by key', () => {
  test.each<[Selection, string[]]>([
    [
      { by: 'none' },
      [
        '#top',
        'plain_unencrypted',
        '#in data',
        'data.password',
        'data.port',
        'others',
        'others.Data_unencrypted',
        'others.d',
      ],
    ],
    [
      { by: 'unencrypted_suffix', suffix: '_unencrypted' },
      ['#top', '#in data', 'data.password', 'data.port', 'others', 'others.d'],
    ],
    [{ by: 'encrypted_suffix', suffix: 'ata' }, ['#in data', 'data.password', 'data.port']],
    [{ by: 'encrypted_regex', pattern: '^pass' }, ['data.password']],
    [
      { by: 'encrypted_regex', pattern: '(?i)^data' },
      ['#in data', 'data.password', 'data.port', 'others.Data_unencrypted'],
    ],
    [{ by: 'unencrypted_regex', pattern: '^(data|others)$' }, ['#top', 'plain_unencrypted']],
    [{ by: 'encrypted_regex', pattern: '[[:upper:]]' }, ['others.Data_unencrypted']],
  ])('%o', async (selection, expected) => {
    expect(await selected(tree, selection)).toEqual(expected)
  })
})

describe('by comment', () => {
  const commented = map(
    comment('secret'),
    comment('more'),
    item('a', '1'),
    item('b', '2'),
    comment('secret'),
    item('m', map(item('c', '3'), comment('other'), item('d', '4'))),
    item('l', list(comment('secret'), { type: 'str', value: 'x' }, { type: 'str', value: 'y' })),
  )
  test('encrypted_comment_regex takes what follows, but not the comment that says so', async () => {
    expect(await selected(commented, { by: 'encrypted_comment_regex', pattern: '^secret$' })).toEqual([
      '#more',
      'a',
      'm.c',
      '#other',
      'm.d',
      'l',
    ])
  })
  test('unencrypted_comment_regex leaves the comment and what follows', async () => {
    expect(await selected(commented, { by: 'unencrypted_comment_regex', pattern: '^secret$' })).toEqual(['b', 'l'])
  })
})

test.each(['([', '(?=x)', '(x)\\1', 'a{1001}'])(
  'the pattern %s is an error, not «matches nothing»',
  async (pattern) => {
    await expect(compileSelection({ by: 'encrypted_regex', pattern })).rejects.toMatchObject({
      code: 'ERR_SOPS_CONFIG_INVALID',
    })
  },
)

test('a pattern that backtracks elsewhere takes linear time', async () => {
  const test = await compileSelection({ by: 'encrypted_regex', pattern: '(a+)+$' })
  const selector = test()
  selector.enter(undefined)
  expect(selector.selects(`${'a'.repeat(50_000)}!`, false)).toBe(false)
})

test('a deep tree does not overflow', async () => {
  let value: Value = { type: 'str', value: 'x' }
  for (let depth = 0; depth < 10_000; depth++) value = map(item('k', value))
  expect(await selected(map(item('k', value)), { by: 'encrypted_suffix', suffix: 'k' })).toHaveLength(1)
})
