import { createHash, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ConfigError, KeyBackendError } from '../../src/errors.ts'
import { age, type AgeKey } from '../../src/keys/age/backend.ts'
import { bcryptPbkdf } from '../../src/keys/age/bcrypt-pbkdf.ts'
import { exportShare, importScalar, toShare } from '../../src/keys/age/curve25519.ts'
import { parsePrivateKey } from '../../src/keys/age/ssh-private-key.ts'
import { emitPublicLine, parsePublicLine } from '../../src/keys/age/ssh-public-key.ts'
import { writeFields } from '../../src/keys/age/ssh-wire.ts'
import { testKeyBackend } from '../contract/key-backend.ts'
import { alice } from '../test-keys.ts'
import { fakeHost, type World } from './hosts.ts'

const read = (name: string): string => readFileSync(`test/keys/vectors/ssh/${name}`, 'utf8')
const publicLine = (name: string): string => read(`${name}.pub`).trim()
const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const keyOf = (id: string, enc = ''): AgeKey => ({ type: 'age', id, enc })
const passphrase = 'open sesame'
const home = '/home/me'

const holding = (file: string, more: World = {}): ReturnType<typeof fakeHost> =>
  fakeHost({
    ...more,
    env: { HOME: home, SOPS_AGE_SSH_PRIVATE_KEY_FILE: '/key', ...more.env },
    files: { '/key': file, ...more.files },
  })

async function wrapFor(line: string): Promise<AgeKey> {
  return age.encryptDataKey(keyOf(line), dataKey, fakeHost({}))
}

async function failureOf(key: AgeKey, host: ReturnType<typeof fakeHost>): Promise<KeyBackendError> {
  const error: unknown = await age.decryptDataKey(key, host).catch((failure: unknown) => failure)
  if (error instanceof KeyBackendError) return error
  throw new Error('a KeyBackendError was expected', { cause: error })
}

testKeyBackend(age, {
  specs: [publicLine('ed25519'), publicLine('rsa')],
  badSpecs: [publicLine('ecdsa'), publicLine('rsa-1024'), 'ssh-ed25519', 'ssh-dss AAAA', 'ssh-rsa AAAAB3NzaC1yc2E='],
  groupEntry: publicLine('ed25519'),
  host: () =>
    fakeHost({
      env: { HOME: home },
      files: { [`${home}/.ssh/id_ed25519`]: read('ed25519'), [`${home}/.ssh/id_rsa`]: read('rsa') },
    }),
  emptyHost: () => fakeHost({}),
  secrets: [read('ed25519').split('\n')[2]!, read('rsa').split('\n')[5]!],
})

describe('bcrypt_pbkdf', () => {
  test.each([
    ['password', 'salt', 12, '1ae42c05d487bc02f64921a4ebe4ea93bcacfe135fda99974c06b7b01fae149a'],
    ['passwordy\0PASSWORD\0', 'salty\0SALT\0', 3, '7f310bd3e78c3280c59ce4595211a2928e8d4ec744c1ed2efc9f764e3388e0ad'],
  ])('the answers of others: %j', (password, salt, rounds, expected) => {
    const options = { salt: Buffer.from(salt), rounds, length: expected.length / 2 }
    expect(Buffer.from(bcryptPbkdf(Buffer.from(password), options)).toString('hex')).toBe(expected)
  })
})

describe('public keys', () => {
  test.each(['ed25519', 'rsa', 'locked-rsa-pem', 'rsa-pkcs8'])('%s: the line comes back', (name) => {
    const line = publicLine(name)
    expect(emitPublicLine(parsePublicLine(line))).toBe(line.split(' ').slice(0, 2).join(' '))
    expect(emitPublicLine(parsePublicLine(line.replace(' ', '\t ')))).toBe(line.split(' ').slice(0, 2).join(' '))
  })

  const blob = (...fields: readonly (string | Uint8Array)[]): string =>
    writeFields(...fields.map((field) => Buffer.from(field))).toString('base64')
  const modulus = Buffer.alloc(257, 1).fill(0, 0, 1).fill(0xff, 1, 2)

  test.each([
    ['no key', 'ssh-ed25519', 'not base64'],
    ['not base64', 'ssh-ed25519 AAA* x', 'not base64'],
    ['two lines', `${publicLine('ed25519')}\n${publicLine('rsa')}`, 'more than one line'],
    ['another type before it', publicLine('rsa').replace('ssh-rsa', 'ssh-ed25519'), 'the type before the key'],
    ['cut off', `ssh-ed25519 ${blob('ssh-ed25519')}`, 'cut off'],
    ['a length beyond its end', `ssh-rsa ${Buffer.from('ffffffff00', 'hex').toString('base64')}`, 'cut off'],
    ['a short point', `ssh-ed25519 ${blob('ssh-ed25519', new Uint8Array(31))}`, '32 bytes'],
    ['no point of the curve', `ssh-ed25519 ${blob('ssh-ed25519', Buffer.alloc(32, 2))}`, 'invalid point'],
    ['something after it', `ssh-ed25519 ${blob('ssh-ed25519', Buffer.alloc(32), 'x')}`, 'after the key'],
    ['a negative modulus', `ssh-rsa ${blob('ssh-rsa', Buffer.of(3), Buffer.alloc(256, 255))}`, 'not positive'],
    ['a number with zeros', `ssh-rsa ${blob('ssh-rsa', Buffer.of(0, 3), modulus)}`, 'shortest form'],
    ['an even exponent', `ssh-rsa ${blob('ssh-rsa', Buffer.of(4), modulus)}`, 'exponent'],
    ['the exponent 1', `ssh-rsa ${blob('ssh-rsa', Buffer.of(1), modulus)}`, 'exponent'],
    ['a large exponent', `ssh-rsa ${blob('ssh-rsa', Buffer.of(1, 0, 0, 1), modulus)}`, 'exponent'],
    ['a large modulus', `ssh-rsa ${blob('ssh-rsa', Buffer.of(3), Buffer.alloc(1025, 1))}`, 'too large'],
    ['a small modulus', publicLine('rsa-1024'), 'too small'],
    ['a line without end', `ssh-rsa ${'A'.repeat(1_000_000)}`, 'too long'],
    ['another kind', `ssh-ed25519 ${blob('ecdsa-sha2-nistp256', 'x')}`, 'only ssh-ed25519 and ssh-rsa'],
  ])('refused: %s', (_, line, reason) => {
    const error: unknown = (() => {
      try {
        return age.parse(line)
      } catch (failure) {
        return failure
      }
    })()
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain(reason)
    expect(String(error).length).toBeLessThan(2000)
  })

  test('give the share that belongs to the private key', () => {
    for (let count = 0; count < 50; count++) {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519')
      const [seed, point] = [privateKey.export({ format: 'jwk' }).d ?? '', publicKey.export({ format: 'jwk' }).x ?? '']
      const scalar = createHash('sha512').update(seed, 'base64url').digest().subarray(0, 32)
      expect(exportShare(importScalar(scalar))).toEqual(toShare(Buffer.from(point, 'base64url')))
    }
  })

  test('a point of low order cannot be encrypted to', async () => {
    // y = 1: the neutral element.
    const line = `ssh-ed25519 ${blob('ssh-ed25519', Buffer.from(`01${'00'.repeat(31)}`, 'hex'))}`
    expect([...toShare(parsePublicLine(line).blob.slice(-32))]).toEqual([...new Uint8Array(32)])
    await expect(wrapFor(line)).rejects.toMatchObject({ code: 'ERR_SOPS_KEY_BACKEND' })
  })
})

describe('private keys', () => {
  test.each([
    ['ed25519', 'ed25519'],
    ['rsa', 'rsa'],
    ['rsa-pkcs8', 'rsa-pkcs8'],
  ])('%s opens what is encrypted for it', async (name, recipient) => {
    const wrapped = await wrapFor(publicLine(recipient))
    for (const file of [read(name), `some text before\n${read(name)}after`, read(name).replaceAll('\n', '\r\n')]) {
      expect(new Uint8Array((await age.decryptDataKey(wrapped, holding(file))) ?? [])).toEqual(dataKey)
    }
  })

  test.each(['ed25519', 'rsa'])('%s opens what age encrypted for it', async (name) => {
    const key = keyOf(publicLine(name), read(`${name}.age`))
    const opened = await age.decryptDataKey(key, holding(read(name)))
    expect(Buffer.from(opened ?? []).toString()).toBe('0123456789abcdef0123456789abcdef')
  })

  test.each([
    ['ecdsa', 'only ssh-ed25519 and ssh-rsa'],
    ['ed25519.pub', 'no key found'],
    ['', 'no key found'],
  ])('%j cannot be used', async (name, reason) => {
    const wrapped = await wrapFor(publicLine('ed25519'))
    const { message, reason: code } = await failureOf(wrapped, holding(name === '' ? '' : read(name)))
    expect(message).toContain(`Errors while loading age identities: malformed SSH identity in "/key": ${reason}`)
    expect(code).toBe('no-credential')
  })

  test('whatever is done to a file, it is read or refused, and no error shows a part of it', () => {
    const files = ['ed25519', 'rsa', 'locked-ed25519', 'locked-rsa-pem', 'rsa-pkcs8'].map((name) =>
      Buffer.from(read(name)),
    )
    const change = fc.record({
      file: fc.constantFrom(...files),
      place: fc.nat(3000),
      bytes: fc.uint8Array({ maxLength: 8 }),
      removed: fc.nat(100),
      encoded: fc.boolean(),
    })
    fc.assert(
      fc.property(change, ({ file, place, bytes, removed, encoded }) => {
        const changed = encoded ? changeEncoded(file, place, bytes) : splice(file, place, removed, bytes)
        try {
          const key = parsePrivateKey(changed)
          if ('unlock' in key && bytes.length > 6) key.unlock(passphrase)
        } catch (error) {
          if (!(error instanceof Error)) throw error
          expect(error.message.length).toBeLessThan(100)
          for (const line of file
            .toString()
            .split('\n')
            .slice(1, -2)
            .filter((text) => text !== ''))
            expect(error.message).not.toContain(line)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('a file without end is refused', () => {
    expect(() => parsePrivateKey(new Uint8Array(2_000_000))).toThrow('too long')
  })

  test('more rounds than anybody waits for are refused', () => {
    const options = Buffer.concat([writeFields(Buffer.alloc(16, 1)), Buffer.from('7fffffff', 'hex')])
    const number = Buffer.from('00000001', 'hex')
    const body = Buffer.concat([
      Buffer.from('openssh-key-v1\0'),
      writeFields(Buffer.from('aes256-ctr'), Buffer.from('bcrypt'), options),
      number,
      writeFields(parsePublicLine(publicLine('ed25519')).blob, Buffer.alloc(32)),
    ])
    const file = `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
    expect(() => parsePrivateKey(Buffer.from(file))).toThrow('rounds')
  })
})

describe('a key with a passphrase', () => {
  const locked = read('locked-ed25519')
  const parsed = parsePrivateKey(Buffer.from(locked))
  const line = `${emitPublicLine('unlock' in parsed ? parsed.publicKey! : parsed.publicKey)} locked`

  test('asks once for many files', async () => {
    const prompt = vi.fn(() => passphrase)
    const host = holding(locked, { prompt })
    for (const key of [await wrapFor(line), await wrapFor(line)]) {
      expect(new Uint8Array((await age.decryptDataKey(key, host)) ?? [])).toEqual(dataKey)
    }
    expect(prompt.mock.calls).toEqual([['Enter passphrase for "/key":']])
  })

  test('asks for nothing when a file is for others, or another identity opens it', async () => {
    const prompt = vi.fn(() => passphrase)
    const host = holding(locked, { prompt, env: { SOPS_AGE_KEY: alice.identity } })
    await age.decryptDataKey(await wrapFor(alice.recipient), host)
    await failureOf(await wrapFor(publicLine('rsa')), host)
    expect(prompt).not.toHaveBeenCalled()
  })

  test('a wrong passphrase is told, and not asked for again', async () => {
    const prompt = vi.fn(() => 'guess')
    const host = holding(locked, { prompt })
    for (let count = 0; count < 2; count++) {
      const { message, reason } = await failureOf(await wrapFor(line), host)
      expect(message).toContain('failed to decrypt SSH key file "/key": incorrect passphrase')
      expect(message).not.toContain('guess')
      expect(reason).toBe('denied')
    }
    expect(prompt).toHaveBeenCalledOnce()
  })

  test('without a terminal the hint says what to do', async () => {
    const { message, hint, reason } = await failureOf(await wrapFor(line), holding(locked))
    expect(message).toContain('could not read passphrase: there is no terminal')
    expect(hint).toContain('terminal')
    expect(reason).toBe('no-credential')
  })

  test('an old format needs the .pub file beside it', async () => {
    const wrapped = await wrapFor(publicLine('locked-rsa-pem'))
    const prompt = (): string => passphrase
    const file = read('locked-rsa-pem')
    const pub = { '/key.pub': `# mine\n${read('locked-rsa-pem.pub')}` }
    const opened = await age.decryptDataKey(wrapped, holding(file, { prompt, files: pub }))
    expect(new Uint8Array(opened ?? [])).toEqual(dataKey)
    expect((await failureOf(wrapped, holding(file, { prompt }))).message).toContain('the .pub file beside it cannot be')
    const other = { '/key.pub': read('rsa.pub') }
    const wrong = await failureOf(await wrapFor(publicLine('rsa')), holding(file, { prompt, files: other }))
    expect(wrong.message).toContain('mismatched private and public SSH key')
  })
})

describe('sources', () => {
  test('a command gives a key, but none with a passphrase', async () => {
    const wrapped = await wrapFor(publicLine('ed25519'))
    const env = { HOME: home, SOPS_AGE_SSH_PRIVATE_KEY_CMD: 'print key' }
    const host = fakeHost({ env, run: () => read('ed25519') })
    expect(await age.decryptDataKey(wrapped, host)).not.toBeNull()
    expect(host.runs).toEqual([{ file: 'print', args: ['key'], env: { SOPS_AGE_RECIPIENT: publicLine('ed25519') } }])
    const locked = await failureOf(wrapped, fakeHost({ env, run: () => read('locked-ed25519') }))
    expect(locked.message).toContain('SOPS_AGE_SSH_PRIVATE_KEY_CMD: it is password protected, which is unsupported')
  })

  test('a file that is not there is an error when it is named, and none in ~/.ssh', async () => {
    const { message, hint } = await failureOf(
      await wrapFor(publicLine('rsa')),
      fakeHost({ env: { HOME: home, SOPS_AGE_SSH_PRIVATE_KEY_FILE: '/gone' } }),
    )
    expect(message).toContain('identities: failed to open file: open /gone: no such file or directory. Did not find')
    expect(message).toContain(`'${home}/.ssh/id_ed25519', '${home}/.ssh/id_rsa'`)
    expect(hint).toContain('~/.ssh/id_rsa')
  })

  test('a key in ~/.ssh that age cannot use stops nothing', async () => {
    const files = { [`${home}/.ssh/id_ed25519`]: read('ecdsa') }
    const host = fakeHost({ env: { HOME: home, SOPS_AGE_KEY: alice.identity }, files })
    expect(await age.decryptDataKey(await wrapFor(alice.recipient), host)).not.toBeNull()
  })
})

function splice(file: Buffer, place: number, removed: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([file.subarray(0, place), bytes, file.subarray(place + removed)])
}

function changeEncoded(file: Buffer, place: number, bytes: Uint8Array): Buffer {
  const lines = file.toString().split('\n')
  const body = Buffer.from(lines.slice(1, -2).join(''), 'base64')
  body.set(bytes.subarray(0, Math.max(0, body.length - place)), Math.min(place, body.length))
  return Buffer.from([lines[0], body.toString('base64'), ...lines.slice(-2)].join('\n'))
}
