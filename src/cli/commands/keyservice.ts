import { SopsError } from '../../errors.ts'
import type { KeyServer } from '../../keys/key-service/server.ts'
import type { MasterKey } from '../../keys/types.ts'
import { localKeyService } from '../../index.ts'
import type { Call, Command } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { hostOf, type Io } from '../io.ts'
import { logLine } from '../log.ts'
import { quoteGo } from '../quote.ts'
import { hintText } from '../report.ts'

export const keyserviceCommand: Command = {
  usage: '[flags]',
  about:
    'serves the keys of this machine to sops and tsops on others (--keyservice). There is no encryption and there are ' +
    'no users: whoever can connect can decrypt.',
  operation: 'keyservice',
  flagGroups: async () => [
    {
      title: 'Flags',
      flags: [
        { names: ['network', 'net'], kind: 'string', value: 'NETWORK', help: 'tcp (default) or unix' },
        {
          names: ['address', 'addr'],
          kind: 'string',
          value: 'ADDRESS',
          help: 'host and port, or path, to listen on; default 127.0.0.1:5000',
        },
        { names: ['prompt'], kind: 'bool', help: 'ask at the terminal before each use of a key' },
        { names: ['verbose'], kind: 'bool', help: 'tell where it listens and when it stops' },
      ],
    },
  ],
  run: serve,
}

// sops logs what stops its server, twice, instead of printing it.
async function serve(call: Call): Promise<number> {
  try {
    return await serveUntilStopped(call)
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    logLine(call.io, 'error', `Error running keyservice: ${error.message}`)
    logLine(call.io, 'fatal', error.message)
    if (error.hint !== undefined) call.io.stderr.write(`${hintText(error.hint)}\n`)
    return 1
  }
}

async function serveUntilStopped({ io, root, flags, positionals }: Call): Promise<number> {
  if (positionals.length > 0) throw new CommandError(1, 'Error: keyservice takes no arguments', 'See --address.')
  const network = flags.isSet('network') ? flags.text('network') : 'tcp'
  const address = flags.isSet('address') ? flags.text('address') : '127.0.0.1:5000'
  const tell = (message: string): void => {
    if (flags.isOn('verbose') || root.isOn('verbose')) logLine(io, 'info', message, 'KEYSERVICE')
  }
  const stopped = nextSignal()
  const { serveKeys } = await import('../../keys/key-service/server.ts')
  const options = { network, address, keyService: localKeyService(hostOf(io)) }
  const prompt = flags.isOn('prompt')
  const server = await serveKeys(prompt ? { ...options, approve: approval(io) } : options)
  if (network !== 'unix' && !isLoopback(address)) logLine(io, 'warning', openToOthers, 'KEYSERVICE')
  tell(`Listening on ${network}://${withPort(address, network, server)}`)
  tell(`Caught signal ${await stopped}: shutting down.`)
  await server.close()
  // A question that nobody answered must not keep the process.
  if (prompt && 'unref' in process.stdin) process.stdin.unref()
  return 0
}

const openToOthers = 'Everybody who can reach this address can decrypt with the keys of this machine'

function isLoopback(address: string): boolean {
  return /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/.test(address)
}

// Port 0 asks for any.
function withPort(address: string, network: string, { port }: KeyServer): string {
  return network === 'unix' ? address : address.replace(/:0+$/, `:${port}`)
}

// The handlers stay: the main module sends each signal a second time.
function nextSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
  })
}

// One question at a time.
function approval(io: Io): (operation: string, key: MasterKey) => Promise<boolean> {
  const lines = readLines(io.stdin)
  let turn: Promise<unknown> = Promise.resolve()
  return (operation, key) => {
    const answer = turn.then(() => ask(io, lines, `${operation} request using ${key.type} key ${quoteGo(key.id)}`))
    turn = answer.catch(() => undefined)
    return answer
  }
}

async function ask(io: Io, lines: AsyncIterator<string, undefined>, what: string): Promise<boolean> {
  for (;;) {
    await io.stdout.write(Buffer.from(`\nReceived ${what}. Respond to request? (y/n): `))
    const line = await lines.next()
    if (line.done === true) return false
    if (line.value === 'y' || line.value === 'n') return line.value === 'y'
  }
}

async function* readLines(input: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = ''
  for await (const chunk of input) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield line.trim()
  }
  return undefined
}
