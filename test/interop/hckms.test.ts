// HuaweiCloud KMS: the real sops, with Huawei's SDK, and ours on the fake of the unit tests; each opens what the other wrote.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFakeHuawei, type FakeHuawei } from '../fakes/hckms.ts'
import { sops, tsops, type RunResult } from './sops.ts'

const user = { ak: 'FAKEAK', sk: 'fake-secret-of-the-user' }
const guest = { ak: 'FAKEGUEST', sk: 'fake-secret-of-the-guest', securityToken: 'fake-security-token' }
const keys = ['a', 'b'].map((digit) => ({ id: `${digit.repeat(8)}-0000-0000-0000-${digit.repeat(12)}`, project: 'p1' }))
const [one, two] = keys.map(({ id }) => `tr-west-1:${id}`)
const plain = 'password: hunter2\n'

let huawei: FakeHuawei
let home: string
let network: Readonly<Record<string, string>>

beforeAll(async () => {
  huawei = await startFakeHuawei({ users: [user, guest], projects: new Map(), keys })
  home = mkdtempSync(join(tmpdir(), 'tsops-interop-hckms-'))
  network = { HUAWEICLOUD_SDK_REGION_KMS_TR_WEST_1: huawei.url, HUAWEICLOUD_SDK_PROJECT_ID: 'p1', SOPS_AGE_KEY: '' }
  const profile = `[basic]\nak = ${user.ak}\nsk = ${user.sk}\nproject_id = p1\n`
  writeFileSync(join(home, 'credentials'), profile)
})
afterAll(async () => {
  await huawei.close()
  rmSync(home, { recursive: true })
})

type Program = typeof sops
type Env = Readonly<Record<string, string>>

const sources: readonly (readonly [string, () => Env])[] = [
  ['the environment', () => ({ HUAWEICLOUD_SDK_AK: user.ak, HUAWEICLOUD_SDK_SK: user.sk })],
  [
    'a security token',
    () => ({
      HUAWEICLOUD_SDK_AK: guest.ak,
      HUAWEICLOUD_SDK_SK: guest.sk,
      HUAWEICLOUD_SDK_SECURITY_TOKEN: guest.securityToken,
    }),
  ],
  ['the profile file', () => ({ HUAWEICLOUD_SDK_CREDENTIALS_FILE: join(home, 'credentials') })],
]

const forms = [
  ['a flag', ['--hckms', `${one!},${two!}`], ''],
  ['a rule', [], `{hckms: [${one!}, ${two!}]}`],
  ['key groups', [], `{shamir_threshold: 2, key_groups: [{hckms: [{key_id: ${one!}}]}, {hckms: [{key_id: ${two!}}]}]}`],
] as const

async function encrypt(program: Program, args: readonly string[], rule: string, env: Env): Promise<RunResult> {
  writeFileSync(join(home, '.sops.yaml'), rule === '' ? '{}\n' : `creation_rules:\n  - ${rule}\n`)
  const options = { stdin: Buffer.from(plain), cwd: home, env: { ...network, ...env } }
  return program(['encrypt', ...args, '--filename-override', 'x.yaml'], options)
}

async function decrypt(program: Program, stdin: Uint8Array, env: Env): Promise<RunResult> {
  const options = { stdin, cwd: home, env: { ...network, ...env } }
  return program(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], options)
}

const programs: readonly (readonly [string, Program, Program])[] = [
  ['ours, opened by sops', tsops, sops],
  ["sops', opened by us", sops, tsops],
]

describe.each(programs)('%s', (_direction, writer, reader) => {
  describe.each(sources)('with %s', (_source, env) => {
    test.each(forms)('%s', async (_form, args, rule) => {
      const written = await encrypt(writer, args, rule, env())
      expect(written.stderr).toBe('')
      expect(written.status).toBe(0)
      const read = await decrypt(reader, written.stdout, env())
      expect(read.stderr).toBe('')
      expect(read.status).toBe(0)
      expect(read.stdout.toString()).toBe(plain)
    })
  })
})

test.each(forms)('the metadata of %s is the same', async (_form, args, rule) => {
  const env = sources[0]![1]()
  const [ours, theirs] = await Promise.all([tsops, sops].map((program) => encrypt(program, args, rule, env)))
  expect([ours?.stderr, theirs?.stderr]).toEqual(['', ''])
  const shape = (result: RunResult | undefined): string =>
    (result?.stdout.toString() ?? '')
      .replace(/^[^]*?\nsops:\n/, '')
      .replace(/(enc|mac|created_at|lastmodified): .*/g, '$1')
  expect(shape(ours)).toBe(shape(theirs))
})

test.each([tsops, sops])('a wrong secret does not open it: %o', async (program) => {
  const written = await encrypt(sops, ['--hckms', one!], '', sources[0]![1]())
  const read = await decrypt(program, written.stdout, { HUAWEICLOUD_SDK_AK: user.ak, HUAWEICLOUD_SDK_SK: 'fake-wrong' })
  expect(read.status).toBe(128)
  expect(read.stdout.toString()).toBe('')
})
