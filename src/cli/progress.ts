// A bar on stderr for people who wait: only on a terminal, only after a second, and gone before anything else is
// printed.
import type { Io } from './io.ts'

const patience = 1000
const width = 30

export interface Progress {
  step(): void
  clear(): void
}

export function startProgress(io: Io, total: number): Progress {
  if (!io.stderr.isTerminal) return { step: nothing, clear: nothing }
  let done = 0
  let visible = false
  const draw = (): void => {
    visible = true
    const filled = total === 0 ? width : Math.round((done / total) * width)
    io.stderr.write(`\r[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done}/${total}`)
  }
  const timer = setTimeout(draw, patience)
  return {
    step() {
      done += 1
      if (visible) draw()
    },
    clear() {
      clearTimeout(timer)
      if (visible) io.stderr.write('\r\x1b[K')
      visible = false
    },
  }
}

function nothing(): void {
  return undefined
}
