// The other side of the plugin protocol, in this process: what a plugin hears and says is up to a test.
import type { Conversation } from '../../src/host.ts'
import { emitStanza, StanzaReader, type PluginStanza } from '../../src/keys/age/plugin-stanza.ts'

export interface PluginSide {
  /** The next message that is no grease. */
  read(): Promise<PluginStanza>
  /** All messages up to `done`. */
  readAll(): Promise<PluginStanza[]>
  send(type: string, args?: readonly string[], body?: Uint8Array): void
  sendRaw(text: string): void
}

/** A program that does as `behave` says, and ends when that is over. */
export function fakePlugin(behave: (plugin: PluginSide) => Promise<void>): Conversation & { readonly killed: boolean } {
  const heard = new Pipe()
  const said = new Pipe()
  const reader = new StanzaReader(heard)
  const read = async (): Promise<PluginStanza> => {
    const stanza = await reader.read()
    return stanza.type.startsWith('grease-') ? read() : stanza
  }
  const readAll = async (): Promise<PluginStanza[]> => {
    const stanza = await read()
    return stanza.type === 'done' ? [] : [stanza, ...(await readAll())]
  }
  const side: PluginSide = {
    read,
    readAll,
    send: (...stanza) => said.push(emitStanza(...stanza)),
    sendRaw: (text) => said.push(Buffer.from(text)),
  }
  const conversation = {
    output: said,
    write: async (bytes: Uint8Array) => heard.push(bytes),
    end: () => heard.close(),
    killed: false,
    kill: () => {
      conversation.killed = true
    },
    status: behave(side).then(
      () => {
        said.close()
        return 0
      },
      () => {
        said.close()
        return 1
      },
    ),
  }
  return conversation
}

class Pipe implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = []
  #closed = false
  #wake: () => void = () => undefined

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) yield chunk
      else if (this.#closed) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
