// The kinds of age identities, and the text of a source that holds some. No error shows a character of the text.
import type { Identity } from 'age-encryption'
import type { Host } from '../../host.ts'
import { decodeBech32 } from './bech32.ts'
import { looksEncrypted } from './file.ts'
import { hasNativeCipher } from './file-key.ts'
import { IdentityFailure } from './identity-failure.ts'
import { LockedIdentities } from './locked-identities.ts'
import { parsePluginIdentity } from './plugin-name.ts'
import { pluginIdentity } from './plugin.ts'
import { X25519Identity } from './x25519.ts'

export interface AgeIdentity {
  /** What the library's Decrypter takes, or what has to be unlocked first. */
  readonly identity: string | Identity | LockedIdentities
  /** The public side, where it is known without loading the library. */
  readonly recipient: string | undefined
  /** What a person calls it, where there is no public side. */
  readonly about?: string
  /** It may start a program or ask the user, and is tried after those that do not. */
  readonly asks?: true
}

export interface OpenIdentity extends AgeIdentity {
  readonly identity: string | Identity
}

interface IdentityKind {
  readonly prefix: string
  /** Throws Error with the reason. */
  parse(text: string, host: Host): OpenIdentity
}

// A longer prefix stands before the one that it starts with.
const kinds: readonly IdentityKind[] = [
  { prefix: 'AGE-PLUGIN-', parse: parsePlugin },
  { prefix: 'AGE-SECRET-KEY-PQ-1', parse: parseHybrid },
  { prefix: 'AGE-SECRET-KEY-1', parse: parseX25519 },
]

export interface IdentityText {
  readonly location: string
  /** Several identities may stand on one line, as in SOPS_AGE_KEY. */
  readonly manyPerLine: boolean
}

/** Throws Error with sops' text and the line. */
export function parseIdentities(bytes: Uint8Array, source: IdentityText, host: Host): AgeIdentity[] {
  if (!looksEncrypted(bytes)) return parseText(bytes, source, host)
  const { location } = source
  const parse = (plain: Uint8Array): OpenIdentity[] => parseLocked(plain, location, host)
  const identity = new LockedIdentities({ bytes, location, parse }, host)
  return [{ identity, recipient: undefined, about: 'a file with a passphrase', asks: true }]
}

function parseLocked(plain: Uint8Array, location: string, host: Host): OpenIdentity[] {
  try {
    return parseText(plain, { location, manyPerLine: false }, host)
  } catch (cause) {
    throw new IdentityFailure('malformed', cause instanceof Error ? cause.message : 'unknown')
  }
}

function parseText(bytes: Uint8Array, { location, manyPerLine }: IdentityText, host: Host): OpenIdentity[] {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  return text.split('\n').flatMap((line, index) => {
    const content = line.replace(/\r$/, '')
    if (content === '' || content.startsWith('#')) return []
    const words = manyPerLine ? content.split(/\s+/).filter((word) => word !== '') : [content]
    const place = { location, line: index + 1 }
    return words.map((word) => parseWord(word, place, host))
  })
}

function parseWord(
  word: string,
  { location, line }: { readonly location: string; readonly line: number },
  host: Host,
): OpenIdentity {
  try {
    const kind = kinds.find(({ prefix }) => word.startsWith(prefix))
    if (kind === undefined) throw new Error('unknown identity type')
    return kind.parse(word, host)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw new Error(`failed to parse '${location}' age identities: ${reason} (line ${line})`, { cause })
  }
}

function parsePlugin(text: string, host: Host): OpenIdentity {
  const name = parsePluginIdentity(text)
  return {
    identity: pluginIdentity({ name, text }, host),
    recipient: undefined,
    about: `the plugin ${name}`,
    asks: true,
  }
}

function parseX25519(text: string): OpenIdentity {
  return malformed(() => {
    const identity = new X25519Identity(text)
    return { identity: hasNativeCipher ? identity : text, recipient: identity.recipient }
  })
}

const seedLength = 32

function parseHybrid(text: string): OpenIdentity {
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
