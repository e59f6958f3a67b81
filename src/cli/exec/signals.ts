// While a program runs for us, a signal is its business: it gets what we get, and we live until it has ended. What a
// terminal sends, it sends to both of us, and once is enough.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'

const forwarded: readonly NodeJS.Signals[] =
  process.platform === 'win32'
    ? ['SIGINT', 'SIGBREAK', 'SIGHUP']
    : [
        ...(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const),
        ...(['SIGALRM', 'SIGCONT', 'SIGWINCH'] as const),
      ]

const ofTerminals: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGWINCH'])

type Send = (signal: NodeJS.Signals) => void

export class SignalRelay {
  readonly #saved = new Map<NodeJS.Signals, readonly NodeJS.SignalsListener[]>()
  readonly #received = new Set<NodeJS.Signals>()
  #early: NodeJS.Signals[] = []
  #send: Send | undefined

  /** From here on nobody else in this process answers the signals. */
  constructor() {
    for (const signal of forwarded) {
      this.#saved.set(signal, listenersOf(signal))
      process.removeAllListeners(signal)
      process.on(signal, this.#receive)
    }
  }

  readonly #receive = (signal: NodeJS.Signals): void => {
    this.#received.add(signal)
    if (this.#send === undefined) this.#early.push(signal)
    else if (!ofTerminals.has(signal) || !isForeground()) this.#send(signal)
  }

  /** The program is there: it gets what came before it, too. */
  connect(send: Send): void {
    // On Windows to send is to end, and the console tells the program itself.
    if (process.platform === 'win32') return
    this.#send = send
    for (const signal of this.#early) send(signal)
    this.#early = []
  }

  hasReceived(signal: NodeJS.Signals): boolean {
    return this.#received.has(signal)
  }

  /** Puts back who answered the signals before. */
  release(): void {
    for (const [signal, listeners] of this.#saved) {
      process.removeListener(signal, this.#receive)
      for (const listener of listeners) process.on(signal, listener)
    }
    this.#saved.clear()
  }
}

// As they were added: a listener for one time stays one.
function listenersOf(signal: NodeJS.Signals): readonly NodeJS.SignalsListener[] {
  return process.rawListeners(signal) as NodeJS.SignalsListener[]
}

/** Whether a terminal has this process, and so the program, in its foreground. */
function isForeground(): boolean {
  try {
    if (process.platform === 'linux') return isForegroundIn(readFileSync('/proc/self/stat', 'utf8'))
    const { stdout, status } = spawnSync('ps', ['-o', 'stat=', '-p', String(process.pid)], { encoding: 'utf8' })
    if (status === 0) return stdout.includes('+')
  } catch {
    // No /proc for us: see below.
  }
  return [0, 1, 2].some((descriptor) => isatty(descriptor))
}

function isForegroundIn(stat: string): boolean {
  // The name of the program stands in brackets and may hold anything.
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return terminal !== '0' && group === foreground
}
