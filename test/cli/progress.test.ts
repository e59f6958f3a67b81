import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Io } from '../../src/cli/io.ts'
import { startProgress } from '../../src/cli/progress.ts'

let text = ''

beforeEach(() => {
  text = ''
  vi.useFakeTimers()
})

afterEach(() => vi.useRealTimers())

function ioFor(isTerminal: boolean): Io {
  return {
    env: {},
    cwd: '/',
    stdin: (async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array()
    })(),
    stdout: { isTerminal: false, write: async () => undefined },
    stderr: { isTerminal, write: (more) => void (text += more) },
  }
}

test('a bar comes after a second, and goes', () => {
  const progress = startProgress(ioFor(true), 4)
  progress.step()
  vi.advanceTimersByTime(999)
  expect(text).toBe('')
  vi.advanceTimersByTime(1)
  progress.step()
  expect(text.split('\r').slice(1)).toEqual([
    `[${'#'.repeat(8)}${'.'.repeat(22)}] 1/4`,
    `[${'#'.repeat(15)}${'.'.repeat(15)}] 2/4`,
  ])
  progress.clear()
  expect(text.endsWith('\r\x1b[K')).toBe(true)
})

test('work that is done within a second shows no bar', () => {
  const progress = startProgress(ioFor(true), 1)
  progress.step()
  progress.clear()
  vi.advanceTimersByTime(5000)
  expect(text).toBe('')
})

test('what is no terminal shows no bar', () => {
  const progress = startProgress(ioFor(false), 1)
  vi.advanceTimersByTime(5000)
  progress.clear()
  expect(text).toBe('')
})
