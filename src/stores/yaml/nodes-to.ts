// The way from the root of a document to a place in it: nodes, and what stands for them in the tree. Places count what is
// no comment, and not the metadata section.
import { isItem } from '../../tree/kinds.ts'
import type { Item, Value } from '../../tree/types.ts'
import { sectionKey } from '../section.ts'
import { nodeStart, type YamlNode } from './node.ts'
import type { Span } from './syntax.ts'

/** A pair of a mapping or an item of a sequence. */
export interface Entry extends Span {
  readonly key: YamlNode | undefined
  readonly value: YamlNode
  readonly tree: Value
}

export interface Container {
  readonly node: YamlNode
  readonly tree: Value
  /** The metadata section is none of them. */
  readonly entries: readonly Entry[]
  /** The pair of the metadata section. */
  readonly section: Span | undefined
}

/** The collections on the way, the root first; undefined where the way leads through an alias or a scalar. */
export function containersTo(
  root: YamlNode,
  tree: Value,
  place: readonly number[],
): readonly [Container, ...Container[]] | undefined {
  const first = toContainer(root, tree, true)
  if (first === undefined) return undefined
  const way: [Container, ...Container[]] = [first]
  let container = first
  for (const index of place) {
    const entry = container.entries[index]
    const next = entry && toContainer(entry.value, entry.tree, false)
    if (next === undefined) return undefined
    way.push(next)
    container = next
  }
  return way
}

function toContainer(node: YamlNode, tree: Value, isRoot: boolean): Container | undefined {
  if (node.kind === 'mapping' && tree.type === 'branch')
    return readMapping(node, tree.items.filter(isItem), isRoot, tree)
  if (node.kind !== 'sequence' || tree.type !== 'list') return undefined
  const elements = tree.items.filter(({ type }) => type !== 'comment')
  const entries = node.content.flatMap((value, index): Entry[] => {
    const element = elements[index]
    const start = node.flow ? nodeStart(value) : (value.lead ?? nodeStart(value))
    return element === undefined ? [] : [{ key: undefined, value, tree: element, start, end: value.end }]
  })
  return { node, tree, entries, section: undefined }
}

function readMapping(node: YamlNode, items: readonly Item[], isRoot: boolean, tree: Value): Container {
  const entries: Entry[] = []
  let section: Span | undefined
  for (let i = 0; i < node.content.length; i += 2) {
    const key = node.content[i]
    const value = node.content[i + 1]
    if (key === undefined || value === undefined) continue
    const start = node.flow ? nodeStart(key) : Math.min(nodeStart(key), key.lead ?? Infinity)
    const span = { start, end: Math.max(value.end, key.end) }
    if (isRoot && section === undefined && (key.target ?? key).token?.value === sectionKey) {
      section = span
      continue
    }
    const item = items[entries.length]
    if (item !== undefined) entries.push({ ...span, key, value, tree: item.value })
  }
  return { node, tree, entries, section }
}
