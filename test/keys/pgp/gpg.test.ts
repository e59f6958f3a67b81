import { describe, expect, test } from 'vitest'
import { KeyBackendError } from '../../../src/errors.ts'
import { RunError } from '../../../src/host.ts'
import { pgp } from '../../../src/keys/pgp/backend.ts'
import { dataKey, hostWithGpg, keyFor, makeMessage, makeSample, protections, type GpgCall } from './samples.ts'

const alice = await makeSample()
const message = await makeMessage(alice, dataKey, protections.detectable)
const failing =
  (stderr: string, status = 2) =>
  (): never => {
    throw new RunError(`exit status ${status}`, status, stderr)
  }

async function failureOf(work: Promise<unknown>): Promise<KeyBackendError> {
  const error: unknown = await work.catch((failure: unknown) => failure)
  if (error instanceof KeyBackendError) return error
  throw new Error('a KeyBackendError was expected', { cause: error })
}

describe('encryption by gpg', () => {
  const key = 'A'.repeat(40)

  test.each([
    [key, 'A'.repeat(16)],
    [`${key}!`, `${'A'.repeat(16)}!`],
    ['1234567890abcdef', '1234567890abcdef'],
    [`0x${key}`, 'A'.repeat(16)],
  ])('%s: it is called as sops calls it', async (id, trusted) => {
    const host = hostWithGpg({}, () => `\n${message}\n`)
    const wrapped = await pgp.encryptDataKey(keyFor(id), dataKey, host)
    expect(wrapped).toEqual(keyFor(id, message.trim()))
    expect(host.calls).toEqual<GpgCall[]>([
      {
        file: 'gpg',
        args: [
          ...['--no-default-recipient', '--yes', '--encrypt', '-a', '-r', id, '--trusted-key', trusted],
          '--no-encrypt-to',
        ],
        options: { stdin: dataKey, keepStderr: true },
      },
    ])
  })

  test.each(['--output=/tmp/x', '-r', 'me@example.com', 'A'.repeat(39), `${key} --x`, `${key}\n`, '', 'A'.repeat(8)])(
    '%j never becomes an argument',
    async (id) => {
      const host = hostWithGpg({}, () => message)
      const failure = await failureOf(pgp.encryptDataKey(keyFor(id), dataKey, host))
      expect(failure.message).toContain('gpg was not started')
      expect(host.calls).toEqual([])
    },
  )

  test('SOPS_GPG_EXEC names the program; empty it does not', async () => {
    for (const [name, file] of [
      ['/opt/gpg 2', '/opt/gpg 2'],
      ['', 'gpg'],
    ] as const) {
      const host = hostWithGpg({ env: { SOPS_GPG_EXEC: name } }, () => message)
      await pgp.encryptDataKey(keyFor(key), dataKey, host)
      expect(host.calls[0]?.file).toBe(file)
    }
  })

  test.each(['', 'nonsense', Buffer.from(dataKey)])('an answer that is no message is refused', async (answer) => {
    const failure = await failureOf(
      pgp.encryptDataKey(
        keyFor(key),
        dataKey,
        hostWithGpg({}, () => answer),
      ),
    )
    expect(failure.reason).toBe('malformed')
  })

  test('its report is in the message, as in sops', async () => {
    const stderr = `gpg: ${key}: skipped: No public key\ngpg: [stdin]: encryption failed: No public key\n`
    const failure = await failureOf(pgp.encryptDataKey(keyFor(key), dataKey, hostWithGpg({}, failing(stderr))))
    expect(failure.message).toBe(
      `could not encrypt data key with PGP key: openpgp error: key with fingerprint '${key}' is not available in keyring (TSOPS_PGP_KEY, TSOPS_PGP_KEY_FILE, TSOPS_PGP_PUBLIC_KEY_FILE); ` +
        `GnuPG binary error: failed to encrypt sops data key with pgp: ${stderr.trim()}`,
    )
    expect(failure.reason).toBe('no-credential')
  })

  test('a missing gpg is named, with the way out', async () => {
    const failure = await failureOf(pgp.encryptDataKey(keyFor(key), dataKey, hostWithGpg({})))
    expect(failure.message).toMatch(/: "gpg" was not found$/)
    expect(failure.hint).toContain('TSOPS_PGP_PUBLIC_KEY_FILE')
  })
})

describe('decryption by gpg', () => {
  test('it is called as sops calls it', async () => {
    const host = hostWithGpg({}, () => dataKey)
    expect(await pgp.decryptDataKey(keyFor('anything', message), host)).toEqual(dataKey)
    expect(host.calls).toEqual<GpgCall[]>([
      { file: 'gpg', args: ['-d'], options: { stdin: new TextEncoder().encode(message), keepStderr: true } },
    ])
  })

  test('one message after the other', async () => {
    let [running, most] = [0, 0]
    const host = hostWithGpg({})
    const run = async (): Promise<Uint8Array> => {
      most = Math.max(most, ++running)
      await new Promise((done) => setImmediate(done))
      running--
      return dataKey
    }
    const busy = { ...host, run }
    await Promise.all(Array.from({ length: 5 }, () => pgp.decryptDataKey(keyFor('', message), busy)))
    expect(most).toBe(1)
  })

  test('an empty answer is a failure', async () => {
    const failure = await failureOf(
      pgp.decryptDataKey(
        keyFor('', message),
        hostWithGpg({}, () => ''),
      ),
    )
    expect(failure.message).toMatch(
      /GnuPG binary error: failed to decrypt sops data key with pgp: zero bytes returned$/,
    )
    expect(failure.reason).toBe('malformed')
  })

  test('an empty answer for a message of a newer gpg says so', async () => {
    const newer = await makeMessage(alice, dataKey, protections.gnupg)
    for (const gpg of [() => '', failing('gpg: unknown packet')])
      expect((await failureOf(pgp.decryptDataKey(keyFor('', newer), hostWithGpg({}, gpg)))).hint).toContain('OCB')
  })

  test('an answer of another length is no data key', async () => {
    const failure = await failureOf(
      pgp.decryptDataKey(
        keyFor('', message),
        hostWithGpg({}, () => new Uint8Array(31)),
      ),
    )
    expect(failure.message).toMatch(/GnuPG binary error: the PGP message holds no data key$/)
  })

  test.each([
    ['gpg: public key decryption failed: Operation cancelled\ngpg: decryption failed: No secret key', 'denied'],
    ['gpg: public key decryption failed: Inappropriate ioctl for device', 'denied'],
    ['gpg: decryption failed: No secret key', 'no-credential'],
    ['gpg: WARNING: encrypted message has been manipulated!', 'malformed'],
    ['', 'denied'],
  ])('%j', async (stderr, reason) => {
    const failure = await failureOf(pgp.decryptDataKey(keyFor('', message), hostWithGpg({}, failing(stderr))))
    expect(failure.reason).toBe(reason)
    expect(failure.message).toContain(stderr === '' ? 'exit status 2' : stderr)
  })

  test('what another program than gpg writes is not shown', async () => {
    const stderr = `+ echo hunter2\ngpg: encrypted with rsa2048 key\n      "Me <me@example.com>"\nhunter2\n`
    const failure = await failureOf(pgp.decryptDataKey(keyFor('', message), hostWithGpg({}, failing(stderr))))
    expect(failure.message).toContain('Me <me@example.com>')
    expect(failure.message).not.toContain('hunter2')
  })

  test('keys in process come first', async () => {
    const host = hostWithGpg({ env: { TSOPS_PGP_KEY: alice.secret } }, () => 'never asked')
    expect(new Uint8Array((await pgp.decryptDataKey(keyFor('', message), host)) ?? [])).toEqual(dataKey)
    expect(host.calls).toEqual([])
  })
})
