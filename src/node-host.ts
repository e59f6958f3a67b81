// The default host: this process' environment, file system and child processes.
import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, closeSync, constants, openSync, readSync, statSync, writeSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import type { Agent, IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, isAbsolute, join } from 'node:path'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { StringDecoder } from 'node:string_decoder'
import type { ReadStream } from 'node:tty'
import {
  RunError,
  type Connection,
  type ConnectionRequest,
  type Conversation,
  type Host,
  type RunOptions,
} from './host.ts'

/** The host of this process. It can also tell the user something. */
export interface NodeHost extends Host {
  show(message: string): void
}

export function nodeHost(): NodeHost {
  return {
    platform: process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux',
    env: (name) => process.env[name],
    readFile: (path) => readFile(path),
    readDirectory: (path) => readdir(path),
    run,
    start,
    prompt,
    show: (message) => {
      process.stderr.write(`${message}\n`)
    },
    // Asked for only when it is called: the first look at it loads a whole HTTP client.
    fetch: (...request) => globalThis.fetch(...request),
    fetchOver,
  }
}

// What a key needs is small. A program that was given a hostile message, and unpacks it without end, must not fill our
// memory.
const maxOutput = 16 << 20
const maxStderr = 64 << 10

/** stderr is thrown away unless it is asked for, as sops does: what a key command prints there may be a secret. */
function run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: { ...process.env, ...options.env },
      shell: false,
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', options.keepStderr === true ? 'pipe' : 'ignore'],
      windowsHide: true,
    })
    const output = collect(child.stdout, maxOutput, () => {
      child.stdout?.destroy()
      child.kill()
    })
    const stderr = collect(child.stderr, maxStderr)
    child.on('error', reject)
    child.on('close', (status, signal) => {
      const message = status === null ? `signal: ${signal ?? 'unknown'}` : `exit status ${status}`
      if (output.isCut()) reject(new RunError('it wrote too much', status ?? undefined, ''))
      else if (status === 0) resolve(output.bytes())
      else reject(new RunError(message, status ?? undefined, stderr.bytes().toString()))
    })
    // A program that does not read its input closes the pipe; its status tells whether that was right.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.stdin)
  })
}

interface Collected {
  bytes(): Buffer
  isCut(): boolean
}

/** The first `limit` bytes of a stream; `onCut` is called when there are more. */
function collect(stream: Readable | null, limit: number, onCut?: () => void): Collected {
  const chunks: Buffer[] = []
  let length = 0
  stream?.on('data', (chunk: Buffer) => {
    if (length <= limit && length + chunk.length > limit) onCut?.()
    length += chunk.length
    if (length <= limit) chunks.push(chunk)
  })
  return { bytes: () => Buffer.concat(chunks), isCut: () => length > limit }
}

async function fetchOver(connection: Connection, url: string, request: ConnectionRequest): Promise<Response> {
  const { method, headers, signal } = request
  const { socketPath } = connection
  const secure = url.startsWith('https:')
  const client = secure ? await import('node:https') : await import('node:http')
  const agent = await (secure ? secureAgent(connection) : plainAgent())
  const options = { method, headers, signal, agent, ...(socketPath !== undefined && { socketPath }) }
  return new Promise((resolve, reject) => {
    const outgoing = client.request(url, options, (incoming) => {
      readResponse(incoming).then(resolve, reject)
    })
    outgoing.on('error', reject)
    outgoing.end(request.body)
  })
}

const secureAgents = new WeakMap<Connection, Agent>()
let sharedAgent: Agent | undefined

async function plainAgent(): Promise<Agent> {
  const { Agent } = await import('node:http')
  return (sharedAgent ??= new Agent({ keepAlive: true }))
}

async function secureAgent(connection: Connection): Promise<Agent> {
  const { Agent } = await import('node:https')
  const { ca, clientCertificate, clientKey, serverName, skipVerify } = connection
  const agent =
    secureAgents.get(connection) ??
    new Agent({
      keepAlive: true,
      ...(ca !== undefined && { ca: [...ca] }),
      ...(clientCertificate !== undefined && { cert: clientCertificate }),
      ...(clientKey !== undefined && { key: clientKey }),
      ...(serverName !== undefined && { servername: serverName }),
      ...(skipVerify === true && { rejectUnauthorized: false }),
    })
  secureAgents.set(connection, agent)
  return agent
}

async function readResponse(incoming: IncomingMessage): Promise<Response> {
  const output = collect(incoming, maxOutput, () => incoming.destroy(new Error('the response is too large')))
  await finished(incoming)
  const headers = Object.entries(incoming.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  )
  const body = output.bytes()
  return new Response(body.length === 0 ? null : new Uint8Array(body), { status: incoming.statusCode ?? 500, headers })
}

// It runs in the directory for temporary files, so that it cannot depend on where the user happens to be.
function start(file: string, args: readonly string[], { env }: RunOptions = {}): Conversation {
  const program = findProgram(file)
  if (program === undefined) return notFound(file)
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    cwd: tmpdir(),
    shell: false,
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  })
  const started = new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
  const status = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? undefined))
  })
  // Whoever waits for one of them sees its failure.
  for (const waiting of [started, status]) waiting.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  return {
    output: child.stdout,
    write: async (bytes) => {
      await started
      await new Promise<void>((resolve, reject) => {
        child.stdin.write(bytes, (error) => (error ? reject(error) : resolve()))
      })
    },
    end: () => child.stdin.end(),
    kill: () => {
      child.stdout.destroy()
      interrupt(child)
    },
    status,
  }
}

const grace = 2000

function interrupt(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGINT')
  const timer = setTimeout(() => child.kill('SIGKILL'), grace)
  child.once('exit', () => clearTimeout(timer))
}

// From the absolute directories of PATH alone. Windows would look into the current directory first, which may be a stranger's.
function findProgram(file: string): string | undefined {
  if (isAbsolute(file)) return file
  if (/[/\\]/.test(file)) return undefined
  return findInPath(process.platform === 'win32' ? `${file}.exe` : file, process.env.PATH)
}

/** A program in the absolute directories of a PATH. */
export function findInPath(name: string, path = ''): string | undefined {
  const directories = path.split(delimiter).filter((directory) => isAbsolute(directory))
  return directories.map((directory) => join(directory, name)).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function notFound(file: string): Conversation {
  const error = Object.assign(new Error(`${file} is not in PATH`), { code: 'ENOENT' })
  const status = Promise.reject<undefined>(error)
  status.catch(() => undefined)
  const nothing = (): void => undefined
  return { output: emptyOutput(), write: () => Promise.reject(error), end: nothing, kill: nothing, status }
}

async function* emptyOutput(): AsyncGenerator<Uint8Array> {
  // A program that never ran says nothing.
}

let asking: Promise<unknown> = Promise.resolve()

// One question at a time, on the terminal itself: stdin and stdout may be files.
function prompt(question: string, { secret }: { readonly secret: boolean }): Promise<string> {
  const answer = asking.then(() => askAtTerminal(question, secret))
  asking = answer.catch(() => undefined)
  return answer
}

async function askAtTerminal(question: string, secret: boolean): Promise<string> {
  const { ReadStream } = await import('node:tty')
  const [input, output] = isWindows ? ['\\\\.\\CONIN$', '\\\\.\\CONOUT$'] : ['/dev/tty', '/dev/tty']
  let screen: number
  let keyboard: ReadStream
  try {
    screen = openSync(output, 'r+')
    keyboard = new ReadStream(openSync(input, 'r+'))
  } catch (cause) {
    throw new Error('there is no terminal', { cause })
  }
  try {
    keyboard.setRawMode(secret)
    writeSync(screen, `${question} `)
    return await readAnswer(keyboard, isWindows ? listenToStream(keyboard) : listenToTerminal(input))
  } finally {
    keyboard.setRawMode(false)
    keyboard.destroy()
    if (secret) writeSync(screen, '\n')
    closeSync(screen)
  }
}

const isWindows = process.platform === 'win32'

interface Listener {
  readonly typed: (bytes: Uint8Array) => void
  readonly ended: () => void
}

/** Tells what is typed; the function that comes back ends that. */
type Keys = (listener: Listener) => () => void

function listenToStream(keyboard: ReadStream): Keys {
  return ({ typed, ended }) => {
    keyboard.on('data', typed).once('error', ended).once('end', ended)
    return () => keyboard.removeAllListeners('data').removeAllListeners('end')
  }
}

const pause = 20

// By looking again and again: in the executable, a stream that waits for a key can be stopped by nothing but a key, and
// would take it away from whoever reads the terminal next.
function listenToTerminal(path: string): Keys {
  return ({ typed, ended }) => {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const bytes = new Uint8Array(maxAnswerLength)
    const look = (): void => {
      try {
        const length = readSync(file, bytes)
        if (length === 0) ended()
        else typed(bytes.subarray(0, length))
      } catch (error) {
        const isWaiting = error instanceof Error && 'code' in error && error.code === 'EAGAIN'
        if (!isWaiting) ended()
      }
    }
    const timer = setInterval(look, pause)
    return () => {
      clearInterval(timer)
      closeSync(file)
    }
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const maxAnswerLength = 4096

function readAnswer(keyboard: ReadStream, keys: Keys): Promise<string> {
  return new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8')
    const answer: string[] = []
    const finish = (settle: () => void): void => {
      for (const signal of signals) process.off(signal, onSignal)
      stop()
      settle()
    }
    // The terminal gets its echo back before the signal does what it would have done.
    const onSignal = (signal: NodeJS.Signals): void => {
      keyboard.setRawMode(false)
      finish(() => reject(new Error('it was interrupted')))
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    }
    for (const signal of signals) process.on(signal, onSignal)
    const ended = (): void => finish(() => reject(new Error('the terminal was closed')))
    const typed = (bytes: Uint8Array): void => {
      for (const key of decoder.write(Buffer.from(bytes))) {
        if (key === '\x03') return onSignal('SIGINT')
        // An end of input that was sent before the question, by an editor that hands a file in here, is read as this.
        if (key === '\0') continue
        if (key === '\r' || key === '\n') return finish(() => resolve(answer.join('')))
        if (key === '\x04' && answer.length === 0) return finish(() => reject(new Error('nothing was entered')))
        if (key === '\x7f' || key === '\b') answer.pop()
        else if (key === '\x15') answer.length = 0
        else if (answer.length < maxAnswerLength) answer.push(key)
      }
    }
    const stop = keys({ typed, ended })
  })
}
