// Prints a tree that has no source: byte for byte what sops prints, but for strings that sops' own text loses.
import { SopsError } from '../../errors.ts'
import type { Branch, Comment, Item, Value } from '../../tree/types.ts'
import { type CollectionKind, type NodeComments, Printer, type PrintStyle } from './printer.ts'

type Entry = Item | Value

/** A collection that is being printed. */
interface Frame {
  readonly kind: CollectionKind
  readonly entries: readonly Entry[]
  next: number
  /** Index of the last entry that is no comment. */
  readonly last: number
  /** Comments that wait for the next entry. */
  head: string[]
  inline: string[]
  /** Its own comments, which sops prints when it ends. */
  readonly comments: NodeComments
}

const sectionKey = 'sops'
const defaultIndent = 4

/**
 * The text of all documents. `indent` is what `--indent` takes. `section` becomes the last entry of every document;
 * `layoutComment` one line of text in a comment below its key, in the first document only.
 */
export function emitYaml(
  branches: readonly Branch[],
  indent: number | undefined,
  section: Branch | undefined,
  layoutComment?: string,
): string {
  const printer = new Printer({ step: indentStep(indent) })
  branches.forEach((branch, index) => {
    printer.startDocument()
    printNode(
      printer,
      section === undefined ? branch : withSection(branch, section, index === 0 ? layoutComment : undefined),
    )
    printer.endDocument()
  })
  return printer.finish()
}

/** The text of one value, as `--extract` prints it: whatever the layout, four spaces per level. */
export function emitYamlValue(value: Exclude<Value, Comment>): string {
  return printValue(value, { step: defaultIndent })
}

/** The text of one value in a style of the caller's. */
export function printValue(value: Exclude<Value, Comment>, style: PrintStyle): string {
  const printer = new Printer(style)
  printer.startDocument()
  printNode(printer, value)
  printer.endDocument()
  return printer.finish()
}

function indentStep(indent: number | undefined): number {
  if (indent !== undefined && indent < 0) throw new SopsError('ERR_SOPS_EMIT', 'YAML Negative indentation not accepted')
  const wanted = indent === undefined || indent === 0 ? defaultIndent : indent
  return wanted < 2 || wanted > 9 ? 2 : wanted
}

function withSection(branch: Branch, section: Branch, layoutComment: string | undefined): Branch {
  if (branch.items.some((item) => item.type === 'item' && item.key === sectionKey)) {
    throw new SopsError('ERR_SOPS_EMIT', `the key "${sectionKey}" of a document is reserved for metadata`)
  }
  const layout: readonly Comment[] =
    layoutComment === undefined ? [] : [{ type: 'comment', value: ` ${layoutComment}`, inline: false }]
  const value: Branch = { type: 'branch', items: [...layout, ...section.items] }
  return { type: 'branch', items: [...branch.items, { type: 'item', key: sectionKey, value }] }
}

function printNode(printer: Printer, root: Exclude<Value, Comment>): void {
  const frames: Frame[] = []
  startNode(printer, frames, root, {})
  for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
    if (frame.next > frame.last) {
      printer.close(frame.comments)
      frames.pop()
    } else {
      printEntry(printer, frames, frame)
    }
  }
}

/** A scalar or an empty collection is printed at once, any other collection is opened. */
function startNode(printer: Printer, frames: Frame[], value: Value, comments: NodeComments): void {
  if (value.type === 'comment') return
  if (value.type !== 'branch' && value.type !== 'list') return printer.scalar(value, comments)
  const kind = value.type === 'branch' ? 'map' : 'list'
  const entries: readonly Entry[] = value.items
  const last = entries.findLastIndex((entry) => entry.type !== 'comment')
  const frame: Frame = { kind, entries, next: 0, last, head: [], inline: [], comments: {} }
  collectComments(frame)
  const own = last === -1 ? [...frame.head, ...frame.inline] : frame.head
  frame.head = []
  const head = joinComments(comments.head ?? '', own)
  const end = { line: comments.line ?? '', foot: comments.foot ?? '' }
  if (last === -1) return printer.empty(kind, head, end)
  printer.open(kind, head)
  frames.push({ ...frame, comments: kind === 'map' ? { ...end, tail: trailingComments(entries, last) } : end })
}

/** Moves to the next entry, or the end, past the comments before it. */
function collectComments(frame: Frame): void {
  for (let entry = frame.entries[frame.next]; entry?.type === 'comment'; entry = frame.entries[++frame.next]) {
    const waiting = entry.inline ? frame.inline : frame.head
    waiting.push(entry.value)
  }
}

function printEntry(printer: Printer, frames: Frame[], frame: Frame): void {
  collectComments(frame)
  const entry = frame.entries[frame.next]
  if (entry === undefined) return
  const head = joinComments('', frame.head)
  const line = joinComments('', frame.inline)
  const isLast = frame.next === frame.last
  frame.head = []
  frame.inline = []
  frame.next++
  if (entry.type === 'item') {
    printer.key(entry, head)
    startNode(printer, frames, entry.value, { line })
  } else {
    startNode(printer, frames, entry, { head, line, foot: isLast ? trailingComments(frame.entries, frame.last) : '' })
  }
}

function trailingComments(entries: readonly Entry[], last: number): string {
  const trailing = entries.slice(last + 1).filter((entry) => entry.type === 'comment')
  const text = (inline: boolean): string[] =>
    trailing.filter((entry) => entry.inline === inline).map((entry) => entry.value)
  return joinComments('', [...text(false), ...text(true)])
}

function joinComments(first: string, comments: readonly string[]): string {
  if (comments.length === 0) return first
  const text = `#${comments.join('\n#')}`
  return first === '' ? text : `${first}\n${text}`
}
