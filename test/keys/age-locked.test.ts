import { Encrypter, armor } from 'age-encryption'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { KeyBackendError } from '../../src/errors.ts'
import { age, type AgeKey } from '../../src/keys/age/backend.ts'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import { loadIdentities } from '../../src/keys/age/identity-sources.ts'
import { alice, bob, quantum } from '../test-keys.ts'
import { fakeHost, type World } from './hosts.ts'

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const passphrase = 'open sesame'

async function lock(text: string, workFactor = 4): Promise<string> {
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  encrypter.setScryptWorkFactor(workFactor)
  return armor.encode(await encrypter.encrypt(text))
}

const wrapFor = (id: string): Promise<AgeKey> => age.encryptDataKey({ type: 'age', id, enc: '' }, dataKey, fakeHost({}))

const holding = (file: string, more: World = {}): ReturnType<typeof fakeHost> =>
  fakeHost({ ...more, env: { SOPS_AGE_KEY_FILE: '/locked', ...more.env }, files: { '/locked': file } })

async function failureOf(key: AgeKey, host: ReturnType<typeof fakeHost>): Promise<KeyBackendError> {
  const error: unknown = await age.decryptDataKey(key, host).catch((failure: unknown) => failure)
  if (error instanceof KeyBackendError) return error
  throw new Error('a KeyBackendError was expected', { cause: error })
}

describe('an identity file with a passphrase', () => {
  let file = ''
  beforeAll(async () => {
    file = await lock(`# two\n${alice.identity}\n\n${quantum.identity}\n`)
  })

  test('opens files for every identity in it, and asks once', async () => {
    const prompt = vi.fn(() => passphrase)
    const host = holding(file, { prompt })
    const keys = [await wrapFor(alice.recipient), await wrapFor(quantum.recipient)]
    for (const part of await Promise.all(keys.map((key) => age.decryptDataKey(key, host)))) {
      expect(new Uint8Array(part ?? [])).toEqual(dataKey)
    }
    expect(prompt.mock.calls).toEqual([["Enter passphrase for identity 'SOPS_AGE_KEY_FILE':"]])
  })

  test('may stand in a variable', async () => {
    const host = fakeHost({ env: { SOPS_AGE_KEY: file }, prompt: () => passphrase })
    expect(await age.decryptDataKey(await wrapFor(alice.recipient), host)).not.toBeNull()
  })

  test('is not asked for when another identity opens the file', async () => {
    const prompt = vi.fn(() => passphrase)
    const host = holding(file, { prompt, env: { SOPS_AGE_KEY: bob.identity } })
    expect(await age.decryptDataKey(await wrapFor(bob.recipient), host)).not.toBeNull()
    expect(prompt).not.toHaveBeenCalled()
  })

  test('a wrong passphrase', async () => {
    const prompt = vi.fn(() => 'guess')
    const host = holding(file, { prompt })
    for (let count = 0; count < 2; count++) {
      const { message, reason } = await failureOf(await wrapFor(alice.recipient), host)
      expect(message).toContain("failed to decrypt identity file 'SOPS_AGE_KEY_FILE': incorrect passphrase")
      expect(message).not.toContain('guess')
      expect(reason).toBe('denied')
    }
    expect(prompt).toHaveBeenCalledOnce()
  })

  test('nobody to ask', async () => {
    const { message, hint } = await failureOf(await wrapFor(alice.recipient), holding(file))
    expect(message).toContain('could not read passphrase: there is no terminal')
    expect(hint).toContain('terminal')
  })

  test('the right passphrase, but for others', async () => {
    const host = holding(file, { prompt: () => passphrase })
    const { message, hint } = await failureOf(await wrapFor(bob.recipient), host)
    expect(message).toContain('identity did not match any of the recipients')
    expect(hint).toContain('a file with a passphrase (SOPS_AGE_KEY_FILE)')
  })

  test.each([
    ['cut off', (text: string) => `${text.slice(0, 150)}\n-----END AGE ENCRYPTED FILE-----\n`],
    ['without its end', (text: string) => text.slice(0, 300)],
    ['binary nonsense', () => 'age-encryption.org/v1\nnonsense'],
  ])('damaged: %s', async (_, damage) => {
    const { message, reason } = await failureOf(
      await wrapFor(alice.recipient),
      holding(damage(file), { prompt: () => passphrase }),
    )
    expect(message).toContain("failed to decrypt identity file 'SOPS_AGE_KEY_FILE': it is damaged")
    expect(reason).toBe('malformed')
  })

  test.each([
    ['nothing', '# none\n', 'no identities found'],
    ['nonsense', 'AGE-SECRET-KEY-1QQQ\n', 'malformed secret key'],
    ['another locked file', 'age-encryption.org/v1\n', 'unknown identity type'],
  ])('holds %s', async (_, text, reason) => {
    const host = holding(await lock(text), { prompt: () => passphrase })
    expect((await failureOf(await wrapFor(alice.recipient), host)).message).toContain(reason)
  })

  test('for a recipient instead of a passphrase is no such file, and nobody is asked', async () => {
    const prompt = vi.fn(() => passphrase)
    const encrypter = new Encrypter()
    encrypter.addRecipient(alice.recipient)
    const host = holding(armor.encode(await encrypter.encrypt(bob.identity)), { prompt })
    await failureOf(await wrapFor(bob.recipient), host)
    expect(prompt).not.toHaveBeenCalled()
  })

  test('a work factor above that of age is refused before anybody is asked', async () => {
    const prompt = vi.fn(() => passphrase)
    const stanza = `-> scrypt ${'A'.repeat(22)} 23\n${'A'.repeat(43)}\n`
    const host = holding(`age-encryption.org/v1\n${stanza}--- ${'A'.repeat(43)}\n${'x'.repeat(40)}`, { prompt })
    expect((await failureOf(await wrapFor(alice.recipient), host)).reason).toBe('malformed')
    expect(prompt).not.toHaveBeenCalled()
  })

  test('a file of 16 MiB is refused', async () => {
    const { errors } = await loadIdentities(holding(`-----BEGIN AGE${'x'.repeat(1 << 24)}`), 'x')
    expect(errors).toContain("failed to read 'SOPS_AGE_KEY_FILE': file too long")
  })

  test('an identity of a plugin in it is used too', async () => {
    const host = holding(await lock(encodeBech32('AGE-PLUGIN-TOY-', new Uint8Array(3))), { prompt: () => passphrase })
    expect((await failureOf(await wrapFor(alice.recipient), host)).message).toContain(
      'toy plugin: it cannot be started',
    )
  })
})
