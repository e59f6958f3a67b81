// What go-yaml refuses in a mapping although its syntax is right.
import type { YamlNode } from './node.ts'
import { failAt } from './tag-handles.ts'

/** Keys are the same when they are spelled the same, whatever their quotes and tags. */
export function checkRepeatedKeys(mapping: YamlNode): void {
  const lines = new Map<string, number>()
  for (let i = 0; i < mapping.content.length; i += 2) {
    const key = mapping.content[i]
    if (key === undefined) continue
    const text = key.token?.value ?? ''
    const line = lines.get(`${key.kind} ${text}`)
    if (line !== undefined) failAt(key, `mapping key ${JSON.stringify(text)} already defined at line ${line + 1}`)
    lines.set(`${key.kind} ${text}`, key.line)
  }
}

/** A merge key takes a mapping, or a list of mappings; each may be an alias. */
export function checkMerge(key: YamlNode, value: YamlNode): void {
  if (!isMergeKey(key)) return
  const merged = value.kind === 'sequence' ? value.content : [value]
  if (!merged.every(isMapping)) failAt(value, 'a merge key needs a mapping or a list of mappings')
}

function isMapping(node: YamlNode): boolean {
  return (node.target ?? node).kind === 'mapping'
}

function isMergeKey({ kind, token, tag }: YamlNode): boolean {
  if (kind !== 'scalar' || token?.value !== '<<') return false
  return tag === undefined || tag.name === '!' ? token.scalar?.style === 'plain' : tag.name === '!!merge'
}
