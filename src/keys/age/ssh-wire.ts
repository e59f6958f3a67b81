// The fields of RFC 4251, section 5: a length of four bytes and what it counts. Every length is held against what is there.

export class SshReader {
  readonly #bytes: Buffer
  #place = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  number(): number {
    return this.#take(4).readUInt32BE()
  }

  bytes(): Buffer {
    return this.#take(this.number())
  }

  text(): string {
    return this.bytes().toString('latin1')
  }

  /** The bytes of a positive number in their only spelling, without the zero before a high bit. */
  integer(): Buffer {
    const bytes = this.bytes()
    const [first, second] = bytes
    if (first === undefined || first >= 0x80) throw new Error('a number is not positive')
    if (first !== 0) return bytes
    if (second === undefined || second < 0x80) throw new Error('a number is not in its shortest form')
    return bytes.subarray(1)
  }

  rest(): Buffer {
    return this.#take(this.#bytes.length - this.#place)
  }

  checkEnd(): void {
    if (this.#place !== this.#bytes.length) throw new Error('there is something after the key')
  }

  #take(length: number): Buffer {
    if (length > this.#bytes.length - this.#place) throw new Error('the key is cut off')
    this.#place += length
    return this.#bytes.subarray(this.#place - length, this.#place)
  }
}

/** Fields one after the other. */
export function writeFields(...fields: readonly Uint8Array[]): Buffer {
  return Buffer.concat(fields.flatMap((field) => [writeNumber(field.length), field]))
}

/** The field of a positive number, from its bytes without a sign. */
export function signed(bytes: Uint8Array): Uint8Array {
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes
}

function writeNumber(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
