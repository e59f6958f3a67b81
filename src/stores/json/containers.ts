// The objects and lists of a JSON text on the way to one place, with the place of each of their entries.

import { sectionKey } from '../section.ts'
import { Scanner } from './scanner.ts'

/** A member of an object or an element of a list, without the space and the commas around it. */
export interface Entry {
  readonly start: number
  /** Members: behind the key's closing quote. */
  readonly keyEnd: number
  readonly valueStart: number
  end: number
  readonly isSection: boolean
}

export interface Container {
  readonly isObject: boolean
  /** Behind the opening bracket. */
  readonly start: number
  /** The closing bracket. */
  end: number
  readonly entries: Entry[]
}

interface Frame {
  readonly close: '}' | ']'
  /** undefined: not on the way. */
  readonly container: Container | undefined
  /** The entry on the way that is read next; -1 for none. */
  readonly target: number
  count: number
  isEmpty: boolean
}

/** The containers from the root to the one at `place`, in a text that was read before; undefined where there is none. */
export function findContainers(text: string, place: readonly number[]): readonly Container[] | undefined {
  const scanner = new Scanner(text)
  scanner.peek()
  const chain: Container[] = []
  const stack: Frame[] = []
  const open = (onWay: boolean): void => void stack.push(openFrame(scanner, onWay, chain, place))
  open(true)
  for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
    if (scanner.peek() === frame.close) {
      if (frame.container) frame.container.end = scanner.position
      scanner.position++
      stack.pop()
      closeEntry(stack.at(-1), scanner.position)
      continue
    }
    if (!frame.isEmpty) scanner.position++
    frame.isEmpty = false
    const isTarget = startEntry(scanner, frame, stack.length === 1)
    const first = scanner.peek()
    if (first === '{' || first === '[') {
      open(isTarget)
      continue
    }
    scanner.scalar()
    closeEntry(frame, scanner.position)
  }
  return chain.length === place.length + 1 ? chain : undefined
}

function openFrame(scanner: Scanner, onWay: boolean, chain: Container[], place: readonly number[]): Frame {
  const isObject = scanner.text.charAt(scanner.position) === '{'
  scanner.position++
  const container = onWay ? { isObject, start: scanner.position, end: 0, entries: [] } : undefined
  const target = onWay ? (place[chain.length] ?? -1) : -1
  if (container) chain.push(container)
  return { close: isObject ? '}' : ']', container, target, count: 0, isEmpty: true }
}

/** Reads the key; tells whether the entry is the one on the way. */
function startEntry(scanner: Scanner, frame: Frame, isRoot: boolean): boolean {
  scanner.peek()
  const start = scanner.position
  let keyEnd = start
  let isSection = false
  if (frame.close === '}') {
    const key = scanner.string()
    keyEnd = scanner.position
    isSection = isRoot && key === sectionKey
    scanner.expect(':', 'after object key')
    scanner.peek()
  }
  frame.container?.entries.push({ start, keyEnd, valueStart: scanner.position, end: 0, isSection })
  return frame.container !== undefined && !isSection && frame.count++ === frame.target
}

function closeEntry(frame: Frame | undefined, end: number): void {
  const entry = frame?.container?.entries.at(-1)
  if (entry) entry.end = end
}
