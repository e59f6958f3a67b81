// The kinds of age identities, and the text of a source that holds some. No error shows a character of the text.
import type { Identity } from 'age-encryption'
import { decodeBech32 } from './bech32.ts'
import { hasNativeCipher, X25519Identity } from './x25519.ts'

export interface AgeIdentity {
  /** What the library's Decrypter takes. */
  readonly identity: string | Identity
  /** The public side, where it is known without loading the library. */
  readonly recipient: string | undefined
}

interface IdentityKind {
  readonly prefix: string
  /** Throws Error with the reason. */
  parse(text: string): AgeIdentity
}

// A longer prefix stands before the one that it starts with.
const kinds: readonly IdentityKind[] = [
  { prefix: 'AGE-PLUGIN-', parse: comesLater('identities of age plugins') },
  { prefix: 'AGE-SECRET-KEY-PQ-1', parse: parseHybrid },
  { prefix: 'AGE-SECRET-KEY-1', parse: parseX25519 },
]

/** Throws Error with sops' text and the line. `manyPerLine`: several identities on a line, as in SOPS_AGE_KEY. */
export function parseIdentities(bytes: Uint8Array, location: string, manyPerLine: boolean): AgeIdentity[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  if (text.startsWith('age-encryption') || text.startsWith('-----BEGIN AGE')) {
    throw new Error(`failed to read '${location}': passphrase-protected identity files come with a later version`)
  }
  return text.split('\n').flatMap((line, index) => {
    const content = line.replace(/\r$/, '')
    if (content === '' || content.startsWith('#')) return []
    const words = manyPerLine ? content.split(/\s+/).filter((word) => word !== '') : [content]
    return words.map((word) => parseWord(word, location, index + 1))
  })
}

function parseWord(word: string, location: string, line: number): AgeIdentity {
  try {
    return parseIdentity(word)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw new Error(`failed to parse '${location}' age identities: ${reason} (line ${line})`, { cause })
  }
}

function parseIdentity(text: string): AgeIdentity {
  const kind = kinds.find(({ prefix }) => text.startsWith(prefix))
  if (kind === undefined) throw new Error('unknown identity type')
  return kind.parse(text)
}

function parseX25519(text: string): AgeIdentity {
  return malformed(() => {
    const identity = new X25519Identity(text)
    return { identity: hasNativeCipher ? identity : text, recipient: identity.recipient }
  })
}

const seedLength = 32

function parseHybrid(text: string): AgeIdentity {
  return malformed(() => {
    const { prefix, bytes } = decodeBech32(text)
    if (prefix !== 'AGE-SECRET-KEY-PQ-') throw new Error('unknown type')
    if (bytes.length !== seedLength) throw new Error('invalid MLKEM768-X25519 secret key')
    return { identity: text, recipient: undefined }
  })
}

function malformed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new Error(`malformed secret key: ${cause instanceof Error ? cause.message : 'unknown'}`, { cause })
  }
}

function comesLater(what: string): () => never {
  return () => {
    throw new Error(`${what} come with a later version`)
  }
}
