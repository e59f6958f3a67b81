import { describe, expect, test } from 'vitest'
import { splitWords } from '../../src/keys/age/shell-words.ts'

describe('splitWords', () => {
  test.each([
    ['', []],
    ['  \t\r\n ', []],
    ['a b\tc\nd', ['a', 'b', 'c', 'd']],
    ['"a b" c', ['a b', 'c']],
    ["'a b' c", ['a b', 'c']],
    ['""', ['']],
    [`a''b""c`, ['abc']],
    [`"it's" 'say "x"'`, [`it's`, 'say "x"']],
    ['a\\ b', ['a b']],
    ['"a\\"b\\x"', ['a"bx']],
    ["'a\\b'", ['a\\b']],
    ['a#b', ['a#b']],
    ['a # b c\nd', ['a', 'd']],
    ['# only', []],
    ['$HOME ~ * `x` $(y) ; | &', ['$HOME', '~', '*', '`x`', '$(y)', ';', '|', '&']],
    ['grüße 😀', ['grüße', '😀']],
    ['a\u00a0b', ['a\u00a0b']],
  ])('%j', (command, words) => {
    expect(splitWords(command)).toEqual(words)
  })

  test.each([
    ['"a', 'EOF found when expecting closing quote'],
    ["a 'b", 'EOF found when expecting closing quote'],
    ['a\\', 'EOF found after escape character'],
    ['"a\\', 'EOF found after escape character'],
  ])('%j is an error', (command, message) => {
    expect(() => splitWords(command)).toThrow(message)
  })
})
