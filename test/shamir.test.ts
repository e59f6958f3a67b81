import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { combineShares, invert, multiply, splitSecret } from '../src/shamir.ts'

const secretBytes = fc.uint8Array({ minLength: 1, maxLength: 64 })

describe('field', () => {
  test('known product', () => {
    expect(multiply(0x53, 0xca)).toBe(1)
    expect(multiply(0x57, 0x83)).toBe(0xc1)
    expect(multiply(0x57, 0x13)).toBe(0xfe)
  })

  test('every element but zero has an inverse', () => {
    for (let a = 1; a < 256; a++) expect(multiply(a, invert(a))).toBe(1)
  })

  test('products agree with the schoolbook method', () => {
    for (let a = 0; a < 256; a += 3) for (let b = 0; b < 256; b++) expect(multiply(a, b)).toBe(schoolbook(a, b))
  })
})

describe('vectors', () => {
  // 0x42 + 0x17·x, evaluated at 1, 2 and 3.
  const shares = [
    [0x55, 1],
    [0x6c, 2],
    [0x7b, 3],
  ].map((share) => Uint8Array.from(share))

  test('any two of three shares give the secret', () => {
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ]) {
      expect(combineShares([shares[a ?? 0] ?? new Uint8Array(), shares[b ?? 0] ?? new Uint8Array()])).toEqual(
        Uint8Array.of(0x42),
      )
    }
    expect(combineShares(shares)).toEqual(Uint8Array.of(0x42))
  })
})

describe('properties', () => {
  test('any threshold shares in any order give the secret back', () => {
    fc.assert(
      fc.property(
        secretBytes,
        fc.integer({ min: 2, max: 12 }),
        fc.integer({ min: 0, max: 12 }),
        fc.nat(),
        (secret, threshold, extra, seed) => {
          const shares = splitSecret(secret, threshold + extra, threshold)
          const chosen = rotate(shares, seed).slice(0, threshold)
          expect(combineShares(chosen)).toEqual(secret)
        },
      ),
    )
  })

  test('shares carry their index last, counted from 1', () => {
    const shares = splitSecret(new Uint8Array(32), 255, 2)
    expect(shares.map((share) => share[32])).toEqual(Array.from({ length: 255 }, (_, index) => index + 1))
    expect(shares.every((share) => share.length === 33)).toBe(true)
  })

  test('fewer shares than the threshold do not give the secret', () => {
    const secret = new Uint8Array(32).fill(7)
    const shares = splitSecret(secret, 5, 3)
    expect(combineShares(shares.slice(0, 2))).not.toEqual(secret)
  })
})

describe('errors', () => {
  test.each([
    [3, 4, 'parts cannot be less than threshold'],
    [256, 2, 'parts cannot exceed 255'],
    [3, 1, 'threshold must be at least 2'],
    [3, -1, 'threshold must be at least 2'],
  ])('split into %i with threshold %i', (parts, threshold, message) => {
    expect(() => splitSecret(new Uint8Array(32), parts, threshold)).toThrow(message)
  })

  test('split of nothing', () => {
    expect(() => splitSecret(new Uint8Array(), 2, 2)).toThrow('cannot split an empty secret')
  })

  test.each([
    [[[1, 1]], 'less than two parts cannot be used to reconstruct the secret'],
    [[[1], [2]], 'parts must be at least two bytes'],
    [
      [
        [1, 1],
        [1, 2, 3],
      ],
      'all parts must be the same length',
    ],
    [
      [
        [1, 1],
        [2, 1],
      ],
      'duplicate part detected',
    ],
    [
      [
        [1, 0],
        [2, 1],
      ],
      'part with an invalid index detected',
    ],
  ])('combine %j', (shares, message) => {
    expect(() => combineShares(shares.map((share) => Uint8Array.from(share)))).toThrow(message)
  })
})

function rotate<T>(items: readonly T[], by: number): T[] {
  const start = by % items.length
  return [...items.slice(start), ...items.slice(0, start)]
}

function schoolbook(a: number, b: number): number {
  let product = 0
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= a << bit
  for (let bit = 15; bit >= 8; bit--) if ((product >> bit) & 1) product ^= 0x11b << (bit - 8)
  return product
}
