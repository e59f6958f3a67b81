// Runs the editor at the user's terminal. Ctrl-C is the editor's business while it runs (vim stops a search with it); a
// signal that ends this process takes the text away first and the editor with it.
import type { Ending, Program } from '../exec/child.ts'
import { runChild } from '../exec/child.ts'
import { report } from '../exec/ending.ts'
import { makeEnvironment } from '../exec/environment.ts'
import { SignalRelay } from '../exec/signals.ts'
import { CommandError } from '../exit-status.ts'
import type { Io } from '../io.ts'
import { editorError } from './choice.ts'
import { keepTerminal } from './terminal-state.ts'

/** In sops' words. */
export class Canceled extends CommandError {
  constructor() {
    super(1, 'User canceled operation')
  }
}

/** How long an editor may take to end. */
const grace = 2000

const fatal: ReadonlySet<NodeJS.Signals> = new Set(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'])

// Only what the terminal has not sent to the editor as well comes to `send`.
class EditorSignals extends SignalRelay {
  readonly #onFatal: () => void
  #timer: NodeJS.Timeout | undefined
  isFatal = false

  constructor(onFatal: () => void) {
    super()
    this.#onFatal = onFatal
  }

  override connect(send: (signal: NodeJS.Signals) => void): void {
    super.connect((signal) => {
      if (fatal.has(signal)) this.#end(send)
      send(signal)
    })
  }

  #end(send: (signal: NodeJS.Signals) => void): void {
    this.isFatal = true
    try {
      this.#onFatal()
    } catch {
      // It is tried again, and told of, once the editor has ended.
    }
    this.#timer ??= setTimeout(() => send('SIGKILL'), grace)
  }

  override release(): void {
    clearTimeout(this.#timer)
    super.release()
  }
}

/**
 * Waits for the end of the editor. `onFatal` is called as soon as a signal ends the work.
 * Throws CommandError.
 */
export async function runEditor(io: Io, { file, args }: Program, path: string, onFatal: () => void): Promise<void> {
  const restoreTerminal = keepTerminal()
  const signals = new EditorSignals(onFatal)
  try {
    const program = { file, args: [...args, path] }
    const ending = await runChild({ io, program, env: makeEnvironment(io, false) }, signals)
    if (signals.isFatal || 'signal' in ending) restoreTerminal()
    if (signals.isFatal || wasInterrupted(ending, signals)) throw new Canceled()
    report(ending, signals)
  } catch (error) {
    if (!(error instanceof CommandError) || error instanceof Canceled) throw error
    throw editorError(error.message, error.hint)
  } finally {
    signals.release()
  }
}

// A shell that runs the real editor says 130 for Ctrl-C.
function wasInterrupted(ending: Ending, signals: SignalRelay): boolean {
  if ('signal' in ending) return signals.hasReceived(ending.signal)
  return ending.status === 130 && signals.hasReceived('SIGINT')
}

/** While something is asked, a signal ends the question instead of this process. Throws CommandError. */
export async function askUnlessCanceled(ask: () => Promise<string>): Promise<string> {
  const signals = new SignalRelay()
  try {
    return await ask()
  } catch {
    throw new Canceled()
  } finally {
    signals.release()
  }
}
