// Flow sequences, the single pairs inside them, and flow mappings.
import type { ParseEvent } from './event.ts'
import { parseNode } from './node-state.ts'
import type { ParserContext, StateName } from './parser-context.ts'
import { failAt } from './tag-handles.ts'
import type { TokenType } from './token.ts'

const pairKeyStops: ReadonlySet<TokenType> = new Set<TokenType>(['value', 'flow-entry', 'flow-sequence-end'])
const pairValueStops: ReadonlySet<TokenType> = new Set<TokenType>(['flow-entry', 'flow-sequence-end'])
const mappingKeyStops: ReadonlySet<TokenType> = new Set<TokenType>(['value', 'flow-entry', 'flow-mapping-end'])
const mappingValueStops: ReadonlySet<TokenType> = new Set<TokenType>(['flow-entry', 'flow-mapping-end'])

export function parseFlowSequenceFirst(context: ParserContext): ParseEvent {
  context.peek()
  context.take()
  return parseFlowSequenceItem(context)
}

export function parseFlowSequence(context: ParserContext): ParseEvent {
  if (context.peek().type !== 'flow-sequence-end') readComma(context, "expected ',' or ']'")
  return parseFlowSequenceItem(context)
}

function readComma(context: ParserContext, problem: string): void {
  const token = context.peek()
  if (token.type !== 'flow-entry') failAt(token, problem)
  context.take()
  context.peek()
  context.lead = token.start
}

function parseFlowSequenceItem(context: ParserContext): ParseEvent {
  const token = context.peek()
  if (token.type === 'flow-sequence-end') return endFlow(context, 'sequence-end')
  if (token.type !== 'key') {
    context.return('flow-sequence')
    return parseNode(context, 'flow')
  }
  context.state = 'flow-pair-key'
  const event = context.event('mapping-start', token, { flow: true })
  context.take()
  return event
}

function endFlow(context: ParserContext, type: 'sequence-end' | 'mapping-end'): ParseEvent {
  context.leave()
  const event = context.event(type, context.peek(), { comments: context.comments.takeAll() })
  context.take()
  return event
}

export function parseFlowPairKey(context: ParserContext): ParseEvent {
  if (!pairKeyStops.has(context.peek().type)) {
    context.return('flow-pair-value')
    return parseNode(context, 'flow')
  }
  context.take()
  context.state = 'flow-pair-value'
  return context.absent()
}

export function parseFlowPairValue(context: ParserContext): ParseEvent {
  return parseFlowSide(context, 'flow-pair-end', pairValueStops)
}

function parseFlowSide(context: ParserContext, next: StateName, stops: ReadonlySet<TokenType>): ParseEvent {
  if (context.peek().type === 'value') {
    context.take()
    if (!stops.has(context.peek().type)) {
      context.return(next)
      return parseNode(context, 'flow')
    }
  }
  context.state = next
  return context.absent()
}

export function parseFlowPairEnd(context: ParserContext): ParseEvent {
  context.state = 'flow-sequence'
  return context.eventAfter('mapping-end', context.peek())
}

export function parseFlowMappingFirst(context: ParserContext): ParseEvent {
  context.peek()
  context.take()
  return parseFlowMappingItem(context)
}

export function parseFlowMappingKey(context: ParserContext): ParseEvent {
  if (context.peek().type !== 'flow-mapping-end') readComma(context, "expected ',' or '}'")
  return parseFlowMappingItem(context)
}

function parseFlowMappingItem(context: ParserContext): ParseEvent {
  const token = context.peek()
  if (token.type === 'flow-mapping-end') return endFlow(context, 'mapping-end')
  if (token.type !== 'key') {
    context.return('flow-mapping-no-value')
    return parseNode(context, 'flow')
  }
  context.take()
  if (!mappingKeyStops.has(context.peek().type)) {
    context.return('flow-mapping-value')
    return parseNode(context, 'flow')
  }
  context.state = 'flow-mapping-value'
  return context.absent()
}

export function parseFlowMappingValue(context: ParserContext): ParseEvent {
  return parseFlowSide(context, 'flow-mapping-key', mappingValueStops)
}

export function parseFlowMappingNoValue(context: ParserContext): ParseEvent {
  context.state = 'flow-mapping-key'
  return context.absent()
}
