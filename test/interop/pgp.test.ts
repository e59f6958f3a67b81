// PGP against gpg and sops: what one side wraps, all others open, in process and by gpg.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decrypt, encrypt, keyGroup } from '../../src/index.ts'
import type { Host } from '../../src/host.ts'
import { pgp, type PgpKey } from '../../src/keys/pgp/backend.ts'
import { readMessage } from '../../src/keys/pgp/message.ts'
import { nodeHost } from '../../src/node-host.ts'
import { dataKey, keyFor, makeMessage, makeSample, protections } from '../keys/pgp/samples.ts'
import { sopsBin } from './peers.ts'

const plain = Buffer.from('{"a": "b"}\n')
const homes: string[] = []

/** A home of gpg; its agent ends with the tests. */
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'tsops-pgp-'))
  homes.push(home)
  return home
}

afterAll(() => {
  for (const home of homes) {
    spawnSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: home } })
    rmSync(home, { recursive: true, force: true })
  }
})

function gpg(home: string, args: readonly string[], input?: string | Uint8Array): Buffer {
  const options = { env: { PATH: process.env.PATH, GNUPGHOME: home }, stdio: ['pipe', 'pipe', 'pipe'] as const }
  return execFileSync('gpg', ['--batch', '--yes', ...args], {
    ...options,
    stdio: [...options.stdio],
    input: input ?? '',
  })
}

interface KeyOptions {
  readonly algorithm?: string
  readonly passphrase?: string
  readonly expire?: string
  readonly before?: readonly string[]
}

/** The fingerprint of a new key. */
function newKey(home: string, name: string, options: KeyOptions = {}): string {
  const { algorithm = 'future-default', passphrase = '', expire = 'never', before = [] } = options
  gpg(home, [
    ...[...before, '--pinentry-mode', 'loopback', '--passphrase', passphrase],
    ...['--quick-gen-key', name, algorithm, 'default', expire],
  ])
  return fingerprints(home, name)[0]!
}

function fingerprints(home: string, name: string): string[] {
  const listing = gpg(home, ['--with-colons', '--with-subkey-fingerprint', '--list-keys', name]).toString()
  return listing.split('\n').flatMap((line) => (line.startsWith('fpr:') ? [line.split(':')[9]!] : []))
}

function exported(home: string, kind: 'public' | 'secret', fingerprint: string, passphrase = ''): string {
  if (kind === 'public') return gpg(home, ['--armor', '--export', fingerprint]).toString()
  const unlock = ['--pinentry-mode', 'loopback', '--passphrase', passphrase]
  return gpg(home, [...unlock, '--armor', '--export-secret-keys', fingerprint]).toString()
}

/** Our host in the given environment: nothing of the one that runs the tests. */
function hostIn(env: Readonly<Record<string, string>>): Host {
  const host = nodeHost()
  return {
    ...host,
    env: (name) => env[name],
    run: (file, args, options) => host.run(file, args, { ...options, env: { ...env, ...options?.env } }),
  }
}

const byGpg = (home: string): Host => hostIn({ GNUPGHOME: home })
const noGpg = { GNUPGHOME: '/nonexistent', SOPS_GPG_EXEC: '/nonexistent/gpg' }
const inProcess = (secret: string, more: Record<string, string> = {}): Host =>
  hostIn({ ...noGpg, TSOPS_PGP_KEY: secret, ...more })

function sops(home: string, args: readonly string[], input: string | Uint8Array, more: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, HOME: home, GNUPGHOME: home, ...more }
  const { status, stdout, stderr } = spawnSync(sopsBin, args, { env, input })
  return { status, stdout, stderr: stderr.toString() }
}

const sopsEncrypts = (home: string, fingerprint: string): Buffer =>
  sops(home, ['encrypt', '--pgp', fingerprint, '--filename-override', 'x.json'], plain).stdout

const types = ['--input-type', 'json', '--output-type', 'json']

function expectSopsOpens(home: string, file: Uint8Array, more: Record<string, string> = {}): void {
  const { status, stdout, stderr } = sops(home, ['decrypt', ...types], file, more)
  expect(status, stderr).toBe(0)
  expect(JSON.parse(stdout.toString())).toEqual({ a: 'b' })
}

const weEncrypt = (fingerprint: string, host: Host): Promise<Uint8Array> =>
  encrypt(plain, { keyGroups: [keyGroup({ pgp: fingerprint })], macOnlyEncrypted: false }, { format: 'json', host })

async function weOpen(file: Uint8Array, host: Host): Promise<unknown> {
  return JSON.parse(Buffer.from(await decrypt(file, { format: 'json', host })).toString())
}

function encOf(file: Uint8Array): string {
  const { sops: metadata } = JSON.parse(Buffer.from(file).toString()) as { sops: { pgp: { enc: string }[] } }
  return metadata.pgp[0]!.enc
}

describe.each([
  ['RSA', 'default'],
  ['Curve25519', 'future-default'],
  ['NIST P-256', 'nistp256'],
])('%s', (_, algorithm) => {
  const home = newHome()
  let fingerprint = ''
  beforeAll(() => {
    fingerprint = newKey(home, 'Alice', { algorithm })
    // nistp256 makes a key that only signs.
    if (algorithm === 'nistp256') gpg(home, ['--passphrase', '', '--quick-add-key', fingerprint, 'nistp256', 'encr'])
  })

  test('what sops wraps opens by gpg and in process', async () => {
    const file = sopsEncrypts(home, fingerprint)
    expect(await weOpen(file, byGpg(home))).toEqual({ a: 'b' })
    expect(await weOpen(file, inProcess(exported(home, 'secret', fingerprint)))).toEqual({ a: 'b' })
  })

  test('what we wrap opens in sops, in gpg and on the other way', async () => {
    const secret = exported(home, 'secret', fingerprint)
    for (const host of [byGpg(home), inProcess(exported(home, 'public', fingerprint)), inProcess(secret)]) {
      const file = await weEncrypt(fingerprint, host)
      expectSopsOpens(home, file)
      expect(gpg(home, ['-d'], encOf(file))).toHaveLength(32)
      expect(await weOpen(file, byGpg(home))).toEqual({ a: 'b' })
      expect(await weOpen(file, inProcess(secret))).toEqual({ a: 'b' })
    }
  })

  test('sops opens with an old keyring what we wrap, and so do we', async () => {
    const old = newHome()
    writeFileSync(join(old, 'secring.gpg'), gpg(home, ['--passphrase', '', '--export-secret-keys', fingerprint]))
    writeFileSync(join(old, 'pubring.gpg'), gpg(home, ['--export', fingerprint]))
    const host = hostIn({ GNUPGHOME: old, SOPS_GPG_EXEC: '/nonexistent/gpg' })
    const file = await weEncrypt(fingerprint, host)
    expectSopsOpens(old, file, { SOPS_GPG_EXEC: '/nonexistent/gpg' })
    expect(await weOpen(file, host)).toEqual({ a: 'b' })
    expect(await weOpen(sopsEncrypts(old, fingerprint), host)).toEqual({ a: 'b' })
  })
})

describe('subkeys', () => {
  const home = newHome()
  let subkeys: string[] = []
  beforeAll(() => {
    const fingerprint = newKey(home, 'Alice')
    gpg(home, ['--passphrase', '', '--quick-add-key', fingerprint, 'cv25519', 'encr'])
    subkeys = fingerprints(home, 'Alice').slice(1)
    expect(subkeys).toHaveLength(2)
  })

  test('a ! asks for the very subkey, in sops and in both of our ways', async () => {
    const secret = exported(home, 'secret', subkeys[0]!)
    for (const subkey of subkeys) {
      const files = [
        sopsEncrypts(home, `${subkey}!`),
        await weEncrypt(`${subkey}!`, byGpg(home)),
        await weEncrypt(`${subkey}!`, inProcess(secret)),
      ]
      for (const file of files) {
        expect(readMessage(encOf(file))).toMatchObject({ recipients: [subkey.slice(-16)] })
        expectSopsOpens(home, file)
        expect(await weOpen(file, byGpg(home))).toEqual({ a: 'b' })
        expect(await weOpen(file, inProcess(secret))).toEqual({ a: 'b' })
      }
    }
  })

  test('an exported subkey opens without its primary key', async () => {
    const secret = gpg(home, ['--passphrase', '', '--armor', '--export-secret-subkeys', subkeys[0]!]).toString()
    expect(await weOpen(sopsEncrypts(home, `${subkeys[0]!}!`), inProcess(secret))).toEqual({ a: 'b' })
  })
})

describe('several keys', () => {
  const [ours, theirs] = [newHome(), newHome()]
  let alice = ''
  let bob = ''
  beforeAll(() => {
    alice = newKey(ours, 'Alice')
    bob = newKey(theirs, 'Bob')
    gpg(ours, ['--import'], exported(theirs, 'public', bob))
    gpg(theirs, ['--import'], exported(ours, 'public', alice))
  })

  test('of one group each opens alone', async () => {
    for (const file of [sopsEncrypts(ours, `${bob},${alice}`), await weEncrypt(`${bob},${alice}`, byGpg(ours))]) {
      for (const home of [ours, theirs]) {
        expectSopsOpens(home, file)
        expect(await weOpen(file, byGpg(home))).toEqual({ a: 'b' })
      }
      expect(await weOpen(file, inProcess(exported(theirs, 'secret', bob)))).toEqual({ a: 'b' })
    }
  })

  test('of two groups both are wanted', async () => {
    const keyGroups = [keyGroup({ pgp: alice }), keyGroup({ pgp: bob })]
    const rule = { keyGroups, shamirThreshold: 2, macOnlyEncrypted: false }
    const file = await encrypt(plain, rule, { format: 'json', host: byGpg(ours) })
    const secrets = exported(ours, 'secret', alice) + exported(theirs, 'secret', bob)
    expect(await weOpen(file, inProcess(secrets))).toEqual({ a: 'b' })
    await expect(weOpen(file, byGpg(ours))).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
    gpg(ours, ['--import'], exported(theirs, 'secret', bob))
    expectSopsOpens(ours, file)
  })

  test('one that is missing is named as gpg names it', async () => {
    const key = keyFor('0'.repeat(40))
    const work = pgp.encryptDataKey(key, dataKey, byGpg(theirs))
    await expect(work).rejects.toMatchObject({ reason: 'no-credential' })
    await expect(work).rejects.toThrow(
      /GnuPG binary error: failed to encrypt sops data key with pgp: gpg: .*No public key/s,
    )
  })
})

describe('refusals', () => {
  const home = newHome()

  test('an expired key, in sops and in both of our ways', async () => {
    const before = ['--faked-system-time', '20200101T000000']
    const expired = newKey(home, 'Old', { before, expire: '1y' })
    const { status } = sops(home, ['encrypt', '--pgp', expired, '--filename-override', 'x.json'], plain)
    expect(status).not.toBe(0)
    for (const host of [byGpg(home), inProcess(exported(home, 'public', expired))])
      await expect(pgp.encryptDataKey(keyFor(expired), dataKey, host)).rejects.toMatchObject({
        reason: expect.stringMatching(/denied|no-credential/) as string,
      })
  })

  test('a locked key: the right passphrase opens, a wrong or missing one fails at once', async () => {
    const fingerprint = newKey(home, 'Locked', { passphrase: 'correct horse' })
    const secret = exported(home, 'secret', fingerprint, 'correct horse')
    const file = sopsEncrypts(home, fingerprint)
    expect(await weOpen(file, inProcess(secret, { TSOPS_PGP_PASSPHRASE: 'correct horse' }))).toEqual({ a: 'b' })
    const key: PgpKey = keyFor(fingerprint, encOf(file))
    const wrong = inProcess(secret, { TSOPS_PGP_PASSPHRASE: 'battery staple' })
    await expect(pgp.decryptDataKey(key, wrong)).rejects.toMatchObject({ reason: 'denied' })
    await expect(pgp.decryptDataKey(key, inProcess(secret))).rejects.toMatchObject({ reason: 'denied' })
    spawnSync('gpgconf', ['--kill', 'gpg-agent'], { env: { ...process.env, GNUPGHOME: home } })
    const failure: unknown = await pgp.decryptDataKey(key, byGpg(home)).catch((error: unknown) => error)
    expect(failure).toMatchObject({ reason: 'denied' })
    expect(String(failure)).toContain('GnuPG binary error: failed to decrypt sops data key with pgp: gpg: ')
  })

  test('a message without integrity protection is given to neither way', async () => {
    const sample = await makeSample()
    gpg(home, ['--passphrase', '', '--import'], sample.secret)
    const enc = await makeMessage(sample, dataKey, protections.none)
    for (const host of [byGpg(home), inProcess(sample.secret)])
      await expect(pgp.decryptDataKey(keyFor('', enc), host)).rejects.toThrow('no integrity protection')
  })

  test('a message that unpacks without end ends', async () => {
    const sample = await makeSample()
    gpg(home, ['--passphrase', '', '--import'], sample.secret)
    const enc = await makeMessage(sample, new Uint8Array(40_000_000), protections.detectable, 2)
    for (const host of [byGpg(home), inProcess(sample.secret)])
      await expect(pgp.decryptDataKey(keyFor('', enc), host)).rejects.toMatchObject({ code: 'ERR_SOPS_KEY_BACKEND' })
  })
})

test("a message with GnuPG's own authenticated encryption: sops, gpg and we open it", async () => {
  const [home, old] = [newHome(), newHome()]
  const sample = await makeSample()
  gpg(home, ['--passphrase', '', '--import'], sample.secret)
  writeFileSync(join(old, 'secring.gpg'), sample.key.write())
  const host = inProcess(sample.secret)
  const file = await weEncrypt(sample.fingerprint, host)
  const wrapped = (await pgp.decryptDataKey(keyFor('', encOf(file)), host))!
  const enc = await makeMessage(sample, wrapped, protections.gnupg)
  const parsed = JSON.parse(Buffer.from(file).toString()) as { sops: { pgp: object[] } }
  const metadata = { ...parsed.sops, pgp: [{ ...parsed.sops.pgp[0], enc }] }
  const newer = Buffer.from(JSON.stringify({ ...parsed, sops: metadata }))
  expectSopsOpens(old, newer, { SOPS_GPG_EXEC: '/nonexistent/gpg' })
  expect(await weOpen(newer, host)).toEqual({ a: 'b' })
  expect(await weOpen(newer, byGpg(home))).toEqual({ a: 'b' })
})

describe("the files of sops' own functional tests", () => {
  const home = newHome()
  let module = ''
  let secret = ''
  beforeAll(() => {
    const answer = execFileSync('go', ['mod', 'download', '-json', 'github.com/getsops/sops/v3@v3.13.3']).toString()
    module = (JSON.parse(answer) as { Dir: string }).Dir
    secret = readFileSync(join(module, 'pgp', 'sops_functional_tests_key.asc'), 'utf8')
    gpg(home, ['--import'], secret)
  })

  test('open in process and by gpg', async () => {
    const folder = join(module, 'functional-tests', 'res')
    const names = readdirSync(folder).filter((name) => /\.enc\.(?:yaml|json)$|^multiple_keys/.test(name))
    expect(names.length).toBeGreaterThan(3)
    for (const name of names) {
      const file = readFileSync(join(folder, name))
      const format = name.endsWith('json') ? 'json' : 'yaml'
      const plains = await Promise.all(
        [inProcess(secret), byGpg(home)].map(async (host) =>
          Buffer.from(await decrypt(file, { format, host })).toString(),
        ),
      )
      expect(plains[0]).not.toMatch(/ENC\[/)
      expect(plains[0]).toBe(plains[1])
    }
  })

  test('its keys wrap as in sops: a weak one by gpg alone', async () => {
    const [strong, weak] = fingerprints(home, 'secops').filter((_, index) => index % 2 === 0)
    const file = await weEncrypt(`${strong},${weak}`, byGpg(home))
    expectSopsOpens(home, file)
    await expect(pgp.encryptDataKey(keyFor(weak!), dataKey, inProcess(secret))).rejects.toThrow('too weak')
  })
})
