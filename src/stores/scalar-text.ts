// A value as text where a format knows only text: dotenv, INI, environment variables (ValToString, sops 3.13.3).

import type { Comment, Scalar } from '../tree/types.ts'
import { leafSource } from './source.ts'

/** The text of one scalar, with stray bytes as source.ts has them. */
export function scalarText(leaf: Scalar | Comment): string {
  switch (leaf.type) {
    case 'null':
      return '<nil>'
    case 'float':
      return floatText(leaf.value)
    case 'time':
      return leaf.value.replace(/\.\d+/, '')
    case 'int':
    case 'bool':
      return String(leaf.value)
    default:
      return leafSource(leaf)
  }
}

// A float never looks like an integer.
function floatText(value: number): string {
  const text = formatFloat(value, 'E')
  return Number.isFinite(value) && !/[.E]/.test(text) ? `${text}.0` : text
}

/** Go's strconv.FormatFloat(value, 'g', -1, 64): an exponent from 10^6 on and below 10^-4. */
export function formatFloat(value: number, exponentMark: 'e' | 'E' = 'e'): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  const [mantissa = '', power = '0'] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 6) return String(value)
  const digits = String(Math.abs(exponent)).padStart(2, '0')
  return `${mantissa}${exponentMark}${exponent < 0 ? '-' : '+'}${digits}`
}
