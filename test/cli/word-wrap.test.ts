import { expect, test } from 'vitest'
import { wrapWords } from '../../src/cli/word-wrap.ts'

test.for([
  ['one two three', 7, 'one two\nthree'],
  ['one  two', 5, 'one\ntwo'],
  ['averylongword on its own', 6, 'averylongword\non its\nown'],
  ['on averylongword', 6, 'on\naverylongword'],
  ['a\n\nb c', 1, 'a\n\nb c'],
  ['a b\u00a0c d', 3, 'a\nb\u00a0c\nd'],
  ['ends in space  ', 13, 'ends in space'],
  ['', 5, ''],
] as const)('%j at %d', ([text, width, wrapped]) => {
  expect(wrapWords(text, width)).toBe(wrapped)
})
