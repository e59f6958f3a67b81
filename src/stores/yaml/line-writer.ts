// The text so far and what the emitter knows about its end: enough to tell whether the next token needs a new line.
import { hasLineBreak } from './scalar-shape.ts'

export class LineWriter {
  private text = ''
  private column = 0
  /** The last character was a blank or a break. */
  private whitespace = true
  /** Nothing but indentation and indicators stands on the line. */
  private indention = true
  /** A line at this column starts after a blank line, for a foot comment stands above. */
  private footIndent = -1
  /** A blank line here would belong to the block scalar above. */
  private inKeptBody = false

  finish(): string {
    return this.text
  }

  separateFrom(footIndent: number): void {
    this.footIndent = footIndent
  }

  /** Goes to the indent, on a new line if anything but indentation and indicators stands before it. */
  startLine(indent: number): void {
    const target = Math.max(indent, 0)
    if (!this.indention || this.column > target || (this.column === target && !this.whitespace)) this.breakLine()
    if (this.footIndent === target && !this.inKeptBody) this.breakLine()
    this.inKeptBody = false
    if (this.column < target) {
      this.text += ' '.repeat(target - this.column)
      this.column = target
    }
    this.whitespace = true
    this.footIndent = -1
  }

  breakLine(text = '\n'): void {
    this.text += text
    this.column = 0
    this.indention = true
  }

  /** `-`, `?` or a `:` that starts a line: a collection may go on behind it. */
  putBlockIndicator(indicator: string): void {
    this.putSpaced(indicator)
    this.whitespace = false
  }

  /** A scalar of one line, or the header of a block scalar. */
  putToken(token: string): void {
    this.putSpaced(token)
    this.whitespace = false
    this.indention = false
  }

  /** What needs no space before it. */
  putClosing(token: string): void {
    this.text += token
    this.column += token.length
    this.whitespace = false
    this.indention = false
  }

  /** The body of a block scalar; `closed`: the break behind it belongs to the value; `kept`: so would further ones. */
  putBody(body: string, closed: boolean, kept: boolean): void {
    this.inKeptBody = kept
    this.text += body
    this.whitespace = true
    this.indention = false
    if (closed) this.breakLine()
  }

  putLineComment(comment: string, indent: number): void {
    if (!this.whitespace) this.text += ' '
    this.putComment(comment, indent)
  }

  /** Later lines of the comment go to the indent. */
  putComment(comment: string, indent: number): void {
    if (hasLineBreak(comment)) {
      this.putCommentLines(comment, indent)
    } else {
      this.text += comment
      this.breakLine()
    }
    this.whitespace = true
  }

  private putCommentLines(comment: string, indent: number): void {
    let afterBreak = false
    for (const part of comment.split(/([\n\r\x85\u2028\u2029])/)) {
      if (part === '') continue
      if (hasLineBreak(part)) {
        this.breakLine(part)
        afterBreak = true
        continue
      }
      if (afterBreak) this.startLine(indent)
      this.text += part.startsWith('#') ? part : `# ${part}`
      this.indention = false
      afterBreak = false
    }
    if (!afterBreak) this.breakLine()
  }

  private putSpaced(token: string): void {
    const spaced = this.whitespace ? token : ` ${token}`
    this.text += spaced
    this.column += spaced.length
  }
}
