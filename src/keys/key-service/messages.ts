// The messages of sops' key service. Which fields of a master key travel, and under which numbers, its backend says.
import { now } from '../../rfc3339.ts'
import type { KeyBackend, KeyMessage, MasterKey, MetadataField } from '../types.ts'
import { decodeFields, encodeFields, ProtobufError, type ProtobufField } from './protobuf.ts'

export const methods: Readonly<Record<KeyOperation, string>> = {
  encrypt: '/KeyService/Encrypt',
  decrypt: '/KeyService/Decrypt',
}

export type KeyOperation = 'encrypt' | 'decrypt'

/** EncryptRequest and DecryptRequest: one form, one meaning apart. */
export interface KeyRequest {
  /** Without `enc`. undefined: the request names no key of a known kind. */
  readonly key: MasterKey | undefined
  /** The data key or the bytes of `enc`. */
  readonly payload: Uint8Array
}

/** undefined: keys of this kind cannot travel. */
export function encodeRequest(
  key: MasterKey,
  payload: Uint8Array,
  backends: readonly KeyBackend[],
): Uint8Array | undefined {
  const backend = backends.find(({ type }) => type === key.type)
  if (backend?.keyService === undefined) return undefined
  const entry = backend.toMetadata(key)
  const fields = backend.keyService.fields.flatMap((name, index) =>
    encodeField(index + 1, entry[typeof name === 'string' ? name : name.map] ?? ''),
  )
  const message = encodeFields([{ number: backend.keyService.number, bytes: encodeFields(fields) }])
  return encodeFields([{ number: 1, bytes: message }, ...encodeField(2, payload)])
}

// What is empty is left out, as proto3 has it.
function encodeField(number: number, value: MetadataField | Uint8Array): readonly ProtobufField[] {
  if (value instanceof Uint8Array) return value.length === 0 ? [] : [{ number, bytes: value }]
  if (typeof value === 'string') return encodeField(number, Buffer.from(value))
  return Object.entries(value).map(([name, text]) => ({
    number,
    bytes: encodeFields([...encodeField(1, name), ...encodeField(2, text)]),
  }))
}

/** Throws ProtobufError; what the backend's fromMetadata throws. */
export function decodeRequest(request: Uint8Array, backends: readonly KeyBackend[]): KeyRequest {
  const fields = decodeFields(request)
  const message = last(fields, 1)
  return { key: message && decodeKey(message, backends), payload: last(fields, 2) ?? new Uint8Array() }
}

function decodeKey(message: Uint8Array, backends: readonly KeyBackend[]): MasterKey | undefined {
  for (const { number, bytes } of decodeFields(message).toReversed()) {
    const backend = backends.find(({ keyService }) => keyService?.number === number)
    if (backend?.keyService !== undefined) return backend.fromMetadata(decodeEntry(bytes, backend.keyService))
  }
  return undefined
}

function decodeEntry(message: Uint8Array, { fields }: KeyMessage): Readonly<Record<string, MetadataField>> {
  const found = decodeFields(message)
  const entries = fields.map((field, index): [string, MetadataField] => {
    if (typeof field === 'string') return [field, decodeText(last(found, index + 1))]
    const pairs = found.filter(({ number }) => number === index + 1).map(({ bytes }) => decodePair(bytes))
    return [field.map, Object.fromEntries(pairs)]
  })
  // A time does not travel, and no key's use hangs on it.
  return Object.fromEntries<MetadataField>([...entries, ['enc', ''], ['created_at', now()]])
}

function decodePair(message: Uint8Array): readonly [string, string] {
  const fields = decodeFields(message)
  return [decodeText(last(fields, 1)), decodeText(last(fields, 2))]
}

/** EncryptResponse and DecryptResponse. */
export function encodeResponse(payload: Uint8Array): Uint8Array {
  return encodeFields(encodeField(1, payload))
}

/** Empty when there is nothing in it. Throws ProtobufError. */
export function decodeResponse(response: Uint8Array): Uint8Array {
  return last(decodeFields(response), 1) ?? new Uint8Array()
}

// Of a field that stands there twice the last one counts.
function last(fields: readonly ProtobufField[], number: number): Uint8Array | undefined {
  return fields.findLast((field) => field.number === number)?.bytes
}

/** Throws ProtobufError. */
export function decodeText(bytes: Uint8Array = new Uint8Array()): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new ProtobufError('a text is not in UTF-8')
  }
}
