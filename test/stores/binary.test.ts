import { describe, expect, test } from 'vitest'

import { binary } from '../../src/stores/binary.ts'
import { storeFor, storeForPath, stores } from '../../src/stores/registry.ts'
import { decode, encode, leavesOf, sampleSection } from '../contract/store.ts'

const plain = (bytes: Uint8Array): ReturnType<typeof binary.parse> => {
  if (!binary.parsePlain) throw new Error('the binary store reads plain files')
  return binary.parsePlain(bytes)
}

const ciphertext = { type: 'str', value: 'ENC[AES256_GCM,data:eA==,iv:aXY=,tag:dGFn,type:str]' } as const

describe('binary', () => {
  test.each(['', 'text\n', '\x00\xff\xfe', '{"data": "x", "sops": {}}'])('keeps any bytes: %j', (text) => {
    const bytes = Buffer.from(text, 'latin1')
    const document = plain(bytes)
    const [leaf] = leavesOf(document)
    expect(leaf).toEqual({ type: 'bytes', value: bytes })
    const encrypted = document.rewrite(new Map(leaf ? [[leaf, ciphertext]] : []), sampleSection)
    expect(decode(encrypted)).toMatch(/^\{\n\t"data": "ENC\[[^"]*\]",\n\t"sops": \{\n\t\t"age": \[\n/)
    const again = binary.parse(encrypted)
    const [data] = leavesOf(again)
    expect(data).toEqual(ciphertext)
    expect(again.metadata).toEqual(sampleSection.metadata)
    expect(Buffer.from(again.rewrite(new Map(data && leaf ? [[data, leaf]] : [])))).toEqual(bytes)
    expect(decode(again.rewrite(new Map(), sampleSection))).toBe(decode(encrypted))
  })

  test('prints as sops does', () => {
    const { branches } = plain(encode('x<y'))
    expect(decode(binary.emit(branches, {}))).toBe('x<y')
    expect(decode(binary.emit(branches, { indent: 2 }, { metadata: { type: 'branch', items: [] } }))).toBe(
      '{\n  "data": "x\\u003cy",\n  "sops": {}\n}\n',
    )
  })

  test.each([
    ['{"sops": {}}', 'no binary data found in tree'],
    ['{"data": 1, "sops": {}}', "'data' key in tree does not have a string value"],
    ['{"data": {}, "sops": {}}', "'data' key in tree does not have a string value"],
  ])('refuses to decrypt %s', (text, message) => {
    const error: unknown = expect.objectContaining({
      code: 'ERR_SOPS_EMIT',
      message: `error emitting binary store: ${message}`,
    })
    expect(() => binary.parse(encode(text)).rewrite(new Map())).toThrow(error)
  })

  test('has no single values', () => {
    expect(() => binary.emitValue({ type: 'null' }, {})).toThrow('Binary files are not structured')
  })
})

describe('the registry', () => {
  test('finds a store by its name', () => {
    expect(stores.map(({ name }) => storeFor(name)?.name)).toEqual(['yaml', 'json', 'dotenv', 'ini', 'binary'])
    expect(storeFor('plaintext')).toBeUndefined()
    expect(storeFor('__proto__')).toBeUndefined()
  })

  test.each([
    ['a/b.yaml', 'yaml'],
    ['b.yml', 'yaml'],
    ['b.enc.json', 'json'],
    ['.env', 'dotenv'],
    ['prod.env', 'dotenv'],
    ['x.ini', 'ini'],
    ['x.YAML', 'binary'],
    ['x.env.txt', 'binary'],
    ['', 'binary'],
  ])('finds a store by the suffix: %s', (path, name) => {
    expect(storeForPath(path).name).toBe(name)
  })
})
