// One node: its properties, then an alias, a scalar, or the start of a collection.
import type { ParseEvent } from './event.ts'
import type { ParserContext, Properties, StateName } from './parser-context.ts'
import { failAt } from './tag-handles.ts'
import type { Token } from './token.ts'

/** Where the node stands: `value` takes block collections and also lists whose dashes are not indented. */
export type Place = 'flow' | 'block' | 'value'

export function parseNode(context: ParserContext, place: Place): ParseEvent {
  const first = context.peek()
  if (first.type === 'alias') {
    context.leave()
    return takeLeaf(context, 'alias', first, noProperties)
  }
  const properties = readProperties(context)
  const token = context.peek()
  switch (token.type) {
    case 'scalar':
      context.leave()
      return takeLeaf(context, 'scalar', token, properties)
    case 'flow-sequence-start':
    case 'flow-mapping-start':
      return startFlow(context, token, properties)
    case 'block-sequence-start':
    case 'block-mapping-start':
      if (place !== 'flow') return startBlock(context, token, properties)
      break
    case 'block-entry':
      if (place === 'value') return startIndentless(context, token, properties)
      break
    default:
  }
  if (properties.anchor === undefined && properties.tag === undefined) failAt(token, 'expected a value')
  context.leave()
  return context.eventAfter('scalar', token, { properties })
}

const noProperties: Properties = { anchor: undefined, tag: undefined }

/** An anchor and a tag, in either order. */
function readProperties(context: ParserContext): Properties {
  let anchor: Token | undefined
  let tag: Token | undefined
  for (;;) {
    const token = context.peek()
    if (token.type === 'anchor' && anchor === undefined) anchor = token
    else if (token.type === 'tag' && tag === undefined) tag = token
    else break
    context.take()
  }
  if (anchor === undefined && tag === undefined) return noProperties
  return { anchor, tag: tag === undefined ? undefined : context.tags.resolve(tag) }
}

function takeLeaf(context: ParserContext, type: 'alias' | 'scalar', token: Token, properties: Properties): ParseEvent {
  const event = context.event(type, token, { token, properties, comments: context.comments.takeAll() })
  context.take()
  return event
}

function startFlow(context: ParserContext, token: Token, properties: Properties): ParseEvent {
  const sequence = token.type === 'flow-sequence-start'
  context.state = sequence ? 'flow-sequence-first' : 'flow-mapping-first'
  const comments = context.comments.takeAll()
  return context.event(sequence ? 'sequence-start' : 'mapping-start', token, { properties, comments, flow: true })
}

function startBlock(context: ParserContext, token: Token, properties: Properties): ParseEvent {
  const sequence = token.type === 'block-sequence-start'
  context.state = sequence ? 'block-sequence-first' : 'block-mapping-first'
  const comments = context.comments.takeStem()
  return context.event(sequence ? 'sequence-start' : 'mapping-start', token, { properties, comments })
}

function startIndentless(context: ParserContext, token: Token, properties: Properties): ParseEvent {
  const state: StateName = 'indentless-sequence'
  context.state = state
  return context.event('sequence-start', token, { properties })
}
