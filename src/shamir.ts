// Shamir's secret sharing as sops stores it: one polynomial over GF(2^8) modulo x^8+x^4+x^3+x+1 per byte, shares laid out
// as y_0 … y_n then x, with x counted from 1. No branch and no index depends on a secret byte.
import { randomBytes } from 'node:crypto'

export class ShamirError extends Error {
  override readonly name = 'ShamirError'
}

/** Throws ShamirError with sops' texts when the numbers do not fit. */
export function splitSecret(secret: Uint8Array, parts: number, threshold: number): Uint8Array[] {
  if (parts < threshold) throw new ShamirError('parts cannot be less than threshold')
  if (parts > 255) throw new ShamirError('parts cannot exceed 255')
  if (!(threshold >= 2)) throw new ShamirError('threshold must be at least 2')
  if (secret.length === 0) throw new ShamirError('cannot split an empty secret')
  // Coefficients of the highest degree first; each row holds one coefficient for every byte of the secret.
  const rows = Array.from({ length: threshold - 1 }, () => new Uint8Array(randomBytes(secret.length)))
  const shares = Array.from({ length: parts }, (_, index) => evaluate(rows, secret, index + 1))
  for (const row of rows) row.fill(0)
  return shares
}

/** Horner's scheme at `x` for all bytes at once. */
function evaluate(rows: readonly Uint8Array[], secret: Uint8Array, x: number): Uint8Array {
  const share = new Uint8Array(secret.length + 1)
  for (const row of [...rows, secret]) {
    for (const [index, coefficient] of row.entries()) share[index] = multiply(share[index] ?? 0, x) ^ coefficient
  }
  share[secret.length] = x
  return share
}

/** Lagrange interpolation at 0 over all shares. Fewer shares than the threshold give a wrong secret, not an error. */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array {
  const places = checkShares(shares)
  const secret = new Uint8Array(places.length)
  for (const [index, share] of shares.entries()) {
    const weight = weightAtZero(places.xs, index)
    for (let byte = 0; byte < secret.length; byte++) {
      secret[byte] = (secret[byte] ?? 0) ^ multiply(share[byte] ?? 0, weight)
    }
  }
  return secret
}

function checkShares(shares: readonly Uint8Array[]): { readonly xs: readonly number[]; readonly length: number } {
  if (shares.length < 2) throw new ShamirError('less than two parts cannot be used to reconstruct the secret')
  const length = shares[0]?.length ?? 0
  if (length < 2) throw new ShamirError('parts must be at least two bytes')
  if (shares.some((share) => share.length !== length)) throw new ShamirError('all parts must be the same length')
  const xs = shares.map((share) => share[length - 1] ?? 0)
  if (new Set(xs).size !== xs.length) throw new ShamirError('duplicate part detected')
  // A share at 0 would be the secret itself, whatever the others say; sops makes none.
  if (xs.includes(0)) throw new ShamirError('part with an invalid index detected')
  return { xs, length: length - 1 }
}

function weightAtZero(xs: readonly number[], index: number): number {
  const own = xs[index] ?? 0
  let weight = 1
  for (const [other, x] of xs.entries()) {
    if (other !== index) weight = multiply(weight, multiply(x, invert(x ^ own)))
  }
  return weight
}

/** The product in GF(2^8), in the same steps for all operands. */
export function multiply(a: number, b: number): number {
  let product = 0
  for (let bit = 7; bit >= 0; bit--) {
    const reduced = (product << 1) ^ (-(product >> 7) & 0x11b)
    product = reduced ^ (-((b >> bit) & 1) & a)
  }
  return product
}

/** a^254, the inverse of every element but 0. */
export function invert(a: number): number {
  let power = 1
  for (let bit = 7; bit >= 0; bit--) {
    power = multiply(power, power)
    if (bit > 0) power = multiply(power, a)
  }
  return power
}
