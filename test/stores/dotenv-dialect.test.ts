// Each dialect here by example, and Node's by its own reader; the other readers are asked in test/interop.

import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dialectFor, dialectNames, emitDialect, translateDotenv } from '../../src/stores/dotenv-dialect.ts'
import type { Comment, Item, Value } from '../../src/tree/types.ts'

function emit(name: string, ...items: readonly (Item | Comment)[]): string {
  const dialect = dialectFor(name)
  if (dialect === undefined) throw new Error(`no dialect ${name}`)
  return Buffer.from(emitDialect([{ type: 'branch', items }], dialect)).toString()
}

function item(key: string, value: string | Value): Item {
  return { type: 'item', key, value: typeof value === 'string' ? { type: 'str', value } : value }
}

function translate(name: string, text: string): string {
  const dialect = dialectFor(name)
  if (dialect === undefined) throw new Error(`no dialect ${name}`)
  return Buffer.from(translateDotenv(Buffer.from(text), dialect)).toString()
}

describe('a value', () => {
  const refused = Symbol('refused')
  test.each<[string, string | Value, Record<string, string | typeof refused>]>([
    ['a word', 'x', { shell: "'x'", node: 'x', docker: 'x', direnv: "'x'" }],
    ['nothing', '', { shell: "''", node: "''", docker: '', direnv: "''" }],
    ['spaces', ' a b ', { shell: "' a b '", node: "' a b '", docker: ' a b ', direnv: "' a b '" }],
    [
      '$',
      '$(x) `y` $z',
      { shell: "'$(x) `y` $z'", node: "'$(x) `y` $z'", docker: '$(x) `y` $z', direnv: "'$(x) `y` $z'" },
    ],
    ['a quote', "it's", { shell: `'it'\\''s'`, node: "`it's`", docker: "it's", direnv: "'it's'" }],
    ['quotes', `'"\``, { shell: `''\\''"\`'`, node: refused, docker: `'"\``, direnv: `''"\`'` }],
    ['quotes inside', `a'"\``, { node: `a'"\`` }],
    ['a #', 'a #b', { shell: "'a #b'", node: "'a #b'", docker: 'a #b', direnv: "'a #b'" }],
    ['lines', 'a\nb', { shell: "'a\nb'", node: "'a\nb'", docker: refused, direnv: '"a\\nb"' }],
    ['a last line', 'a\n', { shell: "'a\n'", node: "'a\n'", docker: refused, direnv: '"a\\n"' }],
    ['a carriage return', 'a\rb', { shell: "'a\rb'", node: refused, docker: 'a\rb', direnv: '"a\\rb"' }],
    ['one at the end', 'a\r', { docker: refused }],
    ['a backslash and n', 'a\\n', { shell: "'a\\n'", node: "'a\\n'", docker: 'a\\n', direnv: "'a\\n'" }],
    ['one after a line', '\n\\n$x\\', { direnv: '"\\n\\\\${:-n}${:-$}x\\\\"' }],
    ['a last backslash', 'a\\', { shell: "'a\\'", node: 'a\\', docker: 'a\\', direnv: "'a\\'" }],
    ['one after a space', ' a\\', { node: refused }],
    ['escapes for want of quotes', `'\`\\n`, { node: refused }],
    ['stray bytes', { type: 'bytes', value: Buffer.from([0x61, 0xff]) }, { node: refused, docker: refused }],
    ['NUL', 'a\0', { shell: refused, node: refused, docker: refused, direnv: refused }],
    ['64 KiB', 'x'.repeat(65_536), { docker: refused }],
    ['an int', { type: 'int', value: 5n }, { shell: "'5'", node: '5', docker: '5', direnv: "'5'" }],
    ['a bool', { type: 'bool', value: true }, { shell: "'true'", node: 'true' }],
    ['null', { type: 'null' }, { shell: "'<nil>'" }],
  ])('%s', (_, value, expected) => {
    for (const [name, text] of Object.entries(expected)) {
      if (text !== refused) expect(emit(name, item('KEY', value))).toBe(`KEY=${text}\n`)
      else {
        expect(() => emit(name, item('KEY', value))).toThrow(`the ${name} dialect cannot hold the value of KEY`)
      }
    }
  })

  test('stray bytes pass a shell', () => {
    const dialect = dialectFor('shell')
    const branch = { type: 'branch' as const, items: [item('A', { type: 'bytes', value: Buffer.from([0xff, 0x27]) })] }
    const bytes = dialect === undefined ? [] : emitDialect([branch], dialect)
    expect([...bytes]).toEqual([...Buffer.from("A='"), 0xff, ...Buffer.from(`'\\'''\n`)])
  })

  test('a map or a list', () => {
    for (const value of [
      { type: 'branch', items: [] },
      { type: 'list', items: [] },
    ] as const) {
      expect(() => emit('shell', item('KEY', value))).toThrow(/complex value .*KEY/)
    }
  })
})

describe('a key', () => {
  const reserved = ['', '1A', 'A B', 'A;B', 'A\nB', '$(x)', 'é', 'A=B', '-A', 'A\0']
  test.each(reserved)('%j is no variable', (key) => {
    for (const name of dialectNames.slice(1)) expect(() => emit(name, item(key, 'x'))).toThrow(/cannot be a variable/)
  })

  test.each(['a.b', 'a-b'])('%s is one for some', (key) => {
    expect(emit('node', item(key, 'x'))).toBe(`${key}=x\n`)
    expect(emit('docker', item(key, 'x'))).toBe(`${key}=x\n`)
    expect(() => emit('shell', item(key, 'x'))).toThrow(/cannot be a variable/)
    expect(() => emit('direnv', item(key, 'x'))).toThrow(/cannot be a variable/)
  })
})

describe('a comment', () => {
  test('stays one, whatever it holds', () => {
    const comment: Comment = { type: 'comment', value: ' a\nA=1\rB=2\u2028C=3\x85\0D=4', inline: false }
    for (const name of ['node', 'docker', 'direnv']) {
      expect(emit(name, comment)).toBe('# a\n#A=1\n#B=2\n#C=3\n#D=4\n')
    }
    // An interactive zsh would run it.
    expect(emit('shell', comment)).toBe('')
  })
})

describe('a text in the dialect of sops', () => {
  const text = '# one\n\nA=x y\n\n\n#two\nB=a\\nb\nC=\n'
  test('keeps its lines', () => {
    expect(translate('node', text)).toBe("# one\n\nA='x y'\n\n\n#two\nB='a\nb'\nC=''\n")
    expect(translate('shell', text)).toBe("\nA='x y'\n\n\nB='a\nb'\nC=''\n")
    expect(translate('direnv', text)).toBe(`# one\n\nA='x y'\n\n\n#two\nB="a\\nb"\nC=''\n`)
    expect(() => translate('docker', text)).toThrow('the docker dialect cannot hold the value of B')
    expect(translate('docker', 'A= "x" \nB=')).toBe('A= "x" \nB=')
  })

  test('of another name is none', () => {
    expect(dialectFor('sops')).toBeUndefined()
    expect(() => dialectFor('bash')).toThrow('unknown dotenv dialect "bash"')
    expect(() => dialectFor('toString')).toThrow('unknown')
  })
})

describe('by their readers', () => {
  const piece = fc.constantFrom(
    ...Array.from(`'"\`\\\n\r$# =nr\u2028\u00a0a`),
    '\\n',
    '${HOME}',
    'K1=x',
    'export ',
    '\ufeff',
  )
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 10 }),
    fc.array(piece, { maxLength: 8 }).map((all) => all.join('')),
  )

  test('node: what is not refused comes back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 4 }), (pairs) => {
        const fits = pairs.filter(([each]) => isFit(each))
        const items = fits.flatMap(([each, comment], index): (Item | Comment)[] => [
          { type: 'comment', value: comment, inline: false },
          item(`K${index}`, each),
        ])
        expect(parseEnv(emit('node', ...items))).toEqual(
          Object.fromEntries(fits.map(([each], index) => [`K${index}`, each])),
        )
      }),
      { numRuns: 500 },
    )
  })

  function isFit(text: string): boolean {
    try {
      return emit('node', item('K', text)) !== ''
    } catch {
      return false
    }
  }
})
