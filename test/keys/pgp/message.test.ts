import { beforeAll, describe, expect, test } from 'vitest'
import fc from 'fast-check'
import { isOneBlock, readArmor } from '../../../src/keys/pgp/armor.ts'
import { readMessage } from '../../../src/keys/pgp/message.ts'
import { readPackets } from '../../../src/keys/pgp/packets.ts'
import { dataKey, makeMessage, makeSample, protections, type Sample } from './samples.ts'

let alice: Sample
let armored = ''
beforeAll(async () => {
  alice = await makeSample()
  armored = await makeMessage(alice, dataKey, protections.detectable)
})

const armor = (bytes: readonly number[]): string =>
  `-----BEGIN PGP MESSAGE-----\n\n${Buffer.from(bytes).toString('base64')}\n-----END PGP MESSAGE-----\n`

const sessionKey = [0xc1, 9, 3, 1, 2, 3, 4, 5, 6, 7, 8]

describe('a message', () => {
  test('names its recipients', () => {
    const subkey = alice.key.subkeys[0]!.getKeyID().toHex().toUpperCase()
    expect(readMessage(armored)).toMatchObject({ recipients: [subkey], isGnupgAuthenticated: false })
  })

  test.each([
    ['by the start of a version 6 fingerprint', [0xc1, 35, 6, 33, 6, ...Array<number>(32).fill(17)], '11'.repeat(8)],
    ['by the end of a version 4 fingerprint', [0xc1, 23, 6, 21, 4, ...Array<number>(20).fill(17)], '11'.repeat(8)],
    ['by nothing', [0xc1, 2, 6, 0], ''],
    ['by zeros', [0xc1, 9, 3, 0, 0, 0, 0, 0, 0, 0, 0], ''],
    ['in an old header', [0x84, 9, ...sessionKey.slice(2)], '0102030405060708'],
  ])('names its recipient %s', (_, packet, id) => {
    expect(readMessage(armor([...packet, 0xd2, 1, 1]))).toMatchObject({ recipients: [id] })
  })

  test.each([
    ['line breaks of Windows', (text: string) => text.replaceAll('\n', '\r\n')],
    ['white space around it', (text: string) => `\n \n${text}\n\t\n`],
    ['headers', (text: string) => text.replace('\n\n', '\nVersion: GnuPG v1\nComment: x: y\n\n')],
    ['no checksum', (text: string) => text.replace(/\n=.{4}\n/, '\n')],
    ['indentation', (text: string) => text.replace(/^/gm, '  ')],
  ])('may have %s', (_, change) => {
    expect(readMessage(change(armored))).toEqual(readMessage(armored))
  })

  test('may hold markers and padding', () => {
    expect(readMessage(armor([0xca, 3, 80, 71, 80, ...sessionKey, 0xd5, 1, 0, 0xd2, 1, 1]))).toBeTypeOf('object')
  })

  test('may come in parts', () => {
    expect(readMessage(armor([...sessionKey, 0xd2, 224, 1, 225, 1, 1, 0]))).toBeTypeOf('object')
  })

  test.each([
    ['', 'there is no PGP message'],
    [' \n', 'there is no PGP message'],
    ['nonsense', /not one PGP message/],
    ['-----BEGIN PGP MESSAGE-----', /not one PGP message/],
    ['-----BEGIN PGP MESSAGE-----\n-----BEGIN PGP MESSAGE-----', /is damaged/],
    ['-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----', /is damaged/],
    ['-----BEGIN PGP MESSAGE-----\nwcBM\n-----END PGP MESSAGE-----', /is damaged/],
    ['-----BEGIN PGP MESSAGE-----\n\nwc!M\n-----END PGP MESSAGE-----', /is damaged/],
    ['-----BEGIN PGP MESSAGE-----\n\nwcB=\nAAAA\n-----END PGP MESSAGE-----', /is damaged/],
    ['-----BEGIN PGP SIGNATURE-----\n\nwcBM\n-----END PGP SIGNATURE-----', /not one PGP message/],
    ['x'.repeat(70_000), 'the PGP message is too large'],
    [armor([0x41]), /damaged/],
    [armor([...sessionKey, 0xd2, 5, 1]), /damaged/],
    [armor([...sessionKey, 0xd2, 224, 1]), /damaged/],
    [armor([...sessionKey, 0xd2, 255, 0]), /damaged/],
    [armor([0xd2, 1, 1]), /for no public key/],
    [armor(sessionKey), /not encrypted/],
    [armor([0xcb, 6, 0x62, 0, 0, 0, 0, 0]), /not encrypted/],
    [armor([...sessionKey, 0xcb, 6, 0x62, 0, 0, 0, 0, 0]), /not encrypted/],
    [armor([...sessionKey, 0xd2, 1, 1, 0xcb, 6, 0x62, 0, 0, 0, 0, 0]), /holds more/],
    [armor([...sessionKey, 0xcb, 6, 0x62, 0, 0, 0, 0, 0, 0xd2, 1, 1]), /holds more/],
    [armor([...sessionKey, 0xd2, 1, 1, 0xd2, 1, 1]), /holds more/],
    [armor([...sessionKey, 0xc9, 1, 1]), /no integrity protection/],
    [armor([...sessionKey, 0xd2, 1, 1, 0xc9, 1, 1]), /no integrity protection/],
    [armor([0xa4, 1, 1]), /no integrity protection/],
    [armor([0xc3, 4, 4, 9, 0, 8, ...sessionKey, 0xd2, 1, 1]), /for a passphrase/],
  ] as const)('%# is refused', (text, fault) => {
    expect(readMessage(text)).toMatch(fault)
  })

  test('must stand alone', () => {
    for (const text of [`${armored}${armored}`, `x\n${armored}`, `${armored}x`, `${armored}-----BEGIN`])
      expect(readMessage(text)).toMatch(/not one PGP message/)
  })

  test('is never read beyond its end, whatever it holds', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const packets = readPackets(bytes) ?? []
        expect(packets.at(-1)?.end ?? bytes.length).toBe(bytes.length)
        expect(['string', 'object']).toContain(typeof readMessage(armor([...bytes])))
      }),
    )
  })
})

describe('armor', () => {
  test('several blocks are told apart, a damaged one too', () => {
    const text = `before\n-----BEGIN PGP A-----\n\nAAAA\n-----END PGP B-----\nmiddle\n${armored}\n-----BEGIN PGP C-----\n`
    expect(readArmor(text).map(({ kind, bytes }) => [kind, bytes === undefined])).toEqual([
      ['PGP A', true],
      ['PGP MESSAGE', false],
      ['PGP C', true],
    ])
    expect(isOneBlock(text)).toBe(false)
  })

  test('many beginnings are read in one pass', () => {
    expect(readArmor('-----BEGIN PGP A-----\n'.repeat(200_000))).toHaveLength(200_000)
  })
})
