// The real sops and ours with the same server: what one encrypts the other opens, over each transport.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { startGcpKms } from '../fakes/gcp-kms.ts'
import { bytesOf, sops, tsops, type RunInput } from './sops.ts'

const id = 'projects/p/locations/global/keyRings/r/cryptoKeys/one'
const fake = await startGcpKms([id])
const directory = mkdtempSync(join(tmpdir(), 'tsops-gcp-'))
const [trusted, account] = [join(directory, 'trusted.pem'), join(directory, 'account.json')]
writeFileSync(trusted, fake.certificate.cert)
writeFileSync(account, fake.serviceAccount)
afterAll(async () => {
  rmSync(directory, { recursive: true })
  await fake.close()
})

const { grpc, http, https } = fake.endpoints
const trust = { SSL_CERT_FILE: trusted, NODE_EXTRA_CA_CERTS: trusted }
const token = { GOOGLE_OAUTH_ACCESS_TOKEN: fake.token }
// The SDK would print every data key.
const loud = { GOOGLE_SDK_NODE_LOGGING: 'all' }
const rest = { SOPS_GCP_KMS_CLIENT_TYPE: 'rest' }

const plain = Buffer.from('a: secret\nb:\n    - 1\n    - two\n')
const encryption = ['encrypt', '--gcp-kms', id, '--filename-override', 'x.yaml']
const decryption = ['decrypt', '--input-type', 'yaml', '--output-type', 'yaml']

describe.each<[string, Readonly<Record<string, string>>]>([
  ['gRPC', { ...trust, ...token, SOPS_GCP_KMS_ENDPOINT: grpc }],
  ['gRPC with a service account', { ...trust, GOOGLE_CREDENTIALS: account, SOPS_GCP_KMS_ENDPOINT: grpc }],
  ['REST', { ...rest, ...token, SOPS_GCP_KMS_ENDPOINT: http }],
  ['REST over TLS', { ...rest, ...trust, ...token, SOPS_GCP_KMS_ENDPOINT: https }],
  ['REST with a service account', { ...rest, GOOGLE_CREDENTIALS: account, SOPS_GCP_KMS_ENDPOINT: http }],
])('%s', (_, env) => {
  const input = (stdin: Uint8Array): RunInput => ({ stdin, env: { ...env, ...loud, SOPS_AGE_KEY: '' } })

  test('sops opens ours', async () => {
    const { status, stdout, stderr } = await tsops(encryption, input(plain))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(await bytesOf(sops(decryption, input(stdout)))).toEqual(plain)
  })

  test('ours opens that of sops, and says nothing else', async () => {
    const encrypted = await bytesOf(sops(encryption, input(plain)))
    const { status, stdout, stderr } = await tsops(decryption, input(encrypted))
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toEqual(plain)
  })
})

test('a key that may not be used ends both in the same way', async () => {
  const env = { ...rest, ...token, SOPS_GCP_KMS_ENDPOINT: http, SOPS_AGE_KEY: '' }
  const encrypted = await bytesOf(sops(encryption, { stdin: plain, env }))
  const key = fake.keys.get(id)!
  for (const state of ['disabled', 'forbidden'] as const) {
    key.state = state
    const [theirs, ours] = await Promise.all([sops, tsops].map((run) => run(decryption, { stdin: encrypted, env })))
    expect([theirs?.status, ours?.status]).toEqual([128, 128])
    expect(ours?.stdout).toEqual(Buffer.alloc(0))
    expect(ours?.stderr).toContain(id)
    expect(ours?.stderr).not.toContain(fake.token)
  }
  key.state = 'enabled'
})
