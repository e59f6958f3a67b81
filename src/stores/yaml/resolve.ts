// How sops types a YAML scalar: go-yaml 3.0.4 decoding into a generic value.
import { ParseError } from '../../errors.ts'
import type { Scalar } from '../../tree/types.ts'
import { resolveDottedFloat, resolveNumber } from './number.ts'
import { resolveTimestamp } from './timestamp.ts'

const words = new Map<string, Scalar>([
  ...['true', 'True', 'TRUE'].map((word) => [word, { type: 'bool', value: true }] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, { type: 'bool', value: false }] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, { type: 'null' }] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, { type: 'float', value: NaN }] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map(
    (word) => [word, { type: 'float', value: Infinity }] as const,
  ),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, { type: 'float', value: -Infinity }] as const),
])
const longestWord = 5

const longTagPrefix = 'tag:yaml.org,2002:'

/** Tags whose value is typed by its text, and the type that must come out. */
const typedTags = new Map<string, Scalar['type']>([
  ['!!bool', 'bool'],
  ['!!int', 'int'],
  ['!!float', 'float'],
  ['!!null', 'null'],
  ['!!timestamp', 'time'],
])

/**
 * The value of a scalar. `plain` is false for quotes and block scalars; `tag` is short (`!!int`), long
 * (`tag:yaml.org,2002:int`), verbatim (`!<…>`) or an application's own, which makes a string of any text.
 * Each call gives a new object. Throws ParseError when the text does not fit the tag.
 */
export function resolveScalar(text: string, plain: boolean, tag: string | undefined): Scalar {
  if (tag === undefined || tag === '' || tag === '!') return plain ? resolvePlain(text) : { type: 'str', value: text }
  const short = shortenTag(tag)
  if (short === '!!binary') return decodeBinary(text)
  const expected = typedTags.get(short)
  return expected === undefined ? { type: 'str', value: text } : resolveTyped(text, short, expected)
}

/** Whether a plain scalar with this text would be a string. */
export function isPlainString(text: string): boolean {
  return resolveUntyped(text, true) === undefined
}

function resolvePlain(text: string): Scalar {
  return resolveUntyped(text, true) ?? { type: 'str', value: text }
}

function resolveTyped(text: string, tag: string, expected: Scalar['type']): Scalar {
  const found = resolveUntyped(text, expected === 'time')
  if (found?.type === expected) return found
  if (expected === 'float' && found?.type === 'int' && found.value < 2n ** 63n) {
    return { type: 'float', value: Number(found.value) }
  }
  throw new ParseError('yaml', `a value does not fit its tag ${tag}`)
}

/** Undefined stands for a string: most texts are known as such by their first character. */
function resolveUntyped(text: string, timestamps: boolean): Scalar | undefined {
  const first = text.charCodeAt(0)
  // Code points of + - . and the digits, without the slash that stands between.
  if (first >= 0x2b && first <= 0x39 && first !== 0x2c && first !== 0x2f) return resolveDigits(text, first, timestamps)
  return text.length <= longestWord ? copyWord(text) : undefined
}

function resolveDigits(text: string, first: number, timestamps: boolean): Scalar | undefined {
  const word = copyWord(text)
  if (word !== undefined) return word
  if (first === 0x2e) return resolveDottedFloat(text)
  const time = timestamps ? resolveTimestamp(text) : undefined
  return time === undefined ? resolveNumber(text) : { type: 'time', value: time }
}

function copyWord(text: string): Scalar | undefined {
  const word = text.length <= longestWord ? words.get(text) : undefined
  // Leaves are told apart by identity, so the table's object must not leave this file.
  return word && { ...word }
}

function shortenTag(tag: string): string {
  const name = tag.startsWith('!<') && tag.endsWith('>') ? tag.slice(2, -1) : tag
  return name.startsWith(longTagPrefix) ? `!!${name.slice(longTagPrefix.length)}` : name
}

function decodeBinary(text: string): Scalar {
  const encoded = text.replace(/[\r\n]/g, '')
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) {
    throw new ParseError('yaml', 'a value tagged !!binary is not base64')
  }
  const bytes = new Uint8Array(Buffer.from(encoded, 'base64'))
  try {
    const value = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { type: 'str', value }
  } catch {
    return { type: 'bytes', value: bytes }
  }
}
