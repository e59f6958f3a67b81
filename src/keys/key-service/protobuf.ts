// As much of the protobuf wire format as the key service's messages take: fields whose length is written before them.
// Fields of the other forms are passed over, as the format asks.

/** The bytes are no protobuf message. */
export class ProtobufError extends Error {}

export interface ProtobufField {
  readonly number: number
  readonly bytes: Uint8Array
}

const lengthDelimited = 2
/** Lengths of the forms that are passed over: 64 and 32 bits. */
const fixedLengths: ReadonlyMap<number, number> = new Map([
  [1, 8],
  [5, 4],
])

export function encodeFields(fields: readonly ProtobufField[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(({ number, bytes }) => [
      encodeVarint(number * 8 + lengthDelimited),
      encodeVarint(bytes.length),
      bytes,
    ]),
  )
}

function encodeVarint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  return Uint8Array.from([...bytes, rest])
}

/** Throws ProtobufError. */
export function decodeFields(message: Uint8Array): readonly ProtobufField[] {
  const fields: ProtobufField[] = []
  let at = 0
  const take = (length: number): Uint8Array => {
    if (length > message.length - at) throw new ProtobufError('the message is cut off')
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const tag = decodeVarint(take)
    const number = Math.floor(tag / 8)
    const form = tag % 8
    if (number === 0) throw new ProtobufError('a field has no number')
    if (form === lengthDelimited) fields.push({ number, bytes: take(decodeVarint(take)) })
    else if (form === 0) decodeVarint(take)
    else take(fixedLength(form))
  }
  return fields
}

function fixedLength(form: number): number {
  const length = fixedLengths.get(form)
  if (length === undefined) throw new ProtobufError('a field has an unknown form')
  return length
}

const maxVarintLength = 10

// What is too large to be exact is too large for a length, too.
function decodeVarint(take: (length: number) => Uint8Array): number {
  let value = 0
  for (let place = 0; place < maxVarintLength; place++) {
    const [byte = 0] = take(1)
    value += (byte % 0x80) * 2 ** (7 * place)
    if (byte < 0x80) return value
  }
  throw new ProtobufError('a number is too long')
}
