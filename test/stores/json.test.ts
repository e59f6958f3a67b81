import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { json } from '../../src/stores/json.ts'
import type { Leaf } from '../../src/stores/types.ts'
import { decode, encode, leavesOf, roundTrip, sampleSection, testStore } from '../contract/store.ts'
import { testVectors } from './vectors.ts'

testVectors(json)

testStore(json, {
  texts: [
    '{}',
    '{ }',
    '{\n}\n',
    '{"a":1}',
    '{"a": "x", "b": [true, null, -0.5]}',
    '{\n\t"a": "x",\n\t"b": {\n\t\t"c": [\n\t\t\t1.5\n\t\t]\n\t}\n}\n',
    '{\r\n  "a" : 1 ,\r\n\r\n  "a":"dup\\u003c"\r\n}',
    '  {\n    "a": 1\n  }\n\n',
    '{"a": 9223372036854775807, "b": 1e+21, "c": -1.5e-9}',
    '{"a": "1"}  // a comment that JSON does not know\n{"b": 2}\n',
  ],
  broken: [
    '',
    '["SECRET"]',
    '"SECRET"',
    '{"a": "SECRET',
    '{"a": SECRET}',
    '{"SECRET": }',
    '{"a": "SECRET" "b"}',
    '{"SECRET"',
    '{"a": "\\uSECRET"}',
    '\ufeff{"a": "SECRET"}',
  ],
  withKey: (key) => `{"${key}": {"polluted": true}}`,
  reserved: '{"sops": {"mac": ""}}',
  large: (count) => `{\n${Array.from({ length: count }, (_, i) => `  "k${i}": "v"`).join(',\n')}\n}\n`,
  deep: (levels) => `{"a": ${'['.repeat(levels)}${']'.repeat(levels)}}`,
})

describe('json', () => {
  test('the section has the style of the file', () => {
    const write = (text: string): string => decode(json.parse(encode(text)).rewrite(new Map(), section))
    const section = { metadata: { type: 'branch', items: sampleSection.metadata.items.slice(1, 3) } } as const
    const mac = '"mac": "ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]"'
    const time = '"lastmodified": "2024-01-02T03:04:05Z"'
    expect(write('{"a":1}')).toBe(`{"a":1,"sops": {${time},${mac}}}`)
    expect(write('{"a": 1}')).toBe(`{"a": 1, "sops": {${time}, ${mac}}}`)
    expect(write('{"a":1, "b":2}')).toBe(`{"a":1, "b":2, "sops": {${time}, ${mac}}}`)
    expect(write('{\n  "a": 1\n}\n')).toBe(`{\n  "a": 1,\n  "sops": {\n    ${time},\n    ${mac}\n  }\n}\n`)
    expect(write('{\r\n\t"a": 1\r\n}')).toBe(`{\r\n\t"a": 1,\r\n\t"sops": {\r\n\t\t${time},\r\n\t\t${mac}\r\n\t}\r\n}`)
    expect(write('{}')).toBe(`{"sops": {${time}, ${mac}}}`)
  })

  test('a section alone in the file goes as sops removes it', () => {
    expect(decode(json.parse(encode('{\n\t"sops": {\n\t\t"mac": "x"\n\t}\n}\n')).rewrite(new Map()))).toBe('{}\n')
    expect(decode(json.parse(encode('{"sops": {}, "a": 1}')).rewrite(new Map()))).toBe('{"a": 1}')
    expect(decode(json.parse(encode('{"a": 1, "sops": {}, "b": 2}')).rewrite(new Map()))).toBe('{"a": 1, "b": 2}')
  })

  test('refuses a section that is no mapping and a second one', () => {
    const invalid: unknown = expect.objectContaining({ code: 'ERR_SOPS_METADATA_INVALID' })
    expect(() => json.parse(encode('{"sops": 1}'))).toThrow(invalid)
    expect(() => json.parse(encode('{"sops": {}, "\\u0073ops": {}}'))).toThrow(invalid)
    expect(json.parse(encode('{"a": {"sops": 1}}')).metadata).toBeUndefined()
  })

  test('a comment in a list goes, as sops prints no comment', () => {
    const remove = (text: string): string => {
      const document = json.parse(encode(text))
      const comments = leavesOf(document).filter((leaf) => leaf.type === 'str' && leaf.value === 'c')
      const edits = comments.map((leaf): [Leaf, Leaf] => [leaf, { type: 'comment', value: 'x', inline: false }])
      return decode(document.rewrite(new Map(edits)))
    }
    expect(remove('{"a": ["c", 1, "c", "c", 2, "c"]}')).toBe('{"a": [1, 2]}')
    expect(remove('{"a": [\n\t"c",\n\t"c"\n]}')).toBe('{"a": []}')
    expect(remove('{"a": [\n\t"c",\n\t"c",\n\t[]\n]}')).toBe('{"a": [\n\t[]\n]}')
    expect(remove('{"a": [[], "c"]}')).toBe('{"a": [[]]}')
  })

  test('what stands behind the root object does not stay in clear', () => {
    const document = json.parse(encode('{} {"password": "x"}\n'))
    expect(document.dropped).toEqual([
      { comment: { type: 'comment', value: '{"password": "x"}', inline: false }, path: [] },
    ])
  })

  test('a text that is cut off is refused where sops loses a value', () => {
    expect(() => json.parse(encode('{"a": 1, "b": [2,'))).toThrow('unexpected end of JSON input')
  })

  test('bytes that are not UTF-8 stay where nothing changes', () => {
    const bytes = Buffer.from('{"\xff": "\xe2\x82", "b": 1}', 'latin1')
    expect(Buffer.from(json.parse(bytes).rewrite(new Map()))).toEqual(bytes)
  })

  test('any JSON that Go would print comes back', () => {
    const go = (value: unknown, indent: string): string =>
      JSON.stringify(value, null, indent).replace(
        /[<>&\u2028\u2029]/g,
        (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
    const root = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ stringUnit: 'grapheme' }))
    fc.assert(
      fc.property(root, fc.constantFrom('', '\t', '  '), (value, indent) => {
        fc.pre(!Object.hasOwn(value, 'sops'))
        const text = go(value, indent).replace(/-0(?=[,\s\]}])/g, '0')
        expect(roundTrip(json, text, () => true)).toBe(text)
      }),
      { numRuns: 200 },
    )
  })
})
