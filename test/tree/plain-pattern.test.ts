// Patterns of words and anchors are left to JavaScript: it must say what RE2 says.
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { expect, test } from 'vitest'
import { compilePattern } from '../../src/tree/selection.ts'

const word = fc.string({ unit: fc.constantFrom('a', 'B', '_', '-', '7'), minLength: 1, maxLength: 3 })
const words = fc.array(word, { minLength: 1, maxLength: 3 }).map((list) => list.join('|'))
const pattern = fc
  .tuple(fc.constantFrom('', '^'), words, fc.constantFrom('', '$'), fc.boolean())
  .map(([start, middle, end, group]) => `${start}${group ? `(${middle})` : middle}${end}`)
const text = fc.string({
  unit: fc.constantFrom('a', 'B', '_', '-', '7', '\n', '\r', 'é', '😀', '\u2028'),
  maxLength: 6,
})

test('words and anchors', async () => {
  await fc.assert(
    fc.asyncProperty(pattern, text, async (source, subject) => {
      const expected = RE2JS.compile(source).matcher(subject).find()
      expect((await compilePattern(source, 'x'))(subject)).toBe(expected)
    }),
    { numRuns: process.env.SLOW === '1' ? 100_000 : 2000 },
  )
})
