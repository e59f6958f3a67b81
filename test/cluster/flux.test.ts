// What Flux makes of our files, with its own controller's code.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { quantum } from '../test-keys.ts'
import { bytesOf, tsops } from '../interop/sops.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { fluxBuildBin, fluxDefinitions, installFluxBuild } from './flux-build.ts'

const folder = mkdtempSync(join(tmpdir(), 'flux-'))
const key = readFileSync('examples/age-key.txt', 'utf8')
const recipient = /age1\w+/.exec(key)?.[0] ?? ''
const identity = /AGE-SECRET-KEY-\w+/.exec(key)?.[0] ?? ''
let work: string

beforeAll(installFluxBuild)

beforeEach(() => {
  work = mkdtempSync(join(folder, 'work-'))
  cpSync('examples/flux', work, { recursive: true })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const write = (name: string, text: string | Uint8Array): void => writeFileSync(join(work, name), text)

/** What the controller would apply, with a Secret of these identities, which we make. */
async function fluxBuild(identities = key): Promise<unknown[]> {
  write('keys.agekey', identities)
  const args = ['encrypt', '--input-type', 'binary', '--age', recipient, 'keys.agekey']
  write('keys.enc', (await ours(args)).toString())
  const names = ['--name', 'sops-age', '--namespace', 'flux-system', '--key', 'keys.agekey', '--input-type', 'binary']
  write('secret.yaml', await ours(['to-secret', ...names, 'keys.enc']))
  const [kustomization, secret] = ['kustomization.yaml', 'secret.yaml'].map((name) => join(work, name))
  const yaml = execFileSync(fluxBuildBin, [work, kustomization!, secret!], { encoding: 'utf8', stdio: 'pipe' })
  return parseAllDocuments(yaml).map((document) => document.toJS() as unknown)
}

function ours(args: readonly string[]): Promise<Buffer> {
  return bytesOf(tsops(args, { cwd: work, env: { SOPS_AGE_KEY: identity } }))
}

function decodedData(object: unknown): Readonly<Record<string, string>> {
  const { data } = object as { readonly data: Readonly<Record<string, string>> }
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
  )
}

describe('the example', () => {
  test('every file of it is opened: objects, files of each format, variables', async () => {
    const objects = await fluxBuild()
    expect(objects).toMatchObject([
      { metadata: { name: 'database' }, stringData: { user: 'shop', password: 'the-password-of-the-database' } },
      { metadata: { name: 'settings' }, stringData: { token: 'the-token-of-json' } },
      {},
      {},
    ])
    expect(objects.slice(2).map(decodedData)).toEqual([
      {
        'config.yaml': '# how much to say\nlog: info\nsecret: the-secret-of-config\n',
        'token.txt': 'the-token\n',
        'key.ini': '[server]\nkey = the-key-of-ini\n',
      },
      { TOKEN: 'the-token-of-settings' },
    ])
  })

  test('not with another key', async () => {
    await expect(fluxBuild(quantum.identity)).rejects.toThrow(/cannot get sops data key/i)
  })
})

describe('after other commands', () => {
  const database = { stringData: { password: 'the-password-of-the-database' } }

  test.for<readonly string[]>([
    ['set', 'app/database.yaml', '["stringData"]["user"]', '"shop"'],
    ['set', 'app/database.yaml', '["metadata"]["labels"]["a"]', '"b"'],
    ['rotate', '--in-place', 'app/database.yaml'],
    ['rotate', '--in-place', '--add-age', quantum.recipient, 'app/database.yaml'],
  ])('%s', async (args) => {
    await ours(args)
    expect((await fluxBuild())[0]).toMatchObject(database)
  })

  test('a post-quantum key', async () => {
    await ours(['rotate', '--in-place', '--add-age', quantum.recipient, '--rm-age', recipient, 'app/database.yaml'])
    expect((await fluxBuild(`${key}${quantum.identity}\n`))[0]).toMatchObject(database)
  })

  test.for<readonly [string, string]>([
    ['quoted', "stringData:\n  a: \"x: y\"\n  b: 'it''s'\n"],
    ['blocks', 'stringData:\n  a: |\n    two\n    lines\n  b: >-\n    folded\n    text\n'],
    ['flow', 'stringData: { a: x, b: "y, z" }\n'],
    ['comments', '# one\nstringData: # two\n  # three\n  a: x # four\n  b: y\n# five\n'],
    ['other order', 'stringData:\n  z: x\n  b: y\n  a: z\n'],
    ['data', 'data:\n  a: eA==\n  b: ""\n'],
  ])('a manifest with %s', async ([, body]) => {
    const plain = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: database\n${body}`
    write('app/database.yaml', plain)
    await ours([
      'encrypt',
      '--in-place',
      '--age',
      recipient,
      '--encrypted-regex',
      '^(data|stringData)$',
      'app/database.yaml',
    ])
    expect((await fluxBuild())[0]).toMatchObject(parseAllDocuments(plain)[0]?.toJS() as object)
  })
})

describe('the objects of the example', () => {
  let server: ApiServer | undefined
  beforeAll(async () => {
    server = await startApiServer()
    server.kubectl(['create', '--filename=-'], fluxDefinitions())
    server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all'])
    server.kubectl(['create', 'namespace', 'flux-system'])
  })
  afterAll(() => server?.close())

  test('the API server takes the Kustomization', () => {
    const text = readFileSync('examples/flux/kustomization.yaml', 'utf8')
    const args = ['create', '--dry-run=server', '--validate=strict', '--output=name', '--filename=-']
    expect(server?.kubectl(args, text)).toBe('kustomization.kustomize.toolkit.fluxcd.io/shop\n')
  })
})
