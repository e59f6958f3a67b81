import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { execFileSync, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateIdentity } from '../../src/keys/age/keygen.ts'
import { decryptDataKey, encryptDataKey } from '../../src/keys/key-group.ts'
import { localKeyService } from '../../src/keys/key-service/local.ts'
import { backends, findBackend } from '../../src/keys/registry.ts'
import { emitMetadata, readMetadata } from '../../src/metadata/codec.ts'
import { toBranch, toPlain } from '../branches.ts'
import { hostWith } from '../ours.ts'
import { alice, bob, carol, quantum, type TestKey } from '../test-keys.ts'
import { ageBin, ageKeygenBin, sopsBin } from './peers.ts'

const age = findBackend('age')!
const dataKey = Uint8Array.from({ length: 32 }, (_, index) => 255 - index)
const order = ['age']

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsops-keys-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe.each([
  ['X25519', alice],
  ['post-quantum', quantum],
])('%s', (_, { recipient, identity }) => {
  test('age opens what we wrap', async () => {
    const [key] = age.parse(recipient)
    const { enc } = await age.encryptDataKey(key!, dataKey, hostWith())
    const identities = join(directory, recipient.slice(0, 12))
    await writeFile(identities, identity)
    const opened = execFileSync(ageBin, ['--decrypt', '--identity', identities], { input: enc })
    expect(new Uint8Array(opened)).toEqual(dataKey)
  })

  test('we open what age wraps', async () => {
    const enc = execFileSync(ageBin, ['--armor', '--recipient', recipient], { input: dataKey }).toString()
    const opened = await age.decryptDataKey({ type: 'age', id: recipient, enc }, hostWith(identity))
    expect(new Uint8Array(opened ?? [])).toEqual(dataKey)
  })
})

test.each(['x25519', 'pq'] as const)('age-keygen reads the key file of a new %s identity', async (kind) => {
  const { file, recipient } = await generateIdentity(kind)
  const path = join(directory, `${kind}.txt`)
  await writeFile(path, file)
  expect(execFileSync(ageKeygenBin, ['-y', path]).toString().trim()).toBe(recipient)
})

interface SopsFile {
  readonly sops: Readonly<Record<string, unknown>>
}

describe('key groups', () => {
  const groups = [[alice], [bob], [carol, quantum]]

  async function encryptWithSops(): Promise<SopsFile> {
    const entries = groups.map((group) => `{age: [${group.map(({ recipient }) => recipient).join(', ')}]}`)
    const config = `creation_rules: [{shamir_threshold: 2, key_groups: [${entries.join(', ')}]}]`
    const [rules, plain] = [join(directory, 'rules.yaml'), join(directory, 'plain.json')]
    await writeFile(rules, config)
    await writeFile(plain, '{"a":"b"}')
    return JSON.parse(execFileSync(sopsBin, ['--config', rules, 'encrypt', plain]).toString()) as SopsFile
  }

  const pairs: readonly (readonly TestKey[])[] = [
    [alice, bob],
    [bob, quantum],
    [carol, alice],
    [alice, bob, carol],
  ]

  test('the shares of sops combine, and sops combines ours', async () => {
    const file = await encryptWithSops()
    const metadata = readMetadata(toBranch(file.sops), backends)
    expect(toPlain(emitMetadata(metadata, backends))).toEqual(file.sops)
    for (const held of pairs) {
      const host = hostWith(...held.map(({ identity }) => identity))
      const opened = await decryptDataKey(metadata.keyGroups, metadata.shamirThreshold, {
        order,
        owner: host,
        keyServices: [localKeyService(host)],
      })
      const keyGroups = await encryptDataKey(metadata.keyGroups, metadata.shamirThreshold, opened, [
        localKeyService(host),
      ])
      const path = join(directory, 'ours.json')
      await writeFile(
        path,
        JSON.stringify({ ...file, sops: toPlain(emitMetadata({ ...metadata, keyGroups }, backends)) }),
      )
      const env = { HOME: directory, SOPS_AGE_KEY: held.map(({ identity }) => identity).join('\n') }
      const { status, stdout, stderr } = spawnSync(sopsBin, ['decrypt', path], { env, encoding: 'utf8' })
      expect(status, stderr).toBe(0)
      expect(JSON.parse(stdout)).toEqual({ a: 'b' })
    }
  })
})
