import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Cipher } from '../../src/cipher/aes-gcm.ts'
import { emitEnvelope, parseEnvelope } from '../../src/cipher/envelope.ts'
import { IvStash } from '../../src/cipher/iv-stash.ts'
import type { Leaf } from '../../src/tree/types.ts'

const key = Uint8Array.from({ length: 32 }, (_, index) => index)
const iv = Buffer.alloc(32, 1)

// Checked against sops 3.13.3: the key is 00…1f, the IV 32 times 01.
const vectors: [Exclude<Leaf, { type: 'null' }>, string, string, string][] = [
  [{ type: 'int', value: 1n }, 'a:', 'iA==', 'QWme2lA8LvhfeD5TLxlOhQ=='],
  [{ type: 'bool', value: true }, 'b:c:', '7dbcgg==', 'dOS1QraMJyuRlOveHFztYA=='],
  [{ type: 'str', value: 'x' }, 'l:', 'wQ==', 'lk3K916EB/CHebSXmroM0Q=='],
  [{ type: 'float', value: 1.5 }, 'l:', 'iIqc', '7m5Kibny8o4jfRHZM+HIHQ=='],
  [{ type: 'comment', value: ' hi', inline: false }, ':', 'mczA', 'KZ01A9jVwF++bZyHtx6t+A=='],
]

function envelope(type: string, data: string, tag: string): string {
  return `ENC[AES256_GCM,data:${data},iv:${iv.toString('base64')},tag:${tag},type:${type}]`
}

describe('one value', () => {
  test.each(vectors)('%o at %s', (leaf, aad, data, tag) => {
    const text = envelope(leaf.type, data, tag)
    const stash = new IvStash()
    expect(new Cipher(key, stash).decrypt(text, aad)).toEqual(leaf)
    expect(new Cipher(key, stash).encrypt(leaf, aad)).toBe(text)
  })

  test('a fresh IV has 32 bytes and never recurs', () => {
    const cipher = new Cipher(key)
    const ivs = Array.from({ length: 500 }, () => parseEnvelope(cipher.encrypt({ type: 'str', value: 'x' }, 'a:'))?.iv)
    expect(ivs.every((each) => each?.length === 32)).toBe(true)
    expect(new Set(ivs.map((each) => each?.toString('hex'))).size).toBe(500)
  })

  test('the empty string stays in clear', () => {
    expect(new Cipher(key).encrypt({ type: 'str', value: '' }, 'a:')).toBe('')
    expect(new Cipher(key).decrypt('', 'a:')).toEqual({ type: 'str', value: '' })
  })

  test('a value is bound to its path and its key', () => {
    const text = new Cipher(key).encrypt({ type: 'str', value: 'hunter2' }, 'a:')
    expect(new Cipher(key).decrypt(text, 'b:')).toHaveProperty('failure')
    expect(new Cipher(new Uint8Array(32)).decrypt(text, 'a:')).toHaveProperty('failure')
  })

  test('an IV of another length opens, as in sops', () => {
    const short = createCipheriv('aes-256-gcm', key, Buffer.alloc(12, 7))
    short.setAAD(Buffer.from('a:'))
    const data = Buffer.concat([short.update('x'), short.final()])
    const text = emitEnvelope({ data, iv: Buffer.alloc(12, 7), tag: short.getAuthTag(), type: 'str' })
    expect(new Cipher(key).decrypt(text, 'a:')).toEqual({ type: 'str', value: 'x' })
  })

  test('a tag that was cut short is refused', () => {
    const whole = parseEnvelope(new Cipher(key).encrypt({ type: 'str', value: 'x' }, 'a:'))
    if (whole === undefined) throw new Error('no envelope')
    const cut = emitEnvelope({ ...whole, tag: whole.tag.subarray(0, 4) })
    expect(new Cipher(key).decrypt(cut, 'a:')).toHaveProperty('failure')
  })

  test.each(['int', 'float', 'bool', 'time'])('a plaintext that is not of type %s is refused', (type) => {
    const whole = parseEnvelope(new Cipher(key).encrypt({ type: 'str', value: 'zz' }, 'a:'))
    if (whole === undefined) throw new Error('no envelope')
    expect(new Cipher(key).decrypt(emitEnvelope({ ...whole, type }), 'a:')).toHaveProperty('failure')
  })

  test('any leaf comes back', () => {
    const leaf = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((value) => ({ type: 'str' as const, value })),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: 'int' as const, value })),
      fc.double().map((value) => ({ type: 'float' as const, value })),
      fc.boolean().map((value) => ({ type: 'bool' as const, value })),
    )
    fc.assert(
      fc.property(leaf, fc.string(), (value, aad) => {
        expect(new Cipher(key).decrypt(new Cipher(key).encrypt(value, aad), aad)).toEqual(value)
      }),
    )
  })
})

describe('the envelope', () => {
  const good = new Cipher(key).encrypt({ type: 'str', value: 'x' }, 'a:')

  test('what follows the last bracket is ignored', () => {
    expect(parseEnvelope(`${good} and more`)).toEqual(parseEnvelope(good))
    expect(parseEnvelope(`${good}\n`)).toEqual(parseEnvelope(good))
  })

  test.each([
    ['', 'nothing'],
    ['x' + good, 'not at the start'],
    [good.replace('ENC', 'enc'), 'lower case'],
    [good.replace('data:', 'data:*'), 'not base64'],
    [good.replace(/iv:[^,]*/, 'iv:'), 'no IV'],
    [good.replace(/=,/, ','), 'no padding'],
    [good.slice(0, -1), 'no end'],
    [good.replace('type:str', 'type:'), 'no type'],
    [good.replace('tag:', 'tag:_'), 'URL alphabet'],
  ])('%s is refused: %s', (text) => {
    expect(parseEnvelope(text)).toBeUndefined()
  })
})

describe('the IV stash', () => {
  test('equal values at one path get their IVs back in order', () => {
    const stash = new IvStash()
    const first = new Cipher(key).encrypt({ type: 'str', value: 'x' }, 'l:')
    const second = new Cipher(key).encrypt({ type: 'str', value: 'x' }, 'l:')
    const reader = new Cipher(key, stash)
    reader.decrypt(first, 'l:')
    reader.decrypt(second, 'l:')
    const writer = new Cipher(key, stash)
    expect(writer.encrypt({ type: 'str', value: 'x' }, 'l:')).toBe(first)
    expect(writer.encrypt({ type: 'str', value: 'x' }, 'l:')).toBe(second)
    expect(writer.encrypt({ type: 'str', value: 'x' }, 'l:')).not.toBe(second)
  })

  test('another value, type or path never gets the IV', () => {
    const stash = new IvStash()
    const text = new Cipher(key).encrypt({ type: 'str', value: '1' }, 'a:')
    const cipher = new Cipher(key, stash)
    cipher.decrypt(text, 'a:')
    const used = parseEnvelope(text)?.iv.toString('hex')
    for (const again of [
      cipher.encrypt({ type: 'str', value: '2' }, 'a:'),
      cipher.encrypt({ type: 'int', value: 1n }, 'a:'),
      cipher.encrypt({ type: 'str', value: '1' }, 'b:'),
    ]) {
      expect(parseEnvelope(again)?.iv.toString('hex')).not.toBe(used)
    }
  })
})
