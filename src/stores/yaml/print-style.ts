// How the blocks of a text are indented: as in the collection itself, else as the first of the document that shows it,
// else as sops does.
import type { YamlNode } from './node.ts'
import type { Container } from './nodes-to.ts'
import type { PrintStyle } from './printer.ts'

const sopsStep = 4
/** Who puts dashes below their key indents by this much. */
const compactStep = 2
const maxStep = 9

interface Offsets {
  map: number | undefined
  list: number | undefined
}

/** `old`: the block that the new one replaces; it then stands where that stood. */
export function printStyleOf(
  [root]: readonly [Container, ...Container[]],
  container: Container,
  old: YamlNode | undefined,
): PrintStyle {
  const offsets: Offsets = { map: undefined, list: undefined }
  if (old !== undefined && container.node.kind === 'mapping') note(offsets, container.node, old)
  if (container.node.kind === 'mapping') {
    for (const { value } of container.entries) note(offsets, container.node, value)
  }
  search(offsets, root)
  const { map, list } = offsets
  const step = map ?? (list === undefined ? sopsStep : list === 0 ? compactStep : list)
  return { step, ...(list !== undefined && { listOffset: list }) }
}

function search(offsets: Offsets, root: Container): void {
  const stack = root.entries.map(({ key, value }) => ({ parent: key && root.node, node: value })).reverse()
  for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
    if (offsets.map !== undefined && offsets.list !== undefined) return
    const { parent, node } = each
    if (parent) note(offsets, parent, node)
    const isMapping = node.kind === 'mapping'
    const children = node.content.filter((_, index) => !isMapping || index % 2 === 1)
    for (const child of children.reverse()) stack.push({ parent: isMapping ? node : undefined, node: child })
  }
}

function note(offsets: Offsets, parent: YamlNode, node: YamlNode): void {
  if (parent.flow || node.flow || (node.kind !== 'mapping' && node.kind !== 'sequence')) return
  const offset = node.column - parent.column
  if (offset > maxStep || offset < 0) return
  if (node.kind === 'sequence') offsets.list ??= offset
  else if (offset > 0) offsets.map ??= offset
}
