import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ParseError, SopsError } from '../../../src/errors.ts'
import { yaml } from '../../../src/stores/yaml.ts'
import type { Document, Edits, Leaf } from '../../../src/stores/types.ts'
import { mapLeaves } from '../../../src/tree/walk.ts'
import { randomOf, randomYaml } from './random-yaml.ts'
import { decrypt, describeTree, isEncryptable, leavesOf, open, roundTrip, section } from './round-trip.ts'

const parse = (text: string): Document => yaml.parse(Buffer.from(text))
const toText = (bytes: Uint8Array): string => Buffer.from(bytes).toString()
const ciphertext = (type = 'str'): string => `ENC[AES256_GCM,data:AAAA,iv:AAAA,tag:AAAA,type:${type}]`
const str = (value: string): Leaf => ({ type: 'str', value })
const comment = (value: string): Leaf => ({ type: 'comment', value, inline: false })

/** Edits by the text of the leaf. */
function editsOf(document: Document, changes: Readonly<Record<string, Leaf>>): Edits {
  const edits = new Map<Leaf, Leaf>()
  for (const leaf of leavesOf(document)) {
    const change = leaf.type === 'null' ? undefined : new Map(Object.entries(changes)).get(String(leaf.value))
    if (change !== undefined) edits.set(leaf, change)
  }
  return edits
}

function edit(text: string, changes: Readonly<Record<string, Leaf>>): string {
  const document = parse(text)
  return toText(document.rewrite(editsOf(document, changes)))
}

/** One folded line is canonical, several are not. */
const foldedLines = />-?(?: *#.*)?\r?\n( +)[^\n]*\n(?:[ \t]*\r?\n)*\1/

// Readers with a pattern that ends in `\]$` take no line break behind it.
it.each([
  ['|', '|-'],
  ['>2', '>2-'],
  ['| # c', '|- # c'],
  ['|-', '|-'],
  ['|+', '|+'],
])('the block %s holds a ciphertext as %s', (header, encrypted) => {
  const value = { type: 'str', value: header.startsWith('|-') ? 'x' : 'x\n' } as const
  const text = `a: ${header}\n  x\nb: 1\n`
  const sealedValue = ciphertext()
  const sealed = edit(text, { [value.value]: { type: 'str', value: sealedValue } })
  expect(sealed).toBe(`a: ${encrypted}\n  ${sealedValue}\nb: 1\n`)
  const other = ciphertext('int')
  const old = header === '|+' ? `${sealedValue}\n` : sealedValue
  expect(edit(sealed, { [old]: { type: 'str', value: other } })).toBe(sealed.replace(sealedValue, other))
  expect(edit(sealed, { [old]: value })).toBe(text)
})

const sectionText = `sops:
    age:
        - enc: |
            -----BEGIN-----
            YWJj

            -----END-----
          recipient: age1x
    lastmodified: "2024-01-01T00:00:00Z"
    mac: ENC[AES256_GCM,data:zz,iv:i,tag:t,type:str]
    version: 3.13.3
`
const flowText = `sops:
    # mac: ENC[AES256_GCM,data:zz,iv:i,tag:t,type:str]
    {age: [{enc: "-----BEGIN-----\\nYWJj\\n\\n-----END-----\\n", recipient: age1x}], lastmodified: "2024-01-01T00:00:00Z", mac: 'ENC[AES256_GCM,data:zz,iv:i,tag:t,type:str]', version: 3.13.3}`

describe('a round trip', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 31 })
  const textOf = (seed: number): string => {
    const text = randomYaml(randomOf(seed), { comments: seed % 4 > 0, flow: seed % 3 > 0, aliases: false })
    return foldedLines.test(text) ? '' : text
  }

  it('gives the text back byte for byte', () => {
    fc.assert(
      fc.property(seeds.map(textOf), (text) => {
        fc.pre(text !== '')
        expect(toText(roundTrip(Buffer.from(text)).decrypted)).toBe(text)
      }),
      { numRuns: 150 },
    )
  })

  it('encrypts every leaf, and finds each where the settled document said', () => {
    fc.assert(
      fc.property(seeds.map(textOf), (text) => {
        fc.pre(text !== '')
        const { settled, reread, cipher } = roundTrip(Buffer.from(text))
        const opened = mapLeaves(reread.branches, (leaf) => open(leaf, cipher) ?? leaf)
        expect(describeTree(opened)).toEqual(describeTree(settled.branches))
        for (const leaf of leavesOf(reread).filter(isEncryptable)) expect(open(leaf, cipher)).toBeDefined()
      }),
      { numRuns: 150 },
    )
  })

  it('keeps the layout text, and the text when only the section changes', () => {
    fc.assert(
      fc.property(seeds.map(textOf), (text) => {
        fc.pre(text !== '')
        const { reread, cipher } = roundTrip(Buffer.from(text), { ...section, layout: 'abc=' })
        expect(reread.layout).toBe('abc=')
        expect(reread.metadata?.items.filter((item) => item.type === 'item')).toEqual(section.metadata.items)
        const again = yaml.parse(reread.rewrite(new Map(), section))
        expect(again.layout).toBeUndefined()
        expect(toText(again.rewrite(decrypt(again, cipher)))).toBe(text)
      }),
      { numRuns: 100 },
    )
  })

  it('keeps the values where aliases are written out', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const text = randomYaml(randomOf(seed), { comments: false, flow: seed % 3 > 0, aliases: true })
        const { decrypted } = roundTrip(Buffer.from(text))
        expect(describeTree(yaml.parse(decrypted).branches)).toEqual(describeTree(parse(text).branches))
      }),
      { numRuns: 150 },
    )
  })

  it.each([
    ['no line break at the end', 'a: 1'],
    ['blank lines at the end', 'a: 1\n\n\n'],
    ['blanks at the end', 'a: 1\n  '],
    ['comments at the end', 'k:\n  a: 1\n  # c\n\n# d'],
    ['a kept block at the end', 'a: |+\n  x\n\n\n'],
    ['a clipped block before blank lines', 'a: |\n  x\n\n\n'],
    ['a block without a line break', 'a: |\n  x'],
    ['a kept block without a line break', 'a: |+\n  x'],
    ['a block of empty lines', 'a: |+\n\n\nb: 1\n'],
    ['an indented root', '  a: 1\n  b:\n   c: 2\n'],
    ['CRLF', 'a: 1\r\nb: |\r\n  x\r\n  y\r\n# c\r\n'],
    ['CRLF without a break at the end', 'a: 1\r\nb: 2'],
    ['a byte order mark', '\ufeffa: 1\n'],
    ['a directive', '%YAML 1.1\n---\na: 1\n'],
    ['document ends', 'a: 1\n...\n---\nb: 1\n...\n# end\n'],
    ['an empty document', 'a: 1\n---\n---\nb: 2\n'],
    ['only comments in a document', 'a: 1\n---\n# c\n\n'],
    ['a text of one marker', '---'],
    ['null documents', 'null\n---\n~\n---\nNULL'],
    ['a null on the marker line', '--- null # c\n'],
    ['an empty map', '{}'],
    ['an empty map above a comment', '{}\n # c\n'],
    ['an empty map on two lines', '{\n}\n'],
    ['a flow root', '{a: 1}'],
    ['a flow root with a comma at its end', '{a: 1,}\n'],
    ['a flow root on lines', '{\n  "a": "x", # c\n  b: [1, x]\n  }\n# d\n'],
    ['CRLF in a flow root', '{\r\n a: 1\r\n}\r\n'],
    ['header comments', 'a: |2- # c\n   x\n  y\nb: > # d\n  z\n'],
    ['an explicit key', '? a\n: 1\n'],
    ['a property above the root', '--- &r\na: 1\n'],
  ])('survives %s', (_, text) => {
    expect(toText(roundTrip(Buffer.from(text)).decrypted)).toBe(text)
  })
})

describe('the section', () => {
  const write = (text: string): string => toText(parse(text).rewrite(new Map(), section))

  it('comes last in every document', () => {
    expect(write('a: 1\n# c\n---\nb: 1\n...\n')).toBe(`a: 1\n# c\n${sectionText}---\nb: 1\n${sectionText}...\n`)
  })

  it('stands in the column of the root keys', () => {
    const indented = sectionText.replace(/^(?=.)/gm, '  ')
    expect(write('  a: 1\n')).toBe(`  a: 1\n${indented}`)
  })

  it('ends without a line break where the text does', () => {
    expect(write('a: 1')).toBe(`a: 1\n${sectionText.trimEnd()}`)
  })

  it('takes the line breaks of the text', () => {
    expect(write('a: 1\r\n')).toBe(`a: 1\r\n${sectionText.replaceAll('\n', '\r\n')}`)
  })

  it('goes between the braces of a flow root', () => {
    expect(write('{a: 1}\n')).toBe(`{a: 1,\n${flowText}\n}\n`)
    expect(write('{a: 1 # c\n,}\n')).toBe(`{a: 1 # c\n,\n${flowText},\n}\n`)
    expect(write('{ }\n')).toBe(`{ \n${flowText}\n}\n`)
  })

  it('takes the place of an empty root', () => {
    expect(write('{}\n')).toBe(sectionText)
    expect(write('~\n')).toBe(sectionText.replace('\n', '\n    # tsops_root: ~\n'))
  })

  it('is replaced where it stands', () => {
    expect(write('a: 1\nsops: {mac: x}\n# c\nb: 2\n')).toBe(`a: 1\n${sectionText}# c\nb: 2\n`)
    expect(write('{"sops": {mac: x}, b: 2}\n')).toBe(`{${flowText}, b: 2}\n`)
  })

  it.each([
    ['a: 1\nsops:\n  mac: x\n# c\nb: 2\n', 'a: 1\n# c\nb: 2\n'],
    ['sops:\n  mac: x\na: 1\n', 'a: 1\n'],
    ['sops:\n  mac: x\n', '{}\n'],
    ['# c\nsops:\n  mac: x\n', '# c\n{}\n'],
    ['{"a": 1,\n  "sops": {"mac": "x"}\n}\n', '{"a": 1\n}\n'],
    ['{"sops": {"mac": "x"}, "a": 1}\n', '{"a": 1}\n'],
    ['{a: 1 , # c\n sops: {mac: x}}\n', '{a: 1  # c\n}\n'],
    ['{ # c\nsops: {mac: x},\n a: 1}\n', '{ # c\n a: 1}\n'],
    ['{ # c\nsops: {mac: x}}\n', '{ # c\n}\n'],
    ['a: |\n  x\nsops:\n  mac: x', 'a: |\n  x\n'],
    ['a: |+\n  x\nsops:\n  mac: x\n\n\n', 'a: |+\n  x\n'],
  ])('leaves %j without a trace', (text, expected) => {
    expect(toText(parse(text).rewrite(new Map()))).toBe(expected)
  })

  it('does not change the last block of a text without a line break at its end', () => {
    const encrypted = parse(toText(parse('a: |\n  x').rewrite(new Map(), section)))
    expect(describeTree(encrypted.branches)).toEqual(['a: str x'])
  })

  it('must be a mapping', () => {
    expect(() => parse('a: 1\nsops: x\n')).toThrow(
      new SopsError('ERR_SOPS_METADATA_INVALID', 'Found sops entry that is not a mapping'),
    )
  })

  it('counts in the first document only', () => {
    const document = parse('a: 1\n---\nsops:\n  mac: x\n')
    expect(document.metadata).toBeUndefined()
    expect(() => document.rewrite(new Map(), section)).toThrow(/reserved for metadata/)
  })

  it('gives no layout text from inside a value', () => {
    expect(parse('sops:\n  enc: |\n    # tsops_layout: x\n').layout).toBeUndefined()
    expect(parse('sops:\n  # tsops_layout: x\n  mac: y\n').layout).toBe('x')
  })
})

describe('a comment behind the key of the section', () => {
  // sops moves one there that stood behind an alias at the end of the text.
  const text = (mark: string): string => `a: 1\n${sectionText.replace('sops:', `sops: #${mark}`)}`

  it('stays when the section goes', () => {
    expect(edit(text('x'), { x: comment(' c') })).toBe('a: 1\n# c\n')
    expect(edit(text('x').trimEnd(), {})).toBe('a: 1\n#x')
    expect(edit(text('x').replaceAll('\n', '\r\n'), {})).toBe('a: 1\r\n#x\r\n')
    expect(edit(text('x').replace('a: 1\n', ''), {})).toBe('#x\n{}\n')
  })

  it('stays when the section is replaced', () => {
    const document = parse(text('x'))
    const edits = editsOf(document, { x: comment('y') })
    expect(toText(document.rewrite(edits, section))).toBe(text('y'))
    const written = sectionText.replace('sops:', 'sops:\n    # tsops_layout: L')
    expect(toText(document.rewrite(edits, { ...section, layout: 'L' }))).toBe(`a: 1\n#y\n${written}`)
  })

  it('goes with the section where it is part of it', () => {
    expect(edit(`a: 1\n${sectionText.replace('sops:', 'sops:\n    # x').trimEnd()} # y\n`, {})).toBe('a: 1\n')
  })
})

describe('an edited scalar', () => {
  const secret = str(ciphertext())

  it.each([
    ['a: x # c\n', `a: ${ciphertext()} # c\n`],
    ['a: "x"\n', `a: "${ciphertext()}"\n`],
    ["a: 'x'\n", `a: '${ciphertext()}'\n`],
    ['a: |- # c\n    x\n', `a: |- # c\n    ${ciphertext()}\n`.replace('|-', '|-')],
    ['a: |2-\n  x\nb: 1\n', `a: |2-\n  ${ciphertext()}\nb: 1\n`],
    ['a: >-\n x\n', `a: >-\n ${ciphertext()}\n`],
    ['a: [x, "x"]\n', `a: ['${ciphertext()}', "${ciphertext()}"]\n`],
    ['a: !!str x\n', `a: !!str ${ciphertext()}\n`],
    ['a: !mine &n x\n', `a: !mine &n ${ciphertext()}\n`],
    ['a: !!binary   eA==\n', `a: ${ciphertext()}\n`],
    ['a: &n !<tag:yaml.org,2002:binary> eA==\n', `a: &n ${ciphertext()}\n`],
  ])('keeps the style of %j', (text, expected) => {
    expect(edit(text, { x: secret })).toBe(expected)
  })

  it.each([
    [`a: ${ciphertext()}\n`, 'x\ny\n', 'a: |\n    x\n    y\n'],
    [`a: ${ciphertext()} # c\nb: 1\n`, 'x\n\ny', 'a: |- # c\n    x\n\n    y\nb: 1\n'],
    [`a:\n    - ${ciphertext()}\n`, ' x\ny', 'a:\n    - |2-\n       x\n      y\n'],
    [`a:\n    - k: ${ciphertext()}\n`, 'x\ny', 'a:\n    - k: |-\n        x\n        y\n'],
    [`a: |\n  ${ciphertext()}\n`, 'x\n\n\n', 'a: |+\n  x\n\n\n'],
    [`a: |\n  ${ciphertext()}\n`, 'x', 'a: |-\n  x\n'],
    [`a: |-2\n  ${ciphertext()}\n`, ' x\n', 'a: |2\n   x\n'],
    [`a: | # c\n  ${ciphertext()}\n`, '\tx\n', 'a: |2 # c\n  \tx\n'],
    [`a: |\n  ${ciphertext()}\n`, 'x\ry', 'a: "x\\ry"\n'],
    [`a: ${ciphertext()}\n    # c\n`, 'x\ny', 'a: "x\\ny"\n    # c\n'],
    [`a: ${ciphertext()}\n  # c\n`, 'x\ny', 'a: |-\n    x\n    y\n  # c\n'],
    [`a: ${ciphertext()}\n\nb: 1\n`, 'x\n\n', 'a: "x\\n\\n"\n\nb: 1\n'],
    [`a: | # c\n  ${ciphertext()}\n\nb: 1\n`, 'x\n\n', 'a: "x\\n\\n" # c\n\nb: 1\n'],
    [`a: |+\n  ${ciphertext()}\n\nb: 1\n`, 'x\n\n', 'a: |+\n  x\n\nb: 1\n'],
    [`a: ${ciphertext()}\nsops:\n    mac: x\n\n\n`, 'x\n\n', 'a: |+\n    x\n\n'],
    [`a: >-\n  ${ciphertext()}\n`, 'x y', 'a: >-\n  x y\n'],
    [`a: '${ciphertext()}'\n`, "it's", "a: 'it''s'\n"],
    [`a: "${ciphertext()}"\n`, 'x\n"', 'a: "x\\n\\""\n'],
    [`a: ${ciphertext()}\n`, 'yes', 'a: "yes"\n'],
    [`a: ['${ciphertext()}']\n`, 'x', 'a: [x]\n'],
    [`a: ['${ciphertext()}']\n`, 'x, y', "a: ['x, y']\n"],
  ])('opens %j', (text, value, expected) => {
    expect(
      edit(text, {
        [ciphertext()]: str(value),
        [`${ciphertext()}\n`]: str(value),
        [`${ciphertext()}\n\n`]: str(value),
      }),
    ).toBe(expected)
    expect(leavesOf(parse(expected))).toContainEqual(str(value))
  })

  it('gives numbers and the like back in plain', () => {
    const five: Leaf = { type: 'int', value: 5n }
    expect(edit(`a: |\n  ${ciphertext()}\n`, { [`${ciphertext()}\n`]: five })).toBe('a: 5\n')
    expect(edit(`a: ["${ciphertext()}"]\n`, { [ciphertext()]: { type: 'bool', value: true } })).toBe('a: [true]\n')
  })

  it('takes the indentation of the file that sops wrote', () => {
    const text = `a: ${ciphertext()}\nsops:\n  mac: x\n`
    expect(edit(text, { [ciphertext()]: str('x\n') })).toBe('a: |\n  x\n')
  })

  it('stays untouched when its value does not change', () => {
    expect(edit('a: 0x1F\nb:   "\\x41"\n', { 31: { type: 'int', value: 31n }, A: str('A') })).toBe(
      'a: 0x1F\nb:   "\\x41"\n',
    )
  })
})

describe('an alias', () => {
  const secret = str(ciphertext())

  it('is written out when what it stands for is edited', () => {
    const text = 'a: &n {k: x}\nb: *n\nc:\n  <<: *n\nd: [*n]\n'
    const flow = `{k: '${ciphertext()}'}`
    expect(edit(text, { x: secret })).toBe(`a: &n ${flow}\nb: ${flow}\nc:\n  <<: ${flow}\nd: [${flow}]\n`)
  })

  it('keeps its value when only its target is edited', () => {
    const document = parse('a: &n x\nb: *n\n*n : 1\n')
    const [leaf] = leavesOf(document)
    expect(toText(document.rewrite(new Map([[leaf as Leaf, secret]])))).toBe(`a: &n ${ciphertext()}\nb: x\nx : 1\n`)
  })

  it('keeps the types of what is not edited', () => {
    const text = 'a: &n {k: x, f: 1.0, z: -0.0, e: 1e3, i: 0x1F, t: 2024-01-02}\nb: *n\n'
    const written = edit(text, { x: secret })
    expect(written).toContain(`b: {k: '${ciphertext()}', f: 1.0, z: -0.0, e: 1000.0, i: 31,`)
    const tree = describeTree(parse(written).branches)
    expect(tree.filter((line) => line.startsWith('b:'))).toEqual(
      tree.filter((line) => line.startsWith('a:')).map((line) => line.replace('a:', 'b:')),
    )
  })

  it('with comments is written out in a settled document, whose tree has no place for a copy of them', () => {
    const document = parse('a: &n\n  k: 1\n  # c\nb: *n\nx: y\n')
    const settled = document.settle?.(new Set())
    expect(describeTree(settled?.branches ?? [])).toEqual(['a:k: int 1', 'a: comment  c', 'b:k: int 1', 'x: str y'])
    expect(toText(settled?.rewrite(new Map()) ?? Buffer.from(''))).toContain('b: {k: 1}\n')
  })

  it('stays where nothing of it is edited', () => {
    expect(edit('a: &n x\nb: *n\nc: y\n', { y: secret })).toBe(`a: &n x\nb: *n\nc: ${ciphertext()}\n`)
  })
})

describe('an element that becomes a comment', () => {
  const element = ciphertext('comment')
  const opened = { [element]: comment(' c') }

  it.each([
    [`l:\n    - ${element}\n    - x\nk: 1\n`, 'l:\n    # c\n    - x\nk: 1\n'],
    [`l:\n    - x\n    - ${element}\nk: 1\n`, 'l:\n    - x\n    # c\nk: 1\n'],
    [`l:\n    - - ${element}\n      - x\n    - y\n`, 'l:\n    # c\n    - - x\n    - y\n'],
    [`l:\n    - - - ${element}\n        - ${element}\n        - x\n`, 'l:\n    - # c\n      # c\n      - - x\n'],
    [`l:\n    - - ${element}\n      #c2\n      - a: 1\n`, 'l:\n    # c\n    #c2\n    - - a: 1\n'],
    [`l:\n    - ${element}\nk: 1\n`, 'l: []\n# c\nk: 1\n'],
    [`l:\n    - b:\n        - ${element}\n      c: 1\n`, 'l:\n    - b: []\n      # c\n      c: 1\n'],
    [`l:\n    - - ${element}\n    - y\n`, 'l:\n    # c\n    - []\n    - y\n'],
    [`l: # d\n    - ${element}\n`, 'l: # d\n    # c\n      []\n'],
    [`l:\n    - ${element} # d\n    - x\n`, 'l:\n    # c\n     # d\n    - x\n'],
    [`l: ["${element}", x]\n`, 'l: [x]\n'],
    [`l: [x, "${element}"]\n`, 'l: [x]\n'],
    [`l: ["${element}" , '${element}']\n`, 'l: []\n'],
    [`l: [x, "${element}", "${element}", y]\n`, 'l: [x, y]\n'],
  ])('leaves its list: %j', (text, expected) => {
    expect(edit(text, opened)).toBe(expected)
  })
})

describe('a comment', () => {
  it('is replaced in its place', () => {
    expect(edit('# c\na: 1 # c\n#  c\n', { ' c': comment(' x') })).toBe('# x\na: 1 # x\n#  c\n')
  })

  it('never leaves its line', () => {
    expect(edit('a: 1 # c\nb: 2\n', { ' c': comment(' x\ny: 1\r\nz') })).toBe('a: 1 # x\n     #y: 1\n     #z\nb: 2\n')
  })

  it('that sops does not see is known, settled and encrypted', () => {
    const text = 'f: { # c\n  a: 1}\n'
    expect(parse(text).dropped.map((dropped) => dropped.comment.value)).toEqual([' c'])
    expect(toText(roundTrip(Buffer.from(text)).encrypted)).not.toContain('# c')
  })

  it('has the path that the section gives it', () => {
    const document = parse('k:\n  m:\n    a: 1\n  # c\n')
    expect(describeTree(document.branches)).toEqual(['k:m:a: int 1', 'k: comment  c'])
    const settled = document.settle?.(new Set(leavesOf(document)))
    expect(describeTree(settled?.branches ?? [])).toEqual(['k:m:a: int 1', 'k:m: comment  c'])
  })

  it('is not looked for where there is none', () => {
    const document = parse('a: 1\n')
    expect(document.settle?.(new Set(leavesOf(document)))).toBe(document)
  })
})

describe('the bytes', () => {
  it('may be UTF-16, and become UTF-8', () => {
    const little = Buffer.from('\ufeffa: é\n', 'utf16le')
    expect(toText(yaml.parse(little).rewrite(new Map()))).toBe('a: é\n')
    expect(toText(yaml.parse(Buffer.from(little).swap16()).rewrite(new Map()))).toBe('a: é\n')
  })

  it('must be Unicode', () => {
    expect(() => yaml.parse(Uint8Array.of(0x61, 0x3a, 0x20, 0xff))).toThrow(
      new ParseError('yaml', 'the text is not valid UTF-8'),
    )
    expect(() => yaml.parse(Uint8Array.of(0xff, 0xfe, 0x61))).toThrow(ParseError)
  })
})

describe('a big text', () => {
  it('is rewritten at any depth', () => {
    const depth = 3000
    const text = `${'{a: '.repeat(depth)}x${'}'.repeat(depth)}\n`
    const document = parse(text)
    let value: unknown = document.branches[0]
    for (let i = 0; i < depth; i++) value = (value as { items: { value: unknown }[] }).items[0]?.value
    const edits = new Map([[value as Leaf, str(ciphertext())]])
    expect(toText(document.rewrite(edits))).toBe(text.replace('x', `'${ciphertext()}'`))
  })
})
