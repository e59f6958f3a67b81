// What was sealed does not come out in clear because a rule was made for other files.
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealSecret } from '../../src/kubernetes/sealed-secret-object.ts'
import { storeFor } from '../../src/stores/registry.ts'
import { alice } from '../test-keys.ts'
import { type Result, tsops } from './in-process.ts'

const folder = mkdtempSync(join(tmpdir(), 'from-sealed-'))

beforeAll(() => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const entries = [
    { key: 'token', value: Buffer.from('Canary7') },
    { key: 'bytes', value: Buffer.from([0, 255]) },
    { key: 'empty', value: Buffer.alloc(0) },
  ]
  const secret = { metadata: { name: 'a', namespace: 'n' }, type: 'Opaque', immutable: undefined, entries }
  const sealed = sealSecret(secret, 'strict', publicKey)
  writeFileSync(join(folder, 'sealed.yaml'), storeFor('yaml')?.emit([sealed], { indent: 2 }) ?? '')
  writeFileSync(join(folder, 'tls.key'), privateKey.export({ format: 'pem', type: 'pkcs8' }))
})

afterAll(() => rmSync(folder, { recursive: true }))

function fromSealed(...args: readonly string[]): Promise<Result> {
  return tsops(['from-sealed', '--key', 'tls.key', '--age', alice.recipient, ...args, 'sealed.yaml'], { cwd: folder })
}

test('all values are encrypted', async () => {
  const { status, stdout, stderr } = await fromSealed()
  expect([status, stderr]).toEqual([0, ''])
  expect(stdout).toContain('name: a\n')
  expect(stdout.match(/^ {2}\w+: ENC\[/gm)).toHaveLength(2)
})

test.for([
  [['--encrypted-regex', '^bytes$'], 'stringData.token'],
  [['--encrypted-regex', '^stringData$'], 'data.bytes'],
  [['--unencrypted-regex', '^(data|stringData)$'], 'data.bytes'],
  [['--encrypted-suffix', 'name'], 'data.bytes'],
] as const)('%j leaves one in clear', async ([args, field]) => {
  const { status, stdout, stderr } = await fromSealed(...args)
  expect(stderr).toContain(`${field} would come to stand in clear, and was sealed`)
  expect([status, stdout, stderr.includes('Canary7')]).toEqual([1, '', false])
  expect((await fromSealed('--allow-unencrypted', ...args)).status).toBe(0)
})

test('a rule that is not for it', async () => {
  writeFileSync(
    join(folder, '.sops.yaml'),
    `creation_rules:\n  - age: ${alice.recipient}\n    encrypted_regex: ^bytes$\n`,
  )
  const { status, stdout } = await tsops(['from-sealed', '--key', 'tls.key', 'sealed.yaml'], { cwd: folder })
  rmSync(join(folder, '.sops.yaml'))
  expect([status, stdout]).toEqual([1, ''])
})
