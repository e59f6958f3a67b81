// The numbers of go-yaml: Go's integer literals without their underscores, and decimal floats.
import type { Scalar } from '../../tree/types.ts'

const minInt = -(2n ** 63n)
const maxInt = 2n ** 63n - 1n
const maxUint = 2n ** 64n - 1n

const floatPattern = /^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$/
const integerPattern = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/
/** A text that starts with a dot is Go's to read, who takes an underscore between two digits and nowhere else. */
const strayUnderscore = /[^0-9]_|_[^0-9]|_$/
/** go-yaml reads these two prefixes itself where Go does not, and there takes a sign behind the prefix. */
const innerSignPattern = /^0(?:b([-+])([01]+)|o([-+])([0-7]+))$/

/** The number that a text starting with a digit or a sign stands for; beyond int64 an int may be positive up to uint64. */
export function resolveNumber(text: string): Scalar | undefined {
  const plain = text.includes('_') ? text.replaceAll('_', '') : text
  return resolveInt(plain) ?? resolveFloat(plain) ?? resolveInnerSign(plain)
}

/** The float that a text starting with a dot stands for. */
export function resolveDottedFloat(text: string): Scalar | undefined {
  return strayUnderscore.test(text) ? undefined : resolveFloat(text.replaceAll('_', ''))
}

/** Undefined also when the number exceeds the range of a float64. */
function resolveFloat(text: string): Scalar | undefined {
  if (!floatPattern.test(text)) return undefined
  const value = Number(text)
  return Number.isFinite(value) ? { type: 'float', value } : undefined
}

function resolveInt(text: string): Scalar | undefined {
  const match = integerPattern.exec(text)
  if (match === null) return undefined
  const [, sign = '', hex, binary, octal, decimal] = match
  if (decimal !== undefined) return toInt(sign, '', decimal)
  if (hex !== undefined) return toInt(sign, '0x', hex)
  return binary === undefined ? toInt(sign, '0o', octal ?? '') : toInt(sign, '0b', binary)
}

function resolveInnerSign(text: string): Scalar | undefined {
  const match = innerSignPattern.exec(text)
  if (match === null) return undefined
  const [, binarySign, binary, octalSign = '', octal = ''] = match
  return binary === undefined ? toInt(octalSign, '0o', octal) : toInt(binarySign ?? '', '0b', binary)
}

function toInt(sign: string, prefix: string, digits: string): Scalar | undefined {
  const significant = digits.replace(/^0+(?=.)/, '')
  // No int has more than 64 digits in any base: a longer text would only cost time.
  if (significant.length > 64) return undefined
  const magnitude = BigInt(prefix + significant)
  const value = sign === '-' ? -magnitude : magnitude
  const fits = value >= minInt && value <= (sign === '' ? maxUint : maxInt)
  return fits ? { type: 'int', value } : undefined
}

/** A float as sops prints it in YAML: shortest digits, with an exponent below -4 and from 6 on. */
export function spellFloat(value: number): string {
  if (Number.isNaN(value)) return '.nan'
  if (!Number.isFinite(value)) return value > 0 ? '.inf' : '-.inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [digits = '', exponentText = ''] = value.toExponential().split('e')
  const exponent = Number(exponentText)
  // Inside this range JavaScript prints positional digits as Go does.
  if (exponent >= -4 && exponent < 6) return String(value)
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}
