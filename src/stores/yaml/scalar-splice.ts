// One edited scalar: its new text takes the style of the old. Spaces, line breaks and comments around it stay.
import type { Leaf, Scalar } from '../../tree/types.ts'
import type { Splice } from '../source.ts'
import { hasRoom } from './block-room.ts'
import { afterBlanks, isBlank, isBreak, lineEnd } from './lines.ts'
import { type Place, spellScalar } from './spell.ts'
import type { ScalarSource, Style } from './syntax.ts'

export interface Surroundings {
  readonly text: string
  readonly lineBreak: string
  /** Spaces per level where a string becomes a block: what sops used in this file. */
  readonly indent: number
  /** Where the new text will end without a line break; undefined when it will end with one, or with a section. */
  readonly openEnd: number | undefined
}

const ciphertext = /^ENC\[AES256_GCM,data:[^\n\r]+,type:\w+\]$/

/** Whether a leaf looks like what sops writes in the place of a value. */
export function isCiphertext(leaf: Leaf): boolean {
  return leaf.type === 'str' && ciphertext.test(leaf.value)
}

export function spliceScalar(around: Surroundings, source: ScalarSource, old: Leaf, value: Scalar): Splice[] {
  const splices = spliceTag(around.text, source, value)
  splices.push(...spliceToken(around, source, value, spell(around, source, old, value)))
  return splices
}

function spell(around: Surroundings, source: ScalarSource, old: Leaf, value: Scalar): string {
  const isBlock = isBlockStyle(source.style)
  const place = isBlock ? blockPlaceOf(around, source) : placeOf(around, source, styleOf(source, old))
  const spelled = spellScalar(value, place)
  if (!spelled.includes('\n')) return spelled
  if (!hasRoom(around.text, source.span.end, value.type === 'str' ? value.value : '', place.bodyColumn)) {
    return spellScalar(value, { ...place, style: 'double', simpleKey: true })
  }
  if (!isBlock || value.type !== 'str') return spelled
  return withOldHeader(around, source, { old, value: value.value }, spelled)
}

export function isBlockStyle(style: Style): boolean {
  return style === 'literal' || style === 'folded'
}

/** Nothing marks a flow scalar that was plain before it was encrypted, and most were. */
function styleOf(source: ScalarSource, old: Leaf): Style {
  return source.flow && source.style === 'single' && isCiphertext(old) ? 'plain' : source.style
}

// sops 3.13.3 fails on a ciphertext behind `!!int` and its like; a tag that the new value does not fit must go too.
function spliceTag(text: string, { tag }: ScalarSource, value: Scalar): Splice[] {
  if (tag === undefined) return []
  const name = tag.name.replace(/^!<(.*)>$/, '$1').replace(/^tag:yaml\.org,2002:/, '!!')
  const stays = name === '!!str' ? value.type === 'str' : !name.startsWith('!!')
  return stays ? [] : [{ start: tag.start, end: afterBlanks(text, tag.end), text: '' }]
}

/** The column that sops' emitter gives to the body of a block, and the hint that makes readers agree. */
function placeOf(around: Surroundings, source: ScalarSource, style: Style): Place {
  const parent = Math.max(source.parentColumn, 0)
  const bodyColumn = source.dash === undefined ? nextStop(parent, around.indent) : parent + 2
  return { style, flow: source.flow, simpleKey: false, bodyColumn, hint: bodyColumn - parent }
}

function nextStop(column: number, indent: number): number {
  return indent * Math.floor((column + indent) / indent)
}

function blockPlaceOf(around: Surroundings, source: ScalarSource): Place {
  const place = placeOf(around, source, source.style)
  if (source.bodyColumn <= source.parentColumn) return place
  return { ...place, bodyColumn: source.bodyColumn, hint: source.bodyColumn - Math.max(source.parentColumn, 0) }
}

interface Change {
  readonly old: Leaf
  readonly value: string
}

function withOldHeader(around: Surroundings, source: ScalarSource, change: Change, spelled: string): string {
  const [, indicator = '', header = ''] = /^([|>])([-+\d]*)/.exec(spelled) ?? []
  const kept = keepHeader(source.header, header, change, source.span.end === around.openEnd)
  return indicator + kept + spelled.slice(indicator.length + header.length)
}

/** The old header where it gives the same value, else the least change of it. */
function keepHeader(old: string, needed: string, change: Change, atOpenEnd: boolean): string {
  const digit = /\d/.exec(old)?.[0] ?? (startsBlank(change.value) ? /\d/.exec(needed)?.[0] : undefined) ?? ''
  const oldChomping = /[-+]/.exec(old)?.[0] ?? ''
  const chomping = keepsChomping(oldChomping, change, atOpenEnd) ? oldChomping : (/[-+]/.exec(needed)?.[0] ?? '')
  return /^[-+]/.test(old) ? chomping + digit : digit + chomping
}

// A ciphertext may end with a line break: sops passes that over. Some readers do not, so the usual block gets `-`: the value
// alone tells the old header then.
function keepsChomping(chomping: string, { old, value }: Change, atOpenEnd: boolean): boolean {
  if (ciphertext.test(value)) return chomping !== '' || !isClearLines(old)
  if (!value.endsWith('\n')) return chomping === '-' || atOpenEnd
  return chomping === '+'
}

/** Whether a line break ends a value in clear. */
function isClearLines(leaf: Leaf): boolean {
  return leaf.type === 'str' && leaf.value.endsWith('\n') && !ciphertext.test(leaf.value.slice(0, -1))
}

/** Whether a reader would take blanks of the value for its indentation. */
function startsBlank(value: string): boolean {
  return /^\n*[ \t]/.test(value)
}

function spliceToken(around: Surroundings, source: ScalarSource, value: Scalar, spelled: string): Splice[] {
  const { text } = around
  const { start, end } = source.span
  const lines = spelled.split('\n')
  const head = start === end && !isBlank(text[start - 1]) ? ` ${lines[0]}` : (lines[0] ?? '')
  const body = lines.length > 1 ? bodyText(around, lines.slice(1), value, end) : ''
  if (!isBlockStyle(source.style)) {
    const lineStop = body === '' ? end : lineEnd(text, end)
    if (lineStop === end) return [{ start, end, text: head + body }]
    return [
      { start, end, text: head },
      { start: lineStop, end: lineStop, text: body },
    ]
  }
  const headEnd = start + 1 + source.header.length
  return [
    { start, end: headEnd, text: head },
    { start: Math.min(lineEnd(text, headEnd), end), end, text: body },
  ]
}

function bodyText(around: Surroundings, lines: readonly string[], value: Scalar, end: number): string {
  const closed = around.openEnd !== lineEnd(around.text, end) || value.type !== 'str' || !value.value.endsWith('\n')
  return `${around.lineBreak}${lines.join(around.lineBreak)}${closed ? '' : around.lineBreak}`
}

/** Text of a comment in its place. One that has line breaks must not leave its line: each line gets its own `#`. */
export function spellComment(value: string, column: number, lineBreak: string): string {
  return `#${value.split(/\r\n|[\n\r\u0085\u2028\u2029]/).join(`${lineBreak}${' '.repeat(column)}#`)}`
}

/** Whether only blanks stand between `at` and the end of its line. */
export function endsLine(text: string, at: number): boolean {
  const next = afterBlanks(text, at)
  return next === text.length || isBreak(text[next])
}
