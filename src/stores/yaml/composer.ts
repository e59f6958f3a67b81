// Events to nodes, as go-yaml composes them: aliases find their anchors, and foot comments move to the pair they follow.
import { maxDepth } from '../../tree/types.ts'
import type { CommentRecords } from './comment-records.ts'
import { noLines, type ParseEvent } from './event.ts'
import { makeNode, type YamlDocument, type YamlNode } from './node.ts'
import { Parser } from './parser.ts'
import { Scanner } from './scanner.ts'
import { failAt } from './tag-handles.ts'

export class Composer {
  readonly comments: CommentRecords
  readonly #parser: Parser
  /** Anchors live on from document to document, as in go-yaml. */
  readonly #anchors = new Map<string, YamlNode>()
  readonly #open: YamlNode[] = []
  #root: YamlNode | undefined

  constructor(text: string) {
    const scanner = new Scanner(text)
    this.#parser = new Parser(scanner)
    this.comments = scanner.comments
  }

  /** The next document; undefined at the end of the text. */
  next(): YamlDocument | undefined {
    const first = this.#parser.next()
    if (first.type === 'stream-end') return undefined
    this.#root = undefined
    for (let event = this.#parser.next(); ; event = this.#parser.next()) {
      if (event.type === 'document-end') return this.#finish(first, event)
      this.#accept(event)
    }
  }

  #finish(first: ParseEvent, last: ParseEvent): YamlDocument {
    if (this.#root === undefined) failAt(last, 'expected a document')
    return { root: this.#root, head: first.head, foot: last.foot, end: last.start }
  }

  #accept(event: ParseEvent): void {
    switch (event.type) {
      case 'scalar':
        return this.#attach(this.#register(makeNode('scalar', event)))
      case 'alias':
        return this.#attach(makeNode('alias', event, this.#find(event)))
      case 'mapping-start':
        return this.#start(this.#register(makeNode('mapping', event)))
      case 'sequence-start':
        return this.#start(this.#register(makeNode('sequence', event)))
      default:
        return this.#close(event)
    }
  }

  #register(node: YamlNode): YamlNode {
    if (node.anchor !== undefined) this.#anchors.set(node.anchor.value, node)
    return node
  }

  #find(event: ParseEvent): YamlNode {
    const target = event.token === undefined ? undefined : this.#anchors.get(event.token.value)
    return target ?? failAt(event, 'an alias has no anchor')
  }

  #start(node: YamlNode): void {
    this.#open.push(node)
    if (this.#open.length > maxDepth + 1) failAt(node, `collections are nested deeper than ${maxDepth} levels`)
  }

  #close(event: ParseEvent): void {
    const node = this.#open.pop()
    if (node === undefined) return
    node.end = event.end
    node.trail = event.lead
    node.lineComments = event.lineComments
    node.foot = event.foot
    const lastKey = node.foot.length > 0 ? node.content.at(-2) : undefined
    if (node.kind === 'mapping' && !node.flow && lastKey !== undefined) {
      lastKey.foot = node.foot
      node.foot = noLines
    }
    this.#attach(node)
  }

  #attach(node: YamlNode): void {
    const parent = this.#open.at(-1)
    if (parent === undefined) {
      this.#root = node
      return
    }
    parent.content.push(node)
    if (parent.kind === 'mapping' && node.foot.length > 0) moveFoot(parent, node)
  }
}

/** The foot of a key belongs to the pair before it, the foot of a value to its key. What was there is lost. */
function moveFoot(parent: YamlNode, node: YamlNode): void {
  const count = parent.content.length
  const isKey = count % 2 === 1
  if (isKey && parent.flow) return
  const owner = parent.content.at(isKey ? -3 : -2)
  if (owner === undefined || (!isKey && owner.foot.length > 0)) return
  owner.foot = node.foot
  node.foot = noLines
}
