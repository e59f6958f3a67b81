// One scalar <-> the bytes that sops encrypts and hashes (ToBytes in sops.go and aes/cipher.go, 3.13.3).
import { toNanoseconds } from '../rfc3339.ts'
import type { Comment, Leaf, Scalar } from './types.ts'

const maxInt64 = 2n ** 63n - 1n
const minInt64 = -(2n ** 63n)
const decimalFloat = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

/** The type tag that ENC[…] carries. */
export function typeTag(leaf: Leaf): string {
  return leaf.type === 'bytes' ? 'str' : leaf.type
}

/** Text that is not to be encrypted because sops leaves it as it is: the empty string and the empty comment. */
export function isEmpty(leaf: Leaf): boolean {
  return (leaf.type === 'str' || leaf.type === 'comment' || leaf.type === 'bytes') && leaf.value.length === 0
}

/** What is encrypted, and what the MAC hashes. Throws RangeError for an integer that sops cannot hold. */
export function toPlaintext(leaf: Exclude<Leaf, { type: 'null' }>): string | Uint8Array {
  switch (leaf.type) {
    case 'int':
      if (leaf.value > maxInt64 || leaf.value < minInt64) throw new RangeError('the integer does not fit in 64 bits')
      return leaf.value.toString()
    case 'float':
      return positional(leaf.value)
    case 'bool':
      return leaf.value ? 'True' : 'False'
    default:
      return leaf.value
  }
}

/** Go's strconv.FormatFloat(n, 'f', -1, 64): the shortest digits that read back, never with an exponent. */
export function positional(n: number): string {
  if (Number.isNaN(n)) return 'NaN'
  if (!Number.isFinite(n)) return n > 0 ? '+Inf' : '-Inf'
  if (Object.is(n, -0)) return '-0'
  const text = String(n)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign = '', first = '', rest = '', exponent = '0'] = match
  const digits = first + rest
  const point = Number(exponent) + 1
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits.padEnd(point, '0')
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

/** What a decrypted plaintext of the tagged type stands for; undefined when the text is not of that type. */
export function fromPlaintext(tag: string, bytes: Uint8Array): Exclude<Leaf, { type: 'null' }> | undefined {
  switch (tag) {
    case 'str':
      return textOrBytes(bytes)
    case 'bytes':
      return { type: 'bytes', value: bytes }
    case 'comment':
      return decodeComment(bytes)
    default:
      return fromText(tag, latin1(bytes))
  }
}

function fromText(tag: string, text: string): Exclude<Scalar, { type: 'null' }> | undefined {
  switch (tag) {
    case 'int':
      return parseInt64(text)
    case 'float':
      return parseFloat64(text)
    case 'bool':
      if (/^(1|t|T|true|TRUE|True)$/.test(text)) return { type: 'bool', value: true }
      return /^(0|f|F|false|FALSE|False)$/.test(text) ? { type: 'bool', value: false } : undefined
    case 'time': {
      const value = toNanoseconds(text)
      return value === undefined ? undefined : { type: 'time', value }
    }
    default:
      return undefined
  }
}

export const typeTags: ReadonlySet<string> = new Set(['str', 'int', 'float', 'bool', 'time', 'bytes', 'comment'])

/** A str, or bytes where they are not valid UTF-8. */
export function textOrBytes(bytes: Uint8Array): Extract<Scalar, { type: 'str' | 'bytes' }> {
  try {
    return { type: 'str', value: strictUtf8.decode(bytes) }
  } catch {
    return { type: 'bytes', value: bytes }
  }
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeComment(bytes: Uint8Array): Comment {
  return { type: 'comment', value: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(), inline: false }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}

function parseInt64(text: string): Extract<Scalar, { type: 'int' }> | undefined {
  if (!/^[+-]?\d+$/.test(text) || text.length > 400) return undefined
  const value = BigInt(text.replace(/^\+/, ''))
  return value > maxInt64 || value < minInt64 ? undefined : { type: 'int', value }
}

function parseFloat64(text: string): Extract<Scalar, { type: 'float' }> | undefined {
  if (/^[+-]?(inf|infinity)$/i.test(text)) return { type: 'float', value: text.startsWith('-') ? -Infinity : Infinity }
  if (/^nan$/i.test(text)) return { type: 'float', value: NaN }
  if (!decimalFloat.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? { type: 'float', value } : undefined
}
