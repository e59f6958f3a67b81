import type { CommentLines } from './comment-records.ts'
import type { Span } from './syntax.ts'
import type { Token } from './token.ts'

export type EventType =
  | 'document-start'
  | 'document-end'
  | 'stream-end'
  | 'alias'
  | 'scalar'
  | 'sequence-start'
  | 'sequence-end'
  | 'mapping-start'
  | 'mapping-end'

export interface EventComments {
  readonly head: CommentLines
  readonly lineComments: CommentLines
  readonly foot: CommentLines
}

/** The name is in its short form: `!!int`. */
export type TagSource = Span & { readonly name: string }

export interface ParseEvent extends EventComments {
  readonly type: EventType
  /** Aliases and scalars: without properties. Starts: the bracket or the first item. Ends: the bracket, or an empty span
   * right after the last item. */
  readonly start: number
  readonly end: number
  /** From 0. */
  readonly line: number
  readonly column: number
  /** The alias or scalar; undefined where a value is absent. */
  readonly token: Token | undefined
  readonly anchor: Token | undefined
  readonly tag: TagSource | undefined
  /** Collections: written with brackets. */
  readonly flow: boolean
  /** The dash or comma in front of it. */
  readonly lead: number | undefined
}

export const noLines: CommentLines = []
export const noComments: EventComments = { head: noLines, lineComments: noLines, foot: noLines }
