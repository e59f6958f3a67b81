// The section as an entry of a root flow map. It stands last, on lines of its own.
import type { Branch } from '../../tree/types.ts'
import type { Splice } from '../source.ts'
import { afterBlanks, afterBreak, beforeBlanks, beforeBreak, isBlank, isBreak, lineEnd } from './lines.ts'
import { hasContent, type SectionTask } from './section-task.ts'
import { flowSection, type SectionStyle } from './section-text.ts'
import type { Span, YamlPart } from './syntax.ts'

/** `braces`: the root with its braces. A comma behind the last entry gets a partner behind the section. */
export function insertEntry(
  task: SectionTask,
  part: YamlPart,
  braces: Span,
  metadata: Branch,
  style: SectionStyle,
): Splice {
  const at = braces.end - 1
  const before = task.text[contentBefore(task, at) - 1]
  const [comma, trailing] = before === ',' ? ['', ','] : [hasContent(part) ? ',' : '', '']
  const { lineBreak } = task
  const text = `${comma}${lineBreak}${flowSection(metadata, style)}${trailing}${lineBreak}`
  return { start: at, end: at, text }
}

/** From the key to the end of its value, without the comma, the blanks and the comments around them. */
export function entryOf({ text }: SectionTask, span: Span): Span {
  const outside = (character: string | undefined): boolean =>
    isBlank(character) || isBreak(character) || character === ','
  let { start, end } = span
  while (start < end && (outside(text[start]) || text[start] === '#')) {
    start = text[start] === '#' ? lineEnd(text, start) : start + 1
  }
  while (end > start && outside(text[end - 1])) end--
  return { start, end }
}

// The line breaks around a section that stands on lines of its own go as well.
export function removeEntry(task: SectionTask, { start, end }: Span): Splice[] {
  const { text } = task
  const above = beforeBreak(text, start)
  // The line break behind a comment keeps the rest out of it.
  const first = task.commentEndingAt(above) === undefined ? above : start
  const next = contentAfter(text, end)
  if (text[next] === ',') {
    const last = above < start ? afterBreak(text, next + 1) : afterBlanks(text, next + 1)
    return [{ start: first, end: last, text: '' }]
  }
  const last = above < start ? afterBreak(text, end) : end
  if (text[first - 1] === ',') return [{ start: first - 1, end: last, text: '' }]
  const content = contentBefore(task, start)
  if (text[content - 1] !== ',') return [{ start: first, end: last, text: '' }]
  const blanks = beforeBlanks(text, start)
  // Comments between the comma and the key stay.
  const kept = contentAfter(text, content) < start ? blanks : content
  return [
    { start: content - 1, end: content, text: '' },
    { start: kept, end, text: '' },
  ]
}

/** The end of the last thing before `at` that is neither blank nor a comment. */
function contentBefore(task: SectionTask, at: number): number {
  let end = at
  for (;;) {
    const comment = task.commentEndingAt(end)
    if (comment !== undefined) end = comment
    else if (isBlank(task.text[end - 1]) || isBreak(task.text[end - 1])) end--
    else return end
  }
}

function contentAfter(text: string, at: number): number {
  let next = at
  while (isBlank(text[next]) || isBreak(text[next])) next++
  return next
}
