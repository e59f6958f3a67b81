// One conversation with an age plugin: age-plugin-NAME from PATH, started with the protocol's name. The user's own
// identities, rules and flags decide which; a file never does.
import { randomBytes, randomInt } from 'node:crypto'
import type { Conversation, Host } from '../../host.ts'
import { decodeArgument } from './file-key.ts'
import { IdentityFailure } from './identity-failure.ts'
import { emitStanza, StanzaReader, type PluginStanza } from './plugin-stanza.ts'

/** What a plugin may be asked to do. */
export interface PluginTalk {
  readonly name: string
  readonly protocol: 'recipient-v1' | 'identity-v1'
  /** What no error may show. */
  readonly secrets: readonly string[]
}

/** A host that can also tell the user something. */
type TalkingHost = Host & { readonly show?: (message: string) => void }

// A plugin may wait for a finger on a key, or ask in a window of its own.
const patience = 300_000

const turns = new WeakMap<Host, Promise<unknown>>()

/** Talks with the plugin, one conversation at a time: a hardware key serves one. Throws IdentityFailure. */
export async function talkToPlugin<T>(
  talk: PluginTalk,
  host: Host,
  work: (session: PluginSession) => Promise<T>,
): Promise<T> {
  const turn = (turns.get(host) ?? Promise.resolve()).then(() => startTalk(talk, host, work))
  turns.set(
    host,
    turn.catch(() => undefined),
  )
  return turn
}

async function startTalk<T>(talk: PluginTalk, host: Host, work: (session: PluginSession) => Promise<T>): Promise<T> {
  const program = `age-plugin-${talk.name}`
  if (host.start === undefined)
    throw new IdentityFailure('not-installed', `${talk.name} plugin: it cannot be started here`)
  const conversation = host.start(program, [`--age-plugin=${talk.protocol}`])
  conversation.status.catch(() => undefined)
  try {
    return await work(new PluginSession(conversation, talk, host))
  } catch (error) {
    throw describeFailure(error, talk)
  } finally {
    conversation.end()
    conversation.kill()
  }
}

function describeFailure(error: unknown, { name, secrets }: PluginTalk): IdentityFailure {
  if (error instanceof IdentityFailure) return error
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
    const message = `${name} plugin: couldn't start plugin: exec: "age-plugin-${name}": executable file not found in $PATH`
    return new IdentityFailure('not-installed', message, `Install age-plugin-${name} into a directory of PATH.`)
  }
  const reason = error instanceof Error ? error.message : 'unknown'
  return new IdentityFailure('denied', `${name} plugin: ${clean(reason, secrets)}`)
}

const maxTextLength = 1000

// A plugin's text goes to a terminal: no control characters, and not more than a person reads.
function clean(text: string, secrets: readonly string[] = []): string {
  const open = secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
  return open
    .slice(0, maxTextLength)
    .replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')
    .trim()
}

export class PluginSession {
  readonly #conversation: Conversation
  readonly #reader: StanzaReader
  readonly #talk: PluginTalk
  readonly #host: TalkingHost

  constructor(conversation: Conversation, talk: PluginTalk, host: Host) {
    this.#conversation = conversation
    this.#reader = new StanzaReader(conversation.output)
    this.#talk = talk
    this.#host = host
  }

  send(type: string, args?: readonly string[], body?: Uint8Array): Promise<void> {
    return inTime(this.#conversation.write(emitStanza(type, args, body)))
  }

  /** Something that no plugin knows, so that none takes the protocol for finished. */
  async sendGrease(): Promise<void> {
    if (randomInt(3) === 0) return
    const args = Array.from({ length: randomInt(3) }, () => String(randomInt(100)))
    await this.send(`grease-${randomBytes(8).toString('hex')}`, args, randomBytes(randomInt(100)))
  }

  /**
   * Hears the plugin out until it says that it is done. `take` gives whether a message was one of its own, which is then
   * acknowledged. What the plugin wants from the user is done here. Throws Error with the plugin's own complaint.
   */
  async hear(take: (stanza: PluginStanza) => boolean): Promise<void> {
    for (;;) {
      const stanza = await inTime(this.#reader.read())
      if (stanza.type === 'done') return
      if (stanza.type === 'error') {
        await this.send('ok')
        throw new Error(Buffer.from(stanza.body).toString())
      }
      if (take(stanza)) await this.send('ok')
      else await this.#serve(stanza)
    }
  }

  #serve(stanza: PluginStanza): Promise<void> {
    switch (stanza.type) {
      case 'msg':
        return this.#show(stanza)
      case 'request-public':
      case 'request-secret':
        return this.#request(stanza)
      case 'confirm':
        return this.#confirm(stanza)
      default:
        return this.send('unsupported')
    }
  }

  async #show({ body }: PluginStanza): Promise<void> {
    this.#host.show?.(`${this.#talk.name} plugin: ${textOf(body)}`)
    await this.send(this.#host.show === undefined ? 'fail' : 'ok')
  }

  async #request({ type, body }: PluginStanza): Promise<void> {
    const answer = await this.#ask(textOf(body), type === 'request-secret')
    if (answer === undefined) await this.send('fail')
    else await this.send('ok', [], Buffer.from(answer))
  }

  async #confirm({ args, body }: PluginStanza): Promise<void> {
    const options = args.map((arg) => decodeArgument(arg))
    const [yes, no] = options.map((option) => textOf(option ?? new Uint8Array()))
    if (yes === undefined || options.length > 2 || options.includes(undefined)) {
      throw new Error('it sent a malformed confirm stanza')
    }
    const choices = no === undefined ? `(press enter for "${yes}")` : `(press [1] for "${yes}" or [2] for "${no}")`
    const answer = (await this.#ask(`${textOf(body)} ${choices}`, false))?.trim()
    if (answer === undefined) await this.send('fail')
    else if (no === undefined || answer === '1') await this.send('ok', ['yes'])
    else await (answer === '2' ? this.send('ok', ['no']) : this.send('fail'))
  }

  /** undefined: nobody can be asked. The plugin is told so, and says what follows from it. */
  async #ask(question: string, secret: boolean): Promise<string | undefined> {
    try {
      return await this.#host.prompt?.(`${this.#talk.name} plugin: ${question}`, { secret })
    } catch {
      return undefined
    }
  }
}

function textOf(body: Uint8Array): string {
  return clean(Buffer.from(body).toString())
}

async function inTime<T>(waiting: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`there was no answer within ${patience / 1000} s`))
    }, patience)
  })
  try {
    return await Promise.race([waiting, expiry])
  } finally {
    clearTimeout(timer)
  }
}
