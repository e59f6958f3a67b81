// OpenPGP packets, told apart by their headers alone (RFC 9580, section 4.2): what a message or a keyring consists of can
// be seen without a key, and before anything is decompressed or decrypted.

export interface Packet {
  readonly tag: number
  /** Where its header starts. */
  readonly start: number
  readonly end: number
  /** Its body; of a body in several parts, the first part. */
  readonly body: Uint8Array
}

export const tags = {
  publicKeySessionKey: 1,
  passphraseSessionKey: 3,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  unprotectedData: 9,
  marker: 10,
  protectedData: 18,
  /** GnuPG's own packet for authenticated encryption. */
  gnupgAuthenticatedData: 20,
  padding: 21,
} as const

/** undefined: the bytes are not a sequence of packets. */
export function readPackets(bytes: Uint8Array): readonly Packet[] | undefined {
  const packets: Packet[] = []
  for (let at = 0; at < bytes.length;) {
    const packet = readPacket(bytes, at)
    if (packet === undefined) return undefined
    packets.push(packet)
    at = packet.end
  }
  return packets
}

function readPacket(bytes: Uint8Array, start: number): Packet | undefined {
  const first = bytes[start] ?? 0
  if (first < 0x80) return undefined
  const isNew = (first & 0x40) !== 0
  const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f
  const length = isNew ? newLength(bytes, start + 1) : oldLength(bytes, start + 1, first & 3)
  if (length === undefined || length.end > bytes.length || tag === 0) return undefined
  return { tag, start, end: length.end, body: bytes.subarray(length.from, length.to) }
}

interface Extent {
  readonly from: number
  /** The end of the first part. */
  readonly to: number
  readonly end: number
}

function oldLength(bytes: Uint8Array, at: number, kind: number): Extent | undefined {
  if (kind === 3) return { from: at, to: bytes.length, end: bytes.length }
  const size = 1 << kind
  return whole(at + size, bigEndian(bytes, at, size))
}

function newLength(bytes: Uint8Array, start: number): Extent | undefined {
  let first: Extent | undefined
  for (let at = start; ;) {
    const mark = bytes[at]
    if (mark === undefined) return undefined
    const part = partLength(bytes, at, mark)
    if (part === undefined) return undefined
    first ??= part
    at = part.end
    if (mark < 224 || mark === 255) return { ...first, end: at }
  }
}

function partLength(bytes: Uint8Array, at: number, mark: number): Extent | undefined {
  if (mark < 192) return whole(at + 1, mark)
  if (mark < 224) return whole(at + 2, ((mark - 192) << 8) + (bytes[at + 1] ?? 0) + 192)
  if (mark < 255) return whole(at + 1, 2 ** (mark & 0x1f))
  return whole(at + 5, bigEndian(bytes, at + 1, 4))
}

function whole(from: number, length: number): Extent {
  return { from, to: from + length, end: from + length }
}

function bigEndian(bytes: Uint8Array, at: number, size: number): number {
  return bytes.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0)
}
