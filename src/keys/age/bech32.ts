// Bech32 as age uses it: any length, one case throughout. Errors never show the text, which may be a secret key.

const charset = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
const checksumLength = 6

/** Throws Error with age's texts. The prefix keeps its case. */
export function decodeBech32(text: string): { readonly prefix: string; readonly bytes: Uint8Array } {
  const lower = text.toLowerCase()
  if (lower !== text && text.toUpperCase() !== text) throw new Error('mixed case')
  const separator = lower.lastIndexOf('1')
  if (separator < 1 || separator + 1 + checksumLength > lower.length) {
    throw new Error("separator '1' at invalid position")
  }
  const prefix = lower.slice(0, separator)
  if (!/^[!-~]+$/.test(prefix)) throw new Error('invalid character human-readable part')
  const words = Array.from(lower.slice(separator + 1), (character) => charset.indexOf(character))
  if (words.includes(-1)) throw new Error('invalid character data part')
  if (checksum([...expandPrefix(prefix), ...words]) !== 1) throw new Error('invalid checksum')
  return { prefix: text.slice(0, separator), bytes: toBytes(words.slice(0, -checksumLength)) }
}

/** `prefix` in lower case gives text in lower case. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const words = toWords(bytes)
  const lower = prefix.toLowerCase()
  const residue = checksum([...expandPrefix(lower), ...words, 0, 0, 0, 0, 0, 0]) ^ 1
  const tail = [25, 20, 15, 10, 5, 0].map((shift) => (residue >>> shift) & 31)
  const text = `${lower}1${[...words, ...tail].map((word) => charset[word]).join('')}`
  return prefix === lower ? text : text.toUpperCase()
}

function expandPrefix(prefix: string): number[] {
  const codes = Array.from(prefix, (character) => character.charCodeAt(0))
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)]
}

function checksum(values: readonly number[]): number {
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (const [bit, term] of generator.entries()) if ((top >> bit) & 1) sum ^= term
  }
  return sum
}

function toWords(bytes: Uint8Array): number[] {
  const words: number[] = []
  let pending = 0
  let bits = 0
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xfff
    for (bits += 8; bits >= 5; bits -= 5) words.push((pending >> (bits - 5)) & 31)
  }
  if (bits > 0) words.push((pending << (5 - bits)) & 31)
  return words
}

function toBytes(words: readonly number[]): Uint8Array {
  const bytes: number[] = []
  let pending = 0
  let bits = 0
  for (const word of words) {
    pending = ((pending << 5) | word) & 0xfff
    bits += 5
    if (bits >= 8) bytes.push((pending >> (bits -= 8)) & 255)
  }
  if (bits >= 5) throw new Error('illegal zero padding')
  if ((pending & ((1 << bits) - 1)) !== 0) throw new Error('non-zero padding')
  return Uint8Array.from(bytes)
}
