import { describe, expect, test } from 'vitest'
import { readGodotenv, readLiteralEnv } from '../../plugin/env-file.ts'

describe('godotenv', () => {
  // What github.com/joho/godotenv 1.5.1 gives.
  const known: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['A=1', { A: '1' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['# c\n\n  A = 1  \n', { A: '1' }],
    ['A: 1\nB:two words', { A: '1', B: 'two words' }],
    ['export A=1\nexport\tB=2', { A: '1', B: '2' }],
    ['exported=1', { exported: '1' }],
    ['A=a#b\nB=a # b\nC=a # b # c\nD=#x\n', { A: 'a#b', B: 'a', C: 'a # b', D: '#x' }],
    ['A=\nB=2', { A: '', B: '2' }],
    ['A=', { A: '' }],
    ['A="x # y" # z\nB=1', { A: 'x # y', B: '1' }],
    ['A=\'$B \\n "q"\'', { A: '$B \\n "q"' }],
    ['A="a\\nb\\rc\\td\\\\e"', { A: 'a\nb\rctd\\e' }],
    // It takes off every quote at the ends before it looks at escapes.
    ['A="say \\"hi\\" "', { A: 'say "hi" ' }],
    ['A="say \\"hi\\""', { A: 'say "hi\\' }],
    ['A="two\nlines"\nB=1', { A: 'two\nlines', B: '1' }],
    ['A=1\nB=$A-${A}-$(A)-\\$A-$C-$', { A: '1', B: '1-1-1)-$A--$' }],
    ['A=1\nB="$A \\$A"', { A: '1', B: '1 $A' }],
    ['A=""\nB="\'x\'"', { A: '', B: "'x'" }],
    ['A.B=1', { 'A.B': '1' }],
    ['A=1\nA=2', { A: '2' }],
    ['A=значение', { A: 'значение' }],
    ['', {}],
  ]
  test.for(known)('%j', ([text, expected]) => {
    expect(Object.fromEntries(readGodotenv(text))).toEqual(expected)
  })

  test.for(['A', 'A-B=1', 'ключ=1', 'A="open', "A='open\nB=1", 'ok=1\n!=2'])(
    '%j is refused, its text not shown',
    (text) => {
      expect(() => readGodotenv(text)).toThrow(/^line \d: (no key with a = after it|a quote that does not end)$/)
    },
  )

  test('it is quick on long runs of spaces', () => {
    const text = `A=x${' '.repeat(200_000)}y\nB${' '.repeat(200_000)}=1\n`
    const start = performance.now()
    expect(readGodotenv(text).size).toBe(2)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe("kustomize's reading", () => {
  test('all after the first = counts', () => {
    const text = '\ufeffA= "x" # y \n  B=1=2\r\n#C=1\n\t\nD=\n'
    expect(readLiteralEnv(text)).toEqual([
      ['A', ' "x" # y '],
      ['B', '1=2'],
      ['D', ''],
    ])
  })

  test('a line without = is refused', () => {
    expect(() => readLiteralEnv('A=1\nsecret')).toThrow(/^line 2 has no =$/)
  })
})
