import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { SopsError } from '../../../src/errors.ts'
import { decodeRequest, decodeResponse, encodeRequest, encodeResponse } from '../../../src/keys/key-service/messages.ts'
import { decodeFields, encodeFields, ProtobufError } from '../../../src/keys/key-service/protobuf.ts'
import { backends } from '../../../src/keys/registry.ts'
import type { MetadataField } from '../../../src/keys/types.ts'

// A key that arrives is dated now.
vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-02T03:04:05Z') })

const created_at = '2026-01-02T03:04:05Z'
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))

const samples: readonly [string, Record<string, MetadataField>, string][] = [
  [
    'kms',
    { arn: 'a', role: 'r', context: { k: 'v' }, aws_profile: 'p' },
    '0a11 0a0161 120172 1a06 0a016b 120176 220170',
  ],
  ['pgp', { fp: 'F' }, '1203 0a0146'],
  ['gcp_kms', { resource_id: 'projects/p/locations/l/keyRings/r/cryptoKeys/k' }, ''],
  ['azure_kv', { vault_url: 'https://v', name: 'n', version: 'x' }, '2211 0a0968747470733a2f2f76 12016e 1a0178'],
  [
    'hc_vault',
    { vault_address: 'http://v', engine_path: 'e', key_name: 'k' },
    '2a10 0a08687474703a2f2f76 120165 1a016b',
  ],
  ['age', { recipient: 'age1x' }, '3207 0a056167653178'],
  ['hckms', { key_id: 'r:k' }, '3a05 0a03723a6b'],
]

describe('keys', () => {
  test.each(samples)('%s', (type, fields, wire) => {
    const backend = backends.find((each) => each.type === type)!
    const key = backend.fromMetadata({ ...fields, created_at, enc: '' })
    const request = encodeRequest(key, Uint8Array.of(1, 2), backends)!
    if (wire !== '') {
      const message = hex(wire)
      expect(Buffer.from(request)).toEqual(Buffer.concat([Uint8Array.of(10, message.length), message, hex('12020102')]))
    }
    const decoded = decodeRequest(request, backends)
    expect(decoded.key).toEqual(key)
    expect([...decoded.payload]).toEqual([1, 2])
  })

  test('every kind has its own number', () => {
    const numbers = backends.map(({ keyService }) => keyService?.number)
    expect(numbers.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7])
  })

  test('names that objects know already are data', () => {
    const kms = backends.find(({ type }) => type === 'kms')!
    const context = Object.fromEntries([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ])
    const key = kms.fromMetadata({ arn: 'a', aws_profile: '', context, created_at, enc: '' })
    expect(decodeRequest(encodeRequest(key, new Uint8Array(), backends)!, backends).key).toEqual(key)
  })

  test("a caller's own kind does not travel", () => {
    expect(encodeRequest({ type: 'own', id: 'x', enc: '' }, Uint8Array.of(1), backends)).toBeUndefined()
  })

  test('no key, an empty one, and one of an unknown kind are none', () => {
    for (const request of ['', '0a00', '0a02 7a00', '1201 00']) {
      expect(decodeRequest(hex(request), backends).key).toBeUndefined()
    }
  })
})

test('answers', () => {
  expect(encodeResponse(new Uint8Array())).toEqual(Buffer.alloc(0))
  expect(decodeResponse(new Uint8Array())).toEqual(new Uint8Array())
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (payload) => {
      expect(Buffer.from(decodeResponse(encodeResponse(payload)))).toEqual(Buffer.from(payload))
    }),
  )
})

describe('protobuf', () => {
  test('fields come back', () => {
    const field = fc.record({
      number: fc.integer({ min: 1, max: 2 ** 29 - 1 }),
      bytes: fc.uint8Array({ maxLength: 200 }),
    })
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const decoded = decodeFields(encodeFields(fields)).map(({ number, bytes }) => [number, [...bytes]])
        expect(decoded).toEqual(fields.map(({ number, bytes }) => [number, [...bytes]]))
      }),
    )
  })

  test('fields of other forms are passed over', () => {
    const message = hex('08 ac02 11 0102030405060708 1d 01020304 2201 78')
    expect(decodeFields(message)).toEqual([{ number: 4, bytes: hex('78') }])
  })

  test.each([
    '0a',
    '0a05 01',
    '08',
    '08 ffffffffffffffffffffff01',
    '0affffffffffffffff7f 00',
    '0b',
    '0c',
    '0e',
    '02 00',
  ])('%s is refused', (text) => {
    expect(() => decodeFields(hex(text))).toThrow(ProtobufError)
  })

  test('a text that is not UTF-8 is refused', () => {
    expect(() => decodeRequest(hex('0a05 3203 0a01ff'), backends)).toThrow(ProtobufError)
  })

  test('whatever comes, the error is one of ours', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        try {
          decodeRequest(bytes, backends)
        } catch (error) {
          expect(error instanceof ProtobufError || error instanceof SopsError).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })
})
