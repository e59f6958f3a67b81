// A JSON text as sops 3.13.3 reads it (token by token, so that order and duplicate keys stay), with the place of each part.

import { maxDepth } from '../../tree/types.ts'
import type { Branch, Comment, Item, Scalar, Value } from '../../tree/types.ts'
import { hasStrayByte } from '../source.ts'
import { Scanner } from './scanner.ts'

export interface Span {
  readonly start: number
  readonly end: number
}

/** An item of the root object. */
export interface Member extends Item {
  /** From the key to the end of the value. */
  readonly span: Span
  readonly valueStart: number
}

/** The inside of a list, between the brackets, and its elements. */
export interface ListSpans {
  start: number
  end: number
  readonly elements: Span[]
}

export interface Site {
  readonly leaf: Scalar | Comment
  readonly start: number
  readonly end: number
  /** The list that the leaf is an element of, and its index. */
  readonly list?: ListSpans | undefined
  readonly index: number
}

export interface JsonText {
  readonly text: string
  /** The root object without its braces. */
  readonly inside: Span
  readonly members: readonly Member[]
  /** In the order of the text. */
  readonly sites: readonly Site[]
  /** What stands after the root object, without the space around it. sops reads no further than the brace. */
  readonly trailing: Comment | undefined
}

interface Frame {
  readonly value: Value
  readonly start: number
  readonly items: Item[] | undefined
  readonly elements: Value[] | undefined
  readonly spans: ListSpans | undefined
  key: string
  keyStart: number
  valueStart: number
  isEmpty: boolean
}

/** Reads the root object. Throws ParseError. */
export function readJson(text: string): JsonText {
  const scanner = new Scanner(text)
  checkRoot(scanner)
  const sites: Site[] = []
  const members: Member[] = []
  const start = scanner.position + 1
  readObject(scanner, sites, members)
  const inside = { start, end: scanner.position - 1 }
  const trailing = readTrailing(scanner, sites)
  return { text, inside, members, sites, trailing }
}

function checkRoot(scanner: Scanner): void {
  const first = scanner.peek()
  if (first === '{') return
  if (first === '') throw scanner.error('EOF')
  const only = "SOPS only supports JSON files with a top-level object (starting with '{'), not"
  if (first === '[') {
    throw scanner.error(
      `${only} arrays or other types. Got delimiter [ instead. To encrypt this file, wrap it in an object, e.g., {"data": [...]}`,
    )
  }
  const { type } = scanner.scalar()
  throw scanner.error(`${only} other JSON types. Got a value of type ${goTypes.get(type) ?? type} instead`)
}

const goTypes: ReadonlyMap<string, string> = new Map([
  ['str', 'string'],
  ['float', 'float64'],
  ['null', '<nil>'],
])

// Go's decoder gives up silently when the text ends in place of a value of the root object; sops then loses that
// member. Here it is an error: the rest of the text would stay in clear.
function readObject(scanner: Scanner, sites: Site[], members: Member[]): void {
  const stack: Frame[] = [openFrame(scanner)]
  for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
    const next = scanner.peek()
    if (next === (frame.items ? '}' : ']')) {
      scanner.position++
      stack.pop()
      if (frame.spans) frame.spans.end = scanner.position - 1
      const parent = stack.at(-1)
      if (parent) attach(parent, frame.value, { start: frame.start, end: scanner.position })
      if (stack.length === 1) noteMember(stack[0], scanner.position, members)
      continue
    }
    if (!frame.isEmpty) scanner.expect(',', frame.items ? 'after object key:value pair' : 'after array element')
    frame.isEmpty = false
    if (frame.items) readKey(scanner, frame)
    const opening = scanner.peek()
    frame.valueStart = scanner.position
    if (opening === '{' || opening === '[') {
      if (stack.length >= maxDepth) scanner.fail(`nested deeper than ${maxDepth} levels`)
      stack.push(openFrame(scanner))
      continue
    }
    const start = scanner.position
    const leaf = scanner.scalar()
    sites.push({ leaf, start, end: scanner.position, list: frame.spans, index: frame.elements?.length ?? 0 })
    attach(frame, leaf, { start, end: scanner.position })
    if (stack.length === 1) noteMember(frame, scanner.position, members)
  }
}

function openFrame(scanner: Scanner): Frame {
  const start = scanner.position++
  const common = { start, key: '', keyStart: 0, valueStart: 0, isEmpty: true }
  if (scanner.text[start] === '{') {
    const items: Item[] = []
    return { ...common, value: { type: 'branch', items }, items, elements: undefined, spans: undefined }
  }
  const elements: Value[] = []
  const spans = { start: start + 1, end: 0, elements: [] }
  return { ...common, value: { type: 'list', items: elements }, items: undefined, elements, spans }
}

function readKey(scanner: Scanner, frame: Frame): void {
  const isKey = scanner.peek() === '"'
  if (!isKey) {
    if (scanner.position < scanner.text.length) scanner.fail('invalid character looking for an object key')
    throw scanner.error('Expected JSON object key, got %!s(<nil>) of type <nil> instead')
  }
  frame.keyStart = scanner.position
  frame.key = scanner.string()
  scanner.expect(':', 'after object key')
}

function attach(frame: Frame, value: Value, span: Span): void {
  frame.items?.push({ type: 'item', key: frame.key, value })
  frame.elements?.push(value)
  frame.spans?.elements.push(span)
}

function noteMember(root: Frame | undefined, end: number, members: Member[]): void {
  const item = root?.items?.at(-1)
  if (!root || !item) return
  members.push({ ...item, span: { start: root.keyStart, end }, valueStart: root.valueStart })
}

function readTrailing(scanner: Scanner, sites: Site[]): Comment | undefined {
  if (scanner.peek() === '') return undefined
  const start = scanner.position
  let end = scanner.text.length
  while (' \t\r\n'.includes(scanner.text.charAt(end - 1))) end--
  const value = scanner.text.slice(start, end)
  if (hasStrayByte(value)) scanner.fail('text after the root object that is not valid UTF-8')
  const leaf: Comment = { type: 'comment', value, inline: false }
  sites.push({ leaf, start, end, index: 0 })
  return leaf
}

/** The branch of the members that `keep` accepts. */
export function branchOf(members: readonly Member[], keep: (key: string) => boolean): Branch {
  const kept = members.filter(({ key }) => keep(key))
  return { type: 'branch', items: kept.map(({ key, value }) => ({ type: 'item', key, value })) }
}
