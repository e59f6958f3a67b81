import { CommentQueue } from './comment-queue.ts'
import { type EventComments, type EventType, noComments, type ParseEvent, type TagSource } from './event.ts'
import type { Scanner } from './scanner.ts'
import { TagHandles } from './tag-handles.ts'
import type { Token } from './token.ts'

export type StateName =
  | 'stream-start'
  | 'implicit-document'
  | 'document-start'
  | 'document-content'
  | 'document-end'
  | 'stream-end'
  | 'block-sequence-first'
  | 'block-sequence'
  | 'indentless-sequence'
  | 'block-mapping-first'
  | 'block-mapping-key'
  | 'block-mapping-value'
  | 'flow-sequence-first'
  | 'flow-sequence'
  | 'flow-pair-key'
  | 'flow-pair-value'
  | 'flow-pair-end'
  | 'flow-mapping-first'
  | 'flow-mapping-key'
  | 'flow-mapping-value'
  | 'flow-mapping-no-value'

export interface Properties {
  readonly anchor: Token | undefined
  readonly tag: TagSource | undefined
}

export interface EventParts {
  readonly properties?: Properties
  readonly comments?: EventComments
  readonly token?: Token
  readonly flow?: boolean
}

/** What the states of the parser share: the next token, the comments that are pending, and the states to return to. */
export class ParserContext {
  readonly comments: CommentQueue
  readonly tags: TagHandles = new TagHandles()
  state: StateName = 'stream-start'
  /** The dash or comma that introduces the next node. */
  lead: number | undefined
  readonly #scanner: Scanner
  readonly #states: StateName[] = []
  /** End of the last token that has a width. */
  #lastEnd = 0

  constructor(scanner: Scanner) {
    this.#scanner = scanner
    this.comments = new CommentQueue(scanner.comments)
  }

  peek(): Token {
    const token = this.#scanner.peek()
    this.comments.reach(token)
    return token
  }

  /** Consumes the token that `peek` gave. */
  take(): void {
    const token = this.#scanner.peek()
    if (token.end > token.start) this.#lastEnd = token.end
    this.#scanner.take()
  }

  return(to: StateName): void {
    this.#states.push(to)
  }

  leave(): void {
    this.state = this.#states.pop() ?? 'stream-end'
  }

  /** An event at the place of a token. */
  event(type: EventType, at: Token, parts: EventParts = {}): ParseEvent {
    return this.#build(type, at.start, at.end, at, parts)
  }

  /** An event right after the last token: an absent value, or the end of a block. */
  eventAfter(type: EventType, at: Token, parts: EventParts = {}): ParseEvent {
    return this.#build(type, this.#lastEnd, this.#lastEnd, at, parts)
  }

  absent(): ParseEvent {
    return this.eventAfter('scalar', this.peek())
  }

  #build(type: EventType, start: number, end: number, at: Token, parts: EventParts): ParseEvent {
    const { head, lineComments, foot } = parts.comments ?? noComments
    const { anchor, tag } = parts.properties ?? noProperties
    const { lead } = this
    this.lead = undefined
    return {
      type,
      start,
      end,
      line: at.line,
      column: at.column,
      head,
      lineComments,
      foot,
      anchor,
      tag,
      token: parts.token,
      flow: parts.flow === true,
      lead,
    }
  }
}

const noProperties: Properties = { anchor: undefined, tag: undefined }
