// One change in the structure of a YAML text. Aliases of what it touches are written out first, for they must not follow.
import type { Item, Value } from '../../tree/types.ts'
import type { Splice } from '../source.ts'
import type { Change } from '../types.ts'
import { expandAlias } from './alias-splice.ts'
import { BlockChange } from './change-block.ts'
import { FlowChange } from './change-flow.ts'
import { Composer } from './composer.ts'
import { breakOf } from './lines.ts'
import { type Container, containersTo } from './nodes-to.ts'
import type { YamlSyntax } from './syntax.ts'

/** undefined: there is no such place, or the text has no room there. */
export function spliceChange(syntax: YamlSyntax, change: Change): readonly Splice[] | undefined {
  const document = new Composer(syntax.text).next()
  const [part] = syntax.parts
  if (document === undefined || part === undefined) return undefined
  const inner = change.kind === 'append' ? change.place : change.place.slice(0, -1)
  const way = containersTo(document.root, part.branch, inner)
  if (way === undefined) return undefined
  const splices = changeContainer(syntax, way, change)
  return splices && [...splices, ...expandAliases(syntax, touchedBy(way, change), splices)]
}

function changeContainer(
  syntax: YamlSyntax,
  way: readonly [Container, ...Container[]],
  change: Change,
): readonly Splice[] | undefined {
  const { text } = syntax
  const container = way.at(-1) ?? way[0]
  const index = change.place.at(-1) ?? -1
  const outer = way.at(-2)
  if (change.kind === 'append' && isEmptyBraces(text, container)) return fillBraces(syntax, way, change)
  const around = { syntax, way, container, lineBreak: breakOf(text) }
  const task = container.node.flow ? new FlowChange(around) : new BlockChange(around)
  if (change.kind === 'append') return task.append(change.entry)
  if (change.kind === 'replace') return task.replace(index, change.value, change.oneLine === true)
  // A block has no form for an empty collection.
  const isEmptied = container.entries.length === 1 && index === 0 && !container.node.flow
  if (!isEmptied || container.section !== undefined) return task.remove(index)
  const block = new BlockChange({ ...around, container: outer ?? container })
  return outer === undefined ? block.clearRoot() : block.clear(change.place.at(-2) ?? -1, container)
}

/** `{}` or `[]` where a block could stand. */
function isEmptyBraces(text: string, { node, entries, section }: Container): boolean {
  if (!node.flow || entries.length > 0 || section !== undefined) return false
  return /^[[{]\s*[\]}]$/.test(text.slice(node.start, node.end))
}

function fillBraces(
  syntax: YamlSyntax,
  way: readonly [Container, ...Container[]],
  change: Extract<Change, { kind: 'append' }>,
): readonly Splice[] | undefined {
  const { entry } = change
  const filled =
    entry.type === 'item' ? { type: 'branch' as const, items: [entry] } : { type: 'list' as const, items: [entry] }
  const outer = way.at(-2)
  const around = { syntax, way, container: outer ?? way[0], lineBreak: breakOf(syntax.text) }
  if (outer === undefined) return new BlockChange(around).fillRoot(filled)
  const task = outer.node.flow ? new FlowChange(around) : new BlockChange(around)
  return task.replace(change.place.at(-1) ?? -1, filled, false)
}

/** What an alias to it would show of the change: the collections around it, and what is replaced or removed. */
function touchedBy(way: readonly Container[], change: Change): ReadonlySet<Value> {
  const touched = new Set(way.map(({ tree }) => tree))
  const old = change.kind === 'append' ? undefined : way.at(-1)?.entries[change.place.at(-1) ?? -1]
  const stack: (Item | Value)[] = old ? [old.tree] : []
  for (let each = stack.pop(); each !== undefined; each = stack.pop()) {
    const value = each.type === 'item' ? each.value : each
    touched.add(value)
    if (value.type === 'branch' || value.type === 'list') for (const item of value.items) stack.push(item)
  }
  return touched
}

function expandAliases({ aliases }: YamlSyntax, touched: ReadonlySet<Value>, splices: readonly Splice[]): Splice[] {
  const expanded = aliases.filter(({ target }) => touched.has(target)).map((alias) => expandAlias(alias, new Map()))
  return expanded.filter(({ start, end }) => !splices.some((splice) => start < splice.end && splice.start < end))
}
