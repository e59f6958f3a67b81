// What comes out is what the API server takes, and what we refuse it refuses, too.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { checkSecret } from '../../src/kubernetes/secret.ts'
import { secretTypes } from '../../src/kubernetes/secret-types.ts'
import { toBranch } from '../branches.ts'
import { peersPath } from '../interop/peers.ts'
import { tsops } from '../interop/sops.ts'
import { alice } from '../test-keys.ts'
import { type ApiServer, startApiServer } from './api-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'secrets-'))
let server: ApiServer | undefined

beforeAll(async () => {
  server = await startApiServer()
})

afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
}

interface Answer {
  /** The names of the objects that it would store, as kind/name. */
  readonly accepted: readonly string[]
  readonly refusals: string
}

/** A dry run of the server over objects of its own kinds. */
function dryRun(objects: readonly Manifest[]): Answer {
  for (const namespace of new Set(objects.map(({ metadata }) => metadata.namespace ?? 'default'))) {
    attempt(['create', 'namespace', namespace])
  }
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  return attempt(['create', '--dry-run=server', '--validate=strict', '--output=name', '--filename=-'], list)
}

function attempt(args: readonly string[], stdin = ''): Answer {
  const lines = (text: unknown): string[] => String(text).split('\n').filter(Boolean)
  try {
    return { accepted: lines(server!.kubectl(args, stdin)), refusals: '' }
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: unknown; readonly stderr: unknown }
    return { accepted: lines(stdout), refusals: String(stderr) }
  }
}

function expectAccepted(objects: readonly Manifest[]): void {
  const { accepted, refusals } = dryRun(objects)
  expect(refusals).toBe('')
  expect(accepted).toHaveLength(objects.length)
}

function objectsOf(yaml: string): Manifest[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as Manifest)
}

const known = new Set(['Secret', 'ConfigMap', 'Deployment'])

describe('what kustomize gives', () => {
  const env = { ...process.env, PATH: `${peersPath}:${process.env.PATH ?? ''}` }
  const example = (name: string): string =>
    execFileSync(process.execPath, [`examples/${name}/run.mjs`], { encoding: 'utf8', env })

  test.for(['kustomize', 'argocd'])('the example of %s', (name) => {
    // Between the lines that say what ran.
    const builds = example(name).split(/^(?:\$|The) .*$/m)
    const objects = builds.filter((text) => text.includes('apiVersion:')).map(objectsOf)
    expect(objects.length).toBeGreaterThan(2)
    for (const each of objects) expectAccepted(each)
  })

  // Those of the test of the function that succeed; the server knows no kinds of others.
  const cases = readdirSync('test/krm')
    .filter((name) => existsSync(join('test/krm', name, 'expected.json')) && !name.includes('passthrough'))
    .map((name) => [name, objectsOfCase(name)] as const)
    .filter(([, objects]) => objects.length > 0)

  test.for(cases)('the case %s', ([, objects]) => expectAccepted(objects))
})

function objectsOfCase(name: string): readonly Manifest[] {
  const text = readFileSync(join('test/krm', name, 'expected.json'), 'utf8')
  const { items } = JSON.parse(text) as { readonly items: readonly Manifest[] }
  return items.filter(({ kind }) => known.has(kind))
}

describe('what to-secret gives', () => {
  const file = (name: string, text: string): void => writeFileSync(join(folder, name), text)

  beforeAll(async () => {
    const tls = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt'), '-subj', '/CN=x']
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...tls], { stdio: 'ignore' })
    const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
    file('tls.json', JSON.stringify({ 'tls.crt': read('tls.crt'), 'tls.key': read('tls.key') }))
    file('docker.json', JSON.stringify({ '.dockerconfigjson': '{"auths":{}}' }))
    file('dockercfg.json', JSON.stringify({ '.dockercfg': '{}' }))
    file('basic.json', JSON.stringify({ username: 'me' }))
    file('ssh.json', JSON.stringify({ 'ssh-privatekey': 'x' }))
    file('plain.env', 'A=1\nB=two words\n')
    file('plain.yaml', 'a: text\nb: 1.5\nc: true\nd: ""\n')
    file('plain.ini', '[s]\nk = v\n')
    file('plain.bin', 'bytes\n')
    const files = readdirSync(folder).filter((name) => /\.(json|env|yaml|ini|bin)$/.test(name))
    const { status, stderr } = await tsops(['encrypt', '--age', alice.recipient, '-i', ...files], { cwd: folder })
    expect(status, stderr).toBe(0)
  })

  test.for<readonly string[]>([
    ['plain.env'],
    ['plain.yaml'],
    ['--flatten', 'plain.ini'],
    ['plain.bin'],
    ['--immutable', 'plain.env'],
    ['--type', 'Opaque', 'plain.env', 'plain.yaml'],
    ['--type', 'kubernetes.io/tls', 'tls.json'],
    ['--type', 'kubernetes.io/dockerconfigjson', 'docker.json'],
    ['--type', 'kubernetes.io/dockercfg', 'dockercfg.json'],
    ['--type', 'kubernetes.io/basic-auth', 'basic.json'],
    ['--type', 'kubernetes.io/ssh-auth', 'ssh.json'],
    ['--type', 'example.com/own', 'plain.env'],
  ])('%s', async (args) => {
    const { status, stdout, stderr } = await tsops(['to-secret', '--name', 'x', ...args], { cwd: folder })
    expect([status, stderr]).toEqual([0, ''])
    expectAccepted(objectsOf(stdout.toString()))
  })
})

describe('Secrets by chance', () => {
  const types = [...secretTypes.keys(), 'Opaque', 'example.com/own', '']
  const keys = [...[...secretTypes.values()].flatMap((type) => [...type.keys, ...(type.oneOf ?? [])])]
  const oddKeys = ['a', 'A.b-c_d', '.', '..', '..a', '.a', 'a b', 'ü', '', 'x'.repeat(253), 'x'.repeat(254), '-', 'a/b']
  const key = fc.constantFrom(...keys, ...keys, ...oddKeys)
  const value = fc.oneof(
    fc.string().map((text) => Buffer.from(text).toString('base64')),
    fc.constantFrom('', '{}', 'e30=', '[]', 'W10=', 'eA', 'eA==', 'eB==', 'e A==', 'eA==\n', '=', 'x-_='),
    fc.constantFrom(1, true),
    fc.string({ unit: 'binary' }),
  )
  const word = fc.constantFrom('a', 'a.b', 'x/y', 'a/b/c', 'A_b', '-a', 'a-', '', 'x'.repeat(64), 'ü', 'k8s.io/', '/a')
  const text = fc.oneof(word, fc.constantFrom(1, true))
  const texts = fc.dictionary(word, text, { maxKeys: 2 })
  const account = { 'kubernetes.io/service-account.name': 'default' }
  const secret = fc.record(
    {
      type: fc.constantFrom(...types),
      immutable: fc.constantFrom<unknown>(true, false, null, 'yes', 1),
      data: fc.dictionary(key, value, { maxKeys: 3 }),
      stringData: fc.dictionary(key, value, { maxKeys: 2 }),
      labels: texts,
      annotations: fc.oneof(texts, fc.constantFrom({}, account)),
    },
    { requiredKeys: ['type'] },
  )

  test('both agree', () => {
    fc.assert(
      fc.property(secret, ({ labels, annotations, ...rest }) => {
        const metadata = { name: 'x', ...(labels && { labels }), ...(annotations && { annotations }) }
        const object = { apiVersion: 'v1', kind: 'Secret', metadata, ...rest }
        const defects = checkSecret(toBranch(object)).filter(({ severity }) => severity === 'error')
        const { accepted, refusals } = ask(object)
        const messages = defects
          .filter((each) => !isOursAlone(each))
          .map(({ field, message }) => `${field}: ${message}`)
        if (accepted.length > 0) expect(messages).toEqual([])
        else expect(messages.length, refusals).toBeGreaterThan(0)
      }),
      { numRuns: 300 },
    )
  })

  // The server makes an empty text of null. So do we where nothing is asked for.
  test.for([
    [{ type: 'kubernetes.io/basic-auth', stringData: { password: null } }, ['data']],
    [{ type: 'kubernetes.io/tls', data: { 'tls.crt': null, 'tls.key': null } }, ['data["tls.crt"]', 'data["tls.key"]']],
    [{ type: 'kubernetes.io/dockercfg', stringData: { '.dockercfg': 'null' } }, ['data[".dockercfg"]']],
    [{ metadata: { name: 'x', annotations: { a: null } } }, ['metadata.annotations.a']],
    [{ metadata: { name: 'x', labels: { a: null } } }, ['metadata.labels.a']],
    [{ type: null, immutable: null, data: { a: null }, stringData: { b: null } }, []],
  ] as const)('null, which the server takes: %j', ([fields, refused]) => {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'x' }, ...fields }
    expect(ask(object)).toMatchObject({ refusals: '' })
    expect(checkSecret(toBranch(object)).map(({ field }) => field)).toEqual(refused)
  })

  // Without kubectl's own opinion.
  function ask(object: unknown): Answer {
    const place = '/api/v1/namespaces/default/secrets?dryRun=All&fieldValidation=Strict'
    return attempt(['create', '--raw', place, '--filename=-'], JSON.stringify(object))
  }

  function isOursAlone({ message }: { readonly message: string }): boolean {
    // The server looks at no certificate.
    return /certificate|private key/.test(message)
  }
})
