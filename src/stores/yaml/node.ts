import type { Scalar, Value } from '../../tree/types.ts'
import type { CommentLines } from './comment-records.ts'
import { noLines, type ParseEvent, type TagSource } from './event.ts'
import type { Span } from './syntax.ts'
import type { Token } from './token.ts'

export type NodeKind = 'scalar' | 'alias' | 'mapping' | 'sequence'

/** A node of go-yaml's tree: comments move between nodes before SOPS' tree is built from it. */
export interface YamlNode {
  readonly kind: NodeKind
  readonly start: number
  end: number
  readonly line: number
  readonly column: number
  readonly token: Token | undefined
  readonly tag: TagSource | undefined
  readonly anchor: Token | undefined
  readonly flow: boolean
  readonly lead: number | undefined
  /** A comma before the closing bracket. */
  trail: number | undefined
  /** Mappings: keys and values in turn. */
  readonly content: YamlNode[]
  /** Aliases: the anchored node. */
  readonly target: YamlNode | undefined
  head: CommentLines
  lineComments: CommentLines
  foot: CommentLines
  /** What stands for this node in the tree, where it is written. */
  value: Value | undefined
  scalar: Scalar | undefined
  /** While the tree is built: the node is being expanded. */
  open: boolean
}

export interface YamlDocument {
  readonly root: YamlNode
  readonly head: CommentLines
  readonly foot: CommentLines
  /** Where `...`, the next `---` or directive, or the end of the text follows. */
  readonly end: number
}

const noContent: YamlNode[] = []

export function makeNode(kind: NodeKind, event: ParseEvent, target?: YamlNode): YamlNode {
  const collection = kind === 'mapping' || kind === 'sequence'
  return {
    kind,
    start: event.start,
    end: event.end,
    line: event.line,
    column: event.column,
    token: event.token,
    tag: event.tag,
    anchor: event.anchor,
    flow: event.flow,
    lead: event.lead,
    trail: undefined,
    content: collection ? [] : noContent,
    target,
    head: event.head,
    // The line and foot comments of a collection come with its end; those at its start are lost.
    lineComments: collection ? noLines : event.lineComments,
    foot: collection ? noLines : event.foot,
    value: undefined,
    scalar: undefined,
    open: false,
  }
}

/** Where the node begins, its anchor and tag included. */
export function nodeStart(node: YamlNode): number {
  return Math.min(node.start, node.anchor?.start ?? node.start, node.tag?.start ?? node.start)
}

export function spanOf({ start, end }: Span): Span {
  return { start, end }
}

/** The name of a mapping key, once the tree is built. */
export function keyName(key: YamlNode): string | undefined {
  const { scalar } = key.target ?? key
  return scalar?.type === 'str' ? scalar.value : undefined
}
