// Where documents start and end.
import type { ParseEvent } from './event.ts'
import { parseNode } from './node-state.ts'
import type { ParserContext } from './parser-context.ts'
import { failAt } from './tag-handles.ts'
import type { Token, TokenType } from './token.ts'

const stops: ReadonlySet<TokenType> = new Set<TokenType>([
  'version-directive',
  'tag-directive',
  'document-start',
  'document-end',
  'stream-end',
])

export function parseStreamStart(context: ParserContext): ParseEvent {
  context.peek()
  context.take()
  const token = context.peek()
  if (stops.has(token.type) && token.type !== 'document-end') return startDocument(context, token)
  context.tags.addDefaults()
  context.return('document-end')
  context.state = 'implicit-document'
  return context.event('document-start', token, { comments: context.comments.takeDocumentHead() })
}

export function parseDocumentStart(context: ParserContext): ParseEvent {
  while (context.peek().type === 'document-end') context.take()
  return startDocument(context, context.peek())
}

function startDocument(context: ParserContext, first: Token): ParseEvent {
  if (first.type === 'stream-end') {
    context.state = 'stream-end'
    return context.event('stream-end', first)
  }
  readDirectives(context)
  const token = context.peek()
  if (token.type !== 'document-start') failAt(token, "expected '---' before another document")
  context.return('document-end')
  context.state = 'document-content'
  const event = context.event('document-start', token)
  context.take()
  return event
}

function readDirectives(context: ParserContext): void {
  let version = false
  for (let token = context.peek(); ; token = context.peek()) {
    if (token.type === 'version-directive') {
      if (version) failAt(token, 'found a duplicate %YAML directive')
      if (token.value !== '1.1') failAt(token, 'only version 1.1 can be declared with %YAML')
      version = true
    } else if (token.type === 'tag-directive') {
      context.tags.declare(token)
    } else {
      break
    }
    context.take()
  }
  context.tags.addDefaults()
}

export function parseDocumentContent(context: ParserContext): ParseEvent {
  if (!stops.has(context.peek().type)) return parseNode(context, 'block')
  context.leave()
  return context.absent()
}

export function parseDocumentEnd(context: ParserContext): ParseEvent {
  const token = context.peek()
  if (token.type === 'document-end') context.take()
  context.tags.clear()
  context.state = 'document-start'
  const { head, lineComments, foot } = context.comments.takeAll()
  const comments = foot.length > 0 ? { head, lineComments, foot } : { head: foot, lineComments, foot: head }
  return context.event('document-end', token, { comments })
}
