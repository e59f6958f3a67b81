// What the command lines find: a directory of files, a configuration, keys of every kind and their servers.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startFakeAws } from '../../fakes/aws-kms.ts'
import { startAzureKv } from '../../fakes/azure-kv.ts'
import { startGcpKms } from '../../fakes/gcp-kms.ts'
import { startFakeHuawei } from '../../fakes/hckms.ts'
import { startFakeVault } from '../../fakes/vault.ts'
import { alice, bob, carol } from '../../test-keys.ts'
import { sopsBin } from '../peers.ts'
import { sops } from '../sops.ts'
import { changedFiles, encryptedFiles, type FileRecipe, plainFiles } from './files.ts'

export interface World {
  /** Each run starts from a copy. */
  readonly template: string
  /** For copies and other temporary things. */
  readonly root: string
  /** What stands for a $NAME. */
  readonly names: Readonly<Record<string, string>>
  /** Leads both programs to the servers. */
  readonly env: Readonly<Record<string, string>>
  close(): Promise<void>
}

export async function startWorld(): Promise<World> {
  const root = mkdtempSync(join(tmpdir(), 'command-lines-'))
  // Other users run programs here, too.
  chmodSync(root, 0o755)
  const servers = await startServers(root)
  const fingerprint = makePgpKey(join(root, 'gnupg'))
  const service = await startKeyService(join(root, 'keys.sock'))
  const names = {
    ...{ ALICE: alice.recipient, BOB: bob.recipient, CAROL: carol.recipient },
    ...{ ALICE_KEY: alice.identity, BOB_KEY: bob.identity, PGP: fingerprint, SERVICE: service.address },
    ...{ PATH: process.env.PATH ?? '', ...servers.names },
  }
  const template = join(root, 'template')
  const env = { ...servers.env, GNUPGHOME: join(root, 'gnupg') }
  await writeFiles(template, { names, env })
  return {
    ...{ template, root, names, env },
    async close() {
      service.child.kill()
      spawnSync('gpgconf', ['--kill', 'all'], { env: { ...process.env, GNUPGHOME: join(root, 'gnupg') } })
      await servers.close()
      rmSync(root, { recursive: true, force: true })
    },
  }
}

/** Puts values in the place of $NAMES. */
export function fillNames(names: Readonly<Record<string, string>>): (text: string) => string {
  return (text) => text.replaceAll(/\$([A-Z][A-Z_]*)/g, (all, name: string) => names[name] ?? all)
}

type Servers = Pick<World, 'names' | 'env' | 'close'>

async function startServers(root: string): Promise<Servers> {
  const arns = ['1', '2'].map((digit) => `arn:aws:kms:eu-central-1:123456789012:key/${digit.repeat(36)}`)
  const me = { accessKeyId: 'AKIAFAKEUSER', secretAccessKey: 'fake-secret-of-the-user' }
  const gcpKey = 'projects/p/locations/global/keyRings/r/cryptoKeys/one'
  const huaweiKey = { id: 'aaaaaaaa-0000-0000-0000-aaaaaaaaaaaa', project: 'p1' }
  const huaweiUser = { ak: 'FAKEAK', sk: 'fake-secret-of-the-user' }
  const aws = await startFakeAws({ credentials: [me], keys: arns.map((arn) => ({ arn })) })
  const gcp = await startGcpKms([gcpKey])
  const azure = await startAzureKv(['one'])
  const vault = await startFakeVault({ token: 'hvs.fake', keys: ['transit/sops'] })
  const huawei = await startFakeHuawei({ users: [huaweiUser], projects: new Map(), keys: [huaweiKey] })
  const trusted = join(root, 'trusted.pem')
  writeFileSync(trusted, azure.certificate.cert)
  const secret = `aws_access_key_id=${me.accessKeyId}\naws_secret_access_key=${me.secretAccessKey}`
  writeFileSync(join(root, 'aws-credentials'), `[default]\n${secret}\n[work]\n${secret}\n`)
  return {
    names: {
      ...{ ARN: arns[0] ?? '', ARN_B: arns[1] ?? '', GCP: gcpKey, HUAWEI: `tr-west-1:${huaweiKey.id}` },
      ...{ AZURE: `${azure.vaultUrl}/keys/one`, VAULT: `${vault.url}/v1/transit/keys/sops`, VAULT_URL: vault.url },
    },
    env: {
      ...azure.env,
      ...{ AWS_ENDPOINT_URL: aws.url, AWS_SHARED_CREDENTIALS_FILE: join(root, 'aws-credentials') },
      ...{ AWS_CONFIG_FILE: '/dev/null', AWS_EC2_METADATA_DISABLED: 'true' },
      ...{ SOPS_GCP_KMS_CLIENT_TYPE: 'rest', SOPS_GCP_KMS_ENDPOINT: gcp.endpoints.http },
      ...{ GOOGLE_OAUTH_ACCESS_TOKEN: gcp.token, TSOPS_AZURE_ALLOWLIST: azure.vaultUrl },
      ...{ SSL_CERT_FILE: trusted, NODE_EXTRA_CA_CERTS: trusted, VAULT_TOKEN: 'hvs.fake', VAULT_ADDR: vault.url },
      ...{ HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.url, HUAWEICLOUD_SDK_PROJECT_ID: 'p1' },
      ...{ HUAWEICLOUD_SDK_AK: huaweiUser.ak, HUAWEICLOUD_SDK_SK: huaweiUser.sk },
    },
    async close() {
      await Promise.all([aws, gcp, azure, vault, huawei].map((server) => server.close()))
    },
  }
}

function makePgpKey(home: string): string {
  mkdirSync(home, { mode: 0o700 })
  const gpg = (...args: readonly string[]): string =>
    execFileSync('gpg', ['--batch', '--homedir', home, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  gpg('--passphrase', '', '--quick-gen-key', 'command-lines', 'future-default', 'default', 'never')
  return /^fpr:+([0-9A-F]+):/m.exec(gpg('--with-colons', '--list-keys'))?.[1] ?? ''
}

/** sops' own, with the key of alice. */
async function startKeyService(socket: string): Promise<{ readonly address: string; readonly child: ChildProcess }> {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', SOPS_AGE_KEY: alice.identity }
  const child = spawn(sopsBin, ['keyservice', '--network', 'unix', '--address', socket], { env, stdio: 'ignore' })
  while (!existsSync(socket)) await sleep(20)
  return { address: `unix://${socket}`, child }
}

async function writeFiles(directory: string, { names, env }: Pick<World, 'names' | 'env'>): Promise<void> {
  for (const folder of ['', 'dir', 'empty']) mkdirSync(join(directory, folder), { recursive: true })
  symlinkSync('e.yaml', join(directory, 'link.yaml'))
  const fill = fillNames(names)
  for (const [name, text] of Object.entries(plainFiles)) {
    writeFileSync(join(directory, name), fill(text))
    if (text.startsWith('#!')) chmodSync(join(directory, name), 0o755)
  }
  for (const [name, recipe] of Object.entries(encryptedFiles)) {
    const { stdout, status, stderr } = await sops(argumentsOf(recipe).map(fill), { cwd: directory, env })
    if (status !== 0) throw new Error(`${name}: ${stderr}`)
    writeFileSync(join(directory, name), stdout)
  }
  for (const { name, of, from, to } of changedFiles) {
    const text = readFileSync(join(directory, of), 'utf8')
    if (!from.test(text)) throw new Error(`${name}: nothing to change`)
    writeFileSync(join(directory, name), text.replace(from, to))
  }
}

function argumentsOf({ of, flags = ['--age', '$ALICE'], config }: FileRecipe): readonly string[] {
  return [...(config === undefined ? [] : ['--config', config]), 'encrypt', ...(config === undefined ? flags : []), of]
}
