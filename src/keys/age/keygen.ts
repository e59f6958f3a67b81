// New identities, as age-keygen prints them.
import { randomBytes } from 'node:crypto'
import { now } from '../../rfc3339.ts'
import { encodeBech32 } from './bech32.ts'
import { X25519Identity } from './x25519.ts'

export type IdentityKind = 'x25519' | 'pq'

export interface GeneratedIdentity {
  /** The secret: `AGE-SECRET-KEY-…`. */
  readonly identity: string
  readonly recipient: string
  /** The contents of a key file. */
  readonly file: string
}

export async function generateIdentity(kind: IdentityKind): Promise<GeneratedIdentity> {
  const { identity, recipient } = kind === 'pq' ? await generateHybrid() : generateX25519()
  return { identity, recipient, file: `# created: ${now()}\n# public key: ${recipient}\n${identity}\n` }
}

interface Pair {
  readonly identity: string
  readonly recipient: string
}

function generateX25519(): Pair {
  const identity = encodeBech32('AGE-SECRET-KEY-', randomBytes(32))
  return { identity, recipient: new X25519Identity(identity).recipient }
}

async function generateHybrid(): Promise<Pair> {
  const { generateHybridIdentity, identityToRecipient } = await import('age-encryption')
  const identity = await generateHybridIdentity()
  return { identity, recipient: await identityToRecipient(identity) }
}
