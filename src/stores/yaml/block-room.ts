// What stands below a block scalar must not become part of it.
import { afterBlanks, afterBreak, isBreak, lineEnd } from './lines.ts'

/** Whether a block with this value and column can end on the line of `at`. Its own old lines lie before `at`. */
export function hasRoom(text: string, at: number, value: string, bodyColumn: number): boolean {
  let line = afterBreak(text, lineEnd(text, at))
  if (needsKeep(value) && isBlankLine(text, line)) return false
  while (isBlankLine(text, line)) line = afterBreak(text, afterBlanks(text, line))
  const content = afterBlanks(text, line)
  return text[content] !== '#' || content - line < bodyColumn
}

/** Whether the block must be a `|+`, which takes all blank lines below it. */
export function needsKeep(value: string): boolean {
  return value === '\n' || value.endsWith('\n\n')
}

export function isBlankLine(text: string, at: number): boolean {
  return isBreak(text[afterBlanks(text, at)])
}
