// sops stores a comment of a list as an element. Opened, it becomes a comment again: a line in the dash's column, as sops
// prints it; in a flow list, which has no place for it, the element goes.
import type { Leaf, List, Value } from '../../tree/types.ts'
import type { Splice } from '../source.ts'
import type { Edits } from '../types.ts'
import { afterBlanks, afterBreak, beforeBlanks, columnOf, isBreak, lineEnd, lineStart } from './lines.ts'
import { endsLine, type Surroundings, spellComment } from './scalar-splice.ts'
import type { ScalarSource, YamlSyntax } from './syntax.ts'

/** An element that becomes a comment, or a comment that stands between such elements. */
interface Place {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly element: boolean
}

interface Task extends Surroundings {
  readonly syntax: YamlSyntax
  readonly edits: Edits
}

/** The splices, and the comments whose edits they take care of. */
export interface CommentElements {
  readonly splices: readonly Splice[]
  readonly handled: ReadonlySet<Leaf>
}

export function spliceCommentElements(around: Surroundings, syntax: YamlSyntax, edits: Edits): CommentElements {
  const task: Task = { ...around, syntax, edits }
  const splices: Splice[] = []
  const handled = new Set<Leaf>()
  if (!hasCommentElement(edits)) return { splices, handled }
  for (const list of listsOf(syntax)) {
    const first = list.items.find((item) => sourceOfElement(task, item) !== undefined)
    const source = first && sourceOfElement(task, first)
    if (source === undefined) continue
    if (source.dash === undefined) splices.push(...removeElements(task, list))
    else splices.push(...new BlockList(task, list, handled).splices())
  }
  return { splices, handled }
}

function hasCommentElement(edits: Edits): boolean {
  for (const [leaf, edit] of edits) if (edit.type === 'comment' && leaf.type !== 'comment') return true
  return false
}

function* listsOf(syntax: YamlSyntax): Generator<List> {
  const stack: Value[] = syntax.parts.map((part) => part.branch)
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (value.type === 'list') yield value
    if (value.type !== 'list' && value.type !== 'branch') continue
    for (const item of value.items) {
      const inner = item.type === 'item' ? item.value : item
      if (inner.type === 'list' || inner.type === 'branch') stack.push(inner)
    }
  }
}

/** The source of an element that is to become a comment. */
function sourceOfElement({ syntax, edits }: Task, item: Value): ScalarSource | undefined {
  if (item.type === 'list' || item.type === 'branch' || item.type === 'comment') return undefined
  const source = edits.get(item)?.type === 'comment' ? syntax.sources.get(item) : undefined
  return source?.kind === 'scalar' ? source : undefined
}

function editedText(edits: Edits, leaf: Leaf): string {
  const edit = edits.get(leaf) ?? leaf
  return edit.type === 'comment' ? edit.value : ''
}

function startOf(source: ScalarSource): number {
  return Math.min(source.span.start, source.tag?.start ?? Infinity, source.anchor?.start ?? Infinity)
}

function removeElements(task: Task, list: List): Splice[] {
  const { text } = task
  const splices: Splice[] = []
  let last = 0
  for (const item of list.items) {
    const source = sourceOfElement(task, item)
    if (source === undefined) continue
    let start = startOf(source)
    let end = afterBlanks(text, source.span.end)
    if (text[end] === ',') {
      end = afterBlanks(text, end + 1)
    } else {
      const before = beforeBlanks(text, start)
      end = source.span.end
      if (text[before - 1] === ',' && before - 1 >= last) start = before - 1
    }
    splices.push({ start, end, text: '' })
    last = end
  }
  return splices
}

class BlockList {
  readonly #task: Task
  readonly #list: List
  readonly #handled: Set<Leaf>
  readonly #places: readonly (Place | undefined)[]

  constructor(task: Task, list: List, handled: Set<Leaf>) {
    this.#task = task
    this.#list = list
    this.#handled = handled
    this.#places = list.items.map((item) => this.#place(item))
  }

  splices(): Splice[] {
    const [first] = this.#places
    const outer = first?.element === true ? this.#outerDash(first.start) : undefined
    if (outer !== undefined) return this.#liftFromCompactList(outer)
    if (this.#places.every((place) => place !== undefined)) return this.#emptyList()
    return this.#elements().map((place) => this.#asComment(place))
  }

  #place(item: Value): Place | undefined {
    const { syntax, edits } = this.#task
    const text = item.type === 'list' || item.type === 'branch' ? '' : editedText(edits, item)
    const source = sourceOfElement(this.#task, item)
    if (source?.dash !== undefined) return { start: source.dash, end: source.span.end, text, element: true }
    const own = item.type === 'comment' ? syntax.sources.get(item) : undefined
    return own && { ...own.span, text, element: false }
  }

  #elements(): Place[] {
    return this.#places.filter((place): place is Place => place?.element === true)
  }

  #asComment({ start, end, text }: Place): Splice {
    const source = this.#task.text
    const column = columnOf(source, start)
    const rest = endsLine(source, end) ? '' : `${this.#task.lineBreak}${' '.repeat(column)}`
    return { start, end, text: spellComment(text, column, this.#task.lineBreak) + rest }
  }

  /** The dash on the same line right before this one: `- - x`. */
  #outerDash(dash: number): number | undefined {
    const before = beforeBlanks(this.#task.text, dash) - 1
    return this.#task.text[before] === '-' && before < dash - 1 ? before : undefined
  }

  // sops prints the first comments of a list in a list above the outer dash, and the first element moves up to its place.
  #liftFromCompactList(outer: number): Splice[] {
    const { text, lineBreak } = this.#task
    const column = columnOf(text, outer)
    const count = this.#places.findIndex((place) => place === undefined)
    const lifted = this.#places.slice(0, count < 0 ? undefined : count).filter((place) => place !== undefined)
    this.#list.items.slice(0, lifted.length).forEach((item) => item.type === 'comment' && this.#handled.add(item))
    const comments = lifted.map((place) => spellComment(place.text, column, lineBreak))
    const start = lifted[0]?.start ?? outer
    const end = lifted.at(-1)?.end ?? start
    const rest = this.#elements().filter((place) => place.start >= end)
    return [
      { start: outer, end: outer, text: comments.map((line) => `${line}${lineBreak}${' '.repeat(column)}`).join('') },
      count < 0 ? { start, end, text: '[]' } : { start, end: nextDash(text, end), text: '' },
      ...rest.map((place) => this.#asComment(place)),
    ]
  }

  // A list must stay one when all its elements become comments: `key: []`, and the comments below in the key's column.
  #emptyList(): Splice[] {
    const { text, lineBreak } = this.#task
    const elements = this.#elements()
    const dash = elements[0]?.start ?? 0
    const colon = endOfLineBefore(text, dash)
    const splices = elements.map((place) => this.#asComment(place))
    if (colon !== undefined && text[colon - 1] === ':') {
      const column = keyColumn(text, colon)
      const moved = elements.map((place) => ({
        start: lineStart(text, place.start),
        end: place.end,
        text: ' '.repeat(column) + spellComment(place.text, column, lineBreak),
      }))
      return [{ start: colon, end: colon, text: ' []' }, ...moved]
    }
    const last = lineEnd(text, elements.at(-1)?.end ?? 0)
    return [...splices, { start: last, end: last, text: `${lineBreak}${' '.repeat(columnOf(text, dash) + 2)}[]` }]
  }
}

/** The end of the last line above `at` that is not empty, if only blanks stand between. */
function endOfLineBefore(text: string, at: number): number | undefined {
  let end = beforeBlanks(text, at)
  if (!isBreak(text[end - 1])) return undefined
  while (end > 0 && (isBreak(text[end - 1]) || text[end - 1] === ' ')) end--
  const comment = /(?:^|[ \t])#/.test(text.slice(lineStart(text, end), end))
  return comment ? undefined : end
}

function keyColumn(text: string, colon: number): number {
  const start = lineStart(text, colon)
  const [indicators = ''] = /^[ \t]*(?:[-?:][ \t]+)*/.exec(text.slice(start, colon)) ?? []
  return indicators.length
}

/** The first content after `at` that is no comment: the next element's dash. */
function nextDash(text: string, at: number): number {
  let next = lineEnd(text, at)
  for (;;) {
    next = afterBlanks(text, afterBreak(text, next))
    if (next === text.length || !(isBreak(text[next]) || text[next] === '#')) return next
    next = lineEnd(text, next)
  }
}
