// The text of a metadata section, as sops prints it or, inside the braces of a root flow map, on lines of its own. Comments
// right below its key carry what sops has no field for; sops passes them over.
import type { Branch, Item } from '../../tree/types.ts'
import { sectionKey } from '../section.ts'
import { emitFlow } from './flow.ts'
import { emitYaml } from './emit.ts'
import type { Span } from './syntax.ts'

const step = 4
const layoutMark = 'tsops_layout'
const rootMark = 'tsops_root'
const roots = ['absent', 'null', 'Null', 'NULL', '~'] as const

/** What stood where the section is the whole content of a document: nothing, or a null in its spelling. */
export type EmptyRoot = (typeof roots)[number]

export interface SectionStyle {
  /** Column of the root keys. */
  readonly column: number
  readonly lineBreak: string
  readonly layout: string | undefined
  readonly emptyRoot: EmptyRoot | undefined
}

/** Lines of a section below a block root; no line break at the end. */
export function blockSection(metadata: Branch, style: SectionStyle): string {
  const [key = '', ...rest] = blockLines(metadata)
  const margin = ' '.repeat(style.column)
  const comments = marks(style).map((mark) => ' '.repeat(step) + mark)
  const lines = [key, ...comments, ...rest].map((line) => (line === '' ? line : margin + line))
  return lines.join(style.lineBreak)
}

/** Lines of a section inside the braces of the root; no line break at either end. Clients look for the line `mac: ENC[…]`. */
export function flowSection(metadata: Branch, style: SectionStyle): string {
  const mac = metadata.items.find((item) => item.type === 'item' && item.key === 'mac')
  const text = mac?.type === 'item' && mac.value.type === 'str' ? mac.value.value : ''
  const comments = /^ENC\[[^\n\r]*$/.test(text) ? [...marks(style), `# mac: ${text}`] : marks(style)
  const margin = ' '.repeat(step)
  return [`${sectionKey}:`, ...[...comments, flowLine(metadata)].map((line) => margin + line)].join(style.lineBreak)
}

// Every document of a text gets the same section: it is printed once.
const blockLines = onceEach((metadata) => {
  const item: Item = { type: 'item', key: sectionKey, value: metadata }
  const text = emitYaml([{ type: 'branch', items: [item] }], step, undefined)
  return text.replace(/\n$/, '').split('\n')
})
const flowLine = onceEach(emitFlow)

function onceEach<T>(print: (metadata: Branch) => T): (metadata: Branch) => T {
  const printed = new WeakMap<Branch, T>()
  return (metadata) => {
    const text = printed.get(metadata) ?? print(metadata)
    printed.set(metadata, text)
    return text
  }
}

function marks({ layout, emptyRoot }: SectionStyle): string[] {
  const lines = layout === undefined ? [] : [`# ${layoutMark}: ${layout}`]
  return emptyRoot === undefined ? lines : [...lines, `# ${rootMark}: ${emptyRoot}`]
}

export function readLayout(text: string, span: Span): string | undefined {
  return readMark(text, span, layoutMark)
}

export function readEmptyRoot(text: string, span: Span): EmptyRoot | undefined {
  const mark = readMark(text, span, rootMark)
  return roots.find((root) => root === mark)
}

// Only comments between the key and its value count: further down, the same text may be part of a value.
function readMark(text: string, { start, end }: Span, mark: string): string | undefined {
  const lines = text
    .slice(start, end)
    .replace(/^(?:[\s,]|#[^\n\r]*)+/, '')
    .split(/\r\n|[\n\r]/)
  const comments = lines.slice(1, 1 + headLength(lines))
  const prefix = `# ${mark}: `
  return comments
    .map((line) => line.trim())
    .find((line) => line.startsWith(prefix))
    ?.slice(prefix.length)
}

function headLength(lines: readonly string[]): number {
  const length = lines.slice(1).findIndex((line) => !/^[ \t]*(#|$)/.test(line))
  return length < 0 ? lines.length : length
}
