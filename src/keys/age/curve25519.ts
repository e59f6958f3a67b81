// X25519 over OpenSSL, on raw keys of 32 bytes.
import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'

export const keyLength = 32
const privateHeader = Buffer.from('302e020100300506032b656e04220420', 'hex')

export function importScalar(bytes: Uint8Array): KeyObject {
  const der = Buffer.concat([privateHeader, bytes])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

export function importShare(bytes: Uint8Array): KeyObject {
  // OpenSSL takes eight times as long to find its way into DER.
  const x = Buffer.from(bytes).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
}

/** The public side of a private or public key. */
export function exportShare(key: KeyObject): Uint8Array {
  const share = key.type === 'private' ? createPublicKey(key) : key
  return share.export({ format: 'der', type: 'spki' }).subarray(-keyLength)
}

/** Throws Error for a share of low order, which would make the secret known to all. */
export function agree(own: KeyObject, share: Uint8Array): Uint8Array {
  const secret = diffieHellman({ privateKey: own, publicKey: importShare(share) })
  if (secret.every((byte) => byte === 0)) throw new Error('low order point')
  return secret
}

const prime = 2n ** 255n - 19n
const curveConstant = modulo(-121665n * invert(121666n))

/** The X25519 share that belongs to an Ed25519 public key. Throws Error when it is no point of the curve. */
export function toShare(ed25519: Uint8Array): Uint8Array {
  const y = modulo(readLittleEndian(ed25519) & (2n ** 255n - 1n))
  const square = modulo(y * y)
  const xSquared = modulo((square - 1n) * invert(modulo(curveConstant * square + 1n)))
  if (xSquared !== 0n && power(xSquared, (prime - 1n) / 2n) !== 1n) throw new Error('invalid point encoding')
  return writeLittleEndian(modulo((1n + y) * invert(modulo(1n - y))))
}

function invert(value: bigint): bigint {
  return power(modulo(value), prime - 2n)
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let factor = base
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * factor)
    factor = modulo(factor * factor)
  }
  return result
}

function modulo(value: bigint): bigint {
  const rest = value % prime
  return rest < 0n ? rest + prime : rest
}

function readLittleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

function writeLittleEndian(value: bigint): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * keyLength, '0'), 'hex').reverse()
}
