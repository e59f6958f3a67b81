// Our age backend beside the real sops and age, in both directions: SSH keys, identity files with a passphrase, plugins.
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decrypt, encrypt } from '../../src/index.ts'
import type { Host } from '../../src/host.ts'
import { decodeBech32, encodeBech32 } from '../../src/keys/age/bech32.ts'
import { findBackend } from '../../src/keys/registry.ts'
import { nodeHost } from '../../src/node-host.ts'
import { ageGroup } from '../ours.ts'
import { alice, quantum } from '../test-keys.ts'
import { ageBin, peersPath } from './peers.ts'
import { bytesOf, sops } from './sops.ts'
import { tagpqRecipient, tagRecipient } from './tag-recipients.ts'

const plain = Buffer.from('{"a": "b"}\n')
const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const passphrase = 'correct horse ☂ battery'

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsops-age-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

type Variables = Readonly<Record<string, string>>

/** This machine's host, but with these variables and nothing else, and somebody who types `answer`. */
function hostOf(variables: Variables, answer?: string): Host {
  const machine = nodeHost()
  const typing: Partial<Host> = answer === undefined ? {} : { prompt: async () => answer }
  return {
    platform: 'linux',
    env: (name) => variables[name],
    readFile: (path) => machine.readFile(path),
    run: (...program) => machine.run(...program),
    start: (...program) => machine.start!(...program),
    fetch: () => Promise.reject(new Error('a test must not use the network')),
    ...typing,
  }
}

async function encryptOurs(recipient: string, variables: Variables = {}): Promise<Uint8Array> {
  return encrypt(plain, { keyGroups: [ageGroup(recipient)] }, { format: 'json', host: hostOf(variables) })
}

async function encryptSops(recipient: string, env: Variables = {}): Promise<Uint8Array> {
  return bytesOf(sops(['encrypt', '--age', recipient, '--filename-override', 'x.json'], { stdin: plain, env }))
}

async function expectOpenedByUs(file: Uint8Array, variables: Variables, answer?: string): Promise<void> {
  const opened = await decrypt(file, { format: 'json', host: hostOf(variables, answer) })
  expect(JSON.parse(Buffer.from(opened).toString())).toEqual({ a: 'b' })
}

async function expectOpenedBySops(file: Uint8Array, variables: Variables): Promise<void> {
  const env = { SOPS_AGE_KEY: '# none', ...variables }
  const opened = await bytesOf(sops(['decrypt', '--input-type', 'json', '--output-type', 'json'], { stdin: file, env }))
  expect(JSON.parse(opened.toString())).toEqual({ a: 'b' })
}

async function makeSshKey(name: string, ...options: readonly string[]): Promise<{ path: string; line: string }> {
  const path = join(directory, name)
  execFileSync('ssh-keygen', ['-q', '-f', path, '-C', 'me@host and more', ...options])
  return { path, line: (await readFile(`${path}.pub`, 'utf8')).trim() }
}

const open: readonly (readonly [string, readonly string[]])[] = [
  ['ed25519', ['-t', 'ed25519', '-N', '']],
  ['rsa', ['-t', 'rsa', '-b', '2048', '-N', '']],
  ['rsa-4096', ['-t', 'rsa', '-b', '4096', '-N', '']],
  ['rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', '']],
  ['rsa-pkcs8', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8', '-N', '']],
]

describe.each(open)('an SSH key: %s', (name, options) => {
  let key = { path: '', line: '' }
  beforeAll(async () => {
    key = await makeSshKey(name, ...options)
  })

  test('the whole line, comment and all, is the recipient in the file', async () => {
    for (const file of [await encryptOurs(key.line), await encryptSops(key.line)]) {
      const { sops } = JSON.parse(Buffer.from(file).toString()) as { sops: { age: { recipient: string }[] } }
      expect(sops.age.map(({ recipient }) => recipient)).toEqual([key.line])
      expect(key.line).toContain(' me@host')
    }
  })

  test('our file is opened by sops', async () => {
    const file = await encryptOurs(key.line)
    await expectOpenedBySops(file, { SOPS_AGE_SSH_PRIVATE_KEY_FILE: key.path })
    await expectOpenedBySops(file, { SOPS_AGE_SSH_PRIVATE_KEY_CMD: `cat ${key.path}` })
  })

  test('the file of sops is opened by us, from every source', async () => {
    const file = await encryptSops(key.line)
    await expectOpenedByUs(file, { SOPS_AGE_SSH_PRIVATE_KEY_FILE: key.path })
    await expectOpenedByUs(file, { SOPS_AGE_SSH_PRIVATE_KEY_CMD: `cat ${key.path}` })
    const home = join(directory, `home-${name}`)
    await mkdir(join(home, '.ssh'), { recursive: true })
    await writeFile(join(home, '.ssh', name.startsWith('rsa') ? 'id_rsa' : 'id_ed25519'), await readFile(key.path))
    await expectOpenedByUs(file, { HOME: home })
    await expectOpenedBySops(await encryptOurs(key.line), { HOME: home })
  })

  test('age opens ours and we open that of age', async () => {
    const { sops } = JSON.parse(Buffer.from(await encryptOurs(key.line)).toString()) as {
      sops: { age: { enc: string }[] }
    }
    expect(execFileSync(ageBin, ['-d', '-i', key.path], { input: sops.age[0]!.enc })).toHaveLength(32)
    const enc = execFileSync(ageBin, ['-a', '-R', `${key.path}.pub`], { input: dataKey }).toString()
    const host = hostOf({ SOPS_AGE_SSH_PRIVATE_KEY_FILE: key.path })
    const opened = await findBackend('age')?.decryptDataKey({ type: 'age', id: key.line, enc }, host)
    expect(new Uint8Array(opened ?? [])).toEqual(dataKey)
  })
})

const locked: readonly (readonly [string, readonly string[]])[] = [
  ['locked-ed25519', ['-t', 'ed25519', '-a', '5']],
  ['locked-ed25519-cbc', ['-t', 'ed25519', '-a', '16', '-Z', 'aes256-cbc']],
  ['locked-ed25519-128', ['-t', 'ed25519', '-a', '3', '-Z', 'aes128-ctr']],
  ['locked-rsa', ['-t', 'rsa', '-b', '2048', '-a', '5']],
  ['locked-rsa-pem', ['-t', 'rsa', '-b', '2048', '-m', 'PEM']],
  ['locked-rsa-pkcs8', ['-t', 'rsa', '-b', '2048', '-m', 'PKCS8']],
]

describe.each(locked)('an SSH key with a passphrase: %s', (name, options) => {
  test('opens the file of sops, and not with another passphrase', async () => {
    const { path, line } = await makeSshKey(name, ...options, '-N', passphrase)
    const file = await encryptSops(line)
    const variables = { SOPS_AGE_SSH_PRIVATE_KEY_FILE: path }
    await expectOpenedByUs(file, variables, passphrase)
    await expect(expectOpenedByUs(file, variables, 'wrong')).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
    await expect(expectOpenedByUs(file, variables)).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
  })
})

describe('an identity file with a passphrase', () => {
  const withPass = { PATH: `${peersPath}:${process.env.PATH ?? ''}`, AGE_PASSPHRASE: passphrase }

  test.each([
    ['binary', []],
    ['armored', ['--armor']],
  ] as const)('that age wrote, %s, opens the file of sops', async (name, options) => {
    const path = join(directory, `locked-${name}.age`)
    const env = { ...withPass, AGE_PASSPHRASE_WORK_FACTOR: '10' }
    const input = `# mine\n${quantum.identity}\n${alice.identity}\n`
    await writeFile(path, execFileSync(ageBin, ['-e', ...options, '-j', 'batchpass'], { input, env }))
    for (const recipient of [alice.recipient, quantum.recipient]) {
      await expectOpenedByUs(await encryptSops(recipient), { SOPS_AGE_KEY_FILE: path }, passphrase)
    }
  })
})

describe('plugins', () => {
  const PATH = `${peersPath}:${process.env.PATH ?? ''}`
  const before = process.env.PATH
  beforeAll(() => {
    process.env.PATH = PATH
  })
  afterAll(() => {
    process.env.PATH = before
  })

  test.each([
    ['tag', tagRecipient],
    ['tagpq', tagpqRecipient],
  ])('%s: our file is opened by sops, and that of sops by us', async (_, recipient) => {
    const variables = { SOPS_AGE_KEY: encodeBech32('AGE-PLUGIN-TAGTEST-', new Uint8Array()) }
    const [ours, theirs] = [await encryptOurs(recipient), await encryptSops(recipient, { PATH })]
    await expectOpenedBySops(ours, { ...variables, PATH })
    await expectOpenedByUs(theirs, variables)
    await expectOpenedByUs(ours, variables)
  })

  test('pq: its identity opens files for the recipient that we know ourselves', async () => {
    const { bytes } = decodeBech32(quantum.identity)
    const variables = { SOPS_AGE_KEY: encodeBech32('AGE-PLUGIN-PQ-', bytes) }
    const [ours, theirs] = [await encryptOurs(quantum.recipient), await encryptSops(quantum.recipient)]
    await expectOpenedBySops(ours, { ...variables, PATH })
    await expectOpenedByUs(theirs, variables)
    await expectOpenedByUs(ours, variables)
  })

  test('batchpass: a data key under a passphrase, which sops opens too', async () => {
    const { sops } = JSON.parse(Buffer.from(await encryptSops(alice.recipient)).toString()) as { sops: object }
    const file = JSON.parse(Buffer.from(await encryptOurs(alice.recipient)).toString()) as {
      sops: { age: { enc: string }[] }
    }
    expect(Object.keys(sops)).toContain('age')
    const dataKey = execFileSync(ageBin, ['-d', '-i', await identityFile()], { input: file.sops.age[0]!.enc })
    const env = { PATH, AGE_PASSPHRASE: passphrase, AGE_PASSPHRASE_WORK_FACTOR: '10' }
    file.sops.age[0]!.enc = execFileSync(ageBin, ['-e', '-a', '-j', 'batchpass'], { input: dataKey, env }).toString()
    const changed = Buffer.from(JSON.stringify(file))
    const variables = { SOPS_AGE_KEY: encodeBech32('AGE-PLUGIN-BATCHPASS-', new Uint8Array()) }
    await expectOpenedBySops(changed, { ...variables, PATH, AGE_PASSPHRASE: passphrase })
    process.env.AGE_PASSPHRASE = passphrase
    try {
      await expectOpenedByUs(changed, variables)
      process.env.AGE_PASSPHRASE = 'wrong'
      await expect(expectOpenedByUs(changed, variables)).rejects.toMatchObject({
        groups: [{ keys: [{ errors: [expect.stringContaining('batchpass plugin: incorrect passphrase') as string] }] }],
      })
    } finally {
      delete process.env.AGE_PASSPHRASE
    }
  })

  async function identityFile(): Promise<string> {
    const path = join(directory, 'alice.txt')
    await writeFile(path, alice.identity)
    return path
  }
})
