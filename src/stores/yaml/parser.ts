// Tokens to events: libyaml's state machine with an explicit stack, and go-yaml's rules for which event takes comments.
import {
  parseBlockMappingFirst,
  parseBlockMappingKey,
  parseBlockMappingValue,
  parseBlockSequence,
  parseBlockSequenceFirst,
  parseIndentlessSequence,
} from './block-states.ts'
import { parseDocumentContent, parseDocumentEnd, parseDocumentStart, parseStreamStart } from './document-states.ts'
import type { ParseEvent } from './event.ts'
import {
  parseFlowMappingFirst,
  parseFlowMappingKey,
  parseFlowMappingNoValue,
  parseFlowMappingValue,
  parseFlowPairEnd,
  parseFlowPairKey,
  parseFlowPairValue,
  parseFlowSequence,
  parseFlowSequenceFirst,
} from './flow-states.ts'
import { parseNode } from './node-state.ts'
import { ParserContext, type StateName } from './parser-context.ts'
import type { Scanner } from './scanner.ts'

const states: Readonly<Record<StateName, (context: ParserContext) => ParseEvent>> = {
  'stream-start': parseStreamStart,
  'document-start': parseDocumentStart,
  'implicit-document': (context) => parseNode(context, 'block'),
  'document-content': parseDocumentContent,
  'document-end': parseDocumentEnd,
  'stream-end': (context) => context.event('stream-end', context.peek()),
  'block-sequence-first': parseBlockSequenceFirst,
  'block-sequence': parseBlockSequence,
  'indentless-sequence': parseIndentlessSequence,
  'block-mapping-first': parseBlockMappingFirst,
  'block-mapping-key': parseBlockMappingKey,
  'block-mapping-value': parseBlockMappingValue,
  'flow-sequence-first': parseFlowSequenceFirst,
  'flow-sequence': parseFlowSequence,
  'flow-pair-key': parseFlowPairKey,
  'flow-pair-value': parseFlowPairValue,
  'flow-pair-end': parseFlowPairEnd,
  'flow-mapping-first': parseFlowMappingFirst,
  'flow-mapping-key': parseFlowMappingKey,
  'flow-mapping-value': parseFlowMappingValue,
  'flow-mapping-no-value': parseFlowMappingNoValue,
}

export class Parser {
  readonly #context: ParserContext

  constructor(scanner: Scanner) {
    this.#context = new ParserContext(scanner)
  }

  next(): ParseEvent {
    return states[this.#context.state](this.#context)
  }
}
