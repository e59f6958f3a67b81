// Prints YAML in sops' layout. The comments wait in slots until a place asks for one, and a later comment replaces one
// that nobody took: where sops puts a comment follows from this order of steps and from nothing else.
import type { Item, Scalar } from '../../tree/types.ts'
import { isMergeKey, isSimpleKey, mergeKey } from './key.ts'
import { LineWriter } from './line-writer.ts'
import { hasLineBreak } from './scalar-shape.ts'
import { type Place, spellScalar } from './spell.ts'
import type { Style } from './syntax.ts'

/** Comment texts, each line with its `#`; '' is none. */
export interface NodeComments {
  readonly head?: string
  readonly line?: string
  readonly foot?: string
  readonly tail?: string
}

export type CollectionKind = 'map' | 'list'

export interface PrintStyle {
  /** Spaces per level, 1 to 9. */
  readonly step: number
  /** How much deeper than its key a list stands; without it, one level. */
  readonly listOffset?: number
}

interface Level {
  readonly kind: CollectionKind
  /** Column of the collection around it; -1 at the root. */
  readonly outerIndent: number
}

export class Printer {
  private readonly writer = new LineWriter()
  private readonly levels: Level[] = []
  private readonly slots: Record<keyof NodeComments, string> = { head: '', line: '', foot: '', tail: '' }
  /** A comment that waits for the value of the key it came with. */
  private keyLine = ''
  private explicitKey = false
  private indent = -1
  private documents = 0
  private readonly step: number
  private readonly listOffset: number | undefined

  constructor({ step, listOffset }: PrintStyle) {
    this.step = step
    this.listOffset = listOffset
  }

  finish(): string {
    return this.writer.finish()
  }

  startDocument(): void {
    if (this.documents++ === 0) return
    this.startLine()
    this.writer.putToken('---')
    this.startLine()
    if (this.slots.head === '') return
    this.printHead()
    this.writer.breakLine()
  }

  endDocument(): void {
    this.writer.separateFrom(0)
    this.printFoot()
    this.writer.separateFrom(-1)
    this.startLine()
  }

  key(item: Item, head: string): void {
    this.takeComments({ head })
    this.printHead()
    this.startLine()
    if (this.slots.line !== '') {
      this.keyLine = this.slots.line
      this.slots.line = ''
    }
    this.explicitKey = !isSimpleKey(item.key)
    if (this.explicitKey) this.writer.putBlockIndicator('?')
    const style = item.key === mergeKey && !isMergeKey(item) ? 'double' : 'plain'
    this.putScalar({ type: 'str', value: item.key }, style, !this.explicitKey)
  }

  scalar(value: Scalar, comments: NodeComments): void {
    this.takeComments(comments)
    this.printPrefix(true)
    this.putScalar(value, 'plain', false)
    this.printLine()
    this.printFoot()
  }

  /**
   * An empty collection. Its head comment ends up where sops' flow style leaves it. A comment that waits for the end of
   * the line goes behind the brackets: sops puts it before them, and but for the root cannot read the result.
   */
  empty(kind: CollectionKind, head: string, end: NodeComments): void {
    this.takeComments({ head })
    this.printPrefix(true)
    if (this.levels.length === 0) {
      this.printLine()
      this.printFoot()
    }
    this.takeComments(end)
    this.writer.putToken(kind === 'map' ? '{' : '[')
    if (kind === 'map') this.printHead(this.deeperIndent(true))
    this.writer.putClosing(kind === 'map' ? '}' : ']')
    this.printLine()
    this.printFoot()
  }

  open(kind: CollectionKind, head: string): void {
    this.takeComments({ head })
    this.printPrefix(false)
    this.printLine()
    this.printFoot()
    const indent = kind === 'list' ? this.listIndent() : this.deeperIndent(false)
    this.levels.push({ kind, outerIndent: this.indent })
    this.indent = indent
  }

  close(end: NodeComments): void {
    this.takeComments(end)
    const level = this.levels.pop()
    if (level === undefined) return
    if (level.kind === 'map') this.printHead()
    this.indent = level.outerIndent
  }

  private takeComments(comments: NodeComments): void {
    if (comments.head) this.slots.head = comments.head
    if (comments.line) this.slots.line = comments.line
    if (comments.foot) this.slots.foot = comments.foot
    if (comments.tail) this.slots.tail = comments.tail
  }

  /** What stands before a node: nothing at the root, a dash, or the colon behind a key. */
  private printPrefix(onOneLine: boolean): void {
    const level = this.levels.at(-1)
    if (level?.kind === 'map') return this.printColon(onOneLine)
    this.printHead()
    if (level === undefined) return
    this.startLine()
    this.writer.putBlockIndicator('-')
  }

  private printColon(onOneLine: boolean): void {
    if (this.explicitKey) {
      this.startLine()
      this.writer.putBlockIndicator(':')
    } else {
      this.writer.putClosing(':')
    }
    if (this.keyLine === '') return
    if (!onOneLine) {
      this.writer.putLineComment(this.keyLine, this.indent)
      this.keyLine = ''
    } else if (this.slots.line === '') {
      this.slots.line = this.keyLine
      this.keyLine = ''
    }
  }

  private putScalar(value: Scalar, style: Style, simpleKey: boolean): void {
    const bodyColumn = this.deeperIndent(true)
    // sops' digit is the step even where the body stands less deep; that is harmless for empty lines alone.
    const hint = isEmptyLines(value) ? this.step : bodyColumn - Math.max(this.indent, 0)
    const place: Place = { style, flow: false, simpleKey, bodyColumn, hint }
    let text = spellScalar(value, place)
    // The second line of a comment behind a block's header would become part of the block.
    if (text.includes('\n') && hasLineBreak(this.slots.line.slice(0, -1))) {
      text = spellScalar(value, { ...place, style: 'double', simpleKey: true })
    }
    const headerEnd = text.indexOf('\n')
    if (headerEnd === -1) return this.writer.putToken(text)
    this.writer.putToken(text.slice(0, headerEnd))
    if (this.slots.line === '') this.writer.breakLine()
    else this.printLine()
    this.writer.putBody(text.slice(headerEnd + 1), endsWithBreak(value), text.slice(0, headerEnd).endsWith('+'))
  }

  /** The column of what a node holds: 2 behind a dash, else the next multiple of the step. */
  private deeperIndent(flow: boolean): number {
    if (this.indent < 0) return flow ? this.step : 0
    if (this.levels.at(-1)?.kind === 'list') return this.indent + 2
    return this.step * Math.floor((this.indent + this.step) / this.step)
  }

  private listIndent(): number {
    const { listOffset } = this
    if (listOffset === undefined || this.levels.at(-1)?.kind !== 'map') return this.deeperIndent(false)
    return this.indent + listOffset
  }

  private printHead(indent: number = this.indent): void {
    if (this.slots.tail !== '') {
      this.writer.startLine(indent)
      this.writer.putComment(this.slots.tail, indent)
      this.slots.tail = ''
      this.writer.separateFrom(Math.max(indent, 0))
    }
    if (this.slots.head === '') return
    this.writer.startLine(indent)
    this.writer.putComment(this.slots.head, indent)
    this.slots.head = ''
  }

  private printLine(): void {
    if (this.slots.line === '') return
    this.writer.putLineComment(this.slots.line, this.indent)
    this.slots.line = ''
  }

  private printFoot(): void {
    if (this.slots.foot === '') return
    this.startLine()
    this.writer.putComment(this.slots.foot, this.indent)
    this.slots.foot = ''
    this.writer.separateFrom(Math.max(this.indent, 0))
  }

  private startLine(): void {
    this.writer.startLine(this.indent)
  }
}

function endsWithBreak(value: Scalar): boolean {
  return value.type === 'bytes' || (value.type === 'str' && value.value.endsWith('\n'))
}

function isEmptyLines(value: Scalar): boolean {
  return value.type === 'str' && /^\n+$/.test(value.value)
}
