// A second reader: the npm package `yaml`, with the types that sops gives. Comments are left out.
import { isMap, isScalar, isSeq, parseAllDocuments, type Node } from 'yaml'
import { resolveScalar } from '../../../src/stores/yaml/resolve.ts'
import type { Branch, Item, Scalar, Value } from '../../../src/tree/types.ts'

export function readBack(text: string): Branch[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent', merge: false })
  if (!Array.isArray(documents)) return []
  return documents.map((document) => {
    const [error] = document.errors
    if (error !== undefined) throw error
    const value = toValue(document.contents)
    if (value.type !== 'branch') throw new Error('the root is no map')
    return value
  })
}

function toValue(node: Node | null): Value {
  if (isSeq<Node>(node)) return { type: 'list', items: node.items.map(toValue) }
  if (isScalar(node)) return toScalar(node)
  if (!isMap<Node, Node>(node)) throw new Error('an unexpected node')
  const items = node.items.map((pair): Item => {
    const key = toValue(pair.key)
    if (key.type !== 'str') throw new Error('a key that is no string')
    return { type: 'item', key: key.value, value: toValue(pair.value) }
  })
  return { type: 'branch', items }
}

function toScalar(node: Node): Scalar {
  if (!isScalar(node)) throw new Error('an unexpected node')
  const plain = node.type === 'PLAIN'
  return resolveScalar(plain ? (node.source ?? '') : String(node.source), plain, node.tag)
}

/** The tree as a reader can get it back from what sops prints: no comments, and floats without a fraction or an exponent as ints. */
export function expectation(value: Exclude<Value, { type: 'comment' }>): Value {
  return expected(value, (float) =>
    Number.isInteger(float) && Math.abs(float) < 1e6
      ? { type: 'int', value: BigInt(float) }
      : { type: 'float', value: float },
  )
}

/** The tree without its comments. */
export function withoutComments(value: Exclude<Value, { type: 'comment' }>): Value {
  return expected(value, (float) => ({ type: 'float', value: float }))
}

function expected(value: Exclude<Value, { type: 'comment' }>, read: (float: number) => Scalar): Value {
  const keep = (inner: Value): Value[] => (inner.type === 'comment' ? [] : [expected(inner, read)])
  if (value.type === 'list') return { type: 'list', items: value.items.flatMap(keep) }
  if (value.type === 'branch') {
    const items = value.items.filter((item) => item.type === 'item')
    return {
      type: 'branch',
      items: items.flatMap((item) => keep(item.value).map((kept) => ({ ...item, value: kept }))),
    }
  }
  return value.type === 'float' ? read(value.value) : value
}
