// A Kubernetes object is a branch of SOPS' tree, so that numbers stay as they were typed and no key is special.
import type { Branch, Item, Value } from '../tree/types.ts'

/** What an object is called. */
export interface ObjectReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly namespace?: string
}

export function fieldOf(value: Value | undefined, key: string): Value | undefined {
  if (value?.type !== 'branch') return undefined
  return value.items.find((item): item is Item => item.type === 'item' && item.key === key)?.value
}

/** The value below several keys. */
export function fieldAt(value: Value | undefined, ...path: readonly string[]): Value | undefined {
  return path.reduce(fieldOf, value)
}

/** The text of a field; undefined when there is none or it is not a text. */
export function textAt(value: Value | undefined, ...path: readonly string[]): string | undefined {
  const found = fieldAt(value, ...path)
  return found?.type === 'str' ? found.value : undefined
}

/** The fields of a mapping; none for anything else. */
export function itemsOf(value: Value | undefined): readonly Item[] {
  return value?.type === 'branch' ? value.items.filter((item): item is Item => item.type === 'item') : []
}

export function text(value: string): Value {
  return { type: 'str', value }
}

/** A mapping; fields without a value are left out. */
export function mapping(entries: Iterable<readonly [string, Value | undefined]>): Branch {
  const items: Item[] = []
  for (const [key, value] of entries) if (value !== undefined) items.push({ type: 'item', key, value })
  return { type: 'branch', items }
}

/** A mapping of texts; undefined when there are none. */
export function textMapping(entries: Iterable<readonly [string, string]>): Branch | undefined {
  const branch = mapping(Array.from(entries, ([key, value]) => [key, text(value)] as const))
  return branch.items.length === 0 ? undefined : branch
}

export function withoutField(branch: Branch, key: string): Branch {
  return { type: 'branch', items: branch.items.filter((item) => item.type !== 'item' || item.key !== key) }
}

/** What is encrypted of it is left out: a message must not show it. */
export function referenceOf(object: Value): ObjectReference {
  const clear = (...path: readonly string[]): string | undefined => {
    const found = textAt(object, ...path)
    return found?.startsWith('ENC[') === true ? undefined : found
  }
  const namespace = clear('metadata', 'namespace')
  return {
    apiVersion: clear('apiVersion') ?? '',
    kind: clear('kind') ?? '',
    name: clear('metadata', 'name') ?? '',
    ...(namespace !== undefined && { namespace }),
  }
}

/** A field's place as KRM results spell it: `data.password`, `data["tls.crt"]`, `items[0]`. */
export function fieldPath(...parts: readonly (string | number)[]): string {
  return parts.reduce<string>((path, part) => {
    if (typeof part === 'number') return `${path}[${part}]`
    if (!/^[\w-]+$/.test(part)) return `${path}[${JSON.stringify(part)}]`
    return path === '' ? part : `${path}.${part}`
  }, '')
}
