// AWS KMS: the real sops and ours on the same service, the fake of the unit tests and moto; each opens what the other wrote.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFakeAws } from '../fakes/aws-kms.ts'
import { startMoto } from './moto.ts'
import { sops, tsops, type RunResult } from './sops.ts'

const region = 'eu-central-1'
const role = 'arn:aws:iam::123456789012:role/sops'
const me = { accessKeyId: 'AKIAFAKEUSER', secretAccessKey: 'fake-secret-of-the-user' }
const plain = 'password: hunter2\nlist:\n  - 1\n'

interface Service {
  readonly url: string
  readonly arns: readonly [string, string]
  close(): Promise<void>
}

async function fakeService(): Promise<Service> {
  const arns = ['1', '2'].map((digit) => `arn:aws:kms:${region}:123456789012:key/${digit.repeat(36)}`)
  const [one = '', two = ''] = arns
  const aws = await startFakeAws({ credentials: [me], keys: [{ arn: one }, { arn: two }], roles: [role] })
  return { url: aws.url, arns: [one, two], close: () => aws.close() }
}

async function motoService(): Promise<Service> {
  const moto = await startMoto()
  return {
    url: moto.url,
    arns: [await moto.createKey(region), await moto.createKey(region)],
    close: () => moto.close(),
  }
}

describe.each([
  ['the fake', fakeService],
  ['moto', motoService],
])('AWS KMS, %s', (_, start) => {
  let service: Service
  let home: string
  let env: Readonly<Record<string, string>>

  beforeAll(async () => {
    service = await start()
    home = mkdtempSync(join(tmpdir(), 'tsops-interop-kms-'))
    const secret = `aws_access_key_id=${me.accessKeyId}\naws_secret_access_key=${me.secretAccessKey}`
    writeFileSync(join(home, 'credentials'), `[work]\n${secret}\n`)
    env = {
      AWS_ENDPOINT_URL: service.url,
      AWS_ACCESS_KEY_ID: me.accessKeyId,
      AWS_SECRET_ACCESS_KEY: me.secretAccessKey,
      AWS_SHARED_CREDENTIALS_FILE: join(home, 'credentials'),
      AWS_EC2_METADATA_DISABLED: 'true',
      SOPS_AGE_KEY: '',
    }
  })
  afterAll(async () => {
    await service.close()
    rmSync(home, { recursive: true })
  })

  type Program = typeof sops
  const programs: readonly (readonly [string, Program, Program])[] = [
    ['ours, opened by sops', tsops, sops],
    ["sops', opened by us", sops, tsops],
  ]
  const forms: readonly (readonly [string, () => readonly string[], string])[] = [
    ['a key', () => ['--kms', service.arns[0]], ''],
    ['two keys', () => ['--kms', service.arns.join(',')], ''],
    ['a context', () => ['--kms', service.arns[0], '--encryption-context', 'b:2,a:1,ü: ß'], ''],
    ['a role', () => ['--kms', `${service.arns[0]}+${role}`], ''],
    ['a profile', () => ['--kms', service.arns[0], '--aws-profile', 'work'], ''],
    [
      'all of them',
      () => ['--kms', `${service.arns[0]}+${role}`, '--encryption-context', 'a:1', '--aws-profile', 'work'],
      '',
    ],
    ['a rule', () => [], `{kms: "ARN0, ARN1", aws_profile: work}`],
    [
      'key groups',
      () => [],
      `{shamir_threshold: 2, key_groups: [{kms: [{arn: ARN0, role: ROLE, context: {a: "1", b: x}}]}, {kms: [{arn: ARN1, aws_profile: work}]}]}`,
    ],
  ]

  async function encrypt(program: Program, args: readonly string[], rule: string): Promise<RunResult> {
    const text = rule.replaceAll('ARN0', service.arns[0]).replaceAll('ARN1', service.arns[1]).replaceAll('ROLE', role)
    writeFileSync(join(home, '.sops.yaml'), rule === '' ? '{}\n' : `creation_rules:\n  - ${text}\n`)
    return program(['encrypt', ...args, '--filename-override', 'x.yaml'], { stdin: Buffer.from(plain), cwd: home, env })
  }

  describe.each(programs)('%s', (_direction, writer, reader) => {
    test.each(forms)('%s', async (_form, args, rule) => {
      const written = await encrypt(writer, args(), rule)
      expect(written.stderr).toBe('')
      expect(written.status).toBe(0)
      const read = await reader(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], {
        stdin: written.stdout,
        cwd: home,
        env,
      })
      expect(read.stderr).toBe('')
      expect(read.status).toBe(0)
      expect(read.stdout.toString().replaceAll('    - ', '  - ')).toBe(plain)
    })
  })

  test.each(forms)('the metadata of %s is the same', async (_form, args, rule) => {
    const [ours, theirs] = await Promise.all([tsops, sops].map((program) => encrypt(program, args(), rule)))
    expect([ours?.stderr, theirs?.stderr]).toEqual(['', ''])
    const shape = (result: RunResult | undefined): string =>
      (result?.stdout.toString() ?? '')
        .replace(/^[^]*?\nsops:\n/, '')
        .replace(/(enc|mac|created_at|lastmodified): .*/g, '$1')
    expect(shape(ours)).toBe(shape(theirs))
  })

  test("a rule's keys get the context of the command line, which sops' subcommand loses", async () => {
    const written = await encrypt(tsops, ['--encryption-context', 'a:1'], '{kms: "ARN0"}')
    expect(written.stdout.toString()).toMatch(/context:\n\s+a: "1"/)
    const read = await sops(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], {
      stdin: written.stdout,
      cwd: home,
      env,
    })
    expect(read.status).toBe(0)
    const legacy = await sops(['-e', '--encryption-context', 'a:1', join(home, '.sops.yaml')], { cwd: home, env })
    expect(legacy.stdout.toString()).toMatch(/context:\n\s+a: "1"/)
  })

  test.each([tsops, sops])('another context does not open it: %o', async (program) => {
    const written = await encrypt(sops, ['--kms', service.arns[0], '--encryption-context', 'a:1'], '')
    const changed = written.stdout.toString().replace('a: "1"', 'a: "2"')
    expect(changed).not.toBe(written.stdout.toString())
    const read = await program(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], {
      stdin: Buffer.from(changed),
      cwd: home,
      env,
    })
    expect(read.status).toBe(128)
    expect(read.stdout.toString()).toBe('')
    expect(read.stderr).toContain('InvalidCiphertextException')
  })

  test('a malformed context is the same failure', async () => {
    for (const program of [tsops, sops]) {
      expect((await encrypt(program, ['--kms', service.arns[0], '--encryption-context', 'a'], '')).status).toBe(6)
    }
  })
})
