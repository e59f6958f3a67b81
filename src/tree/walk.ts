// Walks a tree in sops' order (walkBranch in sops.go, 3.13.3): depth first, documents in turn, null never visited.
// No recursion: a tree may be as deep as maxDepth.
import type { Selector } from './selection.ts'
import type { Branch, Item, Comment, Leaf, List, Scalar, Value } from './types.ts'

export interface Visit {
  readonly leaf: Exclude<Leaf, { type: 'null' }>
  /** Additional data of the cipher: the mapping keys from the root, each with a colon after it; `:` for a root comment. */
  readonly aad: string
  readonly encrypted: boolean
  readonly inList: boolean
  /** The mapping keys from the root, for messages. */
  readonly path: () => string[]
}

interface Frame {
  readonly items: readonly (Item | Value)[]
  readonly key: string | undefined
  readonly prefix: string
  readonly isList: boolean
  next: number
}

/** Calls `visit` for each leaf and comment of the documents, with the selector's answer for it. */
export function walk(branches: readonly Branch[], selector: Selector, visit: (visit: Visit) => void): void {
  for (const branch of branches) new Walk(selector, visit).run(branch)
}

class Walk {
  readonly #selector: Selector
  readonly #visit: (visit: Visit) => void
  readonly #frames: Frame[] = []

  constructor(selector: Selector, visit: (visit: Visit) => void) {
    this.#selector = selector
    this.#visit = visit
  }

  run(branch: Branch): void {
    this.#open(branch, undefined, '')
    for (let frame = this.#frames.at(-1); frame !== undefined; frame = this.#frames.at(-1)) {
      const item = frame.items[frame.next++]
      if (item === undefined) this.#close()
      else if (item.type === 'item') this.#step(frame, item.value, item.key)
      else this.#step(frame, item, undefined)
    }
  }

  #step(frame: Frame, value: Value, key: string | undefined): void {
    const prefix = key === undefined ? frame.prefix : `${frame.prefix}${key}:`
    if (value.type === 'branch' || value.type === 'list') return this.#open(value, key, prefix)
    const isComment = value.type === 'comment'
    if (isComment) this.#selector.see(value.value)
    if (value.type !== 'null') {
      this.#visit({
        leaf: value,
        aad: prefix === '' && this.#frames.length === 1 && key === undefined ? ':' : prefix,
        encrypted: this.#selector.selects(key, isComment),
        inList: frame.isList,
        path: () => this.#path(key),
      })
    }
    if (!isComment) this.#selector.settle()
  }

  #open(value: Branch | List, key: string | undefined, prefix: string): void {
    this.#selector.enter(key)
    this.#frames.push({ items: value.items, key, prefix, isList: value.type === 'list', next: 0 })
  }

  #close(): void {
    this.#frames.pop()
    this.#selector.leave()
    if (this.#frames.length > 0) this.#selector.settle()
  }

  #path(key: string | undefined): string[] {
    return [...this.#frames.map((frame) => frame.key), key].filter((part) => part !== undefined)
  }
}

/** The same tree with the leaves that `replace` names exchanged. Comments may become list elements and the reverse. */
export function mapLeaves(branches: readonly Branch[], replace: (leaf: Leaf) => Leaf): Branch[] {
  return branches.map((branch) => mapBranch(branch, replace))
}

interface Copy {
  readonly source: readonly (Item | Value)[]
  readonly items: (Item | Value)[]
}

function mapBranch(root: Branch, replace: (leaf: Leaf) => Leaf): Branch {
  const items: (Item | Comment)[] = []
  const stack: Copy[] = [{ source: root.items, items }]
  const copy = (value: Value): Value => {
    if (value.type !== 'branch' && value.type !== 'list') return replace(value)
    const inner: (Item | Value)[] = []
    stack.push({ source: value.items, items: inner })
    return { ...value, items: inner } as Branch | List
  }
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    for (const item of top.source) {
      if (item.type === 'item') top.items.push({ ...item, value: copy(item.value) })
      else top.items.push(copy(item))
    }
  }
  return { type: 'branch', items }
}

/** Whether two trees hold the same keys and scalars in the same order; comments are not looked at. */
export function sameValues(a: readonly Branch[], b: readonly Branch[]): boolean {
  const left = shape(a)
  const right = shape(b)
  for (;;) {
    const one = left.next()
    const other = right.next()
    if (one.done === true || other.done === true) return one.done === other.done
    if (!sameStep(one.value, other.value)) return false
  }
}

type Step = string | Scalar

function sameStep(a: Step, b: Step): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  if (a.type === 'null' || b.type === 'null') return a.type === b.type
  if (a.type === 'bytes' && b.type === 'bytes') return Buffer.compare(a.value, b.value) === 0
  return a.type === b.type && Object.is(a.value, b.value)
}

function* shape(branches: readonly Branch[]): Generator<Step> {
  const stack: { readonly items: readonly (Item | Value)[]; next: number }[] = []
  for (const branch of branches) {
    yield 'document'
    stack.push({ items: branch.items, next: 0 })
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const item = top.items[top.next++]
      if (item === undefined) {
        yield 'end'
        stack.pop()
        continue
      }
      if (item.type === 'item') yield `key ${item.key}`
      const value = item.type === 'item' ? item.value : item
      if (value.type === 'branch' || value.type === 'list') {
        yield value.type
        stack.push({ items: value.items, next: 0 })
      } else if (value.type !== 'comment') yield value
    }
  }
}
