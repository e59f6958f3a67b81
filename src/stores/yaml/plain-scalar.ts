import { isBlank, isBlankOrEnd, isBreak, isFlowIndicator } from './characters.ts'
import { type Cursor, foldBreaks } from './cursor.ts'

export interface ScannedText {
  readonly value: string
  readonly end: number
}

/** `brokeLine`: the scalar was followed by a line break, which has been eaten. */
export interface ScannedPlain extends ScannedText {
  readonly brokeLine: boolean
}

/** A plain scalar and the blank space after it. `indent`: the least column of its further lines. */
export function scanPlain(cursor: Cursor, indent: number, inFlow: boolean): ScannedPlain {
  let value = ''
  let end = cursor.pos
  let fold = ''
  let brokeLine = false
  while (!cursor.atDocumentIndicator() && cursor.peek() !== 0x23) {
    const start = cursor.pos
    const stop = scanRun(cursor, inFlow)
    if (stop > start) {
      value += fold + cursor.text.slice(start, stop)
      end = stop
      brokeLine = false
      cursor.newlines = 0
    }
    const code = cursor.peek()
    if (!isBlank(code) && !isBreak(code)) break
    const { line } = cursor
    fold = foldBreaks(cursor, brokeLine, indent)
    brokeLine ||= cursor.line > line
    if (!inFlow && cursor.column < indent) break
  }
  return { value, end, brokeLine }
}

/** Runs to the end of the text on this line and gives where its last visible character ends. */
function scanRun(cursor: Cursor, inFlow: boolean): number {
  const { text } = cursor
  let pos = cursor.pos
  let end: number
  for (;;) {
    let code = text.charCodeAt(pos)
    if (isBlank(code)) {
      end = pos
      while (isBlank((code = text.charCodeAt(pos)))) pos++
      if (isBlankOrEnd(code) || code === 0x23 || endsPlain(code, text.charCodeAt(pos + 1), inFlow)) break
    } else if (isBlankOrEnd(code) || endsPlain(code, text.charCodeAt(pos + 1), inFlow)) {
      end = pos
      break
    }
    pos++
  }
  cursor.pos = pos
  return end
}

function endsPlain(code: number, next: number, inFlow: boolean): boolean {
  return (code === 0x3a && isBlankOrEnd(next)) || (inFlow && isFlowIndicator(code))
}
