// A real terminal that a test types into and reads from: tmux with an interactive shell.
import { execFileSync, spawnSync } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'vitest'

const patience = 30_000
let count = 0

export interface TerminalSettings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

export class Terminal {
  readonly #server: string

  constructor({ cwd, env }: TerminalSettings) {
    this.#server = `tsops-test-${process.pid}-${count++}`
    const shell = ['bash', '--norc', '--noprofile', '-i']
    // bash writes its history when it ends, into a directory that is being removed by then.
    const own = { HOME: cwd, HISTFILE: '/dev/null', TERM: 'xterm', LANG: 'C.UTF-8', PS1: '$ ' }
    execFileSync('tmux', [...this.#args, '-f', '/dev/null', 'new-session', '-d', '-x', '120', '-y', '40', ...shell], {
      cwd,
      env: { PATH: process.env.PATH, ...own, ...env },
    })
  }

  get #args(): readonly string[] {
    return ['-L', this.#server]
  }

  /** Keys by their names (Enter, Escape, C-c), text as it is. */
  async type(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      const named = /^(?:Enter|Escape|Up|Down|[CM]-.)$/.test(key)
      execFileSync('tmux', [...this.#args, 'send-keys', ...(named ? [key] : ['-l', key])])
      // An editor takes an Escape and what follows at once for one key.
      await wait(key === 'Escape' ? 300 : 50)
    }
  }

  screen(): string {
    return execFileSync('tmux', [...this.#args, 'capture-pane', '-p', '-J'], { encoding: 'utf8' })
  }

  /** Waits until the screen shows something. Gives the match. */
  async see(pattern: RegExp): Promise<RegExpExecArray> {
    for (const end = Date.now() + patience; ;) {
      const found = pattern.exec(this.screen())
      if (found !== null) return found
      expect(Date.now(), `no ${String(pattern)} on the screen:\n${this.screen()}`).toBeLessThan(end)
      await wait(50)
    }
  }

  /** Types a command; `status` sees its end. */
  async run(command: string): Promise<void> {
    await this.type('clear', 'Enter')
    await this.see(/^\$ \s*$/)
    await this.type(`${command}; echo "ended with $?"`, 'Enter')
  }

  async status(): Promise<number> {
    const [, status] = await this.see(/^ended with (\d+)$/m)
    return Number(status)
  }

  resize(columns: number, rows: number): void {
    execFileSync('tmux', [...this.#args, 'resize-window', '-x', String(columns), '-y', String(rows)])
  }

  /** As when somebody closes the window. */
  close(): void {
    spawnSync('tmux', [...this.#args, 'kill-server'])
  }
}
