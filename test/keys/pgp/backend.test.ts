import * as openpgp from 'openpgp'
import fc from 'fast-check'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { ConfigError, KeyBackendError } from '../../../src/errors.ts'
import { pgp, type PgpKey } from '../../../src/keys/pgp/backend.ts'
import { testKeyBackend } from '../../contract/key-backend.ts'
import { fakeHost } from '../hosts.ts'
import {
  dataKey,
  hostWithGpg,
  keyFor,
  lock,
  makeMessage,
  makeSample,
  protections,
  sampleOf,
  type Sample,
} from './samples.ts'

// created_at is the time of the parsing: two keys of one test must not differ by a second.
vi.useFakeTimers({ toFake: ['Date'] })

const alice = await makeSample()
const bob = await makeSample({ userIDs: [{ name: 'Bob' }], subkeys: [{}, {}] })
const holding = (...samples: readonly Sample[]): ReturnType<typeof fakeHost> =>
  fakeHost({ env: { TSOPS_PGP_KEY: samples.map(({ secret }) => secret).join('\n') } })
const knowing = (...samples: readonly Sample[]): ReturnType<typeof fakeHost> =>
  fakeHost({
    env: { TSOPS_PGP_PUBLIC_KEY_FILE: samples.map((_, index) => `/k${index}`).join(' , ') },
    files: Object.fromEntries(samples.map(({ open }, index) => [`/k${index}`, open])),
  })

testKeyBackend(pgp, {
  specs: [alice.fingerprint, bob.fingerprint],
  badSpecs: [
    'nonsense',
    'ABCD',
    `${alice.fingerprint},`,
    `${alice.fingerprint}!!`,
    `-${alice.fingerprint.slice(1)}`,
    alice.secret,
  ],
  groupEntry: alice.fingerprint,
  host: () => holding(alice, bob),
  emptyHost: () => fakeHost({}),
  secrets: alice.secret.split('\n').filter((line) => line.length > 8 && !line.startsWith('-')),
})

const encrypt = (key: PgpKey, host = knowing(alice, bob)): Promise<PgpKey> => pgp.encryptDataKey(key, dataKey, host)

async function opened(enc: string, host: ReturnType<typeof fakeHost>): Promise<Uint8Array> {
  return new Uint8Array((await pgp.decryptDataKey(keyFor('', enc), host)) ?? [])
}

async function failureOf(work: Promise<unknown>): Promise<KeyBackendError> {
  const error: unknown = await work.catch((failure: unknown) => failure)
  if (error instanceof KeyBackendError) return error
  throw new Error('a KeyBackendError was expected', { cause: error })
}

describe('fingerprints', () => {
  test('are kept as given, without white space', () => {
    const spaced = alice.fingerprint.replace(/(.{4})/g, '$1 ').toLowerCase()
    const long = alice.fingerprint.slice(-16)
    const keys = pgp.parse(` ${spaced},0x${alice.fingerprint}!,\n${long} `)
    expect(keys.map(({ id }) => id)).toEqual([alice.fingerprint.toLowerCase(), `0x${alice.fingerprint}!`, long])
    expect(keys[0]?.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  })

  test.each([[{}], [3], [undefined], [['A']]])('%j is no entry of a key group', (entry) => {
    expect(() => pgp.parseGroupEntry(entry)).toThrow(ConfigError)
  })

  test('what is none is not shown', () => {
    for (const text of [alice.secret, 'my-passphrase']) expect(() => pgp.parse(text)).not.toThrow(text.slice(0, 20))
    expect(() => pgp.parse('my-passphrase')).toThrow('not a PGP fingerprint: it has 13 characters')
  })
})

describe('encryption in process', () => {
  test('gives a trimmed message to the subkey, of the form that everybody reads', async () => {
    const { enc } = await encrypt(keyFor(alice.fingerprint))
    expect(enc).toBe(enc.trim())
    // gpg before 2.4 needs the checksum.
    expect(enc).toMatch(/\n=.{4}\n-----END PGP MESSAGE-----$/)
    expect(pgp.isWrapped?.(keyFor('', enc))).toBe(true)
    const { packets } = await openpgp.readMessage({ armoredMessage: enc })
    expect(packets[0]).toMatchObject({ version: 3, publicKeyID: alice.key.subkeys[0]!.getKeyID() })
    expect(packets[1]).toMatchObject({ version: 1 })
    expect(packets).toHaveLength(2)
  })

  test('keeps to that form for keys that prefer another', async () => {
    const modern = await makeSample({ type: 'curve25519', config: { aeadProtect: true } })
    const { enc } = await encrypt(keyFor(modern.fingerprint), knowing(modern))
    expect((await openpgp.readMessage({ armoredMessage: enc })).packets[1]).toMatchObject({ version: 1 })
    expect(await opened(enc, holding(modern))).toEqual(dataKey)
  })

  test.each([
    ['small digits', (text: string) => text.toLowerCase()],
    ['0x', (text: string) => `0x${text}`],
  ])('takes a fingerprint with %s', async (_, change) => {
    expect(await opened((await encrypt(keyFor(change(alice.fingerprint)))).enc, holding(alice))).toEqual(dataKey)
  })

  test('a ! asks for that subkey and no other', async () => {
    for (const subkey of bob.key.subkeys) {
      const { enc } = await encrypt(keyFor(`${subkey.getFingerprint().toUpperCase()}!`))
      const message = await openpgp.readMessage({ armoredMessage: enc })
      expect(message.getEncryptionKeyIDs().map((id) => id.toHex())).toEqual([subkey.getKeyID().toHex()])
      expect(await opened(enc, holding(bob))).toEqual(dataKey)
    }
  })

  test('a ! for a key that only signs is refused', async () => {
    const failure = await failureOf(encrypt(keyFor(`${alice.fingerprint}!`)))
    expect(failure).toMatchObject({ reason: 'denied' })
  })

  test.each([
    ['the long key ID', alice.fingerprint.slice(-16)],
    ['a subkey without !', alice.key.subkeys[0]!.getFingerprint()],
    ['a near fingerprint', alice.fingerprint.replace(/.$/, (last) => (last === '0' ? '1' : '0'))],
    ['no fingerprint', 'me@example.com'],
  ])('%s is not enough', async (_, id) => {
    const failure = await failureOf(encrypt(keyFor(id)))
    expect(failure.message).toContain(`key with fingerprint '${id}' is not available in keyring`)
    expect(failure.reason).toBe(id.includes('@') ? 'malformed' : 'no-credential')
  })

  test('copies of one key are put together', async () => {
    const revoked = await openpgp.revokeKey({ key: alice.key, format: 'object' })
    const copies = knowing(alice, sampleOf(revoked.privateKey), alice)
    expect((await failureOf(encrypt(keyFor(alice.fingerprint), copies))).message).toMatch(/revoked/)
  })

  describe('refuses, and does not ask gpg for,', () => {
    const long = new Date(Date.now() - 1e9)
    const cases: readonly (readonly [string, () => Promise<Sample>, RegExp])[] = [
      ['an expired key', () => makeSample({ date: long, keyExpirationTime: 10 }), /Primary key is expired/],
      [
        'an expired subkey',
        () => makeSample({ date: long, subkeys: [{ keyExpirationTime: 10 }] }),
        /Subkey is expired/,
      ],
      [
        'a revoked key',
        async () => sampleOf((await openpgp.revokeKey({ key: alice.key, format: 'object' })).privateKey),
        /Primary key is revoked/,
      ],
      [
        'a revoked subkey',
        async () => {
          const { key } = await makeSample()
          key.subkeys[0] = await key.subkeys[0]!.revoke(key.keyPacket as openpgp.SecretKeyPacket)
          return sampleOf(key)
        },
        /Subkey is revoked/,
      ],
      [
        'a key of 1024 bits',
        () => makeSample({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } }),
        /considered too weak/,
      ],
      ['a key without a part that encrypts', () => makeSample({ subkeys: [{ sign: true }] }), /valid encryption key/],
      ['a key of the future', () => makeSample({ date: new Date(Date.now() + 1e9) }), /cannot be used/],
    ]
    test.each(cases)('%s', async (_, make, text) => {
      const sample = await make()
      const host = hostWithGpg({ env: { TSOPS_PGP_KEY: sample.open } }, () => 'never asked')
      const failure = await failureOf(encrypt(keyFor(sample.fingerprint), host))
      expect(failure.message).toMatch(
        /^could not encrypt data key with PGP key: openpgp error: the key in TSOPS_PGP_KEY /,
      )
      expect(failure.message).toMatch(text)
      expect(failure).toMatchObject({ reason: 'denied' })
      expect(host.calls).toEqual([])
    })
  })
})

describe('decryption in process', () => {
  let enc = ''
  beforeAll(async () => {
    enc = (await encrypt(keyFor(alice.fingerprint))).enc
  })

  test('needs no fingerprint in the metadata', async () => {
    expect(await opened(enc, holding(bob, alice))).toEqual(dataKey)
  })

  test.each([
    ['expired', () => makeSample({ date: new Date(Date.now() - 1e9), keyExpirationTime: 10 })],
    ['of 1024 bits', () => makeSample({ type: 'rsa', rsaBits: 1024, config: { minRSABits: 1024 } })],
  ])('a key that is now %s opens what it once could', async (_, make) => {
    const sample = await make()
    const once = new Date(sample.key.getCreationTime().getTime() + 5000)
    const message: unknown = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: dataKey }),
      encryptionKeys: sample.key,
      date: once,
      config: { minRSABits: 1024 },
    })
    expect(await opened(String(message), holding(sample))).toEqual(dataKey)
  })

  test('a revoked key opens what was encrypted to it', async () => {
    const revoked = sampleOf((await openpgp.revokeKey({ key: alice.key, format: 'object' })).privateKey)
    expect(await opened(enc, holding(revoked))).toEqual(dataKey)
  })

  test('a message that does not name its recipient is tried with all keys', async () => {
    const message: unknown = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: dataKey }),
      encryptionKeys: alice.key,
      wildcard: true,
    })
    expect(await opened(String(message), holding(bob, alice))).toEqual(dataKey)
  })

  test('messages of GnuPG with its own authenticated encryption open', async () => {
    expect(await opened(await makeMessage(alice, dataKey, protections.gnupg), holding(alice))).toEqual(dataKey)
  })

  test('compressed messages open', async () => {
    for (const compression of [1, 2])
      expect(
        await opened(await makeMessage(alice, dataKey, protections.detectable, compression), holding(alice)),
      ).toEqual(dataKey)
  })

  test('a message without integrity protection is refused, by gpg too', async () => {
    const message = await makeMessage(alice, dataKey, protections.none)
    const host = hostWithGpg({ env: { TSOPS_PGP_KEY: alice.secret } }, () => dataKey)
    const failure = await failureOf(pgp.decryptDataKey(keyFor('', message), host))
    expect(failure.message).toBe('could not decrypt data key with PGP key: the PGP message has no integrity protection')
    expect(failure.reason).toBe('malformed')
    expect(host.calls).toEqual([])
    expect(pgp.isWrapped?.(keyFor('', message))).toBe(false)
  })

  test('a message that unpacks without end is refused', async () => {
    const message = await makeMessage(alice, new Uint8Array(30_000_000), protections.detectable, 2)
    expect(message.length).toBeLessThan(65_000)
    expect(await failureOf(pgp.decryptDataKey(keyFor('', message), holding(alice)))).toMatchObject({ reason: 'denied' })
  })

  test.each([0, 1, 31, 34, 64])('%i bytes are no data key', async (length) => {
    const message = await makeMessage(alice, new Uint8Array(length), protections.detectable)
    const failure = await failureOf(pgp.decryptDataKey(keyFor('', message), holding(alice)))
    expect(failure.message).toMatch(/openpgp error: the PGP message holds no data key$/)
  })

  test('any damage is refused, with a KeyBackendError and nothing else', async () => {
    const host = holding(alice)
    const characters = fc.constantFrom(...Array.from('AB/+=\n -z0'))
    await fc.assert(
      fc.asyncProperty(fc.nat(enc.length - 30), characters, async (place, character) => {
        const at = place + 29
        const changed = enc.slice(0, at) + character + enc.slice(at + 1)
        const answer: unknown = await pgp.decryptDataKey(keyFor('', changed), host).catch((failure: unknown) => failure)
        // Armor may hold white space, and its checksum is not looked at.
        if (answer instanceof Uint8Array) expect(new Uint8Array(answer)).toEqual(dataKey)
        else expect(answer).toBeInstanceOf(KeyBackendError)
      }),
    )
  })
})

describe('passphrases', () => {
  let enc = ''
  let locked: Sample
  beforeAll(async () => {
    enc = (await encrypt(keyFor(alice.fingerprint))).enc
    locked = await lock(alice, 'correct horse')
  })

  test('are taken from TSOPS_PGP_PASSPHRASE', async () => {
    const env = { TSOPS_PGP_KEY: locked.secret, TSOPS_PGP_PASSPHRASE: 'correct horse' }
    expect(await opened(enc, fakeHost({ env }))).toEqual(dataKey)
  })

  test('a wrong one is said to be wrong, and not shown', async () => {
    const env = { TSOPS_PGP_KEY: locked.secret, TSOPS_PGP_PASSPHRASE: 'battery staple' }
    const failure = await failureOf(opened(enc, fakeHost({ env })))
    expect(failure.reason).toBe('denied')
    expect(failure.message).toContain(
      `TSOPS_PGP_PASSPHRASE does not open the PGP key ${alice.fingerprint} (TSOPS_PGP_KEY)`,
    )
    expect(`${failure.message}${failure.hint ?? ''}`).not.toContain('battery')
  })

  test('a missing one is named', async () => {
    const failure = await failureOf(opened(enc, fakeHost({ env: { TSOPS_PGP_KEY: locked.secret } })))
    expect(failure.message).toContain('is protected by a passphrase, and TSOPS_PGP_PASSPHRASE is not set')
  })

  const asking = (...answers: readonly string[]): { host: ReturnType<typeof fakeHost>; questions: string[] } => {
    const questions: string[] = []
    const host = {
      ...fakeHost({ env: { TSOPS_PGP_KEY: locked.secret } }),
      prompt: async (question: string, { secret }: { readonly secret: boolean }) => {
        expect(secret).toBe(true)
        questions.push(question)
        const answer = answers[questions.length - 1]
        if (answer === undefined) throw new Error('there is no terminal')
        return answer
      },
    }
    return { host, questions }
  }

  test('are asked for at the terminal, once for all files', async () => {
    const { host, questions } = asking('wrong', 'correct horse')
    const all = await Promise.all([opened(enc, host), opened(enc, host), opened(enc, host)])
    expect(all).toEqual([dataKey, dataKey, dataKey])
    expect(questions).toEqual(
      Array(2).fill(`Enter the passphrase of the PGP key ${alice.fingerprint} (TSOPS_PGP_KEY): `),
    )
  })

  test('are asked for three times at most', async () => {
    const { host, questions } = asking('1', '2', '3', 'correct horse')
    await failureOf(opened(enc, host))
    await failureOf(opened(enc, host))
    expect(questions).toHaveLength(3)
  })

  test('without a terminal there is a failure', async () => {
    const { host } = asking()
    expect((await failureOf(opened(enc, host))).message).toContain('could not be asked for')
  })

  test('a message that names no recipient does not make us ask', async () => {
    const message: unknown = await openpgp.encrypt({
      message: await openpgp.createMessage({ binary: dataKey }),
      encryptionKeys: alice.key,
      wildcard: true,
    })
    const { host, questions } = asking('correct horse')
    await failureOf(opened(String(message), host))
    expect(questions).toEqual([])
  })
})

describe('failures', () => {
  test('what was wanted and what was found are named', async () => {
    const { enc } = await encrypt(keyFor(alice.fingerprint))
    const failure = await failureOf(opened(enc, holding(bob)))
    expect(failure.message).toBe(
      'could not decrypt data key with PGP key: openpgp error: no PGP secret key that was found is for this message; ' +
        'GnuPG binary error: failed to decrypt sops data key with pgp: "gpg" was not found',
    )
    expect(failure.hint).toContain(alice.key.subkeys[0]!.getKeyID().toHex().toUpperCase())
    expect(failure.hint).toContain(`${bob.fingerprint} (TSOPS_PGP_KEY)`)
  })

  test('a public key does not decrypt', async () => {
    const { enc } = await encrypt(keyFor(alice.fingerprint))
    expect((await failureOf(opened(enc, knowing(alice)))).reason).toBe('no-credential')
  })
})
