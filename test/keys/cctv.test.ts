// C2SP's test vectors of the age format, against the way in which our data keys and identity files are opened.
import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import * as vectors from 'cctv-age'
import { describe, expect, test } from 'vitest'
import { decodeArmor } from '../../src/keys/age/armor.ts'
import { decryptFile, NoMatch } from '../../src/keys/age/file.ts'
import { parseIdentities, type OpenIdentity } from '../../src/keys/age/identities.ts'
import { ScryptIdentity } from '../../src/keys/age/scrypt.ts'
import { fakeHost } from './hosts.ts'

interface Vector {
  readonly fields: readonly (readonly [string, string])[]
  readonly file: Buffer
}

describe.each(Object.entries(vectors))('%s', (_, bytes) => {
  const vector = readVector(Buffer.from(bytes))
  const expected = all(vector, 'expect')[0]

  test(expected ?? '', async () => {
    const outcome = await open(vector).catch((error: unknown) => error)
    if (expected !== 'success') {
      expect(outcome).toBeInstanceOf(Error)
      expect(outcome instanceof NoMatch).toBe(expected === 'no match')
    } else {
      if (!(outcome instanceof Uint8Array)) throw outcome
      expect(createHash('sha256').update(outcome).digest('hex')).toBe(all(vector, 'payload')[0])
    }
  })
})

test('all vectors are there', () => {
  expect(Object.keys(vectors)).toHaveLength(143)
})

function readVector(bytes: Buffer): Vector {
  const end = bytes.indexOf('\n\n')
  const lines = bytes.toString('utf8', 0, end).split('\n')
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(': ')
    return [line.slice(0, colon), line.slice(colon + 2)]
  })
  const file = bytes.subarray(end + 2)
  const compressed = fields.some(([name, value]) => name === 'compressed' && value === 'zlib')
  return { fields, file: compressed ? inflateSync(file) : file }
}

function all({ fields }: Vector, wanted: string): string[] {
  return fields.filter(([name]) => name === wanted).map(([, value]) => value)
}

async function open(vector: Vector): Promise<Uint8Array> {
  const source = { location: 'vector', manyPerLine: false }
  const found = parseIdentities(Buffer.from(all(vector, 'identity').join('\n')), source, fakeHost({}))
  const identities = (found as OpenIdentity[]).map(({ identity }) => identity)
  const passphrases = all(vector, 'passphrase').map((passphrase) => new ScryptIdentity(async () => passphrase))
  const armored = all(vector, 'armored')[0] === 'yes'
  const file = armored ? decodeArmor(vector.file.toString('latin1')) : vector.file
  return decryptFile(file, [...identities, ...passphrases])
}
