import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Cipher } from '../../src/cipher/aes-gcm.ts'
import { applyLayout, resealLayout, sealLayout } from '../../src/operations/layout-patch.ts'
import { storeFor } from '../../src/stores/registry.ts'
import type { Store } from '../../src/stores/types.ts'

const cipher = new Cipher(new Uint8Array(32).fill(7))
const json = storeFor('json') as Store
const open = (text: string, restored: Uint8Array, from = cipher): string => {
  const { branches } = json.parse(restored)
  return Buffer.from(applyLayout(restored, branches, { text, cipher: from, store: json })).toString()
}

test('equal texts need no patch', () => {
  expect(sealLayout(Buffer.from('{}'), Buffer.from('{}'), cipher)).toBeUndefined()
})

test('the spelling of a value comes back', () => {
  const restored = Buffer.from('{"a": 1, "b": "\\u003c"}')
  const original = Buffer.from('{"a": 1.0e0, "b": "<"}\n')
  expect(sealLayout(restored, original, cipher)).toMatch(/^ENC\[/)
  expect(open(sealLayout(restored, Buffer.from('{"a": 1, "b": "<"}\n'), cipher) ?? '', restored)).toBe(
    '{"a": 1, "b": "<"}\n',
  )
})

test('a patch that would change a value is not used', () => {
  const restored = Buffer.from('{"a": 1}')
  const other = sealLayout(restored, Buffer.from('{"a": 2}'), cipher) ?? ''
  expect(open(other, restored)).toBe('{"a": 1}')
})

test('a patch for another text, under another key or broken is not used', () => {
  const restored = Buffer.from('{"a": 1}')
  const patch = sealLayout(restored, Buffer.from('{"a":1}'), cipher) ?? ''
  expect(open(patch, restored)).toBe('{"a":1}')
  expect(open(patch, Buffer.from('{"a":  1}'))).toBe('{"a":  1}')
  expect(open(patch, restored, new Cipher(new Uint8Array(32)))).toBe('{"a": 1}')
  expect(open('ENC[x]', restored)).toBe('{"a": 1}')
  const noPatch = cipher.encrypt({ type: 'str', value: '{"base":1}' }, 'tsops layout')
  expect(open(noPatch, restored)).toBe('{"a": 1}')
})

test('a value of the file cannot be put in its place', () => {
  const restored = Buffer.from('{"a": 1}')
  const patch = sealLayout(restored, Buffer.from('{"a":1}'), cipher) ?? ''
  expect(cipher.decrypt(patch, 'tsops layout:')).toHaveProperty('failure')
})

test('it moves to another data key', () => {
  const next = new Cipher(new Uint8Array(32).fill(9))
  const restored = Buffer.from('{"a": 1}')
  const patch = sealLayout(restored, Buffer.from('{"a":1}'), cipher)
  expect(open(resealLayout(patch, cipher, next) ?? '', restored, next)).toBe('{"a":1}')
})

test('any two spellings of one tree', () => {
  const spaces = fc.stringMatching(/^[ \n]{0,4}$/)
  fc.assert(
    fc.property(fc.array(fc.tuple(spaces, spaces, fc.boolean()), { maxLength: 300 }), (gaps) => {
      const text = (spell: (gap: [string, string, boolean], index: number) => string): Buffer =>
        Buffer.from(`{${gaps.map((gap, index) => spell(gap, index)).join(',')}}`)
      const restored = text((_, index) => `"k${String(index)}":"é"`)
      const original = text(([a, b, escaped], index) => `${a}"k${String(index)}"${b}:${escaped ? '"\\u00e9"' : '"é"'}`)
      const patch = sealLayout(restored, original, cipher)
      expect(patch === undefined ? restored.toString() : open(patch, restored)).toBe(original.toString())
    }),
  )
})

test('a file on one line gets a patch of the size of what differs', () => {
  const restored = Buffer.from(`{${Array.from({ length: 5000 }, (_, index) => `"k${String(index)}":"v"`).join(',')}}`)
  const original = Buffer.from(restored.toString().replace('"k2500":"v"', '"k2500" : "v"'))
  expect(sealLayout(restored, original, cipher)?.length).toBeLessThan(500)
})
