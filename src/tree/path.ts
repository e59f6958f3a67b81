// Tree paths as sops' --extract, set and unset write them: ["key"]['key'][0] (parseTreePath in cmd/sops, 3.13.3).
import { SopsError } from '../errors.ts'
import type { Branch, Comment, Item, TreePath, Value } from './types.ts'

const component = /\[(?:"([^"[\]]*)"|'([^'[\]]*)'|([+-]?\d+))\]/y

/**
 * Parses a path; the empty text is the whole document.
 * @throws SopsError ERR_SOPS_PATH_SYNTAX
 */
export function parseTreePath(text: string): TreePath {
  const path: (string | number)[] = []
  let at = 0
  while (at < text.length) {
    const [part, next] = parseComponent(text, at)
    path.push(part)
    at = next
  }
  return path
}

function parseComponent(text: string, at: number): [string | number, number] {
  component.lastIndex = at
  const match = component.exec(text)
  if (match !== null && isInt64(match[3])) return [match[1] ?? match[2] ?? Number(match[3]), component.lastIndex]
  const quote = text[at + 1]
  if (text[at] === '[' && (quote === '"' || quote === "'")) {
    const end = text.indexOf(`${quote}]`, at + 2)
    const key = text.slice(at + 2, end)
    if (end > 0 && !key.includes('[')) return [key, end + 2]
  }
  throw new SopsError('ERR_SOPS_PATH_SYNTAX', 'error parsing --extract path: it is not of the form ["key"][0]', {
    hint: 'Write each key as ["key"] and each list index as [0], one after the other.',
  })
}

function isInt64(digits = '0'): boolean {
  const value = BigInt(digits.replace('+', ''))
  return BigInt.asIntN(64, value) === value
}

/**
 * The value at `path` below a document's root.
 * @throws SopsError ERR_SOPS_PATH_MISSING
 */
export function findValue(root: Branch, path: TreePath): Value {
  let value: Value = root
  for (const part of path) value = typeof part === 'number' ? findIndex(value, part) : findKey(value, part)
  return value
}

function findKey(value: Value, key: string): Value {
  if (value.type === 'branch') {
    const item = value.items.find((each): each is Item => each.type === 'item' && each.key === key)
    if (item !== undefined) return item.value
  }
  throw missing(`component ['${key}'] not found`)
}

function findIndex(value: Value, index: number): Value {
  if (value.type === 'branch') return findEntry(value, index)
  if (value.type !== 'list') throw missing(`component [${String(index)}] is integer, but tree part is not a slice`)
  const element = value.items[index]
  if (element === undefined) throw missing(`component [${String(index)}] accesses out of bounds`)
  return element
}

// An index into a map gives its n-th entry; sops prints the Go struct, whose fields the YAML store lowercases.
function findEntry(branch: Branch, index: number): Value {
  const entry: Item | Comment | undefined = branch.items[index]
  if (entry === undefined) throw missing(`component [${String(index)}] accesses out of bounds`)
  if (entry.type === 'comment') throw missing(`component [${String(index)}] is a comment`)
  const key: Item = { type: 'item', key: 'key', value: { type: 'str', value: entry.key } }
  return { type: 'branch', items: [key, { type: 'item', key: 'value', value: entry.value }] }
}

function missing(message: string): SopsError {
  return new SopsError('ERR_SOPS_PATH_MISSING', `error truncating tree: ${message}`)
}
