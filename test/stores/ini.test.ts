import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ini } from '../../src/stores/ini.ts'
import { decode, encode, leavesOf, roundTrip, testStore } from '../contract/store.ts'
import { testVectors } from './vectors.ts'

testVectors(ini)

testStore(ini, {
  texts: [
    '',
    '\n',
    'a=1',
    '[s]\na = 1\n',
    '; top\n\n[s] ; header\nkey  = "quoted" # behind\nlonger : `x # y`\n\n# one\n# two\nk=\'v\'\n',
    '; one\n; two\n[s]\n  # one\n  # two\n  a = 1\n',
    'a = """x\ny"""\nb="""z"""\n[s]\n; end\n; of file',
    '\ufeff[s]\r\n# c\r\n# d\r\na=1\r\nb = \r\n\r\n',
    'a=1\na=2\n; c\na=3\n',
    '-=1\n-=2\n[s]\n-=3\n[s]\n-=4\n',
    'a = `x` ; not read\n',
  ],
  broken: [
    'SECRET',
    '[SECRET',
    '[]SECRET',
    '=SECRET',
    '"SECRET',
    '`k` SECRET = 1',
    'a = """SECRET',
    '[s] SECRET',
    '""=SECRET',
  ],
  withKey: (key) => `[${key}]\n${key}=polluted\n`,
  reserved: '[sops]\nmac=x\n',
  large: (count) => `[s]\n${Array.from({ length: count }, (_, i) => `# c\nk${i} = v\n`).join('')}`,
})

describe('ini', () => {
  const encrypted = (text: string): string => {
    const document = ini.parse(encode(text))
    const edits = leavesOf(document).map((leaf) => {
      const value = `[${leaf.type === 'comment' ? 'c' : 'v'}]`
      return [leaf, leaf.type === 'comment' ? { ...leaf, value } : ({ type: 'str', value } as const)] as const
    })
    return decode(document.rewrite(new Map(edits)))
  }

  test('a run of comment lines becomes one line in the style of its first', () => {
    expect(encrypted('  #  one\n  ; two\n\n  k = v\n')).toBe('  #  [c]\n\n  k = [v]\n')
    expect(encrypted('; above\nk = v ; behind\n')).toBe('k = [v] ; [c]\n')
    expect(encrypted('k = v;c\n')).toBe('k = [v];[c]\n')
  })

  test('a comment behind a header or a long value moves above: sops would not read it there', () => {
    expect(encrypted('\t[s]  ; c\n')).toBe('\t; [c]\n\t[s]  \n')
    expect(encrypted('k = """a\nb""" ; c\n')).toBe('; [c]\nk = """[v]""" \n')
  })

  test('nothing that sops drops stays in clear', () => {
    expect(encrypted('a = 1\na = 2\n; end\n')).toBe('a = [c]\na = [v]\n; [c]\n')
    expect(encrypted('a = `1` ; c\n')).toBe('a = `[v]` ; [c]\n')
    expect(encrypted('a = """1""" password\n')).toBe('a = """[v]""" [c]\n')
    const paths = ini.parse(encode('[s]\na=1\na=2\n; c\n')).dropped.map(({ path }) => path)
    expect(paths).toEqual([['s', 'a'], ['s']])
  })

  test('a value gets the quotes that it needs', () => {
    const [leaf] = leavesOf(ini.parse(encode('a = x')))
    const write = (text: string, value: string): string => {
      const document = ini.parse(encode(text))
      const [old] = leavesOf(document)
      return old ? decode(document.rewrite(new Map([[old, { type: 'str', value }]]))) : ''
    }
    expect(leaf?.type).toBe('str')
    expect(write('a = x', 'a#b')).toBe('a = `a#b`')
    expect(write('a = x', 'a\nb')).toBe('a = """a\nb"""')
    expect(write('a = x', ' a')).toBe('a = " a"')
    expect(write('a = "x"', 'a#b')).toBe('a = `a#b`')
    expect(write("a = 'x'", ' a')).toBe("a = ' a'")
    expect(write('a = `x`', 'a`b')).toBe('a = `a`b`')
    expect(write('a =', 'b')).toBe('a =b')
  })

  test('both layouts of a metadata value are read', () => {
    const mac = (text: string): unknown => ini.parse(encode(`[sops]\nmac = ${text}\n`)).metadata?.items[0]
    const value = { type: 'item', key: 'mac', value: { type: 'str', value: 'a\nb' } }
    expect(mac('a\\nb')).toEqual(value)
    expect(mac('"""a\nb"""')).toEqual(value)
  })

  test('a section in the middle is replaced where it stands', () => {
    const document = ini.parse(encode('a=1\n\n[sops]\nmac = x\n\n; c\n[t]\nb=2\n'))
    expect(decode(document.rewrite(new Map()))).toBe('a=1\n\n; c\n[t]\nb=2\n')
    const metadata = {
      type: 'branch',
      items: [{ type: 'item', key: 'mac', value: { type: 'str', value: 'y' } }],
    } as const
    expect(decode(document.rewrite(new Map(), { metadata }))).toBe('a=1\n\n[sops]\nmac = y\n\n; c\n[t]\nb=2\n')
  })

  test('three quotes at the very end do not swallow the section', () => {
    const metadata = {
      type: 'branch',
      items: [{ type: 'item', key: 'mac', value: { type: 'str', value: 'y' } }],
    } as const
    const bytes = ini.parse(encode('a = """')).rewrite(new Map(), { metadata })
    expect(leavesOf(ini.parse(bytes))).toEqual([{ type: 'str', value: '"""' }])
  })

  test('any text as sops prints it comes back', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'B', ' ', '"', "'", '#', ';', '`', '\n', '=', 'é'),
      maxLength: 8,
    })
    const name = fc.constantFrom('a', 'key', 'long key', 'k=', 'é')
    const comment = fc
      .constantFrom('c', 'two words')
      .map((value) => ({ type: 'comment', value, inline: false }) as const)
    const item = fc.record({
      type: fc.constant('item' as const),
      key: name,
      value: word.map((value) => ({ type: 'str', value }) as const),
    })
    const items = fc.array(fc.oneof(item, comment), { maxLength: 5 })
    const section = fc.record({
      type: fc.constant('item' as const),
      key: fc.constantFrom('s', 't', 'DEFAULT'),
      value: fc.record({ type: fc.constant('branch' as const), items }),
    })
    fc.assert(
      fc.property(fc.array(section, { maxLength: 3 }), (sections) => {
        const printed = ini.emit([{ type: 'branch', items: sections }], {})
        // Not all that sops prints can be read, nor is all that is read printed the same.
        const again = ini.emit(readable(printed)?.branches ?? [], {})
        fc.pre(decode(printed) === decode(again))
        expect(roundTrip(ini, decode(printed), () => true)).toBe(decode(printed))
      }),
      { numRuns: 200 },
    )
  })

  function readable(bytes: Uint8Array): ReturnType<typeof ini.parse> | undefined {
    try {
      return ini.parse(bytes)
    } catch {
      return undefined
    }
  }
})
