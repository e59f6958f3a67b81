// The header of an age file (https://age-encryption.org/v1): stanzas, and a MAC under the file key that they carry.
import type { Stanza } from 'age-encryption'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from './derivation.ts'
import { decodeArgument } from './file-key.ts'

export interface Header {
  readonly stanzas: Stanza[]
  readonly mac: Uint8Array
  /** What the MAC is over. */
  readonly text: Uint8Array
  /** Where the payload starts. */
  readonly size: number
}

const version = 'age-encryption.org/v1'
const bodyLine = 64
const macLength = 32

/** Throws Error. */
export function parseHeader(file: Uint8Array): Header {
  const lines = new Lines(file)
  if (lines.next() !== version) throw new Error('invalid version')
  const stanzas: Stanza[] = []
  let line = lines.next()
  for (; line.startsWith('-> '); line = lines.next()) stanzas.push(readStanza(line, lines))
  const mac = line.startsWith('--- ') ? decodeArgument(line.slice(4), macLength) : undefined
  if (mac === undefined) throw new Error('invalid header')
  return { stanzas, mac, text: file.subarray(0, lines.end - line.length + 2), size: lines.end }
}

function readStanza(line: string, lines: Lines): Stanza {
  const stanza = { args: readArguments(line), body: readBody(lines) }
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- the class has these fields alone, and need not be loaded for them
  return stanza
}

function readArguments(line: string): string[] {
  const args = line.slice(3).split(' ')
  if (args.includes('')) throw new Error('invalid stanza')
  return args
}

function readBody(lines: Lines): Uint8Array {
  const parts: Uint8Array[] = []
  let line: string
  do {
    line = lines.next()
    const part = line.length > bodyLine ? undefined : decodeArgument(line)
    if (part === undefined) throw new Error('invalid stanza')
    parts.push(part)
  } while (line.length === bodyLine)
  return Buffer.concat(parts)
}

class Lines {
  /** Behind the line break of the last line. */
  end = 0
  readonly #file: Buffer

  constructor(file: Uint8Array) {
    this.#file = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  }

  next(): string {
    const newline = this.#file.indexOf(0x0a, this.end)
    const line = newline < 0 ? '\n' : this.#file.toString('latin1', this.end, newline)
    if (!/^[ -~]*$/.test(line)) throw new Error('invalid header')
    this.end = newline + 1
    return line
  }
}

/** Throws Error when the file key is not the one of this header. */
export function checkHeader({ mac, text }: Header, fileKey: Uint8Array): void {
  const key = deriveKey(fileKey, '', 'header')
  // The text ends with `---`, without the space that follows.
  const expected = createHmac('sha256', key).update(text).digest()
  if (!timingSafeEqual(expected, mac)) throw new Error('invalid MAC of the header')
}
