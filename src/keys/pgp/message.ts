// What an encrypted data key must look like before any key is tried, in process or by gpg: one armored message, for public
// keys, with integrity protection. gpg -d would also print what is not encrypted, ask for the passphrase of whoever made
// the file, and older ones would take a message that anybody can change.
import { isOneBlock, readArmor } from './armor.ts'
import { readPackets, tags, type Packet } from './packets.ts'

export interface EncryptedMessage {
  readonly bytes: Uint8Array
  /** The key IDs that it is for, in capital hexadecimal digits; '' where it does not tell. */
  readonly recipients: readonly string[]
  /** Encrypted by GnuPG 2.3 or later in the way that others call their own. */
  readonly isGnupgAuthenticated: boolean
}

/** Many times what a message for several large keys takes: a text without end must not be decoded. */
const maxLength = 1 << 16

/** A text says what is wrong with it. */
export function readMessage(armored: string): EncryptedMessage | string {
  if (armored.length > maxLength) return 'the PGP message is too large'
  if (armored.trim() === '') return 'there is no PGP message'
  const [block] = readArmor(armored)
  if (block?.kind !== 'PGP MESSAGE' || !isOneBlock(armored)) return 'armor decoding failed: it is not one PGP message'
  if (block.bytes === undefined) return 'armor decoding failed: the PGP message is damaged'
  const packets = readPackets(block.bytes)?.filter(({ tag }) => tag !== tags.marker && tag !== tags.padding)
  const data = packets?.at(-1)
  if (packets === undefined || data === undefined) return 'the PGP message is damaged'
  return describeFault(packets.slice(0, -1), data) ?? describeMessage(block.bytes, packets.slice(0, -1), data)
}

function describeFault(sessionKeys: readonly Packet[], data: Packet): string | undefined {
  const all = [...sessionKeys, data].map(({ tag }) => tag)
  if (all.includes(tags.unprotectedData)) return 'the PGP message has no integrity protection'
  if (all.includes(tags.passphraseSessionKey)) return 'the PGP message is for a passphrase'
  if (data.tag !== tags.protectedData && data.tag !== tags.gnupgAuthenticatedData) {
    return 'the PGP message is not encrypted, or holds more than an encrypted message does'
  }
  if (sessionKeys.length === 0) return 'the PGP message is for no public key'
  if (sessionKeys.every(({ tag }) => tag === tags.publicKeySessionKey)) return undefined
  return 'the PGP message holds more than an encrypted message does'
}

function describeMessage(bytes: Uint8Array, sessionKeys: readonly Packet[], data: Packet): EncryptedMessage {
  return {
    bytes,
    recipients: sessionKeys.map(({ body }) => recipientOf(body)),
    isGnupgAuthenticated: data.tag === tags.gnupgAuthenticatedData,
  }
}

// Version 3 names the key by its ID, version 6 by its fingerprint: the ID is its start or, for older keys, its end.
function recipientOf(body: Uint8Array): string {
  const hex = (from: number, to: number): string => Buffer.from(body.subarray(from, to)).toString('hex').toUpperCase()
  if (body[0] === 3) return /^0+$/.test(hex(1, 9)) ? '' : hex(1, 9)
  if (body[0] !== 6 || body[1] === 0) return ''
  return body[2] === 4 ? hex(15, 23) : hex(3, 11)
}
