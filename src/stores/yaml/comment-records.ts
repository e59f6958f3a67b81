// Comments as go-yaml records them while it scans: each record is a run of comment lines that is bound to a token by
// its anchor. The odd corners (a window of 512 characters, the `\n` of CRLF that counts as a blank line, line numbers
// that lag by one) decide which mapping a comment belongs to in sops, so they are kept.
import { isBlank, isBreak, isBreakOrEnd } from './characters.ts'
import type { Cursor } from './cursor.ts'
import type { Token } from './token.ts'

export interface CommentLine {
  readonly start: number
  readonly end: number
}

/** Comment lines in order; null for a blank line between or after them. */
export type CommentLines = readonly (CommentLine | null)[]

export interface CommentRecord {
  kind: 'head' | 'line' | 'foot'
  readonly lines: CommentLines
  /** The record is handed out with the first token that does not start before this place. */
  anchor: number
  readonly start: number
  readonly line: number
  /** Counts from 1, and 0 where it is not known. */
  readonly column: number
  readonly end: number
  /** Where the scan that found it began. */
  readonly scan: number
}

/** What the sweep needs to know about its surroundings. */
export interface SweepContext {
  readonly scan: number
  readonly scanLine: number
  readonly indent: number
  readonly inFlow: boolean
  /** The token before the comments; before a flow `,` the one before that. */
  readonly previous: Token | undefined
}

const window = 512

export class CommentRecords {
  readonly #cursor: Cursor
  /** Every comment of the text, in order. */
  readonly lines: CommentLine[] = []
  #records: CommentRecord[] = []
  #head = 0

  constructor(cursor: Cursor) {
    this.#cursor = cursor
  }

  /** The oldest record that nobody has taken. */
  first(): CommentRecord | undefined {
    return this.#records[this.#head]
  }

  drop(): void {
    this.#head++
    if (this.#head === this.#records.length) {
      this.#records = []
      this.#head = 0
    }
  }

  last(): CommentRecord | undefined {
    return this.#records.at(-1)
  }

  readLine(): CommentLine {
    const start = this.#cursor.pos
    this.#cursor.skipToLineEnd()
    const line = { start, end: this.#cursor.pos }
    this.lines.push(line)
    return line
  }

  /** A comment on the line of the token just read. */
  scanLineComment(anchor: number): void {
    const cursor = this.#cursor
    if (cursor.newlines > 0) return
    let ahead = 0
    while (ahead < window && isBlank(cursor.peek(ahead))) ahead++
    if (ahead === window || cursor.peek(ahead) !== 0x23) return
    cursor.pos += ahead
    const { line, column } = cursor
    const comment = this.readLine()
    this.#records.push({ kind: 'line', lines: [comment], anchor, start: comment.start, line, column, end: 0, scan: 0 })
  }

  /** Comments on lines of their own, from the first `#` to the next content. */
  scanOwnLines(context: SweepContext): void {
    new Sweep(this, this.#cursor, context, (record) => this.#records.push(record)).run()
  }

  /**
   * For the end of blocks: the earliest start, per column (from 1), among the records that adjoin the place `stop`
   * without anything in between.
   */
  adjoining(stop: number): ReadonlyMap<number, number> {
    const starts = new Map<number, number>()
    let reach = stop
    for (let i = this.#records.length - 1; i >= this.#head; i--) {
      const record = this.#records[i]
      if (record === undefined || record.end < reach) break
      starts.set(record.column, record.start)
      reach = record.scan
    }
    return starts
  }
}

class Sweep {
  readonly #comments: CommentRecords
  readonly #cursor: Cursor
  readonly #context: SweepContext
  readonly #emit: (record: CommentRecord) => void
  readonly #minColumn: number
  readonly #footLine: number
  #firstEmpty: boolean
  #recentEmpty = false
  #lines: (CommentLine | null)[] = []
  #start = 0
  #startLine = 0
  #startColumn = 0
  #anchor: number
  #scan: number
  #line: number
  #column: number
  #ahead = 0

  constructor(comments: CommentRecords, cursor: Cursor, context: SweepContext, emit: (record: CommentRecord) => void) {
    this.#comments = comments
    this.#cursor = cursor
    this.#context = context
    this.#emit = emit
    this.#minColumn = Math.max(context.indent, 0)
    this.#firstEmpty = cursor.newlines <= 1
    this.#line = cursor.line
    this.#column = cursor.column
    this.#anchor = context.previous?.start ?? 0
    this.#scan = context.scan
    this.#footLine = footLine(cursor, context.scanLine)
  }

  run(): void {
    let broke = 0
    for (; this.#ahead < window; this.#ahead++) {
      // go-yaml walks bytes here: the second byte of NEL, LS or PS looks like content.
      const code: number = broke > 0x7f ? 0x78 : this.#cursor.peek(this.#ahead)
      this.#column++
      if (isBlank(code)) continue
      const closing = this.#context.inFlow && (code === 0x5d || code === 0x7d)
      if (closing || isBreakOrEnd(code)) {
        this.#atLineEnd(code, closing)
        if (!isBreak(code)) break
        broke = code
        continue
      }
      if (this.#isDedented() && this.#column !== this.#startColumn) this.#cutFoot()
      if (code !== 0x23) break
      this.#take()
      broke = this.#cursor.peek()
    }
    if (this.#lines.length > 0) this.#push('head', this.#start, this.#cursor.pos + this.#ahead - 1)
  }

  #isDedented(): boolean {
    return this.#column - 1 < this.#minColumn
  }

  #atLineEnd(code: number, closing: boolean): void {
    if (closing || !this.#recentEmpty) {
      const startsLeft = this.#startColumn - 1 < this.#minColumn
      const below = this.#startLine === this.#footLine && this.#context.previous?.type !== 'value'
      if (closing || (this.#firstEmpty && (below || startsLeft))) {
        if (startsLeft) this.#anchor = this.#lines.length > 0 ? this.#start : this.#anchor
        this.#cutFoot()
      } else if (this.#lines.length > 0 && code !== 0) {
        this.#lines.push(null)
      }
    }
    if (!isBreak(code)) return
    this.#firstEmpty = false
    this.#recentEmpty = true
    this.#column = 0
    this.#line++
  }

  #cutFoot(): void {
    if (this.#lines.length === 0) return
    const end = this.#cursor.pos + this.#ahead
    this.#push('foot', this.#anchor, end)
    this.#scan = end
    this.#anchor = end
    this.#lines = []
  }

  #push(kind: 'head' | 'foot', anchor: number, end: number): void {
    const [start, line, column] = [this.#start, this.#startLine, this.#startColumn]
    this.#emit({ kind, lines: this.#lines, anchor, start, line, column, end, scan: this.#scan })
  }

  #take(): void {
    const cursor = this.#cursor
    const target = cursor.pos + this.#ahead
    if (this.#lines.length === 0) {
      this.#start = target
      this.#startLine = this.#line
      this.#startColumn = this.#column
    }
    this.#recentEmpty = false
    while (cursor.pos < target) if (cursor.readBreak() === '') cursor.pos++
    this.#lines.push(this.#comments.readLine())
    this.#ahead = 0
    this.#column = 0
    this.#line = cursor.line
  }
}

/** The line on which a comment must start to count as standing right below the content. */
function footLine(cursor: Cursor, scanLine: number): number {
  if (scanLine === 0) return -1
  const line = cursor.line - cursor.newlines + 1
  return cursor.newlines === 0 && cursor.column > 1 ? line + 1 : line
}
