import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startFakeAws, type FakeAws } from '../fakes/aws-kms.ts'
import { tsops, type Result } from './in-process.ts'

const arn = `arn:aws:kms:eu-central-1:111122223333:key/${'1'.repeat(36)}`
const user = { accessKeyId: 'AKIAFAKEUSER', secretAccessKey: 'fake-secret-of-the-user' }

let aws: FakeAws
let cwd: string
beforeAll(async () => {
  aws = await startFakeAws({ credentials: [user], keys: [{ arn }] })
  cwd = mkdtempSync(join(tmpdir(), 'tsops-kms-flags-'))
  const secret = `aws_access_key_id=${user.accessKeyId}\naws_secret_access_key=${user.secretAccessKey}`
  writeFileSync(join(cwd, 'credentials'), `[work]\n${secret}\n`)
})
afterAll(async () => {
  await aws.close()
  rmSync(cwd, { recursive: true })
})

function run(args: readonly string[], stdin: string, rules = '{}'): Promise<Result> {
  writeFileSync(join(cwd, '.sops.yaml'), `${rules}\n`)
  const env = {
    AWS_ENDPOINT_URL: aws.url,
    AWS_SHARED_CREDENTIALS_FILE: join(cwd, 'credentials'),
    AWS_PROFILE: 'work',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  return tsops(args, { cwd, env, stdin })
}

const plain = 'a: secret\n'
const encrypt = ['encrypt', '--filename-override', 'x.yaml']
const decrypt = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']

describe('the flags for AWS KMS keys', () => {
  test.each([
    ['with --kms', ['--kms', arn], '{}'],
    ['with a rule', [], `creation_rules: [{kms: "${arn}"}]`],
  ])('--encryption-context, %s', async (_, args, rules) => {
    const written = await run([...encrypt, ...args, '--encryption-context', 'b:2,a:'], plain, rules)
    expect(written).toMatchObject({ status: 0, stderr: '' })
    expect(written.stdout).toMatch(/context:\n +a: ""\n +b: "2"\n/)
    expect((await run(decrypt, written.stdout)).stdout).toBe(plain)
    const changed = await run(decrypt, written.stdout.replace('b: "2"', 'b: "3"'))
    expect(changed).toMatchObject({ status: 128, stdout: '' })
    expect(changed.stderr).toContain('InvalidCiphertextException')
  })

  test('--aws-profile', async () => {
    const written = await run([...encrypt, '--kms', arn, '--aws-profile', 'work'], plain)
    expect(written.stdout).toContain('aws_profile: work\n')
    const absent = await run([...encrypt, '--kms', arn, '--aws-profile', 'absent'], plain)
    expect(absent).toMatchObject({ status: 1, stdout: '' })
    expect(absent.stderr).toContain('no AWS credentials were found in the profile')
  })

  test.each(['a', 'a:b:c', 'a:b,', ','])('a context of %j is refused', async (context) => {
    const refused = await run([...encrypt, '--kms', arn, '--encryption-context', context], plain)
    expect(refused).toMatchObject({ status: 6, stdout: '' })
    expect(refused.stderr).toContain('Invalid KMS encryption context format')
  })
})
