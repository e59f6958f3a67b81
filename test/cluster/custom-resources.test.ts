// What the bridges print for operators, held against the schemas of those operators in an API server.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tsops } from '../interop/sops.ts'
import { alice } from '../test-keys.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { moduleFolder } from './peers.ts'

const externalSecrets = ['github.com/external-secrets/external-secrets', '1.3.2', 'config/crds/bases'] as const
const sealedSecrets = ['github.com/bitnami-labs/sealed-secrets', '0.40.0', 'helm/sealed-secrets/crds'] as const
const definitions = [
  [...externalSecrets, 'external-secrets.io_externalsecrets.yaml'],
  [...externalSecrets, 'external-secrets.io_pushsecrets.yaml'],
  [...sealedSecrets, 'bitnami.com_sealedsecrets.yaml'],
] as const

const folder = mkdtempSync(join(tmpdir(), 'custom-resources-'))
let server: ApiServer | undefined

beforeAll(async () => {
  server = await startApiServer()
  for (const [module, version, place, file] of definitions) {
    const text = readFileSync(join(moduleFolder(module, version), place, file), 'utf8')
    server.kubectl(['create', '--filename', '-'], withoutConversion(text))
  }
  server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all'])
  writeFileSync(join(folder, '.sops.yaml'), rules)
  writeFileSync(join(folder, 'vault.yaml'), 'user: me\npassword: pw\n')
  writeFileSync(join(folder, 'aws.env'), 'USER=me\nPASSWORD=pw\n')
  for (const file of ['vault.yaml', 'aws.env']) await ours(['encrypt', '--age', alice.recipient, '-i', file])
  const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt'), '-subj', '/CN=x']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files], { stdio: 'ignore' })
})

afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

const rules = `creation_rules:
  - age: ${alice.recipient}
destination_rules:
  - path_regex: vault
    vault_path: shop
    vault_address: https://127.0.0.1:1
  - path_regex: aws
    aws_secrets_manager_region: eu-central-1
    secret_per_key: true
`

// There is no operator behind the server that could convert from older versions.
function withoutConversion(text: string): string {
  return text.replace(/^ {2}conversion:\n(?: {4}.*\n)+/m, '')
}

async function ours(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await tsops(args, { cwd: folder })
  if (status !== 0) throw new Error(stderr)
  return stdout.toString()
}

const sealing = ['to-sealed', '--cert', 'tls.crt', '--name', 'app', '--namespace', 'default']

test.for([
  ['to-external', '--store', 's', 'vault.yaml'],
  ['to-external', '--store', 's', '--push', 'vault.yaml'],
  ['to-external', '--store', 's', '--store-kind', 'ClusterSecretStore', '--refresh-interval', '30m', 'aws.env'],
  ['to-external', '--store', 's', '--push', '--output-type', 'json', 'aws.env'],
  [...sealing, 'vault.yaml'],
  [...sealing, '--scope', 'namespace-wide', '--immutable', '--label', 'a=b', 'aws.env'],
  [
    ...sealing,
    '--scope',
    'cluster-wide',
    '--type',
    'kubernetes.io/basic-auth',
    '--annotation',
    'a=b',
    'vault.yaml',
    '--key',
    'password',
  ],
])('%j', async (args) => {
  const manifest = await ours(args)
  const answer = server?.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename', '-'], manifest)
  expect(answer).toMatch(/created \(server dry run\)/)
})

test('the schemas refuse what they do not know', async () => {
  const manifest = (await ours(['to-external', '--store', 's', 'vault.yaml'])).replace('refreshInterval', 'unknown')
  expect(() =>
    server?.kubectl(['apply', '--dry-run=server', '--validate=strict', '--filename', '-'], manifest),
  ).toThrow()
})
