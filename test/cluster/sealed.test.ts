// Sealed Secrets, both ways with the real kubeseal; no cluster is needed for that.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sops, tsops } from '../interop/sops.ts'
import { alice } from '../test-keys.ts'
import { kubesealBin } from './peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'sealed-'))
const path = (name: string): string => join(folder, name)
const values = { n: 'text', multi: 'two\nlines\n', empty: '', 'with.dot': '{{ not a template }}' }

beforeAll(async () => {
  const subject = ['-subj', '/CN=sealed-secret', '-days', '10']
  const files = ['-keyout', path('tls.key'), '-out', path('tls.crt')]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject], { stdio: 'ignore' })
  writeFileSync(path('app.json'), JSON.stringify(values))
  await ours(['encrypt', '--age', alice.recipient, '-i', 'app.json'])
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function ours(args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await tsops(args, { cwd: folder })
  if (status !== 0) throw new Error(stderr)
  return stdout.toString()
}

interface Unsealed {
  /** An empty value is null. */
  readonly data: Readonly<Record<string, string | null>>
}

function unseal(manifest: string): Unsealed {
  const args = ['--recovery-unseal', '--recovery-private-key', path('tls.key')]
  const text = execFileSync(kubesealBin, args, { input: manifest, encoding: 'utf8', stdio: 'pipe' })
  return JSON.parse(text) as Unsealed
}

describe.for(['strict', 'namespace-wide', 'cluster-wide'])('scope %s', (scope) => {
  const args = ['to-sealed', '--cert', 'tls.crt', '--scope', scope, '--name', 'app', '--namespace', 'shop', 'app.json']

  test.for(['yaml', 'json'])('kubeseal opens what we seal, as %s', async (type) => {
    const { data } = unseal(await ours([...args, '--output-type', type]))
    const decoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value ?? '', 'base64').toString()])
    expect(Object.fromEntries(decoded)).toEqual(values)
  })

  test('it does not open what was moved further than the scope allows', async () => {
    const sealed = await ours(args)
    const moved = sealed.replaceAll('namespace: shop', 'namespace: elsewhere').replaceAll('name: app', 'name: other')
    if (scope === 'cluster-wide') expect(Object.keys(unseal(moved).data)).toHaveLength(4)
    else expect(() => unseal(moved)).toThrow(/no key could decrypt/)
  })

  test('we turn what kubeseal seals into a file that sops opens', async () => {
    const secret = await ours([
      'to-secret',
      '--name',
      'app',
      '--namespace',
      'shop',
      '--output-type',
      'json',
      'app.json',
    ])
    const seal = ['--cert', path('tls.crt'), '--scope', scope, '--format', 'yaml']
    writeFileSync(path('sealed.yaml'), execFileSync(kubesealBin, seal, { input: secret }))
    writeFileSync(path('backup.yaml'), backup())
    const file = await ours(['from-sealed', '--key', 'backup.yaml', '--age', alice.recipient, 'sealed.yaml'])
    for (const value of Object.values(values)) if (value !== '') expect(file).not.toContain(value)
    writeFileSync(path('back.yaml'), file)
    const opened = await sops(['decrypt', '--output-type', 'json', 'back.yaml'], { cwd: folder })
    expect(JSON.parse(opened.stdout.toString())).toMatchObject({ metadata: { name: 'app' }, stringData: values })
  })
})

// As `kubectl get secret --selector sealedsecrets.bitnami.com/sealed-secrets-key --output yaml` prints it.
function backup(): string {
  const encode = (name: string): string => readFileSync(path(name)).toString('base64')
  const data = { 'tls.crt': encode('tls.crt'), 'tls.key': encode('tls.key') }
  const secret = { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', data }
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [secret] })
}
