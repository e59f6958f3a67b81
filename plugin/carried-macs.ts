// Which MACs a file may carry: every ciphertext in it that is long enough counts, whatever key or document it stands at.
// So nothing depends on how a key is spelled, only on the text itself.
import { Parser } from '../src/stores/yaml/parser.ts'
import { Scanner } from '../src/stores/yaml/scanner.ts'

// A MAC is 128 characters before it is encrypted. No MAC comes near the upper limit, which keeps this linear.
const long = /ENC\[AES256_GCM,[^\]\s]{200,1000}\]/g
// YAML can spell a character of it by an escape, join it over lines, or hold it as !!binary; or the text is UTF-16.
const spelledOut = /\\[xuU/\r\n\xc2\xe2]|!\S{0,100}(?:binary|%)|%TAG|\0/

/** undefined: not known, it may carry any. */
export function macsIn(bytes: Uint8Array): ReadonlySet<string> | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const found = new Set(text.match(long))
  return spelledOut.test(text) ? addParsed(bytes, found) : found
}

function addParsed(bytes: Uint8Array, found: Set<string>): ReadonlySet<string> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (text.includes('\0')) return undefined
    for (const scalar of scalarsOf(text)) {
      for (const mac of [scalar, Buffer.from(scalar, 'base64').toString('latin1')].join('\n').match(long) ?? []) {
        found.add(mac)
      }
    }
    return found
  } catch {
    return undefined
  }
}

function* scalarsOf(text: string): Generator<string, undefined> {
  const parser = new Parser(new Scanner(text))
  for (let event = parser.next(); event.type !== 'stream-end'; event = parser.next()) {
    if (event.type === 'scalar' && event.token !== undefined) yield event.token.value
  }
  return undefined
}
