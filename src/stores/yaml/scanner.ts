// Text to tokens, two tokens ahead of the parser: what go-yaml needs to bind comments, and thus what decides their place.
import { maxDepth } from '../../tree/types.ts'
import { scanBlock } from './block-scalar.ts'
import { isBlankOrEnd, isBreak } from './characters.ts'
import { CommentRecords } from './comment-records.ts'
import { Cursor } from './cursor.ts'
import { scanPlain } from './plain-scalar.ts'
import { scanDirective, scanName, scanTag } from './properties.ts'
import { scanQuoted } from './quoted-scalar.ts'
import { SimpleKeys } from './simple-keys.ts'
import { type Spot, TokenQueue } from './token-queue.ts'
import type { ScalarLayout, Token, TokenType } from './token.ts'

export class Scanner {
  readonly comments: CommentRecords
  readonly #cursor: Cursor
  readonly #keys: SimpleKeys
  readonly #tokens = new TokenQueue()
  #ready = false
  #started = false
  #flowLevel = 0
  #indent = -1
  readonly #indents: number[] = []
  #keyAllowed = true

  constructor(text: string) {
    this.#cursor = new Cursor(text)
    this.#keys = new SimpleKeys(this.#cursor)
    this.comments = new CommentRecords(this.#cursor)
  }

  /** The next token; it stays until `take`. */
  peek(): Token {
    if (!this.#ready) {
      while (this.#tokens.waiting < 3 || this.#keys.isPending(this.#tokens.taken)) this.#fetch()
      this.#ready = true
    }
    return this.#tokens.first
  }

  take(): void {
    this.#tokens.take()
    this.#ready = false
  }

  #fetch(): void {
    const cursor = this.#cursor
    if (!this.#started) return this.#startStream()
    const scan = cursor.pos
    this.#skipToToken()
    this.#closeBlocks(cursor.column, scan)
    const code = cursor.peek()
    if (code === 0) return this.#endStream()
    if (cursor.column === 0 && code === 0x25) return this.#readDirective()
    if (cursor.atDocumentIndicator()) return this.#readDocumentIndicator()
    const separates = this.#flowLevel === 0 ? code === 0x3a : code === 0x2c
    const anchor = separates ? (this.#tokens.previous(1)?.start ?? 0) : cursor.pos
    this.#readToken(code)
    if (this.#tokens.previous(1)?.type !== 'block-entry') this.comments.scanLineComment(anchor)
  }

  #startStream(): void {
    this.#started = true
    this.#keys.enter(0)
    this.#tokens.add('stream-start', this.#spot(), 0)
  }

  #spot(): Spot {
    return { start: this.#cursor.pos, line: this.#cursor.line, column: this.#cursor.column }
  }

  #skipToToken(): void {
    const cursor = this.#cursor
    const scan = cursor.pos
    const scanLine = cursor.line
    for (;;) {
      const tabs = this.#flowLevel > 0 || !this.#keyAllowed
      for (let code = cursor.peek(); code === 0x20 || (tabs && code === 0x09); code = cursor.peek()) cursor.pos++
      this.#turnLineIntoHead()
      if (cursor.peek() === 0x23) {
        const comma = this.#tokens.previous(1)?.type === 'flow-entry'
        const previous = this.#tokens.previous(comma ? 2 : 1)
        this.comments.scanOwnLines({ scan, scanLine, indent: this.#indent, inFlow: this.#flowLevel > 0, previous })
      }
      if (cursor.readBreak() === '') return
      if (this.#flowLevel === 0) this.#keyAllowed = true
    }
  }

  /** A line comment right before the first `-` of a list becomes the head of what follows. */
  #turnLineIntoHead(): void {
    const cursor = this.#cursor
    const comment = this.comments.last()
    if (comment?.kind !== 'line' || isBreak(cursor.peek())) return
    if (this.#tokens.previous(2)?.type !== 'block-sequence-start' || this.#tokens.previous(1)?.type !== 'block-entry')
      return
    comment.kind = 'head'
    if (comment.line === cursor.line - 1) comment.anchor = cursor.pos
  }

  /** Ends every block that is deeper than `column`, before the comments that stand at its own column. */
  #closeBlocks(column: number, scan: number): void {
    if (this.#flowLevel > 0 || this.#indent <= column) return
    const starts = this.comments.adjoining(scan - 1)
    let start = scan - 1
    const { line, column: at } = this.#cursor
    while (this.#indent > column) {
      start = starts.get(this.#indent + 1) ?? start
      this.#tokens.add('block-end', { start, line, column: at }, start)
      this.#indent = this.#indents.pop() ?? -1
    }
  }

  #closeAllBlocks(): void {
    this.#closeBlocks(-1, this.#cursor.pos)
    this.#keys.remove()
    this.#keyAllowed = false
  }

  #openBlock(type: TokenType, spot: Spot, number: number): void {
    if (this.#flowLevel > 0 || this.#indent >= spot.column) return
    this.#indents.push(this.#indent)
    this.#indent = spot.column
    if (this.#indents.length > maxDepth) this.#cursor.fail(`collections are nested deeper than ${maxDepth} levels`)
    this.#tokens.insert(type, spot, number)
  }

  #endStream(): void {
    const cursor = this.#cursor
    if (cursor.column !== 0) {
      cursor.lineStart = cursor.pos
      cursor.line++
    }
    this.#closeAllBlocks()
    this.#tokens.add('stream-end', this.#spot(), cursor.pos)
  }

  #readDirective(): void {
    this.#closeAllBlocks()
    const spot = this.#spot()
    const directive = scanDirective(this.#cursor, this.comments)
    const end = this.#cursor.pos
    if (directive.type === 'version-directive') this.#tokens.add(directive.type, spot, end, directive.version)
    else this.#tokens.addTag(directive.type, spot, end, directive.handle, directive.prefix)
  }

  #readDocumentIndicator(): void {
    this.#closeAllBlocks()
    const type = this.#cursor.peek() === 0x2d ? 'document-start' : 'document-end'
    this.#readIndicator(type, 3)
  }

  #readIndicator(type: TokenType, width = 1): void {
    const spot = this.#spot()
    this.#cursor.skip(width)
    this.#tokens.add(type, spot, this.#cursor.pos)
  }

  #readToken(code: number): void {
    const alone = isBlankOrEnd(this.#cursor.peek(1))
    const inFlow = this.#flowLevel > 0
    if (code === 0x5b) this.#openFlow('flow-sequence-start')
    else if (code === 0x7b) this.#openFlow('flow-mapping-start')
    else if (code === 0x5d) this.#closeFlow('flow-sequence-end')
    else if (code === 0x7d) this.#closeFlow('flow-mapping-end')
    else if (code === 0x2c) this.#readFlowEntry()
    else if (code === 0x2d && alone) this.#readBlockEntry()
    else if (code === 0x3f && (inFlow || alone)) this.#readKey()
    else if (code === 0x3a && (inFlow || alone)) this.#readValue()
    else if (code === 0x2a) this.#readName('alias')
    else if (code === 0x26) this.#readName('anchor')
    else if (code === 0x21) this.#readTag()
    else if ((code === 0x7c || code === 0x3e) && !inFlow) this.#readBlockScalar()
    else if (code === 0x27 || code === 0x22) this.#readQuoted()
    else if (startsPlain(code, alone, inFlow)) this.#readPlain()
    else this.#cursor.fail('found a character that cannot start any token')
  }

  #openFlow(type: TokenType): void {
    this.#saveKey()
    this.#keys.enter(this.#tokens.next)
    this.#flowLevel++
    if (this.#flowLevel > maxDepth) this.#cursor.fail(`collections are nested deeper than ${maxDepth} levels`)
    this.#keyAllowed = true
    this.#readIndicator(type)
  }

  #closeFlow(type: TokenType): void {
    this.#keys.remove()
    if (this.#flowLevel > 0) {
      this.#flowLevel--
      this.#keys.leave()
    }
    this.#keyAllowed = false
    this.#readIndicator(type)
  }

  #readFlowEntry(): void {
    this.#keys.remove()
    this.#keyAllowed = true
    this.#readIndicator('flow-entry')
  }

  #readBlockEntry(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#cursor.fail('block sequence entries are not allowed here')
      this.#openBlock('block-sequence-start', this.#spot(), this.#tokens.next)
    }
    this.#keys.remove()
    this.#keyAllowed = true
    this.#readIndicator('block-entry')
  }

  #readKey(): void {
    if (this.#flowLevel === 0) {
      if (!this.#keyAllowed) this.#cursor.fail('mapping keys are not allowed here')
      this.#openBlock('block-mapping-start', this.#spot(), this.#tokens.next)
    }
    this.#keys.remove()
    this.#keyAllowed = this.#flowLevel === 0
    this.#readIndicator('key')
  }

  #readValue(): void {
    const key = this.#keys.current
    if (key !== undefined && this.#keys.isPossible(key)) {
      this.#tokens.insert('key', key, key.token)
      this.#openBlock('block-mapping-start', key, key.token)
      this.#keys.forget(key)
      this.#keyAllowed = false
    } else {
      if (this.#flowLevel === 0) {
        if (!this.#keyAllowed) this.#cursor.fail('mapping values are not allowed here')
        this.#openBlock('block-mapping-start', this.#spot(), this.#tokens.next)
      }
      this.#keyAllowed = this.#flowLevel === 0
    }
    this.#readIndicator('value')
  }

  #saveKey(): void {
    if (!this.#keyAllowed) return
    this.#keys.save(this.#tokens.next, this.#flowLevel === 0 && this.#indent === this.#cursor.column)
  }

  #readName(type: 'alias' | 'anchor'): void {
    this.#saveKey()
    this.#keyAllowed = false
    const spot = this.#spot()
    const name = scanName(this.#cursor)
    this.#tokens.add(type, spot, this.#cursor.pos, name)
  }

  #readTag(): void {
    this.#saveKey()
    this.#keyAllowed = false
    const spot = this.#spot()
    const { handle, suffix } = scanTag(this.#cursor)
    this.#tokens.addTag('tag', spot, this.#cursor.pos, handle, suffix)
  }

  #readBlockScalar(): void {
    this.#keys.remove()
    this.#keyAllowed = true
    const style = this.#cursor.peek() === 0x7c ? 'literal' : 'folded'
    const spot = this.#spot()
    const { value, end, header, bodyColumn } = scanBlock(this.#cursor, this.#indent, this.comments)
    this.#tokens.add('scalar', spot, end, value, { style, header, bodyColumn })
  }

  #readQuoted(): void {
    this.#saveKey()
    this.#keyAllowed = false
    const style = this.#cursor.peek() === 0x27 ? 'single' : 'double'
    const spot = this.#spot()
    const { value, end } = scanQuoted(this.#cursor, style === 'single')
    this.#tokens.add('scalar', spot, end, value, { style, header: '', bodyColumn: 0 })
  }

  #readPlain(): void {
    this.#saveKey()
    this.#keyAllowed = false
    const spot = this.#spot()
    const { value, end, brokeLine } = scanPlain(this.#cursor, this.#indent + 1, this.#flowLevel > 0)
    this.#tokens.add('scalar', spot, end, value, plainLayout)
    if (brokeLine) this.#keyAllowed = true
  }
}

const plainLayout: ScalarLayout = { style: 'plain', header: '', bodyColumn: 0 }

const indicators = new Set(Array.from('-?:,[]{}#&*!|>\'"%@`', (character) => character.charCodeAt(0)))

function startsPlain(code: number, alone: boolean, inFlow: boolean): boolean {
  if (isBlankOrEnd(code)) return false
  if (!indicators.has(code)) return true
  if (code === 0x2d) return !alone
  return !inFlow && !alone && (code === 0x3f || code === 0x3a)
}
