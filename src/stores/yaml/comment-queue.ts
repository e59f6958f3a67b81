// Between records and events: a record becomes pending when the parser looks at the token it is bound to, and the
// next event of a kind that takes comments takes all that is pending.
import type { CommentLine, CommentLines, CommentRecords } from './comment-records.ts'
import { type EventComments, noComments, noLines } from './event.ts'
import type { Token } from './token.ts'

export class CommentQueue {
  readonly #records: CommentRecords
  readonly #pending = { head: new Lines(), line: new Lines(), foot: new Lines() }
  #stem: CommentLines | undefined

  constructor(records: CommentRecords) {
    this.#records = records
  }

  get headLength(): number {
    return this.#pending.head.length
  }

  reach(token: Token): void {
    for (let record = this.#records.first(); record !== undefined; record = this.#records.first()) {
      if (token.start < record.anchor) return
      // A head cannot stand at an end: it waits for what follows.
      if (record.kind === 'head' && token.type === 'block-end') return
      this.#pending[record.kind].add(record.lines)
      this.#records.drop()
    }
  }

  takeAll(): EventComments {
    this.#stem = undefined
    const { head, line, foot } = this.#pending
    if (head.length + line.length + foot.length === 0) return noComments
    return { head: head.take(), lineComments: line.take(), foot: foot.take() }
  }

  /** The head that was pending at a `-` belongs to the block collection that is its item. */
  splitStem(length: number): void {
    this.#stem = this.#pending.head.take(length)
  }

  takeStem(): EventComments {
    if (this.#stem === undefined) return noComments
    const head = this.#stem
    this.#stem = undefined
    return { ...noComments, head }
  }

  /** At an implicit document: what stands above the last blank line belongs to the document. */
  takeDocumentHead(): EventComments {
    const blank = this.#pending.head.lastBlank()
    if (blank < 0) return noComments
    const head = this.#pending.head.take(blank + 1)
    return { ...noComments, head }
  }
}

class Lines {
  #lines: (CommentLine | null)[] = []

  get length(): number {
    return this.#lines.length
  }

  add(lines: CommentLines): void {
    for (const line of lines) this.#lines.push(line)
  }

  take(count = this.#lines.length): CommentLines {
    if (this.#lines.length === 0) return noLines
    return this.#lines.splice(0, count)
  }

  lastBlank(): number {
    return this.#lines.lastIndexOf(null)
  }
}
