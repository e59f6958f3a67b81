// PGP keys and messages made by the package itself, for what the backend must take and what it must refuse.
import * as openpgp from 'openpgp'
import { fakeHost, type FakeHost, type World } from '../hosts.ts'
import { findBackend } from '../../../src/keys/registry.ts'
import type { PgpKey } from '../../../src/keys/pgp/backend.ts'
import type { RunOptions } from '../../../src/host.ts'

export const dataKey: Uint8Array = Uint8Array.from({ length: 32 }, (_, index) => 200 - index)

export interface Sample {
  readonly fingerprint: string
  readonly secret: string
  readonly open: string
  readonly key: openpgp.PrivateKey
}

export type SampleOptions = Partial<Omit<Parameters<typeof openpgp.generateKey>[0], 'format'>>

export async function makeSample(options: SampleOptions = {}): Promise<Sample> {
  const { privateKey } = await openpgp.generateKey({ userIDs: [{ name: 'Test' }], ...options, format: 'object' })
  return sampleOf(privateKey)
}

export function sampleOf(key: openpgp.PrivateKey): Sample {
  return {
    key,
    fingerprint: key.getFingerprint().toUpperCase(),
    secret: key.armor(),
    open: key.toPublic().armor(),
  }
}

export async function lock({ key }: Sample, passphrase: string): Promise<Sample> {
  return sampleOf(await openpgp.encryptKey({ privateKey: key, passphrase }))
}

export function keyFor(fingerprint: string, enc = ''): PgpKey {
  return { type: 'pgp', id: fingerprint, enc, createdAt: '2024-01-02T03:04:05Z' }
}

export function pgpBackend(): NonNullable<ReturnType<typeof findBackend>> {
  return findBackend('pgp')!
}

/** A message whose data packet is made by `protect` from the literal data. */
export async function makeMessage(
  to: Sample,
  plain: Uint8Array,
  protect: (inner: openpgp.PacketList<openpgp.AnyPacket>, sessionKey: Uint8Array) => Promise<openpgp.AnyPacket>,
  compression = 0,
): Promise<string> {
  const sessionKey = new Uint8Array(32).fill(9)
  const message = await openpgp.encryptSessionKey({
    data: sessionKey,
    algorithm: 'aes256',
    encryptionKeys: to.key.toPublic(),
    format: 'object',
  })
  const literal = await openpgp.createMessage({ binary: plain, filename: '' })
  const inner = compression === 0 ? literal : compress(literal, compression)
  message.packets.push(await protect(inner.packets, sessionKey))
  // gpg before 2.4 needs the checksum.
  return openpgp.armor(openpgp.enums.armor.message, message.packets.write(), undefined, undefined, undefined, true)
}

// The package's types hide what is not for everyday use.
interface Protecting {
  packets: unknown
  version?: number
  aeadAlgorithm?: number
  encrypted: Uint8Array | ReadableStream<Uint8Array>
  encrypt(algorithm: number, key: Uint8Array, config: unknown): Promise<unknown>
}

async function readWhole(bytes: Uint8Array | ReadableStream<Uint8Array>): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes
  const reader = bytes.getReader()
  const chunks: Uint8Array[] = []
  for (let next = await reader.read(); next.value !== undefined; next = await reader.read()) chunks.push(next.value)
  return new Uint8Array(Buffer.concat(chunks))
}

interface Compressing {
  compress(algorithm: number): openpgp.Message<Uint8Array>
}

function compress(message: openpgp.Message<Uint8Array>, algorithm: number): openpgp.Message<Uint8Array> {
  return (message as unknown as Compressing).compress(algorithm)
}

async function protectWith(
  packet: openpgp.AnyPacket,
  inner: unknown,
  sessionKey: Uint8Array,
  fields: Partial<Protecting> = {},
): Promise<openpgp.AnyPacket> {
  const protecting = Object.assign(packet as unknown as Protecting, fields, { packets: inner })
  await protecting.encrypt(openpgp.enums.symmetric.aes256, sessionKey, openpgp.config)
  protecting.encrypted = await readWhole(protecting.encrypted)
  return packet
}

export const protections = {
  /** As everybody does. */
  detectable: (inner: unknown, key: Uint8Array): Promise<openpgp.AnyPacket> =>
    protectWith(new openpgp.SymEncryptedIntegrityProtectedDataPacket(), inner, key, { version: 1 }),
  /** As GnuPG 2.3 does. */
  gnupg: (inner: unknown, key: Uint8Array): Promise<openpgp.AnyPacket> =>
    protectWith(new openpgp.AEADEncryptedDataPacket(), inner, key, { aeadAlgorithm: openpgp.enums.aead.ocb }),
  /** As nobody should. */
  none: (inner: unknown, key: Uint8Array): Promise<openpgp.AnyPacket> =>
    protectWith(new openpgp.SymmetricallyEncryptedDataPacket(), inner, key),
}

export interface GpgCall {
  readonly file: string
  readonly args: readonly string[]
  readonly options: RunOptions | undefined
}

/** A host whose programs are answered by `gpg`; without it there are none. */
export function hostWithGpg(
  world: World,
  gpg?: (call: GpgCall) => string | Uint8Array,
): FakeHost & { readonly calls: GpgCall[] } {
  const calls: GpgCall[] = []
  const host = fakeHost(world)
  return {
    ...host,
    calls,
    async run(file, args, options) {
      const call = { file, args, options }
      calls.push(call)
      if (gpg === undefined) throw Object.assign(new Error('a message that nobody sees'), { code: 'ENOENT' })
      const answer = gpg(call)
      return typeof answer === 'string' ? new TextEncoder().encode(answer) : answer
    },
  }
}
