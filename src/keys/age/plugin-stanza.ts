// The messages of the plugin protocol (https://c2sp.org/age-plugin): stanzas as in a file's header, one after the other.
import { encodeArgument, decodeArgument } from './file-key.ts'

export interface PluginStanza {
  readonly type: string
  readonly args: readonly string[]
  readonly body: Uint8Array
}

const lineLength = 64
const bytesPerLine = 48

export function emitStanza(type: string, args: readonly string[] = [], body: Uint8Array = new Uint8Array()): Buffer {
  const lines = [['->', type, ...args].join(' ')]
  const text = encodeArgument(body)
  // The last line is a short one, and so an empty one after full lines.
  for (let place = 0; place <= text.length; place += lineLength) lines.push(text.slice(place, place + lineLength))
  return Buffer.from(`${lines.join('\n')}\n`)
}

const maxLineLength = 1 << 16
// Of all that a plugin says.
const maxLength = 1 << 24

/** Reads a plugin's messages. Throws Error for what is none. */
export class StanzaReader {
  readonly #chunks: AsyncIterator<Uint8Array, unknown>
  #text = ''
  #place = 0
  #length = 0

  constructor(output: AsyncIterable<Uint8Array>) {
    this.#chunks = output[Symbol.asyncIterator]()
  }

  async read(): Promise<PluginStanza> {
    const [arrow, type, ...args] = (await this.#readLine()).split(' ')
    if (arrow !== '->' || type === undefined || ![type, ...args].every((word) => /^[!-~]+$/.test(word))) {
      throw new Error('it sent a malformed stanza')
    }
    const parts: Uint8Array[] = []
    for (let length = bytesPerLine; length === bytesPerLine; length = parts.at(-1)?.length ?? 0) {
      const bytes = decodeArgument(await this.#readLine())
      if (bytes === undefined || bytes.length > bytesPerLine) throw new Error('it sent a malformed stanza')
      parts.push(bytes)
    }
    return { type, args, body: Buffer.concat(parts) }
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf('\n', this.#place)
      if (end >= 0) {
        const line = this.#text.slice(this.#place, end)
        this.#place = end + 1
        return line
      }
      this.#text = this.#text.slice(this.#place)
      this.#place = 0
      if (this.#text.length > maxLineLength) throw new Error('it sent a line that is too long')
      await this.#readChunk()
    }
  }

  async #readChunk(): Promise<void> {
    const next = await this.#chunks.next()
    if (next.done === true) throw new Error('it ended before it had answered')
    this.#length += next.value.length
    if (this.#length > maxLength) throw new Error('it sent too much')
    this.#text += Buffer.from(next.value).toString('latin1')
  }
}
