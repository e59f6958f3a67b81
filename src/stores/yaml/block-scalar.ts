import { isBlank, isBreak, isBreakOrEnd, isDigit } from './characters.ts'
import type { CommentRecords } from './comment-records.ts'
import type { Cursor } from './cursor.ts'

export interface ScannedBlock {
  readonly value: string
  /** End of the last line that is part of the value. */
  readonly end: number
  /** What follows `|` or `>`: `-2`. */
  readonly header: string
  readonly bodyColumn: number
}

type Chomping = 'clip' | 'strip' | 'keep'

interface Header {
  readonly text: string
  readonly chomping: Chomping
  readonly increment: number
}

/** A block scalar from its `|` or `>` to the first line that is not its own. `indent`: column of the open block. */
export function scanBlock(cursor: Cursor, indent: number, comments: CommentRecords): ScannedBlock {
  const literal = cursor.peek() === 0x7c
  const start = cursor.pos
  cursor.skip()
  const header = readHeader(cursor)
  const headerEnd = cursor.pos
  cursor.skipBlanks()
  if (cursor.peek() === 0x23) comments.scanLineComment(start)
  if (!isBreakOrEnd(cursor.peek())) cursor.fail('expected a comment or a line break after a block scalar header')
  cursor.readBreak()
  const body = new Body(cursor, indent, header)
  const value = body.read(literal)
  return { value, end: body.end ?? headerEnd, header: header.text, bodyColumn: body.column }
}

function readHeader(cursor: Cursor): Header {
  const start = cursor.pos
  let chomping: Chomping = readChomping(cursor)
  const increment = readIncrement(cursor)
  if (chomping === 'clip' && increment > 0) chomping = readChomping(cursor)
  return { text: cursor.text.slice(start, cursor.pos), chomping, increment }
}

function readChomping(cursor: Cursor): Chomping {
  const code = cursor.peek()
  if (code !== 0x2b && code !== 0x2d) return 'clip'
  cursor.skip()
  return code === 0x2b ? 'keep' : 'strip'
}

function readIncrement(cursor: Cursor): number {
  const code = cursor.peek()
  if (!isDigit(code)) return 0
  if (code === 0x30) cursor.fail('found a block scalar indentation of 0')
  cursor.skip()
  return code - 0x30
}

class Body {
  column: number
  end: number | undefined
  readonly #cursor: Cursor
  readonly #indent: number
  readonly #chomping: Chomping
  /** Line breaks after the last line with content. */
  #breaks = ''

  constructor(cursor: Cursor, indent: number, header: Header) {
    this.#cursor = cursor
    this.#indent = indent
    this.#chomping = header.chomping
    this.column = header.increment > 0 ? Math.max(indent, 0) + header.increment : 0
  }

  read(literal: boolean): string {
    const cursor = this.#cursor
    let value = ''
    let lastBreak = ''
    let wasIndented = false
    this.#skipBreaks()
    while (cursor.column === this.column && cursor.peek() !== 0) {
      const indented = isBlank(cursor.peek())
      if (!literal && !wasIndented && !indented && lastBreak === '\n') {
        if (this.#breaks === '') value += ' '
      } else {
        value += lastBreak
      }
      value += this.#breaks
      wasIndented = indented
      value += this.#readLine()
      lastBreak = cursor.readBreak()
      this.#skipBreaks()
    }
    if (this.#chomping === 'strip') return value
    return this.#chomping === 'clip' ? value + lastBreak : value + lastBreak + this.#breaks
  }

  #readLine(): string {
    const cursor = this.#cursor
    const start = cursor.pos
    cursor.skipBlanks()
    if (!isBreakOrEnd(cursor.peek())) cursor.skipToLineEnd()
    this.end = cursor.pos
    return cursor.text.slice(start, cursor.pos)
  }

  /** Eats indentation and empty lines; the first call finds the indentation if the header does not name it. */
  #skipBreaks(): void {
    const cursor = this.#cursor
    let deepest = 0
    this.#breaks = ''
    for (;;) {
      while ((this.column === 0 || cursor.column < this.column) && cursor.peek() === 0x20) cursor.pos++
      deepest = Math.max(deepest, cursor.column)
      if ((this.column === 0 || cursor.column < this.column) && cursor.peek() === 0x09) {
        cursor.fail('found a tab where the indentation of a block scalar is expected')
      }
      if (!isBreak(cursor.peek())) break
      if (this.#chomping === 'keep') this.end = cursor.pos
      this.#breaks += cursor.readBreak()
    }
    if (this.column === 0) this.column = Math.max(deepest, this.#indent + 1, 1)
  }
}
