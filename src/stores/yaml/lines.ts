// Lines as libyaml cuts them: CR, LF, CRLF, NEL, LS and PS end a line.

const breakCharacters = '\n\r\u0085\u2028\u2029'

export function isBreak(character: string | undefined): boolean {
  return character !== undefined && character !== '' && breakCharacters.includes(character)
}

export function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** The line break that the text uses: its first. */
export function breakOf(text: string): string {
  const at = text.indexOf('\n')
  return at > 0 && text[at - 1] === '\r' ? '\r\n' : '\n'
}

/** Where the line of `at` starts. */
export function lineStart(text: string, at: number): number {
  let start = at
  while (start > 0 && !isBreak(text[start - 1])) start--
  return start
}

/** Where the line of `at` ends: its line break, or the end of the text. */
export function lineEnd(text: string, at: number): number {
  let end = at
  while (end < text.length && !isBreak(text[end])) end++
  return end
}

/** The place after the line break at `at`; `at` itself where none stands. */
export function afterBreak(text: string, at: number): number {
  if (text[at] === '\r' && text[at + 1] === '\n') return at + 2
  return isBreak(text[at]) ? at + 1 : at
}

/** The place before the line break that ends at `at`; `at` itself where none stands. */
export function beforeBreak(text: string, at: number): number {
  if (text[at - 1] === '\n' && text[at - 2] === '\r') return at - 2
  return isBreak(text[at - 1]) ? at - 1 : at
}

export function columnOf(text: string, at: number): number {
  return at - lineStart(text, at)
}

/** The place after the blanks that follow `at`. */
export function afterBlanks(text: string, at: number): number {
  let end = at
  while (isBlank(text[end])) end++
  return end
}

/** The place before the blanks that precede `at`. */
export function beforeBlanks(text: string, at: number): number {
  let start = at
  while (isBlank(text[start - 1])) start--
  return start
}
