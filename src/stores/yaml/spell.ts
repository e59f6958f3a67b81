// The spelling of one scalar: as sops' emitter would print it in its place, or in a style that an author chose.
import type { Scalar } from '../../tree/types.ts'
import { type BlockPlace, canBeFolded, canBeLiteral, spellFolded, spellLiteral } from './block-spelling.ts'
import { mergeKey, mergeTag } from './key.ts'
import { spellFloat } from './number.ts'
import { canQuoteSingle, quoteDouble, quoteDoubleAsSops, quoteSingle } from './quotes.ts'
import { isPlainString } from './resolve.ts'
import { type ScalarShape, shapeOf } from './scalar-shape.ts'
import type { Style } from './syntax.ts'

export interface Place extends BlockPlace {
  /** `plain`: as sops would choose. Another style holds for strings that it can spell. */
  readonly style: Style
  /** Inside a flow collection. */
  readonly flow: boolean
  /** A key without a `?`: it has to stay on one line. */
  readonly simpleKey: boolean
}

/** Words that YAML 1.1 takes for booleans; sops quotes them for older readers. */
const oldBooleans = new Set('y Y yes Yes YES on On ON n N no No NO off Off OFF'.split(' '))
const separator = /[\u2028\u2029]/
const base64LineLength = 70

/**
 * The text of a scalar. A block scalar comes with its body, without the line break that ends its last line: a value
 * that ends with a line break needs that one in the text behind it.
 */
export function spellScalar(value: Scalar, place: Place): string {
  switch (value.type) {
    case 'str':
      return spellStyled(value.value, place) ?? spellAsSops(value.value, place)
    case 'int':
    case 'bool':
    case 'time':
      return String(value.value)
    case 'float':
      return spellFloat(value.value)
    case 'null':
      return 'null'
    case 'bytes':
      return spellBytes(value.value, place)
  }
}

function spellStyled(value: string, place: Place): string | undefined {
  const oneLine = place.flow || place.simpleKey
  switch (place.style) {
    case 'plain':
      return undefined
    case 'single':
      return canQuoteSingle(value) ? quoteSingle(value) : undefined
    case 'double':
      return quoteDouble(value)
    case 'literal':
      return !oneLine && canBeLiteral(value, place) ? spellLiteral(value, place) : undefined
    case 'folded':
      return !oneLine && canBeFolded(value, place) ? spellFolded(value, place) : undefined
  }
}

function spellAsSops(value: string, place: Place): string {
  if (value === mergeKey) return place.flow ? quoteDouble(value) : `${mergeTag} ${mergeKey}`
  const shape = shapeOf(value)
  if (value.includes('\n')) {
    return isSafeLiteral(value, shape, place) ? spellLiteral(value, place) : quoteDoubleAsSops(value)
  }
  if (separator.test(value) || !isPlainString(value) || oldBooleans.has(value) || isBase60(value)) {
    return quoteDoubleAsSops(value)
  }
  if (place.flow ? shape.flowPlain : shape.blockPlain) return value
  return shape.single ? quoteSingle(value) : quoteDoubleAsSops(value)
}

/** sops makes null of a literal that starts with a tab, and misplaces lines behind U+2028 and U+2029: both go in quotes here. */
function isSafeLiteral(value: string, shape: ScalarShape, place: Place): boolean {
  if (place.flow || place.simpleKey || !shape.block) return false
  return !value.startsWith('\t') && !separator.test(value) && canBeLiteral(value, place)
}

/** A number in base 60, as YAML 1.1 has it: `1:30:15.5`. */
function isBase60(value: string): boolean {
  if (!/^[-+]?[0-9][0-9_]*:[0-9:]*(?:\.[0-9_]*)?$/.test(value)) return false
  const places = value.replace(/\..*$/, '').split(':').slice(1)
  return places.every((digits) => /^[0-5]?[0-9]$/.test(digits))
}

function spellBytes(bytes: Uint8Array, place: Place): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
  if (text.length <= base64LineLength || place.flow || place.simpleKey) return `!!binary ${text}`
  return `!!binary ${spellLiteral(text.replace(new RegExp(`.{1,${base64LineLength}}`, 'g'), '$&\n'), place)}`
}
