// What is wrong with a text, as comment lines on top of it, where the user sees them in the editor. They are taken away
// again before the text is read. Lines that somebody changed may hold some of the text, so they are told of, not removed.
import { isUtf8 } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import { CommandError } from '../exit-status.ts'
import { showText } from '../quote.ts'

const leaders = new Map([
  ['yaml', '#'],
  ['json', '//'],
  ['dotenv', '#'],
  ['ini', '#'],
  ['binary', '//'],
])

export interface Note {
  readonly lines: readonly string[]
  /** Stands in each of the lines, and nowhere else. */
  readonly token: string
}

const mark = Buffer.from('\uFEFF')

export interface Problem {
  readonly reasons: readonly string[]
  /** Where in the text it is; 0 where no place is known. */
  readonly line: number
  readonly format: string
}

/** undefined where the text is not in UTF-8, so that nothing can be written into it. */
export function makeNote(text: Uint8Array, { reasons, line, format }: Problem): Note | undefined {
  const leader = leaders.get(format)
  if (leader === undefined || !isUtf8(text)) return undefined
  const token = `[tsops ${randomBytes(4).toString('hex')}]`
  const all = [...reasons, 'Not saved. These lines go when you save.']
  // What is wrong stands below the note now.
  const placed = all.map((reason) =>
    line === 0 ? reason : reason.replace(`line ${line}:`, `line ${line + all.length}:`),
  )
  return { lines: placed.map((reason) => `${leader} ${token} ${oneLine(reason)}`), token }
}

function oneLine(text: string): string {
  return showText(text).replaceAll(/\s+/g, ' ')
}

/** The text with the note on top. */
export function withNote(text: Uint8Array, { lines }: Note): Uint8Array {
  const start = startsWith(text, mark) ? mark.length : 0
  const note = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  return Buffer.concat([text.subarray(0, start), note, text.subarray(start)])
}

/** The text without the note, wherever its lines are. Throws CommandError when one was changed. */
export function withoutNote(text: Uint8Array, { lines, token }: Note): Uint8Array {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length)
  const kept: Buffer[] = []
  let start = startsWith(bytes, mark) ? mark.length : 0
  if (start > 0) kept.push(bytes.subarray(0, start))
  for (let number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline < 0 ? bytes.length : newline + 1
    const line = bytes.subarray(start, end)
    if (line.indexOf(token) < 0) kept.push(line)
    else if (!lines.includes(line.toString().trimEnd())) throw changed(number)
    start = end
  }
  return Buffer.concat(kept)
}

function startsWith(text: Uint8Array, start: Uint8Array): boolean {
  return Buffer.compare(text.subarray(0, start.length), start) === 0
}

function changed(line: number): CommandError {
  return new CommandError(2, `line ${line} holds something else beside a note of tsops`, 'Remove the note from it.')
}
