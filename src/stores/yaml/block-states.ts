// Block sequences and mappings.
import type { ParseEvent } from './event.ts'
import { parseNode } from './node-state.ts'
import type { ParserContext, StateName } from './parser-context.ts'
import { failAt } from './tag-handles.ts'
import type { TokenType } from './token.ts'

const entryStops: ReadonlySet<TokenType> = new Set<TokenType>(['block-entry', 'block-end'])
const indentlessStops: ReadonlySet<TokenType> = new Set<TokenType>(['block-entry', 'key', 'value', 'block-end'])
const mappingStops: ReadonlySet<TokenType> = new Set<TokenType>(['key', 'value', 'block-end'])

export function parseBlockSequenceFirst(context: ParserContext): ParseEvent {
  context.peek()
  context.take()
  return parseBlockSequence(context)
}

export function parseBlockSequence(context: ParserContext): ParseEvent {
  const token = context.peek()
  if (token.type === 'block-entry') return parseEntry(context, 'block-sequence', entryStops)
  if (token.type !== 'block-end') failAt(token, "expected '-'")
  context.leave()
  const event = context.eventAfter('sequence-end', token)
  context.take()
  return event
}

/** A list whose dashes stand in the column of its key. */
export function parseIndentlessSequence(context: ParserContext): ParseEvent {
  const token = context.peek()
  if (token.type === 'block-entry') return parseEntry(context, 'indentless-sequence', indentlessStops)
  context.leave()
  return context.eventAfter('sequence-end', token)
}

function parseEntry(context: ParserContext, state: StateName, stops: ReadonlySet<TokenType>): ParseEvent {
  const dash = context.peek().start
  const pending = context.comments.headLength
  context.take()
  if (pending > 0) splitStem(context, pending)
  const token = context.peek()
  context.lead = dash
  if (stops.has(token.type)) {
    context.state = state
    return context.absent()
  }
  context.return(state)
  return parseNode(context, 'block')
}

function splitStem(context: ParserContext, pending: number): void {
  const { type } = context.peek()
  if (type === 'block-sequence-start' || type === 'block-mapping-start') context.comments.splitStem(pending)
}

export function parseBlockMappingFirst(context: ParserContext): ParseEvent {
  context.peek()
  context.take()
  return parseBlockMappingKey(context)
}

export function parseBlockMappingKey(context: ParserContext): ParseEvent {
  const token = context.peek()
  if (token.type === 'key') return parseSide(context, 'block-mapping-value')
  if (token.type !== 'block-end') failAt(token, 'expected a mapping key')
  context.leave()
  const event = context.eventAfter('mapping-end', token, { comments: context.comments.takeAll() })
  context.take()
  return event
}

export function parseBlockMappingValue(context: ParserContext): ParseEvent {
  if (context.peek().type === 'value') return parseSide(context, 'block-mapping-key')
  context.state = 'block-mapping-key'
  return context.absent()
}

/** The key after `?`, or the value after `:`. */
function parseSide(context: ParserContext, next: StateName): ParseEvent {
  const { type, start, end } = context.peek()
  context.take()
  context.peek()
  if (type === 'key' && end > start) context.lead = start
  if (mappingStops.has(context.peek().type)) {
    context.state = next
    return context.absent()
  }
  context.return(next)
  return parseNode(context, 'value')
}
