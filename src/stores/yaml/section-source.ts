// The metadata section in the text: the top-level entry `sops` of a document.
import type { Branch, Item, Value } from '../../tree/types.ts'
import { isBreakOrEnd } from './characters.ts'
import { keyName, nodeStart, type YamlNode } from './node.ts'
import type { CommentSource, Leaf, ScalarSource, Span, YamlPart } from './syntax.ts'
import { failAt } from './tag-handles.ts'

const sectionKey = 'sops'

type Sources = ReadonlyMap<Leaf, ScalarSource | CommentSource>

/** Takes the section out of the root's items. */
export function splitSection(
  items: Branch['items'],
  root: YamlNode,
  text: string,
  sources: Sources,
): Pick<YamlPart, 'branch' | 'section'> {
  const entries = items.filter((item): item is Item => item.type === 'item' && item.key === sectionKey)
  const [entry] = entries
  if (entry === undefined) return { branch: { type: 'branch', items }, section: undefined }
  if (entries.length > 1) failAt(root, `found more than one ${sectionKey} entry`)
  const branch: Branch = { type: 'branch', items: items.filter((item) => item !== entry) }
  const index = root.content.findIndex((node, i) => i % 2 === 0 && keyName(node) === sectionKey)
  if (index < 0) return { branch, section: undefined }
  const span = root.flow ? flowSpan(root, index) : blockSpan(root, index, text, lastEnd(entry.value, sources))
  return { branch, section: { value: entry.value, span } }
}

function blockSpan(root: YamlNode, index: number, text: string, lastLeaf: number): Span {
  const key = root.content[index]
  const value = root.content[index + 1]
  if (key === undefined || value === undefined) return { start: 0, end: 0 }
  let start = Math.min(nodeStart(key), key.lead ?? key.start)
  while (start > 0 && !isBreakOrEnd(text.charCodeAt(start - 1))) start--
  let end = Math.max(value.end, lastLeaf)
  while (end < text.length && !isBreakOrEnd(text.charCodeAt(end))) end++
  return { start, end }
}

/** With the comma after the entry, or else the one before it. */
function flowSpan(root: YamlNode, index: number): Span {
  const key = root.content[index]
  const value = root.content[index + 1]
  if (key === undefined || value === undefined) return { start: 0, end: 0 }
  const start = nodeStart(key)
  const comma = root.content[index + 2]?.lead ?? root.trail
  if (comma !== undefined) return { start, end: comma + 1 }
  return { start: key.lead ?? start, end: Math.max(value.end, key.end) }
}

/** Where the last thing in the section ends: a comment may follow the last value. */
function lastEnd(section: Value, sources: Sources): number {
  let end = 0
  const stack: (Value | Item)[] = [section]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (value.type === 'item') stack.push(value.value)
    else if (value.type === 'branch' || value.type === 'list') for (const item of value.items) stack.push(item)
    else end = Math.max(end, sources.get(value)?.span.end ?? 0)
  }
  return end
}
