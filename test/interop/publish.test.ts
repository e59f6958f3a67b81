// The real sops and ours publish the same files to the same servers: the same questions, answers, names and contents. What
// only ours can do is read back by the clouds' own SDKs.

import { S3 } from '@aws-sdk/client-s3'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { DefaultAzureCredential } from '@azure/identity'
import { SecretClient } from '@azure/keyvault-secrets'
import { SecretManagerServiceClient } from '@google-cloud/secret-manager'
import { OAuth2Client } from 'google-auth-library'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startAzureKv } from '../fakes/azure-kv.ts'
import { trust } from '../fakes/certificate.ts'
import { startGoogleStores } from '../fakes/google-stores.ts'
import type { KvMount } from '../fakes/vault-kv.ts'
import { startFakeVault } from '../fakes/vault.ts'
import { alice, bob } from '../test-keys.ts'
import { startFakeGcs, type StoredObject } from './fake-gcs.ts'
import { startMoto } from './moto.ts'
import { bytesOf, type RunResult, sops, tsops } from './sops.ts'

const region = 'eu-central-1'
const token = 'hvs.fake-token-of-the-user'
const mounts = new Map<string, KvMount>([
  ['secret', { version: 2, secrets: new Map() }],
  ['kv', { version: 1, secrets: new Map() }],
])
const [moto, gcs, vault, hostile, google, azure] = await Promise.all([
  startMoto(),
  startFakeGcs(),
  startFakeVault({ token, mounts }),
  startFakeVault({ token, mounts }),
  startGoogleStores(),
  startAzureKv([]),
])
const distrust = trust(azure.certificate)
const directory = mkdtempSync(join(tmpdir(), 'tsops-interop-publish-'))
const trusted = join(directory, 'trusted.pem')
const aws = { endpoint: moto.url, region, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } }
const s3 = new S3({ ...aws, forcePathStyle: true })

afterAll(async () => {
  distrust()
  vi.unstubAllEnvs()
  rmSync(directory, { recursive: true })
  await Promise.all([moto, gcs, vault, hostile, google, azure].map((server) => server.close()))
})

const env = {
  ...azure.env,
  ...{ AWS_ENDPOINT_URL: moto.url, AWS_REGION: region, AWS_EC2_METADATA_DISABLED: 'true' },
  ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', STORAGE_EMULATOR_HOST: gcs.host },
  ...{ VAULT_ADDR: vault.url, VAULT_TOKEN: token, TSOPS_AZURE_ALLOWLIST: azure.vaultUrl },
  ...{ NODE_EXTRA_CA_CERTS: trusted, SSL_CERT_FILE: trusted },
  ...{ TSOPS_GCP_SECRET_MANAGER_ENDPOINT: google.url, GOOGLE_OAUTH_ACCESS_TOKEN: google.token },
}

const rules = `
destination_rules:
  - {path_regex: ^s3/, s3_bucket: bucket, s3_prefix: pre/}
  - {path_regex: 's3-short/', s3_bucket: bucket, omit_extensions: true}
  - {path_regex: 's3-again/', s3_bucket: bucket, s3_prefix: again/, recreation_rule: {pgp: '', age: ${bob.recipient}}}
  - {path_regex: 's3-same/', s3_bucket: bucket, recreation_rule: {age: ${alice.recipient}}}
  - path_regex: 's3-groups/'
    s3_bucket: bucket
    recreation_rule:
      shamir_threshold: 1
      encrypted_suffix: et
      key_groups: [{age: [${alice.recipient}]}, {age: [${bob.recipient}]}]
  - {path_regex: 'gcs/', gcs_bucket: bucket, gcs_prefix: p-}
  - {path_regex: 'gcs-again/', gcs_bucket: bucket, recreation_rule: {age: ${bob.recipient}}}
  - {path_regex: 'kv2/', vault_path: a/b}
  - {path_regex: 'kv1/', vault_path: a/b/, vault_kv_mount_name: kv, vault_kv_version: 1}
  - {path_regex: 'kv-named/', vault_path: x, vault_address: ${vault.url}, vault_kv_mount_name: secret/}
  - {path_regex: 'kv-hostile/', vault_path: x, vault_address: ${hostile.url}}
  - {path_regex: 'kv-none/', vault_path: x, vault_kv_mount_name: none}
  - {path_regex: 's3-none/', s3_bucket: no-such-bucket}
  - {path_regex: 'two/', s3_bucket: bucket, gcs_bucket: bucket}
  - {path_regex: 'no/', omit_extensions: true}
  - {path_regex: 'asm/', aws_secrets_manager_region: ${region}, aws_secrets_manager_prefix: team/}
  - {path_regex: 'asm-keys/', aws_secrets_manager_region: ${region}, secret_per_key: true}
  - {path_regex: 'gsm/', gcp_secret_manager_project: my-project-1, gcp_secret_manager_prefix: team-}
  - {path_regex: 'akv/', azure_key_vault_url: '${azure.vaultUrl}', azure_key_vault_prefix: team-}
`

const plain: Readonly<Record<string, string>> = {
  'a.yaml':
    '# top\nsecret: hunter2\nother: plain text\nlist: # c\n    - a\n    - b: c\nnumber: 7\nbig: 9007199254740993\n',
  'b.json': '{"x": {"y": ["1", true, null, 1.5]}, "z": "clear"}\n',
  'c.env': '# c\nA=b c\nB=\n',
  'd.ini': '[s]\na = 1\n',
  'e.bin': 'no format\nat all\n',
  'sub/f.yaml': 'deep: 1\n',
}

const programs = { sops, tsops }
type Program = keyof typeof programs

beforeAll(async () => {
  writeFileSync(trusted, azure.certificate.cert)
  writeFileSync(join(directory, '.sops.yaml'), `creation_rules: [{age: ${alice.recipient}}]\n${rules}`)
  await gcs.createBucket('bucket')
  for (const [name, text] of Object.entries(plain)) {
    const input = { cwd: directory, stdin: Buffer.from(text) }
    const encrypted = await bytesOf(sops(['encrypt', '--filename-override', name], input))
    for (const folder of [...rules.matchAll(/path_regex: '?\^?([\w-]+)\//g)].map(([, found = '']) => found)) {
      write(join(folder, name), encrypted)
    }
  }
  write('one/s3/a.yaml', read('s3/a.yaml'))
  write('s3/plain.txt', 'not encrypted\n')
})

function write(name: string, bytes: string | Buffer): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true })
  writeFileSync(join(directory, name), bytes)
}

function read(name: string): Buffer {
  return readFileSync(join(directory, name))
}

type Stored = ReadonlyMap<string, StoredObject>

/** What all servers hold. */
async function snapshot(): Promise<Stored> {
  const objects = new Map<string, StoredObject>()
  const { Contents: contents = [] } = await s3.listObjectsV2({ Bucket: 'bucket' })
  for (const { Key: key = '' } of contents) {
    const { Body: body, ContentType: contentType } = await s3.getObject({ Bucket: 'bucket', Key: key })
    objects.set(`s3 ${key}`, { text: (await body?.transformToString()) ?? '', contentType })
  }
  for (const [name, object] of await gcs.objectsOf('bucket')) objects.set(`gcs ${name}`, object)
  for (const [mount, { secrets }] of mounts) {
    for (const [name, texts] of secrets) {
      objects.set(`${mount} ${name}`, { text: texts.at(-1) ?? '', contentType: `version ${texts.length}` })
    }
  }
  return objects
}

async function reset(): Promise<void> {
  await fetch(`${moto.url}/moto-api/reset`, { method: 'POST' })
  await s3.createBucket({ Bucket: 'bucket', CreateBucketConfiguration: { LocationConstraint: region } })
  await gcs.deleteObjects('bucket')
  for (const { secrets } of mounts.values()) secrets.clear()
  vault.requests.length = 0
}

interface Outcome extends RunResult {
  readonly stored: Stored
}

async function run(program: Program, line: Line): Promise<Outcome> {
  await reset()
  const input = { cwd: directory, env: { ...env, ...line.env }, stdin: Buffer.from(line.stdin ?? '') }
  let result = await programs[program](line.args, input)
  if (line.twice === true) result = await programs[program](line.args, input)
  return { ...result, stored: await snapshot() }
}

interface Line {
  readonly args: readonly string[]
  readonly stdin?: string
  readonly env?: Readonly<Record<string, string>>
  readonly twice?: boolean
  /** Ours says more, or other words. */
  readonly words?: boolean
}

const publish = (...args: readonly string[]): Line => ({ args: ['publish', ...args] })
const answering = (stdin: string, ...args: readonly string[]): Line => ({ ...publish(...args), stdin })
const files = Object.keys(plain).filter((name) => !name.includes('/'))

const lines: readonly Line[] = [
  ...files.map((name) => publish('-y', `s3/${name}`)),
  ...files.map((name) => publish('--yes', `gcs/${name}`)),
  ...files.map((name) => publish('-y', `s3-again/${name}`)),
  ...files.map((name) => publish('-y', `kv2/${name}`)),
  ...files.map((name) => publish('-y', `kv1/${name}`)),
  publish('-y', './one/s3/a.yaml'),
  publish('-y', join(directory, 's3-short/a.yaml')),
  publish('-y', 's3-short/sub/f.yaml'),
  publish('-y', '--omit-extensions', 's3/a.yaml'),
  publish('s3/a.yaml', '-y', '--omit-extensions'),
  publish('-y', 's3-same/a.yaml'),
  publish('-y', 's3-groups/b.json'),
  publish('-y', 'gcs-again/a.yaml'),
  publish('-y', 'kv-named/a.yaml'),
  publish('-y', '--recursive', 'gcs'),
  publish('-y', '--recursive', './gcs/'),
  publish('-y', '--recursive', '--omit-extensions', 's3-short'),
  publish('-y', '--recursive', 's3-again'),
  publish('-y', '--recursive', 'kv1'),
  publish('--recursive', 'gcs', '-y'),
  { ...publish('-y', 's3/a.yaml'), twice: true },
  { ...publish('-y', 'gcs/a.yaml'), twice: true },
  { ...publish('-y', 'kv2/c.env'), twice: true },
  { ...publish('-y', 's3/a.yaml'), env: { SOPS_AGE_KEY: '' } },
  { ...publish('-y', 's3-again/a.yaml'), env: { SOPS_AGE_KEY: '' } },
  { ...publish('-y', 'kv2/a.yaml'), env: { SOPS_AGE_KEY: bob.identity } },
  { ...publish('-y', 'kv2/a.yaml'), env: { VAULT_TOKEN: 'wrong' }, words: true },
  { ...publish('-y', 'kv2/a.yaml'), env: { VAULT_ADDR: 'http://127.0.0.1:1' }, words: true },
  { ...publish('-y', 'kv-none/a.yaml'), words: true },
  { ...publish('-y', 's3-none/a.yaml'), words: true },
  { ...publish('-y', 's3/plain.txt'), words: true },
  publish('-y', 'two/a.yaml'),
  publish('-y', 'no/a.yaml'),
  publish('-y', 'elsewhere.yaml'),
  publish('-y', 'gcs'),
  publish('-y', '--decryption-order', 'age,pgp', 's3-again/a.yaml'),
  publish('-y', '--enable-local-keyservice=false', 's3-again/a.yaml'),
  publish('-y', 's3/a.yaml', 's3/b.json'),
  answering('y\n', 's3/a.yaml'),
  answering('n\n', 's3/a.yaml'),
  answering('', 's3/a.yaml'),
  answering('\n', 's3/a.yaml'),
  answering('what\ny\n', 's3/a.yaml'),
  answering('y y\n', 's3/a.yaml'),
  answering('n', 'kv2/a.yaml'),
  answering('y\n', 's3-again/a.yaml'),
  answering('n\n', 'gcs-again/a.yaml'),
  answering('y\nn\ny\nn\ny\nn\n', '--recursive', 'gcs'),
  answering('n\nn\nn\nn\nn\ny\n', '--recursive', 'kv2'),
]

describe.each(lines.map((line) => [line.args.slice(1).join(' '), JSON.stringify(line.stdin ?? ''), line] as const))(
  'publish %s <<< %s',
  (_, __, line) => {
    test('is the same', async () => {
      const theirs = await run('sops', line)
      const ours = await run('tsops', line)
      expect(ours.status, ours.stderr).toBe(theirs.status)
      expect(ours.stdout.toString()).toBe(theirs.stdout.toString())
      expect([...ours.stored.keys()].sort()).toEqual([...theirs.stored.keys()].sort())
      for (const [name, object] of ours.stored) await compareStored(name, object, theirs.stored.get(name)!, line)
      // Those of a program that goes on are its own.
      if (line.words === true || line.args.includes('--recursive')) return
      const [same, more] = [ours.stderr.slice(0, theirs.stderr.length), ours.stderr.slice(theirs.stderr.length)]
      expect(withoutTime(same)).toBe(withoutTime(theirs.stderr))
      expect(more).toMatch(/^(\n?Hint: [^]*\n)?$/)
    })
  },
)

function withoutTime(text: string): string {
  return text.replaceAll(/time="[^"]*"/g, 'time=""')
}

async function compareStored(name: string, ours: StoredObject, theirs: StoredObject, line: Line): Promise<void> {
  // A number is never equal to sops, so that it writes it again.
  if (line.twice !== true) expect(ours.contentType).toBe(theirs.contentType)
  if (!/^(s3|gcs) /.test(name)) {
    expect(JSON.parse(ours.text)).toEqual(mended(JSON.parse(theirs.text)))
    return
  }
  if (ours.text === theirs.text) return
  const [key, format] = [name.includes('groups') ? alice : bob, formatOf(theirs.text)]
  expect(recipientsOf(ours.text)).toEqual(recipientsOf(theirs.text))
  const [one, other] = await Promise.all(
    [ours, theirs].map(async ({ text }) => {
      const identities = { SOPS_AGE_KEY: `${key.identity}\n${alice.identity}` }
      const args = ['decrypt', '--input-type', format, '--output-type', format]
      return (await bytesOf(sops(args, { stdin: Buffer.from(text), env: identities }))).toString()
    }),
  )
  expect(one).toBe(other)
}

function formatOf(text: string): string {
  if (/^sops_version=/m.test(text)) return 'dotenv'
  if (text.includes('[sops]')) return 'ini'
  if (!text.startsWith('{')) return 'yaml'
  return text.includes('"data": "ENC[') ? 'binary' : 'json'
}

const recipientsOf = (text: string): readonly string[] => text.match(/age1[a-z0-9]{58}/g) ?? []

/** sops sends the maps in lists in a form of its own. */
function mended(value: unknown): unknown {
  if (Array.isArray(value)) {
    const pairs = value.map((each: unknown) => pairOf(each))
    if (value.length > 0 && pairs.every((pair) => pair !== undefined)) return Object.fromEntries(pairs)
    return value.filter((each) => !isComment(each)).map(mended)
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, mended(each)]))
}

function pairOf(value: unknown): [string, unknown] | undefined {
  if (typeof value !== 'object' || value === null || !('Key' in value) || !('Value' in value)) return undefined
  return [String(value.Key), mended(value.Value)]
}

function isComment(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'Value' in value && !('Key' in value)
}

describe('what sops does not', () => {
  beforeEach(reset)
  const ours = (...args: readonly string[]): Promise<RunResult> => tsops(['publish', ...args], { cwd: directory, env })

  test('Vault gets maps in lists as they are, and the same only once', async () => {
    for (let times = 0; times < 2; times++) expect((await ours('-y', 'kv2/a.yaml')).status).toBe(0)
    const versions = mounts.get('secret')?.secrets.get('a/b/a.yaml')
    expect(versions).toEqual([
      '{"big":9007199254740993,"list":["a",{"b":"c"}],"number":7,"other":"plain text","secret":"hunter2"}',
    ])
    for (let times = 0; times < 2; times++) expect((await ours('-y', 'kv1/a.yaml')).status).toBe(0)
    expect(mounts.get('kv')?.secrets.get('a/b/a.yaml')).toHaveLength(1)
  })

  test('no token goes to a Vault that only the configuration names; sops sends it', async () => {
    const { status, stderr } = await ours('-y', 'kv-hostile/a.yaml')
    expect(status).toBe(1)
    expect(stderr).toContain('SOPS_HC_VAULT_ALLOWLIST')
    expect(hostile.requests).toEqual([])
    await sops(['publish', '-y', 'kv-hostile/a.yaml'], { cwd: directory, env })
    expect(hostile.requests.length).toBeGreaterThan(0)
  })

  test('a selection of the recreation rule holds', async () => {
    const config = join(directory, 'selection.yaml')
    const recreation = `{age: ${bob.recipient}, encrypted_regex: ^secret$, mac_only_encrypted: true}`
    writeFileSync(config, `destination_rules: [{s3_bucket: bucket, recreation_rule: ${recreation}}]\n`)
    const { status, stderr } = await tsops(['--config', config, 'publish', '-y', 's3/a.yaml'], { cwd: directory, env })
    expect(status, stderr).toBe(0)
    const { text } = (await snapshot()).get('s3 a.yaml')!
    expect(text).toContain('other: plain text')
    expect(text).not.toContain('hunter2')
    const decrypted = await sops(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], {
      stdin: Buffer.from(text),
      env: { SOPS_AGE_KEY: bob.identity },
    })
    expect(decrypted.stderr).toBe('')
    expect(decrypted.stdout.toString()).toContain('secret: hunter2')
  })

  test('a value in clear by the default suffix opens again; what sops makes of it does not', async () => {
    const stdin = Buffer.from('a: hunter2\nb_unencrypted: clear\n')
    write(
      's3-again/suffix.yaml',
      await bytesOf(sops(['encrypt', '--filename-override', 'x.yaml'], { cwd: directory, stdin })),
    )
    const opened: RunResult[] = []
    for (const program of ['sops', 'tsops'] as const) {
      const { stored } = await run(program, publish('-y', 's3-again/suffix.yaml'))
      const text = Buffer.from(stored.get('s3 again/suffix.yaml')!.text)
      const args = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']
      opened.push(await sops(args, { stdin: text, env: { SOPS_AGE_KEY: bob.identity } }))
    }
    expect(opened.map(({ status }) => status)).toEqual([51, 0])
    expect(opened[1]?.stdout.toString()).toBe('a: hunter2\nb_unencrypted: clear\n')
  })

  test('a value that was added by hand is not uploaded; sops uploads it', async () => {
    write('s3/added.yaml', `added: hunter2-PLAINTEXT\n${read('s3/a.yaml').toString()}`)
    const { status, stderr } = await ours('-y', 's3/added.yaml')
    expect(status).toBe(25)
    expect(stderr).not.toContain('hunter2')
    expect((await snapshot()).size).toBe(0)
    await sops(['publish', '-y', 's3/added.yaml'], { cwd: directory, env })
    expect((await snapshot()).get('s3 pre/added.yaml')?.text).toContain('hunter2-PLAINTEXT')
  })

  test('a file named with --recursive keeps its name', async () => {
    expect((await ours('-y', '--recursive', 's3/a.yaml')).status).toBe(0)
    expect([...(await snapshot()).keys()]).toEqual(['s3 pre/a.yaml'])
  })

  test('what ours decrypts from its own publication is the author’s text', async () => {
    const text = '# c\n\nsecret:   "x"   # y\nmap: {a: 1}\n'
    const encrypted = await bytesOf(
      tsops(['encrypt', '--age', alice.recipient, '--filename-override', 'x.yaml'], { stdin: Buffer.from(text) }),
    )
    write('s3-again/own.yaml', encrypted)
    expect((await ours('-y', 's3-again/own.yaml')).status).toBe(0)
    const stdin = Buffer.from((await snapshot()).get('s3 again/own.yaml')!.text)
    const args = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']
    const decrypted = await bytesOf(tsops(args, { stdin, env: { SOPS_AGE_KEY: bob.identity } }))
    expect(decrypted.toString()).toBe(text)
  })
})

describe('secret stores', () => {
  const whole = { big: '9007199254740993', list: ['a', { b: 'c' }], number: 7, other: 'plain text', secret: 'hunter2' }
  const parse = (text: string): unknown => JSON.parse(text.replace('9007199254740993', '"9007199254740993"'))
  const ours = async (...args: readonly string[]): Promise<string> => {
    const { status, stderr } = await tsops(['publish', '--verbose', ...args], { cwd: directory, env })
    expect(status, stderr).toBe(0)
    expect(stderr).toMatch(opened)
    return stderr.replace(opened, '')
  }
  const opened = /^\[SOPS\].* level=info msg="Data key recovered successfully"\n/

  test('AWS Secrets Manager', async () => {
    await reset()
    const client = new SecretsManager(aws)
    expect(await ours('-y', 'asm/a.yaml')).toBe('')
    expect(await ours('-y', 'asm/a.yaml')).toContain(
      `aws-secrets-manager://${region}/team/a.yaml is already up-to-date`,
    )
    const { SecretString: text = '' } = await client.getSecretValue({ SecretId: 'team/a.yaml' })
    expect(parse(text)).toEqual(whole)
    write('asm/a.yaml', read('asm/sub/f.yaml'))
    expect(await ours('-y', 'asm/a.yaml')).toBe('')
    const { Versions: versions } = await client.listSecretVersionIds({
      SecretId: 'team/a.yaml',
      IncludeDeprecated: true,
    })
    expect(versions).toHaveLength(2)
    const { status, stderr } = await tsops(['publish', '-y', '--recursive', 'asm-keys'], { cwd: directory, env })
    expect(status).toBe(1)
    expect(stderr).toBe(
      'asm-keys/c.env: c.env/B would be empty: AWS Secrets Manager has no empty secrets\n' +
        'published 5, unchanged 0, canceled 0, failed 1\n',
    )
    const { SecretList: secrets = [] } = await client.listSecrets({})
    expect(secrets.map(({ Name: name }) => name)).toEqual(
      expect.arrayContaining(['a.yaml/secret', 'b.json/x', 'd.ini/s', 'e.bin/data', 'sub/f.yaml/deep']),
    )
    expect((await client.getSecretValue({ SecretId: 'e.bin/data' })).SecretString).toBe(plain['e.bin'])
  })

  test('GCP Secret Manager: the SDK speaks with the fake as ours does', async () => {
    const authClient = new OAuth2Client()
    authClient.setCredentials({ access_token: google.token })
    const { hostname, port } = new URL(google.url)
    const client = new SecretManagerServiceClient({
      ...{ fallback: true, protocol: 'http', apiEndpoint: hostname, port: Number(port) },
      authClient: authClient as never,
    })
    expect(await ours('-y', 'gsm/a.yaml')).toBe('')
    expect(await ours('-y', 'gsm/a.yaml')).toContain('already up-to-date')
    const name = 'projects/my-project-1/secrets/team-a-yaml'
    const [version] = await client.accessSecretVersion({ name: `${name}/versions/latest` })
    expect(parse(Buffer.from(version.payload?.data ?? '').toString())).toEqual(whole)
    await client.addSecretVersion({ parent: name, payload: { data: Buffer.from('{"a":"changed"}') } })
    expect(await ours('-y', 'gsm/a.yaml')).toBe('')
    expect(google.secrets.get(name)).toHaveLength(3)
    const parent = 'projects/my-project-1'
    await client.createSecret({ parent, secretId: 'made', secret: { replication: { automatic: {} } } })
    await expect(
      client.createSecret({ parent, secretId: 'made', secret: { replication: { automatic: {} } } }),
    ).rejects.toThrow()
    await expect(client.accessSecretVersion({ name: `${parent}/secrets/none/versions/latest` })).rejects.toThrow(
      /not found/,
    )
  })

  test('Azure Key Vault', async () => {
    for (const [name, value] of Object.entries(azure.env)) vi.stubEnv(name, value)
    const client = new SecretClient(azure.vaultUrl, new DefaultAzureCredential(), {
      disableChallengeResourceVerification: true,
    })
    expect(await ours('-y', 'akv/a.yaml')).toBe('')
    expect(await ours('-y', 'akv/a.yaml')).toContain('already up-to-date')
    const { value = '', properties } = await client.getSecret('team-a-yaml')
    expect(parse(value)).toEqual(whole)
    expect(properties.contentType).toBe('application/json')
    await client.setSecret('team-a-yaml', 'changed')
    expect(await ours('-y', 'akv/a.yaml')).toBe('')
    expect(azure.secrets.get('team-a-yaml')).toHaveLength(3)
    // The SDK logs its requests for who asks for it.
    await client.setSecret('team-a-yaml', 'changed')
    const talkative = { ...env, AZURE_LOG_LEVEL: 'verbose' }
    const { status, stderr } = await tsops(['publish', '-y', 'akv/a.yaml'], { cwd: directory, env: talkative })
    expect({ status, logged: stderr.includes('azure:') }).toEqual({ status: 0, logged: true })
    expect(stderr).not.toContain('hunter2')
    expect(stderr).not.toContain(azure.token)
  })
})
