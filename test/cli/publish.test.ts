import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { findPublication } from '../../src/cli/publication.ts'
import { openSession } from '../../src/cli/session.ts'
import { parseArguments } from '../../src/cli/argv.ts'
import { decrypt, encrypt } from '../../src/index.ts'
import { backends } from '../../src/keys/registry.ts'
import { readMetadata } from '../../src/metadata/codec.ts'
import { yaml } from '../../src/stores/yaml.ts'
import { startGoogleStores } from '../fakes/google-stores.ts'
import type { KvMount } from '../fakes/vault-kv.ts'
import { startFakeVault } from '../fakes/vault.ts'
import { ageGroup, hostWith } from '../ours.ts'
import { alice, bob, carol } from '../test-keys.ts'
import { type Result, tsops } from './in-process.ts'

const token = 'hvs.fake-token-of-the-user'
const marker = 'Canary7Value'
const mounts = new Map<string, KvMount>([['secret', { version: 2, secrets: new Map() }]])
const google = await startGoogleStores()
const vault = await startFakeVault({ token, mounts })
const root = mkdtempSync(join(tmpdir(), 'tsops-publish-'))
afterAll(async () => {
  rmSync(root, { recursive: true })
  await Promise.all([google.close(), vault.close()])
})

const config = `
destination_rules:
  - path_regex: vault/
    vault_path: app
  - path_regex: gcs/
    gcs_bucket: bucket
    gcs_prefix: pre/
  - path_regex: short/
    gcs_bucket: bucket
    omit_extensions: true
  - path_regex: again/
    gcs_bucket: bucket
    recreation_rule:
      age: ${bob.recipient}
      encrypted_regex: ^sec
      mac_only_encrypted: true
  - path_regex: default/
    gcs_bucket: bucket
    recreation_rule:
      age: ${bob.recipient}
  - path_regex: keys/
    gcp_secret_manager_project: my-project-1
    secret_per_key: true
`

const plain = `secret: ${marker}\nother_unencrypted: visible\nlist:\n    - a: ${marker} # ${marker}\n`
let sealed: Buffer

beforeAll(async () => {
  writeFileSync(join(root, '.sops.yaml'), config)
  const rule = { keyGroups: [ageGroup(alice.recipient, carol.recipient)] }
  sealed = Buffer.from(await encrypt(Buffer.from(plain), rule, { format: 'yaml', host: hostWith(alice.identity) }))
})
beforeEach(() => {
  google.objects.clear()
  google.secrets.clear()
  google.requests.length = 0
  vault.requests.length = 0
  mounts.get('secret')?.secrets.clear()
  for (const name of ['vault', 'gcs', 'short', 'again', 'default', 'keys', 'none']) {
    rmSync(join(root, name), { recursive: true, force: true })
  }
})

function put(name: string, bytes: string | Buffer = sealed): void {
  mkdirSync(dirname(join(root, name)), { recursive: true })
  writeFileSync(join(root, name), bytes)
}

const env = {
  SOPS_AGE_KEY: alice.identity,
  VAULT_ADDR: vault.url,
  VAULT_TOKEN: token,
  STORAGE_EMULATOR_HOST: google.url,
  TSOPS_GCP_SECRET_MANAGER_ENDPOINT: google.url,
  GOOGLE_OAUTH_ACCESS_TOKEN: google.token,
}

interface Settings {
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
}

async function publish(args: readonly string[], settings: Settings = {}): Promise<Result> {
  const result = await tsops(['publish', ...args], { cwd: root, ...settings, env: { ...env, ...settings.env } })
  for (const secret of [marker, token, google.token]) {
    expect(result.stdout + result.stderr).not.toContain(secret)
    expect(result.stdout + result.stderr).not.toContain(Buffer.from(secret).toString('base64'))
  }
  return result
}

const inVault = (): Record<string, unknown> =>
  Object.fromEntries([...(mounts.get('secret')?.secrets ?? [])].map(([name, texts]) => [name, texts]))

describe('what is wrong with the command line', () => {
  test.each([
    [[], 100, 'Error: no file specified'],
    [['none.yaml'], 1, 'stat none.yaml: no such file or directory'],
    [['-y', '--decryption-order', 'age,age', '.sops.yaml'], 112, 'Duplicate decryption key type: age'],
  ])('%j', async (args, status, message) => {
    const result = await publish(args)
    expect(result).toMatchObject({ status, stdout: '' })
    expect(result.stderr.split('\n')[0]).toBe(message)
  })

  test('a directory', async () => {
    put('gcs/a.yaml')
    const { status, stderr } = await publish(['-y', 'gcs'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/level=fatal msg="can't operate on a directory without --recursive flag\."\n$/)
  })

  test('no configuration comes first, a broken one last', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'tsops-publish-'))
    const run = (args: readonly string[]): Promise<Result> => tsops(['publish', ...args], { cwd: elsewhere, env })
    expect((await run([])).stderr).toMatch(/^config file not found\n/)
    writeFileSync(join(elsewhere, '.sops.yaml'), 'destination_rules: 1\n')
    expect((await run([])).status).toBe(100)
    writeFileSync(join(elsewhere, 'a.yaml'), sealed)
    expect((await run(['a.yaml'])).stderr).toContain('destination_rules: a list is expected')
    rmSync(elsewhere, { recursive: true })
  })
})

describe('the question', () => {
  const question = (name: string): string =>
    `uploading ${join(root, 'gcs', name)} to gcs://bucket/pre/${name} ? (y/n): `

  test.each([
    ['y\n', 0, 1, '', 1],
    ['maybe\nyes\ny\n', 0, 3, '', 1],
    ['n\n', 1, 1, 'Publication of $PATH canceled', 0],
    ['', 1, 1, 'EOF', 0],
    ['\n', 1, 1, 'unexpected newline', 0],
    ['y n\n', 1, 1, 'expected newline', 0],
  ])('%j', async (stdin, status, times, message, objects) => {
    put('gcs/a.yaml')
    const result = await publish(['gcs/a.yaml'], { stdin })
    expect(result).toMatchObject({ status, stdout: question('a.yaml').repeat(times) })
    expect(result.stderr.split('\n')[0]).toBe(message.replace('$PATH', join(root, 'gcs/a.yaml')))
    expect(google.objects.size).toBe(objects)
  })

  test('a no goes on with the next file of a directory', async () => {
    for (const name of ['a.yaml', 'b.yaml', 'c.yaml']) put(`gcs/${name}`)
    const { status, stdout, stderr } = await publish(['--recursive', 'gcs'], { stdin: 'y\nn\ny\n' })
    expect(status).toBe(0)
    expect(stdout).toBe(
      `${question('a.yaml')}${question('b.yaml')}Publication of ${join(root, 'gcs/b.yaml')} canceled\n${question('c.yaml')}`,
    )
    expect(stderr).toBe('published 2, unchanged 0, canceled 1, failed 0\n')
    expect([...google.objects.keys()]).toEqual(['bucket/pre/a.yaml', 'bucket/pre/c.yaml'])
  })

  test('is one line, whatever the rule names', async () => {
    put('gcs/a.yaml')
    const rules = join(root, 'gcs', 'rules')
    writeFileSync(rules, 'destination_rules: [{ gcs_bucket: bucket, gcs_prefix: "x\\nuploading y ? (y/n): " }]\n')
    const { stdout } = await tsops(['--config', rules, 'publish', 'gcs/a.yaml'], { cwd: root, env, stdin: 'n\n' })
    expect(stdout).toContain(' to gcs://bucket/x\\nuploading y ? (y/n): ')
    expect(stdout).not.toContain('\n')
  })

  test('without an answer nothing more is asked', async () => {
    for (const name of ['a.yaml', 'b.yaml']) put(`gcs/${name}`)
    const { status, stdout, stderr } = await publish(['--recursive', 'gcs'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: question('a.yaml') })
    expect(stderr).toMatch(/^EOF\n/)
  })

  test('of a file that is named with --recursive', async () => {
    put('gcs/a.yaml')
    const { status, stdout } = await publish(['--recursive', 'gcs/a.yaml'], { stdin: 'n' })
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: `${question('a.yaml')}Publication of ${join(root, 'gcs/a.yaml')} canceled\n`,
    })
  })
})

describe('names', () => {
  test.each([
    [['gcs/a.b.yaml'], 'pre/a.b.yaml'],
    [['--omit-extensions', 'gcs/a.b.yaml'], 'pre/a.b'],
    [['--omit-extensions', 'gcs/.env'], 'pre/.env'],
    [['--recursive', 'gcs/a.yaml'], 'pre/a.yaml'],
    [['short/a.b.yaml'], 'a.b'],
  ])('%j', async (args, name) => {
    put(args.at(-1) ?? '')
    const extra = args.at(-1)?.endsWith('.env') === true ? await sealedAs('dotenv') : sealed
    put(args.at(-1) ?? '', extra)
    const { status, stderr } = await publish(['-y', ...args])
    expect(status, stderr).toBe(0)
    expect([...google.objects.keys()]).toEqual([`bucket/${name}`])
  })

  async function sealedAs(format: string): Promise<Buffer> {
    const rule = { keyGroups: [ageGroup(alice.recipient)] }
    return Buffer.from(await encrypt(Buffer.from('a=b\n'), rule, { format, host: hostWith(alice.identity) }))
  }

  test('below a directory they are relative to it', async () => {
    put('gcs/a.yaml')
    put('gcs/sub/deep/b.yaml')
    put('gcs/.git/c.yaml', 'not ours')
    put('gcs/sub/.sops.yaml', 'not: ours')
    expect(await publish(['-y', '--recursive', './gcs/'])).toMatchObject({ status: 0, stdout: '' })
    expect([...google.objects.keys()]).toEqual(['bucket/pre/a.yaml', 'bucket/pre/sub/deep/b.yaml'])
  })

  test('two files of one name are both refused', async () => {
    put('short/a.yaml')
    put('short/a.yml')
    put('short/b.yaml')
    const { status, stderr } = await publish(['-y', '--recursive', 'short'])
    expect(status).toBe(8)
    expect(stderr.match(/two files would both be published as "gcs:\/\/bucket\/a"/g)).toHaveLength(2)
    expect([...google.objects.keys()]).toEqual(['bucket/b'])
  })
})

describe('a file as it is', () => {
  test('goes byte for byte, with a key and without', async () => {
    for (const key of [alice.identity, '']) {
      google.objects.clear()
      put('gcs/a.yaml')
      expect(await publish(['-y', 'gcs/a.yaml'], { env: { SOPS_AGE_KEY: key } })).toMatchObject({
        status: 0,
        stdout: '',
        stderr: '',
      })
      expect(google.objects.get('bucket/pre/a.yaml')).toEqual(sealed)
    }
  })

  test('--verbose tells that the MAC was not checked', async () => {
    put('gcs/a.yaml')
    const { stderr } = await publish(['-y', '--verbose', 'gcs/a.yaml'], { env: { SOPS_AGE_KEY: '' } })
    expect(stderr).toMatch(/^\[PUBLISH\]\t .*level=info msg="The MAC is not checked/)
  })

  const section = (): string => sealed.toString().slice(sealed.toString().indexOf('\nsops:\n') + 1)
  const clear: readonly (readonly [string, () => string])[] = [
    ['a plain file', () => plain],
    ['a plain file with the metadata of another', () => plain + section()],
    ['a value that was added by hand', () => `new: ${marker}\n${sealed.toString()}`],
    ['a number that was added by hand', () => `new: 4711\n${sealed.toString()}`],
    ['an empty file', () => ''],
    ['metadata alone', () => 'sops:\n    version: 3.13.3\n'],
    ['metadata without a MAC', () => sealed.toString().replace(/^ {4}mac: .*\n/m, '')],
  ]
  test.each(clear)('%s is never uploaded, key or not', async (_, text) => {
    for (const key of [alice.identity, '']) {
      put('gcs/a.yaml', text())
      expect((await publish(['-y', 'gcs/a.yaml'], { env: { SOPS_AGE_KEY: key } })).status).not.toBe(0)
      put('vault/a.yaml', text())
      expect((await publish(['-y', 'vault/a.yaml'], { env: { SOPS_AGE_KEY: key } })).status).not.toBe(0)
    }
    expect(google.requests).toEqual([])
    expect(vault.requests).toEqual([])
  })

  test('a MAC that is wrong stops whoever can know', async () => {
    const other = sealed.toString().replace('visible', 'changed')
    for (const [directory, key, status] of [
      ['gcs', alice.identity, 51],
      ['gcs', '', 0],
      ['vault', alice.identity, 51],
      ['again', alice.identity, 51],
    ] as const) {
      put(`${directory}/a.yaml`, other)
      expect((await publish(['-y', `${directory}/a.yaml`], { env: { SOPS_AGE_KEY: key } })).status, directory).toBe(
        status,
      )
    }
  })
})

describe('a file that is encrypted anew', () => {
  const published = (): Buffer => google.objects.get('bucket/a.yaml') ?? Buffer.alloc(0)

  test('honours the whole rule, for its keys alone', async () => {
    put('again/a.yaml')
    const { status, stdout, stderr } = await publish(['-y', 'again/a.yaml'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toBe(
      `The following changes will be made to the file's key groups:\nGroup 1\n+++ ${bob.recipient}\n` +
        `--- ${alice.recipient}\n--- ${carol.recipient}\n`,
    )
    expect(readFileSync(join(root, 'again/a.yaml'))).toEqual(sealed)
    const metadata = readMetadata(yaml.parse(published()).metadata ?? { type: 'branch', items: [] }, backends)
    expect(metadata).toMatchObject({
      selection: { by: 'encrypted_regex', pattern: '^sec' },
      macOnlyEncrypted: true,
    })
    expect(
      published()
        .toString()
        .match(/recipient: .*/g),
    ).toEqual([`recipient: ${bob.recipient}`])
    expect(published().toString()).toContain('other_unencrypted: visible')
    expect(await open(bob.identity)).toBe(plain)
    await expect(open(alice.identity)).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
  })

  async function open(identity: string): Promise<string> {
    return Buffer.from(await decrypt(published(), { format: 'yaml', host: hostWith(identity) })).toString()
  }

  test('without a selection has that of a new file', async () => {
    put('default/a.yaml')
    expect((await publish(['-y', 'default/a.yaml'])).status).toBe(0)
    expect(published().toString()).toMatch(/unencrypted_suffix: _unencrypted\n/)
    expect(await open(bob.identity)).toBe(plain)
  })

  test('has a data key of its own', async () => {
    put('again/a.yaml')
    await publish(['-y', 'again/a.yaml'])
    const first = published()
    await publish(['-y', 'again/a.yaml'])
    expect(published()).not.toEqual(first)
  })

  test('needs a key of the file', async () => {
    put('again/a.yaml')
    expect((await publish(['-y', 'again/a.yaml'], { env: { SOPS_AGE_KEY: bob.identity } })).status).toBe(128)
    expect(google.requests).toEqual([])
  })

  test('is not written in clear by a rule that selects nothing', async () => {
    const rule = { keyGroups: [ageGroup(alice.recipient)] }
    const text = await encrypt(Buffer.from(`other: ${marker}\n`), rule, { format: 'yaml', host: hostWith() })
    put('again/a.yaml', Buffer.from(text))
    expect((await publish(['-y', 'again/a.yaml'])).status).toBe(1)
    expect(google.requests).toEqual([])
  })
})

describe('values', () => {
  test('are written once', async () => {
    put('vault/a.yaml')
    expect(await publish(['-y', 'vault/a.yaml'])).toMatchObject({ status: 0, stdout: '', stderr: '' })
    expect(await publish(['-y', 'vault/a.yaml'])).toMatchObject({ status: 0, stderr: '' })
    const text = `{"list":[{"a":"${marker}"}],"other_unencrypted":"visible","secret":"${marker}"}`
    expect(inVault()).toEqual({ 'app/a.yaml': [text] })
    expect((await publish(['-y', '--verbose', 'vault/a.yaml'])).stderr).toMatch(
      /level=info msg="Secret in secret\/data\/app\/a\.yaml is already up-to-date\."\n$/,
    )
    expect((await publish(['-y', '--recursive', 'vault'])).stderr).toMatch(/^published 0, unchanged 1, /)
  })

  test('an answer that quotes them is not shown', async () => {
    put('vault/a.yaml')
    vault.next.push({ status: 404 }, { status: 400, body: JSON.stringify({ errors: [`you sent ${marker}`] }) })
    const { status, stderr } = await publish(['-y', 'vault/a.yaml'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/^Vault did not take secret\/data\/app\/a\.yaml \(status 400\)\nHint: /)
  })

  test('one secret for each key', async () => {
    put('keys/a.yaml')
    expect((await publish(['-y', 'keys/a.yaml'])).status).toBe(0)
    expect(Object.fromEntries(google.secrets)).toEqual({
      'projects/my-project-1/secrets/a-yaml-secret': [marker],
      'projects/my-project-1/secrets/a-yaml-other_unencrypted': ['visible'],
      'projects/my-project-1/secrets/a-yaml-list': [`[{"a":"${marker}"}]`],
    })
  })

  test('their places are known without publishing', async () => {
    const io = {
      ...{ env, cwd: root, stdin: Readable.from([]) },
      stdout: { isTerminal: false, write: async () => undefined },
      stderr: { isTerminal: false, write: () => undefined },
    }
    const { flags } = parseArguments([], [], {}, 'sops')
    const session = openSession({ io, root: flags, flags })
    const find = (file: string): ReturnType<typeof findPublication> =>
      findPublication(session, file, { cwd: root, omitExtensions: false })
    expect(await find('vault/a.yaml')).toMatchObject({ name: 'a.yaml', rule: { kind: 'vault' } })
    expect((await find('vault/a.yaml')).locate?.('x')).toEqual({
      store: { address: vault.url, mount: 'secret', version: 'v2' },
      secret: 'app/a.yaml',
      property: 'x',
    })
    expect((await find('keys/a.yaml')).locate?.('x')).toEqual({
      store: { project: 'my-project-1' },
      secret: 'a-yaml-x',
      property: undefined,
    })
    expect((await find('gcs/a.yaml')).locate).toBeUndefined()
    await expect(find('none/a.yaml')).rejects.toMatchObject({ code: 'ERR_SOPS_NO_RULE' })
  })
})

describe('a directory', () => {
  test('every failure is told, none stops the others', async () => {
    put('gcs/a.yaml', plain)
    put('gcs/b.yaml')
    put('gcs/c.yaml', `new: ${marker}\n${sealed.toString()}`)
    put('gcs/d.yaml')
    const { status, stdout, stderr } = await publish(['-y', '--recursive', 'gcs'])
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect([...google.objects.keys()]).toEqual(['bucket/pre/b.yaml', 'bucket/pre/d.yaml'])
    expect(stderr).toMatch(/^gcs\/a\.yaml: sops metadata not found\n/m)
    expect(stderr).toMatch(/^gcs\/c\.yaml: new: /m)
    expect(stderr).toMatch(/^published 2, unchanged 0, canceled 0, failed 2\n$/m)
  })

  test('a file that no rule is for is a failure', async () => {
    put('none/a.yaml')
    const { status, stderr } = await publish(['-y', '--recursive', 'none'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/^none\/a\.yaml: error loading config: no matching destination found in config\n/)
  })

  test('links are followed to its own files alone', async () => {
    put('gcs/a.yaml')
    put('none/secret.yaml')
    symlinkSync('a.yaml', join(root, 'gcs/inside.yaml'))
    symlinkSync('../none/secret.yaml', join(root, 'gcs/outside.yaml'))
    symlinkSync('../none', join(root, 'gcs/directory'))
    symlinkSync('.', join(root, 'gcs/loop'))
    symlinkSync('nothing', join(root, 'gcs/broken'))
    const { status, stderr } = await publish(['-y', '--recursive', 'gcs'])
    expect(status).toBe(1)
    expect([...google.objects.keys()]).toEqual(['bucket/pre/a.yaml', 'bucket/pre/inside.yaml'])
    for (const name of ['outside.yaml', 'directory', 'loop', 'broken']) {
      expect(stderr).toContain(`gcs/${name}: it is a symbolic link`)
    }
  })

  test('a link to it is followed', async () => {
    put('gcs/a.yaml')
    rmSync(join(root, 'gcs-link'), { force: true })
    symlinkSync('gcs', join(root, 'gcs-link'))
    put('.sops-link.yaml', 'destination_rules: [{gcs_bucket: bucket}]')
    const result = await tsops(['--config', '.sops-link.yaml', 'publish', '-y', '--recursive', 'gcs-link'], {
      cwd: root,
      env,
    })
    expect(result).toMatchObject({ status: 0 })
    expect([...google.objects.keys()]).toEqual(['bucket/a.yaml'])
  })

  test('an empty one', async () => {
    mkdirSync(join(root, 'none'))
    expect(await publish(['-y', '--recursive', 'none'])).toMatchObject({ status: 0, stdout: '' })
  })
})
