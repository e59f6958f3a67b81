// One ciphertext cannot stand at two paths: an alias to something that is edited, or whose copy is, becomes the value itself.
import { mapLeaves } from '../../tree/walk.ts'
import type { Item, Leaf, Value } from '../../tree/types.ts'
import type { Splice } from '../source.ts'
import type { Edits } from '../types.ts'
import { emitFlow, spellExactly } from './flow.ts'
import type { AliasSource, YamlSyntax } from './syntax.ts'

export function spliceAliases(syntax: YamlSyntax, edits: Edits): Splice[] {
  return syntax.aliases.filter((alias) => isEdited(alias, edits)).map((alias) => expandAlias(alias, edits))
}

function isEdited(alias: AliasSource, edits: Edits): boolean {
  for (const leaf of leavesOf(alias.value)) if (edits.has(leaf)) return true
  for (const leaf of leavesOf(alias.target)) if (edits.has(leaf)) return true
  return false
}

/** The value itself in place of an alias. */
export function expandAlias({ span, value, flow }: AliasSource, edits: Edits): Splice {
  const edited = withEdits(value, edits)
  return { start: span.start, end: span.end, text: spellInline(edited, flow) }
}

function spellInline(value: Value, flow: boolean): string {
  if (value.type === 'branch' || value.type === 'list' || value.type === 'comment') return emitFlow(value)
  const oneLine = { style: 'plain', simpleKey: true, bodyColumn: 0, hint: 0 } as const
  return spellExactly(value, { ...oneLine, flow })
}

function withEdits(value: Value, edits: Edits): Value {
  const holder: Item = { type: 'item', key: '', value }
  const [branch] = mapLeaves([{ type: 'branch', items: [holder] }], (leaf) => edits.get(leaf) ?? leaf)
  const [item] = branch?.items ?? []
  return item?.type === 'item' ? item.value : value
}

/** All leaves below a value in the order of the text; no recursion, for a tree may be as deep as maxDepth. */
export function* leavesOf(root: Value): Generator<Leaf> {
  const stack: Value[] = [root]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (value.type !== 'branch' && value.type !== 'list') {
      yield value
      continue
    }
    for (const item of value.items.toReversed()) stack.push(item.type === 'item' ? item.value : item)
  }
}
