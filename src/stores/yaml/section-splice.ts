// Where the metadata section of each document stands: it is replaced where it is, else comes last, and taking it out
// gives the text back that was there before it.
import { SopsError } from '../../errors.ts'
import type { Branch } from '../../tree/types.ts'
import { changedFields } from '../section-fields.ts'
import { sectionKey } from '../section.ts'
import type { Splice } from '../source.ts'
import type { Edits, Section } from '../types.ts'
import { isBlankLine, needsKeep } from './block-room.ts'
import { entryOf, insertEntry, removeEntry } from './flow-section.ts'
import { afterBlanks, afterBreak, beforeBreak, columnOf, isBreak, lineEnd, lineStart } from './lines.ts'
import { isBlockStyle, spellComment, spliceScalar } from './scalar-splice.ts'
import { hasContent, SectionTask } from './section-task.ts'
import {
  blockSection,
  type EmptyRoot,
  flowSection,
  readEmptyRoot,
  readLayout,
  type SectionStyle,
} from './section-text.ts'
import type { Span, YamlPart, YamlSyntax } from './syntax.ts'

export interface SectionSplices {
  readonly splices: readonly Splice[]
  /** Where the new text will end without a line break right behind content; undefined when it does not. */
  readonly openEnd: number | undefined
}

export function spliceSections(
  syntax: YamlSyntax,
  edits: Edits,
  lineBreak: string,
  section: Section | undefined,
): SectionSplices {
  const task = new SectionTask(syntax, edits, lineBreak)
  if (section === undefined) {
    const splices = syntax.parts.flatMap((part) => removeSection(task, part))
    return { splices, openEnd: openEndOf(task.text, splices) }
  }
  checkReserved(syntax)
  const splices = syntax.parts.flatMap((part, index) => {
    const layout = index === 0 ? section.layout : undefined
    const style = { column: part.rootColumn, lineBreak, layout, emptyRoot: undefined }
    return writeSection(task, part, section.metadata, style)
  })
  return { splices, openEnd: undefined }
}

// sops takes the key out of every document that it opens: data under that name would be lost.
function checkReserved({ parts }: YamlSyntax): void {
  const [first, ...later] = parts
  if (first?.section === undefined && later.some((part) => part.section !== undefined)) {
    throw new SopsError('ERR_SOPS_EMIT', `a later document has the key "${sectionKey}", which is reserved for metadata`)
  }
}

function openEndOf(text: string, splices: readonly Splice[]): number | undefined {
  if (isBreak(text.at(-1))) return undefined
  const last = splices.at(-1)
  if (last?.end !== text.length) return text.length
  return last.text === '' ? last.start : undefined
}

function writeSection(task: SectionTask, part: YamlPart, metadata: Branch, style: SectionStyle): Splice[] {
  if (part.section !== undefined) {
    const kept = changeFields(task, part, metadata, style)
    return kept ?? [replaceSection(task, part, part.section.span, metadata, style)]
  }
  const root = emptyRootOf(task, part)
  if (root?.span !== undefined)
    return [replaceRoot(task, part, root.span, metadata, { ...style, emptyRoot: root.name })]
  if (part.rootFlow !== undefined) return [insertEntry(task, part, part.rootFlow, metadata, style)]
  return appendBlock(task, part.end, blockSection(metadata, { ...style, emptyRoot: root?.name }))
}

/** The root of a document without content: `{}`, a null, or nothing at all. */
interface RootToken {
  readonly span: Span | undefined
  readonly name: EmptyRoot | undefined
}

function emptyRootOf({ text }: SectionTask, part: YamlPart): RootToken | undefined {
  const { rootFlow: braces, rootNull: span } = part
  if (braces !== undefined) {
    const replaceable = braces.end - braces.start === 2 && isAlone(text, part, braces)
    return replaceable ? { span: braces, name: undefined } : undefined
  }
  if (hasContent(part)) return undefined
  if (span === undefined || span.start === span.end) return { span: undefined, name: 'absent' }
  const spelling = text.slice(span.start, span.end)
  return { span, name: (['~', 'Null', 'NULL'] as const).find((name) => name === spelling) ?? 'null' }
}

/** Whether a token has its line for itself, and no comment below it that could become part of a section in its place. */
function isAlone(text: string, part: YamlPart, { start, end }: Span): boolean {
  if (!/^ *$/.test(text.slice(lineStart(text, start), start))) return false
  return (end === text.length || isBreak(text[end])) && /^\s*$/.test(text.slice(end, part.end))
}

function replaceRoot(task: SectionTask, part: YamlPart, span: Span, metadata: Branch, style: SectionStyle): Splice {
  const { start, end } = span
  if (!isAlone(task.text, part, span)) {
    const { lineBreak } = task
    return { start, end, text: `{${lineBreak}${flowSection(metadata, style)}${lineBreak}}` }
  }
  const column = columnOf(task.text, start)
  return { start, end, text: blockSection(metadata, { ...style, column }).slice(column) }
}

// Behind the comments and blank lines at the end of the document: whole lines can go from there without a trace.
function appendBlock(task: SectionTask, at: number, section: string): Splice[] {
  const { text, lineBreak } = task
  if (at === 0 || isBreak(text[at - 1])) return [{ start: at, end: at, text: section + lineBreak }]
  return [...stripLastBlock(task, at), { start: at, end: at, text: lineBreak + section }]
}

// A block that nothing follows has no last line break; with the section below it would get one.
function stripLastBlock(task: SectionTask, at: number): Splice[] {
  const [leaf, source] = task.scalarEndingAt(at) ?? []
  if (source === undefined || leaf?.type !== 'str' || task.edits.has(leaf) || !isBlockStyle(source.style)) return []
  if (leaf.value.endsWith('\n') || source.header.includes('-')) return []
  const start = source.span.start + 1
  return [{ start, end: start + source.header.length, text: `${source.header.replace('+', '')}-` }]
}

/** The values that change in a section that else stays; undefined when it must be written anew. */
function changeFields(task: SectionTask, part: YamlPart, metadata: Branch, style: SectionStyle): Splice[] | undefined {
  const { section, rootFlow } = part
  // A flow section says its MAC twice.
  if (section?.value.type !== 'branch' || rootFlow !== undefined) return undefined
  if (readLayout(task.text, section.span) !== style.layout) return undefined
  const { text, lineBreak } = task
  return changedFields(section.value, metadata)?.flatMap(({ old, value }) => {
    const source = task.sourceOf(old)
    return source === undefined
      ? []
      : spliceScalar({ text, lineBreak, indent: 4, openEnd: undefined }, source, old, value)
  })
}

function replaceSection(task: SectionTask, part: YamlPart, span: Span, metadata: Branch, style: SectionStyle): Splice {
  const { text } = task
  const named = { ...style, emptyRoot: readEmptyRoot(text, span) }
  if (part.rootFlow !== undefined) return { ...entryOf(task, span), text: flowSection(metadata, named) }
  const lines = linesOf(text, span)
  const column = afterBlanks(text, lines.start) - lines.start
  const kept = keptComments(task, part, lines).map((line) => line + task.lineBreak)
  return { ...lines, text: kept.join('') + blockSection(metadata, { ...named, column }) }
}

/** The lines for comments of the document that would go with its section. */
function keptComments(task: SectionTask, part: YamlPart, lines: Span): string[] {
  const column = afterBlanks(task.text, lines.start) - lines.start
  return task
    .commentsIn(part, lines)
    .map(({ value }) => ' '.repeat(column) + spellComment(value, column, task.lineBreak))
}

function removeSection(task: SectionTask, part: YamlPart): Splice[] {
  if (part.section === undefined) return []
  const { span } = part.section
  const root = hasContent(part) ? undefined : readEmptyRoot(task.text, span)
  if (part.rootFlow === undefined) return [removeBlock(task, part, linesOf(task.text, span), root)]
  if (root === undefined || root === 'absent') return removeEntry(task, entryOf(task, span))
  return [{ start: part.rootFlow.start, end: part.rootFlow.end, text: root }]
}

function removeBlock(task: SectionTask, part: YamlPart, lines: Span, root: EmptyRoot | undefined): Splice {
  const { text, lineBreak } = task
  const { start, end } = lines
  const kept = keptComments(task, part, lines)
  if (!hasContent(part) && root !== 'absent') kept.push(text.slice(start, afterBlanks(text, start)) + (root ?? '{}'))
  if (kept.length > 0) return { start, end, text: kept.join(lineBreak) }
  if (end < text.length) return { start, end: afterKeptLines(task, start, afterBreak(text, end)), text: '' }
  const before = beforeBreak(text, start)
  return { start: needsBreak(task, before) ? start : before, end, text: '' }
}

// Blank lines below the section must not become part of a `|+` block above it.
function afterKeptLines(task: SectionTask, start: number, end: number): number {
  const { text } = task
  if (!isBlankLine(text, end)) return end
  const [leaf, source] = task.scalarEndingAt(beforeBreak(text, start)) ?? []
  const value = leaf && (task.edits.get(leaf) ?? leaf)
  if (source === undefined || value?.type !== 'str') return end
  if (!needsKeep(value.value) && !source.header.includes('+')) return end
  let next = end
  while (isBlankLine(text, next)) next = afterBreak(text, afterBlanks(text, next))
  return next
}

/** Whether the block that ends at `at` has a line break at its end, which must then stay. */
function needsBreak(task: SectionTask, at: number): boolean {
  const [leaf, source] = task.scalarEndingAt(at) ?? []
  if (leaf?.type !== 'str' || source === undefined || task.edits.has(leaf)) return false
  return isBlockStyle(source.style) && leaf.value.endsWith('\n')
}

/** Whole lines, without the line break of the last. */
function linesOf(text: string, { start, end }: Span): Span {
  const last = isBreak(text[end - 1]) ? beforeBreak(text, end) : lineEnd(text, end)
  return { start: lineStart(text, start), end: last }
}
