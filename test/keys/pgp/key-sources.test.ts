import { describe, expect, test } from 'vitest'
import * as openpgp from 'openpgp'
import type { Host } from '../../../src/host.ts'
import { pgp } from '../../../src/keys/pgp/backend.ts'
import { loadKeyTexts } from '../../../src/keys/pgp/key-sources.ts'
import { fakeHost, type FakeHost } from '../hosts.ts'
import { dataKey, hostWithGpg, keyFor, lock, makeMessage, makeSample, protections } from './samples.ts'

const alice = await makeSample()
const bob = await makeSample()
const message = await makeMessage(alice, dataKey, protections.detectable)

/** A host whose files are bytes. */
function hostOf(env: Readonly<Record<string, string>>, files: Readonly<Record<string, Uint8Array>>): FakeHost {
  const host = fakeHost({ env })
  return { ...host, readFile: (path) => (files[path] ? Promise.resolve(files[path]) : host.readFile(path)) }
}

async function opens(host: Host): Promise<boolean> {
  return pgp.decryptDataKey(keyFor('', message), host).then(
    (part) => part !== null && Buffer.from(part).equals(dataKey),
    () => false,
  )
}

async function encrypts(host: Host, fingerprint = alice.fingerprint): Promise<boolean> {
  return pgp.encryptDataKey(keyFor(fingerprint), dataKey, host).then(
    () => true,
    () => false,
  )
}

describe('our variables', () => {
  test.each<[string, Record<string, string>, Record<string, Uint8Array>]>([
    ['a variable', { TSOPS_PGP_KEY: alice.secret }, {}],
    ['a variable with several keys', { TSOPS_PGP_KEY: `${bob.secret}\n${alice.secret}` }, {}],
    ['a file', { TSOPS_PGP_KEY_FILE: '/a' }, { '/a': Buffer.from(alice.secret) }],
    [
      'several files',
      { TSOPS_PGP_KEY_FILE: '/b, /a' },
      { '/a': Buffer.from(alice.secret), '/b': Buffer.from(bob.secret) },
    ],
    [
      'a file without armor',
      { TSOPS_PGP_KEY_FILE: '/a' },
      { '/a': Buffer.concat([bob.key.write(), alice.key.write()]) },
    ],
    ['a file with a byte order mark', { TSOPS_PGP_KEY_FILE: '/a' }, { '/a': Buffer.from(`\uFEFF${alice.secret}`) }],
    ['a file of Windows', { TSOPS_PGP_KEY_FILE: '/a' }, { '/a': Buffer.from(alice.secret.replaceAll('\n', '\r\n')) }],
    ['one that is there beside one that is not', { TSOPS_PGP_KEY_FILE: '/x,/a' }, { '/a': Buffer.from(alice.secret) }],
  ])('%s', async (_, env, files) => {
    expect(await opens(hostOf(env, files))).toBe(true)
    expect(await encrypts(hostOf(env, files))).toBe(true)
  })

  test('public keys of a file are for encryption alone', async () => {
    const host = hostOf({ TSOPS_PGP_PUBLIC_KEY_FILE: '/a' }, { '/a': Buffer.from(alice.open) })
    expect([await encrypts(host), await opens(host)]).toEqual([true, false])
  })

  test.each([
    [{ TSOPS_PGP_KEY: 'hunter2' }, 'TSOPS_PGP_KEY holds no PGP key'],
    [{ TSOPS_PGP_KEY: alice.secret.slice(0, 200) }, 'TSOPS_PGP_KEY holds a damaged PGP key'],
    [{ TSOPS_PGP_KEY: alice.secret.replace(/\n\n..../, '\n\nyAAA') }, 'TSOPS_PGP_KEY holds a damaged PGP key'],
    [{ TSOPS_PGP_KEY_FILE: '/x' }, 'failed to open TSOPS_PGP_KEY_FILE file: open /x: no such file or directory'],
  ])('what cannot be read is told of, and not shown: %#', async (env, text) => {
    const error: unknown = await pgp
      .decryptDataKey(keyFor('', message), fakeHost({ env }))
      .catch((each: unknown) => each)
    expect(String(error)).toContain(`Errors while loading PGP keys: ${text}`)
    expect(String(error)).not.toContain('hunter2')
    expect(String(error)).not.toContain(alice.secret.slice(60, 80))
  })

  test('are read once for all files', async () => {
    const host = hostOf({ TSOPS_PGP_KEY_FILE: '/a' }, {})
    await Promise.all([loadKeyTexts(host), loadKeyTexts(host)])
    expect(host.reads.filter((path) => path === '/a')).toHaveLength(1)
  })
})

describe("gpg's old keyrings", () => {
  const home = { GNUPGHOME: '/g' }
  const trust = Uint8Array.of(0xb0, 2, 0, 3)
  const ring = (...keys: readonly Uint8Array[]): Uint8Array => Buffer.concat(keys.flatMap((key) => [key, trust]))
  const secret = ring(bob.key.write(), alice.key.write())
  const open = ring(bob.key.toPublic().write(), alice.key.toPublic().write())

  test.each<[string, Record<string, Uint8Array>, boolean, boolean]>([
    ['secring.gpg alone', { '/g/secring.gpg': secret }, true, false],
    ['pubring.gpg alone', { '/g/pubring.gpg': open }, false, true],
    ['both', { '/g/secring.gpg': secret, '/g/pubring.gpg': open }, true, true],
    ['secret keys in pubring.gpg', { '/g/pubring.gpg': secret }, true, false],
    ['an empty secring.gpg', { '/g/secring.gpg': new Uint8Array(), '/g/pubring.gpg': secret }, false, false],
    ['no keyring', { '/g/pubring.gpg': Buffer.from('GPGextra') }, false, false],
    ['one bad key among good ones', { '/g/pubring.gpg': ring(Uint8Array.of(0xc6, 2, 4, 1), open) }, false, true],
  ])('%s', async (_, files, decrypts, canEncrypt) => {
    expect(await opens(hostOf(home, files))).toBe(decrypts)
    expect(await encrypts(hostOf(home, files))).toBe(canEncrypt)
  })

  test('stand in the home of the user', async () => {
    expect(await opens(hostOf({ HOME: '/h' }, { '/h/.gnupg/secring.gpg': secret }))).toBe(true)
    const host = {
      ...hostOf({ USERPROFILE: 'C:\\u' }, { 'C:\\u\\.gnupg\\secring.gpg': secret }),
      platform: 'win32' as const,
    }
    expect(await opens(host)).toBe(true)
  })

  test('gpg has the last word on a key that is expired there, and is told apart from ours', async () => {
    const expired = await makeSample({ date: new Date(Date.now() - 1e9), keyExpirationTime: 10 })
    const files = { '/g/pubring.gpg': ring(expired.key.toPublic().write()) }
    const asked = hostWithGpg({ env: home }, () => message)
    const host = { ...asked, readFile: (path: string) => hostOf(home, files).readFile(path) }
    expect(await encrypts(host, expired.fingerprint)).toBe(true)
    expect(asked.calls).toHaveLength(1)
  })

  test('a locked key in them is left to gpg and its agent', async () => {
    const locked = await lock(alice, 'correct horse')
    const asked = hostWithGpg({ env: home }, () => dataKey)
    const files = { '/g/secring.gpg': ring(locked.key.write()) }
    const readFile = (path: string): Promise<Uint8Array> => hostOf(home, files).readFile(path)
    const host = { ...asked, readFile, prompt: () => Promise.reject(new Error('never asked')) }
    expect(await opens(host)).toBe(true)
    expect(asked.calls).toHaveLength(1)
  })

  test('stay unread by the package when they hold nothing that is wanted', async () => {
    const { keys } = await loadKeyTexts(hostOf(home, { '/g/pubring.gpg': open }))
    expect(keys.map(({ isSecret, fromKeyring }) => [isSecret, fromKeyring])).toEqual([
      [false, true],
      [false, true],
    ])
    expect((await openpgp.readKey({ binaryKey: keys[1]!.bytes })).getFingerprint().toUpperCase()).toBe(
      alice.fingerprint,
    )
  })
})
