// A place in the text that moves forward only. Lines end as libyaml says; a column counts UTF-16 units, which is exact
// wherever a column decides, since nothing but indentation stands left of those places.
import { ParseError } from '../../errors.ts'
import { isBlank, isBreak, isBreakOrEnd } from './characters.ts'

export class Cursor {
  /** Followed by NULs, so that looking ahead never leaves the string. */
  readonly text: string
  pos = 0
  line = 0
  lineStart = 0
  /** Line breaks since the last character that is not blank. */
  newlines = 0

  constructor(text: string) {
    this.text = `${text}\0\0\0\0`
  }

  get column(): number {
    return this.pos - this.lineStart
  }

  peek(ahead = 0): number {
    return this.text.charCodeAt(this.pos + ahead)
  }

  /** Steps over characters that are not blank. */
  skip(count = 1): void {
    this.pos += count
    this.newlines = 0
  }

  skipBlanks(): void {
    while (isBlank(this.peek())) this.pos++
  }

  skipToLineEnd(): void {
    while (!isBreakOrEnd(this.peek())) this.pos++
    this.newlines = 0
  }

  /** Steps over one line break and gives it as it counts in a scalar: LS and PS stay, all others are LF. */
  readBreak(): string {
    const code = this.peek()
    if (!isBreak(code)) return ''
    this.pos += code === 0x0d && this.peek(1) === 0x0a ? 2 : 1
    this.lineStart = this.pos
    this.line++
    this.newlines++
    return code >= 0x2028 ? String.fromCharCode(code) : '\n'
  }

  /** `---` or `...` at the start of a line. */
  atDocumentIndicator(): boolean {
    if (this.pos !== this.lineStart) return false
    const code = this.peek()
    if ((code !== 0x2d && code !== 0x2e) || this.peek(1) !== code || this.peek(2) !== code) return false
    const after = this.peek(3)
    return isBlank(after) || isBreakOrEnd(after)
  }

  fail(problem: string): never {
    throw new ParseError('yaml', problem, this.line + 1, this.column + 1)
  }
}

/**
 * Eats blanks and line breaks and gives what they fold to. `folding`: a line break has been eaten already.
 * A tab left of column `indent` on a continued line is refused.
 */
export function foldBreaks(cursor: Cursor, folding: boolean, indent: number): string {
  let first = ''
  let rest = ''
  let started = folding
  for (let code = cursor.peek(); isBlank(code) || isBreak(code); code = cursor.peek()) {
    if (isBlank(code)) {
      if (started && code === 0x09 && cursor.column < indent) cursor.fail('found a tab where indentation is expected')
      cursor.pos++
    } else if (started) {
      rest += cursor.readBreak()
    } else {
      first = cursor.readBreak()
      started = true
    }
  }
  if (first === '\n') return rest === '' ? ' ' : rest
  return first + rest
}
