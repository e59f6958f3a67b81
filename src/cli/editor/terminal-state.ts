// An editor that is ended leaves the terminal as it had it: no echo, lines that do not end. Node cannot set that right, so
// the system's stty does.
import { spawnSync } from 'node:child_process'
import { isatty } from 'node:tty'

const settings = /^[\w:=;-]+$/

/** Gives a function that brings back the terminal as it is now; it does nothing where there is none. */
export function keepTerminal(): () => void {
  if (process.platform === 'win32' || !isatty(0)) return () => undefined
  const { stdout } = spawnSync('stty', ['-g'], { stdio: ['inherit', 'pipe', 'ignore'], encoding: 'utf8' })
  // There may be no such program.
  const state = typeof stdout === 'string' ? stdout.trim() : ''
  return () => {
    if (settings.test(state)) spawnSync('stty', [state], { stdio: ['inherit', 'ignore', 'ignore'] })
  }
}
