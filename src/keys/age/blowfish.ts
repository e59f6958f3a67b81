// Blowfish with bcrypt's key schedule, for passphrases of SSH keys alone: OpenSSL 3 keeps it in its legacy provider.

const rounds = 16
const subkeys = rounds + 2
const boxes = 4 * 256
const wordBits = 32n

export class Blowfish {
  // The subkeys, then the four boxes.
  readonly #state: Int32Array = initialState().slice()

  /** Mixes a key, and in between a salt, into the state. */
  expand(key: Int32Array, salt?: Int32Array): void {
    const state = this.#state
    for (let index = 0; index < subkeys; index++) state[index] = at(state, index) ^ at(key, index % key.length)
    const block = new Int32Array(2)
    for (let index = 0; index < state.length; index += 2) {
      if (salt !== undefined) {
        block[0] = at(block, 0) ^ at(salt, index % salt.length)
        block[1] = at(block, 1) ^ at(salt, (index + 1) % salt.length)
      }
      this.encrypt(block, 0)
      state[index] = at(block, 0)
      state[index + 1] = at(block, 1)
    }
  }

  /** Encrypts the two words at `place`. */
  encrypt(words: Int32Array, place: number): void {
    const state = this.#state
    let left = at(words, place) ^ at(state, 0)
    let right = at(words, place + 1)
    for (let round = 1; round <= rounds; round += 2) {
      right ^= mix(state, left) ^ at(state, round)
      left ^= mix(state, right) ^ at(state, round + 1)
    }
    words[place] = right ^ at(state, subkeys - 1)
    words[place + 1] = left
  }
}

function mix(state: Int32Array, word: number): number {
  const first = at(state, subkeys + (word >>> 24)) + at(state, subkeys + 256 + ((word >>> 16) & 255))
  return ((first ^ at(state, subkeys + 512 + ((word >>> 8) & 255))) + at(state, subkeys + 768 + (word & 255))) | 0
}

function at(words: Int32Array, index: number): number {
  return words[index] ?? 0
}

let pi: Int32Array | undefined

// The first digits of pi's fraction, by Machin's formula: shorter than a table of them, and as quick to load.
function initialState(): Int32Array {
  if (pi !== undefined) return pi
  const count = subkeys + boxes
  const guard = 64n
  const one = 1n << (BigInt(count) * wordBits + guard)
  const fraction = (16n * arcTangent(5n, one) - 4n * arcTangent(239n, one) - 3n * one) >> guard
  const digits = Buffer.from(fraction.toString(16).padStart(count * 8, '0'), 'hex')
  pi = Int32Array.from({ length: count }, (_, index) => digits.readInt32BE(4 * index))
  return pi
}

/** arctan(1/divisor), where `one` stands for 1. */
function arcTangent(divisor: bigint, one: bigint): bigint {
  let sum = 0n
  let power = one / divisor
  for (let odd = 1n; power !== 0n; odd += 2n) {
    sum += (odd & 2n) === 0n ? power / odd : -(power / odd)
    power /= divisor * divisor
  }
  return sum
}
