import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { dotenv } from '../../src/stores/dotenv.ts'
import { decode, encode, leavesOf, roundTrip, testStore } from '../contract/store.ts'
import { testVectors } from './vectors.ts'

testVectors(dotenv)

testStore(dotenv, {
  texts: [
    '',
    '\n',
    'A=1',
    'A=1\n',
    '# c\n\nA = x # y\n\n\nexport B="q"\n',
    'A=1\r\nB=a\\nb\r\n',
    'sops=x\nA==\n#\nA=é',
    '\ufeffA=1\n',
  ],
  broken: ['SECRET', 'A=1\nSECRET\n', '\r\nA=SECRET', ' # SECRET'],
  withKey: (key) => `${key}=polluted\n`,
  reserved: 'sops_mac=x\n',
  large: (count) => Array.from({ length: count }, (_, i) => `K${i}=v\n`).join(''),
})

describe('dotenv', () => {
  test('names the line of an error', () => {
    expect(() => dotenv.parse(encode('A=1\n\n#\nx\n'))).toThrow('dotenv: line 4:')
  })

  test('metadata may stand anywhere and goes to the end', () => {
    const document = dotenv.parse(encode('sops_a=1\nA=x\nsops_b=2'))
    expect(decode(document.rewrite(new Map()))).toBe('A=x')
    const metadata = {
      type: 'branch',
      items: [{ type: 'item', key: 'c', value: { type: 'bool', value: true } }],
    } as const
    expect(decode(document.rewrite(new Map(), { metadata }))).toBe('A=x\nsops_c=true')
  })

  test('a value that is not UTF-8 stays as it is', () => {
    const bytes = Buffer.from('A=\xff\xc3\n', 'latin1')
    const document = dotenv.parse(bytes)
    const [leaf] = leavesOf(document)
    expect(leaf).toEqual({ type: 'bytes', value: Buffer.from([0xff, 0xc3]) })
    expect(Buffer.from(document.rewrite(new Map(leaf ? [[leaf, leaf]] : [])))).toEqual(bytes)
  })

  test('any lines come back', () => {
    const unit = fc.constantFrom('A', 'b', '=', '#', ' ', '\\n', '"', 'é', '\r', '😀')
    const line = fc.oneof(
      fc.constant(''),
      fc.string({ unit }).map((text) => `#${text}`),
      fc.string({ unit }).map((text) => `K=${text}`),
    )
    fc.assert(
      fc.property(fc.array(line), fc.boolean(), (lines, ends) => {
        const text = lines.join('\n') + (ends ? '\n' : '')
        expect(roundTrip(dotenv, text, () => true)).toBe(text)
      }),
      { numRuns: 200 },
    )
  })
})
