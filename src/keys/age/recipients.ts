// The kinds of age recipients, told apart as sops does. A new kind is one line in the table.
import type { Recipient } from 'age-encryption'
import { ConfigError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { decodeBech32 } from './bech32.ts'
import { hasNativeCipher } from './file-key.ts'
import { parsePluginRecipient } from './plugin-name.ts'
import { pluginRecipient } from './plugin.ts'
import { parsePublicLine } from './ssh-public-key.ts'
import { sshRecipient } from './ssh-stanzas.ts'
import { X25519Recipient } from './x25519.ts'

/** What the library's Encrypter takes. */
export type LibraryRecipient = string | Recipient

export interface ParsedRecipient {
  /** Encrypting starts a program of this name's plugin. */
  readonly plugin?: string
  open(host: Host): LibraryRecipient
}

interface RecipientKind {
  readonly matches: (text: string) => boolean
  /** Throws Error with the reason alone. */
  readonly parse: (text: string) => ParsedRecipient
  /** What comes before the reason. */
  readonly failure: string
}

const bech32Failure = 'failed to parse input as Bech32-encoded age public key'

const kinds: readonly RecipientKind[] = [
  { matches: (text) => text.startsWith('age1pq1'), parse: parseHybrid, failure: bech32Failure },
  {
    matches: (text) => text.startsWith('age1') && text.indexOf('1', 4) > 0,
    parse: parsePlugin,
    failure: 'failed to parse input as age key from age plugin',
  },
  { matches: (text) => text.startsWith('age1'), parse: parseX25519, failure: bech32Failure },
  {
    matches: (text) => text.startsWith('ssh-'),
    parse: parseSsh,
    failure: 'failed to parse input as age-ssh public key',
  },
]

/** Throws ConfigError with sops' texts. */
export function parseRecipient(text: string): ParsedRecipient {
  if (looksSecret(text)) {
    throw new ConfigError('failed to parse input: a secret key stands where an age recipient is expected', undefined, {
      hint: 'Give the public key (age1…), and take the secret key to be known to others.',
    })
  }
  const kind = kinds.find(({ matches }) => matches(text))
  if (kind === undefined) {
    throw new ConfigError(`failed to parse input, unknown recipient type: ${quote(text)}`, undefined, {
      hint: 'A recipient starts with age1, ssh-ed25519 or ssh-rsa.',
    })
  }
  try {
    return kind.parse(text)
  } catch (cause) {
    throw new ConfigError(`${kind.failure}: ${reason(cause)}`, undefined, { cause })
  }
}

// The message of a bad recipient shows its text, as sops does: it must not be someone's identity.
function looksSecret(text: string): boolean {
  return /AGE-(?:SECRET-KEY|PLUGIN)-|PRIVATE KEY/i.test(text)
}

const hybridKeyLength = 1216

function parseHybrid(text: string): ParsedRecipient {
  return malformed(text, () => {
    const { prefix, bytes } = decodeBech32(text)
    if (prefix !== 'age1pq') throw new Error(`invalid type "${prefix}"`)
    if (bytes.length !== hybridKeyLength) throw new Error('invalid MLKEM768-X25519 public key')
    return { open: () => text }
  })
}

function parseX25519(text: string): ParsedRecipient {
  return malformed(text, () => {
    const recipient = new X25519Recipient(text)
    return { open: () => (hasNativeCipher ? recipient : text) }
  })
}

function parsePlugin(text: string): ParsedRecipient {
  const name = parsePluginRecipient(text)
  return { plugin: name, open: (host) => pluginRecipient({ name, text }, host) }
}

function parseSsh(text: string): ParsedRecipient {
  try {
    const recipient = sshRecipient(parsePublicLine(text))
    return { open: () => recipient }
  } catch (cause) {
    throw new Error(`malformed SSH recipient: ${quote(text)}: ${reason(cause)}`, { cause })
  }
}

function malformed<T>(text: string, parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    throw new Error(`malformed recipient ${quote(text)}: ${reason(cause)}`, { cause })
  }
}

// A post-quantum recipient fills two screens, and a text that is none may have no end.
function quote(text: string): string {
  return JSON.stringify(text.length > 300 ? `${text.slice(0, 100)}…` : text)
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
