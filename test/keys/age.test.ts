import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ConfigError, KeyBackendError } from '../../src/errors.ts'
import { age, type AgeKey } from '../../src/keys/age/backend.ts'
import { decodeBech32, encodeBech32 } from '../../src/keys/age/bech32.ts'
import { generateIdentity } from '../../src/keys/age/keygen.ts'
import { testKeyBackend } from '../contract/key-backend.ts'
import { alice, bob, carol, quantum } from '../test-keys.ts'
import { fakeHost } from './hosts.ts'

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const identities = [alice, bob, carol, quantum].map(({ identity }) => identity)
const keyOf = (recipient: string, enc = ''): AgeKey => ({ type: 'age', id: recipient, enc })
const holding = (...held: readonly string[]): ReturnType<typeof fakeHost> =>
  fakeHost({ env: { SOPS_AGE_KEY: held.join('\n'), HOME: '/home/me' } })

testKeyBackend(age, {
  specs: [alice.recipient, bob.recipient, quantum.recipient],
  badSpecs: ['x', `${alice.recipient},`, ',', `${alice.recipient.slice(0, -1)}q`, alice.identity, 'age1pq1qqqq'],
  groupEntry: alice.recipient,
  host: () => holding(...identities),
  emptyHost: () => fakeHost({}),
  secrets: identities,
})

describe('recipients', () => {
  test('a list is trimmed', () => {
    expect(age.parse(` ${alice.recipient} ,\t${quantum.recipient}\n`)).toEqual([
      keyOf(alice.recipient),
      keyOf(quantum.recipient),
    ])
  })

  test.each([
    ['', 'failed to parse input, unknown recipient type: ""'],
    ['nonsense', 'failed to parse input, unknown recipient type: "nonsense"'],
    ['AGE1XYZ', 'failed to parse input, unknown recipient type: "AGE1XYZ"'],
    [
      'age1abc',
      'failed to parse input as Bech32-encoded age public key: malformed recipient "age1abc": separator \'1\' at invalid position',
    ],
    [
      'age1Abcdefgh',
      'failed to parse input as Bech32-encoded age public key: malformed recipient "age1Abcdefgh": mixed case',
    ],
    [
      'age1bbbbbbbb',
      'failed to parse input as Bech32-encoded age public key: malformed recipient "age1bbbbbbbb": invalid character data part',
    ],
    [
      'age1qqqqqqqq',
      'failed to parse input as Bech32-encoded age public key: malformed recipient "age1qqqqqqqq": invalid checksum',
    ],
    [encodeBech32('age', new Uint8Array(31)), /: invalid X25519 public key$/],
    [encodeBech32('age1pq', new Uint8Array(1215)), /: invalid MLKEM768-X25519 public key$/],
    [
      encodeBech32('age1../x', new Uint8Array(33)),
      'failed to parse input as age key from age plugin: invalid plugin name',
    ],
    [
      'ssh-ed25519 AAAA me',
      'failed to parse input as age-ssh public key: malformed SSH recipient: "ssh-ed25519 AAAA me": the key is cut off',
    ],
  ])('%j', (recipient, message) => {
    expect(() => age.parse(` ${recipient},${alice.recipient}`)).toThrow(message)
  })

  test.each([
    alice.identity,
    quantum.identity,
    alice.identity.toLowerCase(),
    `x${alice.identity}`,
    'AGE-PLUGIN-YUBIKEY-1Q',
  ])('a secret key in the place of a recipient is not shown', (secret) => {
    const error = capture(() => age.parse(secret))
    expect(error).toBeInstanceOf(ConfigError)
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toMatch(/AGE-(?:SECRET|PLUGIN)/i)
  })
})

describe('age files', () => {
  test('are armored in 64 columns and end with a line break', async () => {
    const { enc } = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    const lines = enc.split('\n')
    expect(lines[0]).toBe('-----BEGIN AGE ENCRYPTED FILE-----')
    expect(lines.at(-2)).toBe('-----END AGE ENCRYPTED FILE-----')
    expect(lines.at(-1)).toBe('')
    expect(lines.slice(1, -3).every((line) => line.length === 64)).toBe(true)
  })

  test('hold one recipient', async () => {
    const { enc } = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    const header = Buffer.from(enc.split('\n').slice(1, -2).join(''), 'base64').toString('latin1')
    expect(header.match(/^-> /gm)).toHaveLength(1)
  })

  test('made by age 1.3 open', async () => {
    for (const [name, { recipient, identity }] of Object.entries({ x25519: alice, hybrid: quantum })) {
      const enc = readFileSync(new URL(`vectors/${name}.age`, import.meta.url), 'utf8')
      expect(new Uint8Array((await age.decryptDataKey(keyOf(recipient, enc), holding(identity))) ?? [])).toEqual(
        dataKey,
      )
    }
  })

  test.each([
    ['line breaks of Windows', (enc: string) => enc.replaceAll('\n', '\r\n')],
    ['white space before', (enc: string) => `\n  \n${enc}`],
    ['white space after', (enc: string) => `${enc}\n \t\n`],
    ['no last line break', (enc: string) => enc.trimEnd()],
  ])('open with %s', async (_, change) => {
    const wrapped = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    const changed = { ...wrapped, enc: change(wrapped.enc) }
    expect(new Uint8Array((await age.decryptDataKey(changed, holding(alice.identity))) ?? [])).toEqual(dataKey)
  })

  test('are told from other texts by their form', async () => {
    for (const { recipient } of [alice, quantum]) {
      const wrapped = await age.encryptDataKey(keyOf(recipient), dataKey, fakeHost({}))
      expect(age.isWrapped?.(wrapped)).toBe(true)
      expect(age.isWrapped?.({ ...wrapped, enc: wrapped.enc.replaceAll('\n', '\r\n') })).toBe(true)
      expect(age.isWrapped?.({ ...wrapped, enc: wrapped.enc.slice(0, -20) })).toBe(false)
      expect(age.isWrapped?.({ ...wrapped, enc: wrapped.enc.replace('YWdl', 'AAAA') })).toBe(false)
    }
    const endless = `-----BEGIN AGE ENCRYPTED FILE-----${'\n'.repeat(1_000_000)}!`
    for (const enc of ['', 'x', alice.identity, endless])
      expect(age.isWrapped?.(keyOf(alice.recipient, enc))).toBe(false)
  })

  test('open with the second of several identities', async () => {
    const wrapped = await age.encryptDataKey(keyOf(quantum.recipient), dataKey, fakeHost({}))
    const host = holding(alice.identity, quantum.identity)
    expect(new Uint8Array((await age.decryptDataKey(wrapped, host)) ?? [])).toEqual(dataKey)
  })

  test('open when the recipient in the metadata is wrong', async () => {
    const { enc } = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    expect(await age.decryptDataKey(keyOf('', enc), holding(alice.identity))).not.toBeNull()
  })

  test('with any damage are refused, with a KeyBackendError and nothing else', async () => {
    const wrapped = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    const host = holding(alice.identity)
    const characters = fc.constantFrom(...Array.from('AB/+=\n -z0'))
    await fc.assert(
      fc.asyncProperty(fc.nat(wrapped.enc.length - 2), characters, async (place, character) => {
        fc.pre(wrapped.enc[place] !== character)
        const enc = wrapped.enc.slice(0, place) + character + wrapped.enc.slice(place + 1)
        const error: unknown = await age.decryptDataKey({ ...wrapped, enc }, host).catch((failure: unknown) => failure)
        expect(error).toBeInstanceOf(KeyBackendError)
      }),
    )
  })
})

describe('failures', () => {
  test('without any identity, all places are named', async () => {
    const error = await failureOf(keyOf(alice.recipient, 'x'), fakeHost({ env: { HOME: '/home/me' } }))
    expect(error.reason).toBe('no-credential')
    expect(error.message).toBe(
      "failed to load age identities. Did not find keys in locations 'SOPS_AGE_SSH_PRIVATE_KEY_FILE', " +
        "'SOPS_AGE_SSH_PRIVATE_KEY_CMD', '/home/me/.ssh/id_ed25519', '/home/me/.ssh/id_rsa', 'SOPS_AGE_KEY', " +
        "'SOPS_AGE_KEY_FILE', 'SOPS_AGE_KEY_CMD', and '/home/me/.config/sops/age/keys.txt'.",
    )
    expect(error.hint).toContain('No age identity was found')
    expect(error.hint).toContain(alice.recipient)
    expect(error.hint).toContain('/home/me/.config/sops/age/keys.txt')
  })

  test('with another identity, the hint names its recipient and the wanted one', async () => {
    const wrapped = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    const error = await failureOf(wrapped, holding(bob.identity, quantum.identity))
    expect(error.reason).toBe('no-credential')
    expect(error.message).toMatch(/^failed to create reader for decrypting sops data key with age: no identity matched/)
    expect(error.hint).toContain(`${bob.recipient} (SOPS_AGE_KEY)`)
    expect(error.hint).toContain('age1pq1')
    expect(error.hint).toContain(alice.recipient)
  })

  test('with a single other identity, the text is the one of age', async () => {
    const wrapped = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    expect((await failureOf(wrapped, holding(bob.identity))).message).toContain(
      'age: identity did not match any of the recipients: incorrect identity for recipient block. Did not find',
    )
  })

  test('a damaged file is not taken for a missing identity', async () => {
    const wrapped = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    const cut = { ...wrapped, enc: wrapped.enc.replace(/\n[^\n]*\n-----END/, '\n-----END') }
    const error = await failureOf(cut, holding(alice.identity))
    expect(error.reason).toBe('malformed')
    expect(error.hint).toContain('earlier version')
  })

  test('a text without end is refused at once', async () => {
    const error = await failureOf(keyOf(alice.recipient, 'A'.repeat(50_000_000)), holding(alice.identity))
    expect(error.message).toContain('the age file is too large')
  })

  test('a recipient that the metadata spells wrong cannot be encrypted to', async () => {
    await expect(age.encryptDataKey(keyOf('age1nonsense'), dataKey, fakeHost({}))).rejects.toMatchObject({
      code: 'ERR_SOPS_KEY_BACKEND',
      reason: 'malformed',
    })
  })

  test('a point of low order cannot be encrypted to', async () => {
    const recipient = encodeBech32('age', new Uint8Array(32))
    await expect(age.encryptDataKey(keyOf(recipient), dataKey, fakeHost({}))).rejects.toBeInstanceOf(KeyBackendError)
  })
})

describe('bech32', () => {
  test('decoding undoes encoding', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 100 }),
        fc.constantFrom('age', 'AGE-SECRET-KEY-', 'a1b'),
        (bytes, prefix) => {
          expect(decodeBech32(encodeBech32(prefix, bytes))).toEqual({ prefix, bytes })
        },
      ),
    )
  })

  test('one wrong character is found', () => {
    fc.assert(
      fc.property(
        fc.nat(alice.recipient.length - 5),
        fc.constantFrom(...Array.from('qpzry9x8')),
        (place, character) => {
          const at = place + 4
          fc.pre(alice.recipient[at] !== character)
          const wrong = alice.recipient.slice(0, at) + character + alice.recipient.slice(at + 1)
          expect(() => decodeBech32(wrong)).toThrow('invalid checksum')
        },
      ),
    )
  })
})

describe('new identities', () => {
  test.each(['x25519', 'pq'] as const)('%s: a key file as age-keygen writes it', async (kind) => {
    const { identity, recipient, file } = await generateIdentity(kind)
    expect(file).toMatch(
      new RegExp(`^# created: \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ\n# public key: ${recipient}\n${identity}\n$`),
    )
    const wrapped = await age.encryptDataKey(keyOf(recipient), dataKey, fakeHost({}))
    const host = fakeHost({ env: { SOPS_AGE_KEY_FILE: '/k' }, files: { '/k': file } })
    expect(new Uint8Array((await age.decryptDataKey(wrapped, host)) ?? [])).toEqual(dataKey)
  })

  test('differ', async () => {
    expect((await generateIdentity('x25519')).identity).not.toBe((await generateIdentity('x25519')).identity)
  })
})

async function failureOf(key: AgeKey, host: ReturnType<typeof fakeHost>): Promise<KeyBackendError> {
  const error: unknown = await age.decryptDataKey(key, host).catch((failure: unknown) => failure)
  if (error instanceof KeyBackendError) return error
  throw new Error('a KeyBackendError was expected', { cause: error })
}

function capture(action: () => unknown): unknown {
  try {
    return action()
  } catch (error) {
    return error
  }
}
