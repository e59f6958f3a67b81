// Nodes to SOPS' tree, with each comment where sops puts it. An alias is replaced by a copy of what it names.
import { ParseError } from '../../errors.ts'
import { type Comment, type Item, type Leaf, maxDepth, type Scalar, type Value } from '../../tree/types.ts'
import type { CommentLine, CommentLines } from './comment-records.ts'
import { checkMerge, checkRepeatedKeys } from './mapping-checks.ts'
import { spanOf, type YamlDocument, type YamlNode } from './node.ts'
import { resolveScalar } from './resolve.ts'
import type { AliasSource, CommentSource, ScalarSource } from './syntax.ts'
import { badKey, failAt } from './tag-handles.ts'

/** What aliases may add to a text besides one copy for each node in it: more than go-yaml lets pass. */
const freeCopies = 400_000

/** A collection that is being built. */
type Frame = {
  readonly node: YamlNode
  /** Inside a copy that an alias makes. */
  readonly copy: boolean
  /** The collection holds its own comments; those of a list's item stand in the list. */
  readonly holdsComments: boolean
  /** Column of the innermost block collection. */
  readonly column: number
  next: number
} & (
  | { readonly kind: 'mapping'; readonly items: (Item | Comment)[] }
  | { readonly kind: 'sequence'; readonly items: Value[] }
)

type Sources = Map<Leaf, ScalarSource | CommentSource>
type Placed = Set<CommentLine>

interface CommentTarget {
  push(comment: Comment): unknown
}

export class TreeBuilder {
  readonly sources: Sources = new Map()
  readonly aliases: AliasSource[] = []
  /** The comments that stand in the tree. */
  readonly placed: Placed = new Set()
  readonly #text: string
  readonly #stack: Frame[] = []
  #nodes = 0
  #copies = 0
  #checked = false

  constructor(text: string) {
    this.#text = text
  }

  /** `checked`: go-yaml looks for repeated keys and wrong merge keys in the first document alone. */
  build(document: YamlDocument, checked: boolean): (Item | Comment)[] {
    this.#checked = checked
    const items: (Item | Comment)[] = []
    this.#comment(items, document.head)
    this.#buildRoot(document.root, items)
    this.#comment(items, document.foot)
    return items
  }

  #buildRoot(node: YamlNode, items: (Item | Comment)[]): void {
    if (node.kind === 'sequence') failAt(node, 'a document that is a list is not supported')
    // It could only name a value of an earlier document, and an encrypted value cannot stand at two places.
    if (node.kind === 'alias') failAt(node, 'a document that is an alias is not supported')
    this.#comment(items, node.head)
    this.#comment(items, node.lineComments)
    if (node.kind === 'scalar') {
      if (this.#resolve(node).type !== 'null') failAt(node, 'a document that is a single value is not supported')
      return
    }
    this.#open({ kind: 'mapping', node, items, copy: false, holdsComments: false, column: node.column, next: 0 })
    this.#run()
    this.#comment(items, node.foot)
  }

  #open(frame: Frame): void {
    frame.node.open = true
    this.#stack.push(frame)
    if (this.#stack.length > maxDepth + 1) failAt(frame.node, `collections are nested deeper than ${maxDepth} levels`)
    if (frame.holdsComments) {
      this.#comment(frame.items, frame.node.head, false, frame.copy)
      this.#comment(frame.items, frame.node.lineComments, false, frame.copy)
    }
    if (this.#checked && !frame.copy && frame.kind === 'mapping') checkRepeatedKeys(frame.node)
  }

  #run(): void {
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) {
      if (frame.next >= frame.node.content.length) this.#close(frame)
      else if (frame.kind === 'mapping') this.#addPair(frame, frame.items)
      else this.#addItem(frame, frame.items)
    }
  }

  #close(frame: Frame): void {
    this.#stack.pop()
    frame.node.open = false
    if (frame.holdsComments) this.#comment(frame.items, frame.node.foot, false, frame.copy)
  }

  #addPair(frame: Frame, items: (Item | Comment)[]): void {
    const key = frame.node.content[frame.next]
    const value = frame.node.content[frame.next + 1]
    frame.next += 2
    if (key === undefined || value === undefined) return
    if (this.#checked && !frame.copy) checkMerge(key, value)
    const { copy } = frame
    const holdsComments = value.kind === 'mapping' || value.kind === 'sequence'
    this.#comment(items, key.head, false, copy)
    this.#comment(items, key.lineComments, false, copy)
    if (!holdsComments) this.#comment(items, value.head, false, copy)
    if (!holdsComments) this.#comment(items, value.lineComments, true, copy)
    items.push({ type: 'item', key: this.#keyName(key, frame), value: this.#value(value, frame, holdsComments) })
    if (!holdsComments) this.#comment(items, value.foot, false, copy)
    this.#comment(items, key.foot, false, copy)
  }

  #addItem(frame: Frame, items: Value[]): void {
    const node = frame.node.content[frame.next++]
    if (node === undefined) return
    this.#comment(items, node.head, false, frame.copy)
    this.#comment(items, node.lineComments, true, frame.copy)
    items.push(this.#value(node, frame, false))
    this.#comment(items, node.foot, false, frame.copy)
  }

  #comment(items: CommentTarget, lines: CommentLines, inline = false, copy = false): void {
    for (const line of lines) {
      if (line === null) continue
      const comment: Comment = { type: 'comment', value: this.#text.slice(line.start + 1, line.end), inline }
      items.push(comment)
      if (copy) {
        this.#copies++
      } else {
        this.placed.add(line)
        this.sources.set(comment, { kind: 'comment', span: spanOf(line) })
      }
    }
  }

  #keyName(key: YamlNode, frame: Frame): string {
    this.#count(key, frame.copy)
    const node = key.target ?? key
    const scalar = node.kind === 'scalar' ? this.#resolve(node) : undefined
    if (scalar === undefined) failAt(key, 'a mapping key that is a collection is not supported')
    if (scalar.type !== 'str') throw badKey(key)
    if (key.target !== undefined && !frame.copy) {
      const source = { span: spanOf(key), value: { ...scalar }, target: scalar, flow: frame.node.flow, key: true }
      this.aliases.push(source)
    }
    return scalar.value
  }

  #value(node: YamlNode, frame: Frame, holdsComments: boolean): Value {
    this.#count(node, frame.copy)
    const { target } = node
    if (target === undefined) return this.#expand(node, frame, frame.copy, holdsComments)
    if (target.open) failAt(node, 'an anchor contains an alias of itself')
    this.#count(node, true)
    const value = this.#expand(target, frame, true, true)
    if (!frame.copy) {
      const original = target.value ?? this.#resolve(target)
      this.aliases.push({ span: spanOf(node), value, target: original, flow: frame.node.flow, key: false })
    }
    return value
  }

  #expand(node: YamlNode, frame: Frame, copy: boolean, holdsComments: boolean): Value {
    if (node.kind === 'scalar') return this.#leaf(node, frame, copy)
    const column = node.flow ? frame.column : node.column
    if (node.kind === 'mapping') {
      const items: (Item | Comment)[] = []
      this.#open({ kind: 'mapping', node, items, copy, holdsComments, column, next: 0 })
      return this.#remember(node, { type: 'branch', items }, copy)
    }
    const items: Value[] = []
    this.#open({ kind: 'sequence', node, items, copy, holdsComments, column, next: 0 })
    return this.#remember(node, { type: 'list', items }, copy)
  }

  #remember(node: YamlNode, value: Value, copy: boolean): Value {
    if (!copy) node.value = value
    return value
  }

  #leaf(node: YamlNode, frame: Frame, copy: boolean): Scalar {
    const scalar = this.#resolve(node)
    if (copy) return { ...scalar }
    node.value = scalar
    const layout = node.token?.scalar
    const inBlockList = frame.kind === 'sequence' && !frame.node.flow
    this.sources.set(scalar, {
      kind: 'scalar',
      span: spanOf(node),
      style: layout?.style ?? 'plain',
      flow: frame.node.flow,
      tag: node.tag,
      anchor: node.anchor && spanOf(node.anchor),
      header: layout?.header ?? '',
      bodyColumn: layout?.bodyColumn ?? 0,
      parentColumn: frame.column,
      dash: inBlockList ? node.lead : undefined,
    })
    return scalar
  }

  /** One object for each node, however often it is asked for. */
  #resolve(node: YamlNode): Scalar {
    if (node.scalar !== undefined) return node.scalar
    const plain = node.token === undefined || node.token.scalar?.style === 'plain'
    const tag = node.tag === undefined || node.tag.name === '!' ? undefined : node.tag.name
    try {
      node.scalar = resolveScalar(node.token?.value ?? '', plain, tag)
    } catch (error) {
      if (error instanceof ParseError && error.line === 0) failAt(node, error.message.replace(/^yaml: /, ''))
      throw error
    }
    return node.scalar
  }

  #count(node: YamlNode, copy: boolean): void {
    if (copy) this.#copies++
    else this.#nodes++
    if (this.#copies > freeCopies + this.#nodes) failAt(node, 'aliases expand to far more than the document holds')
  }
}
