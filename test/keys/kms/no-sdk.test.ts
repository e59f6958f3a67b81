// What is done without the SDK, as where it is not installed, and what is not.
import { beforeEach, expect, test, vi } from 'vitest'
import { KeyBackendError } from '../../../src/errors.ts'
import type { Host } from '../../../src/host.ts'
import { kms } from '../../../src/keys/kms/backend.ts'
import { parseArns } from '../../../src/keys/kms/key.ts'
import { fakeHost } from '../hosts.ts'

vi.mock('@aws-sdk/client-kms', () => {
  throw new Error('client-kms was loaded')
})
vi.mock('@aws-sdk/credential-providers', () => {
  throw new Error('credential-providers was loaded')
})

const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1'
const role = 'arn:aws:iam::111122223333:role/sops'
const signedIn = { AWS_ACCESS_KEY_ID: 'AKIAFAKEUSER', AWS_SECRET_ACCESS_KEY: 'fake-secret-of-the-user' }
const noMachine = { AWS_EC2_METADATA_DISABLED: 'true' }
const asked: string[] = []
beforeEach(() => {
  asked.length = 0
})

function hostWith(env: Readonly<Record<string, string>>, files: Readonly<Record<string, string>> = {}): Host {
  return {
    ...fakeHost({ env, files }),
    fetch: (input) => {
      const url = String(input instanceof Request ? input.url : input)
      asked.push(url)
      const answer = { Plaintext: 'AAAA', AccessKeyId: 'AKIAFAKEOTHER', SecretAccessKey: 'fake-secret-of-the-other' }
      return Promise.resolve(Response.json(answer))
    },
  }
}

function decrypted(host: Host, spec = arn, profile = ''): ReturnType<typeof kms.decryptDataKey> {
  return kms.decryptDataKey({ ...parseArns(spec, { profile })[0]!, enc: 'AAAA' }, host)
}

test('credentials of the environment, of a container', async () => {
  await expect(decrypted(hostWith({ ...noMachine, ...signedIn }))).resolves.toHaveLength(3)
  const container = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/x' }
  await expect(decrypted(hostWith({ ...noMachine, ...container }))).resolves.toHaveLength(3)
  const service = 'https://kms.eu-central-1.amazonaws.com/'
  expect(asked).toEqual([service, 'http://169.254.170.2/x', service])
})

test.each([
  ['a role', signedIn, {}, `${arn}+${role}`, ''],
  ['a profile', { HOME: '/h' }, { '/h/.aws/config': '[default]' }, arn, ''],
  ["the key's profile", { ...signedIn, HOME: '/h' }, { '/h/.aws/credentials': '[p]' }, arn, 'p'],
  ['a web identity', { AWS_WEB_IDENTITY_TOKEN_FILE: '/t', AWS_ROLE_ARN: role }, { '/t': 'token' }, arn, ''],
  ['FIPS', { ...signedIn, AWS_USE_FIPS_ENDPOINT: 'true' }, {}, arn, ''],
  ['a name of the application', { ...signedIn, AWS_SDK_UA_APP_ID: 'x' }, {}, arn, ''],
  ['both stacks', { ...signedIn, AWS_USE_DUALSTACK_ENDPOINT: 'true' }, {}, arn, ''],
  ['adaptive retries', { ...signedIn, AWS_RETRY_MODE: 'adaptive' }, {}, arn, ''],
  ['an endpoint with a path', { ...signedIn, AWS_ENDPOINT_URL: 'https://x.example/kms' }, {}, arn, ''],
  ['an endpoint with a password', { ...signedIn, AWS_ENDPOINT_URL: 'https://a:b@x.example' }, {}, arn, ''],
  ['a partition of its own', signedIn, {}, arn.replace('eu-central-1', 'us-iso-east-1'), ''],
])('%s needs it', async (_, env, files, spec, profile) => {
  const error: unknown = await decrypted(hostWith({ ...noMachine, ...env }, files), spec, profile).catch(
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(KeyBackendError)
  expect(error).toMatchObject({ reason: 'not-installed' })
  expect(asked).toEqual([])
})
