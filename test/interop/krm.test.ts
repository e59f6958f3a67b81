// The function in real builds, with kustomize as it is and as it was. `TSOPS_TEST_KRM` names another build of it.
import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { alice } from '../test-keys.ts'
import { kustomizeBin, oldKustomizeBin } from './peers.ts'
import { sops } from './sops.ts'

const program = resolve(process.env.TSOPS_TEST_KRM ?? 'dist/bin/tsops-krm.js')
let base: string
let programs: string
let work: string

beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'krm-interop-')))
  programs = join(base, 'bin')
  mkdirSync(programs)
  for (const name of ['tsops-krm', 'ksops']) symlinkSync(program, join(programs, name))
  chmodSync(program, 0o755)
})

beforeEach(() => {
  work = mkdtempSync(join(base, 'work-'))
})

afterAll(() => rmSync(base, { recursive: true }))

interface Build {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

const flags = ['--enable-alpha-plugins', '--enable-exec']

function build(kustomize: string, directory: string, args = flags, env: NodeJS.ProcessEnv = {}): Promise<Build> {
  const environment = {
    PATH: `${programs}:${process.env.PATH ?? ''}`,
    HOME: base,
    SOPS_AGE_KEY: alice.identity,
    XDG_CONFIG_HOME: join(base, 'config'),
    ...env,
  }
  return new Promise((done) => {
    execFile(kustomize, ['build', ...args, join(work, directory)], { env: environment }, (error, stdout, stderr) => {
      done({ status: error === null ? 0 : Number(error.code ?? -1), stdout, stderr })
    })
  })
}

function objectsOf(yaml: string): unknown[] {
  return parseAllDocuments(yaml).map((document) => document.toJS() as unknown)
}

/** The objects of a build that must succeed without a word. */
async function built(kustomize: string, directory: string, env: NodeJS.ProcessEnv = {}): Promise<unknown[]> {
  const { status, stdout, stderr } = await build(kustomize, directory, flags, env)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return objectsOf(stdout)
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(work, path)), { recursive: true })
  writeFileSync(join(work, path), text)
}

async function seal(path: string, text: string, pattern = '^(data|stringData|spec)$'): Promise<void> {
  const args = ['encrypt', '--age', alice.recipient, '--filename-override', path]
  const selection = /\.(ya?ml|json)$/.test(path) ? ['--encrypted-regex', pattern] : []
  const { status, stdout, stderr } = await sops([...args, ...selection], { stdin: Buffer.from(text) })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  write(path, stdout.toString())
}

function configuration(apiVersion: string, kind: string, name: string, body: string, path = 'tsops-krm'): string {
  const annotation = `    config.kubernetes.io/function: |\n      exec:\n        path: ${path}\n`
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n  annotations:\n${annotation}${body}`
}

const transformer = configuration('tsops/v1', 'SopsTransformer', 'decrypt', '')

const secret = (name: string): string =>
  `# of the author\napiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\ntype: Opaque\nstringData:\n  zeta: last\n  # why\n  alpha: "${name}"\n`

describe.each([
  ['5.8.2', kustomizeBin],
  ['5.0.0', oldKustomizeBin],
])('kustomize %s', (_, kustomize) => {
  test('a transformer over an overlay, its base and several documents in one file', async () => {
    cpSync('test/krm/transformer', work, { recursive: true })
    const objects = await built(kustomize, 'overlay')
    const expected = JSON.parse(readFileSync('test/krm/transformer/expected.json', 'utf8')) as { items: Named[] }
    expect(sorted(objects)).toEqual(sorted(expected.items.map(withoutInternals)))
  })

  test('a transformer that several overlays share, as a directory', async () => {
    await seal('overlay/secret.yaml', secret('one'))
    write('overlay/kustomization.yaml', 'namePrefix: p-\nresources: [secret.yaml]\ntransformers: [../shared]\n')
    write('shared/kustomization.yaml', 'resources: [decrypt.yaml]\n')
    write('shared/decrypt.yaml', transformer)
    expect(await built(kustomize, 'overlay')).toMatchObject([
      { metadata: { name: 'p-one' }, stringData: { alpha: 'one', zeta: 'last' } },
    ])
  })

  test('a transformer in a base, below an overlay that changes what it gives', async () => {
    await seal('base/secret.yaml', secret('one'))
    write('base/kustomization.yaml', 'resources: [secret.yaml]\ntransformers: [decrypt.yaml]\n')
    write('base/decrypt.yaml', transformer)
    write('overlay/patch.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {name: one}\nstringData: {alpha: patched}\n')
    write('overlay/kustomization.yaml', 'resources: [../base]\npatches: [{path: patch.yaml}]\nnameSuffix: -s\n')
    expect(await built(kustomize, 'overlay')).toMatchObject([
      { metadata: { name: 'one-s' }, stringData: { alpha: 'patched', zeta: 'last' } },
    ])
  })

  test('origin annotations', async () => {
    await seal('base/secret.yaml', secret('one'))
    write('base/kustomization.yaml', 'resources: [secret.yaml]\n')
    write('overlay/decrypt.yaml', transformer)
    const origin = 'buildMetadata: [originAnnotations]\n'
    write('overlay/kustomization.yaml', `${origin}resources: [../base]\ntransformers: [decrypt.yaml]\n`)
    expect(await built(kustomize, 'overlay')).toMatchObject([{ stringData: { alpha: 'one' } }])
  })

  test('a file that was changed stops the build', async () => {
    await seal('secret.yaml', secret('one'))
    write('secret.yaml', readFileSync(join(work, 'secret.yaml'), 'utf8').replace('name: one', 'name: two'))
    write('kustomization.yaml', 'resources: [secret.yaml]\ntransformers: [decrypt.yaml]\n')
    write('decrypt.yaml', transformer)
    const { status, stdout, stderr } = await build(kustomize, '.')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('tsops-krm: error: secret.yaml: Secret two: MAC mismatch')
    expect(stderr).not.toMatch(/zeta|ENC\[AES/)
  })

  test('a generator: hash suffix, references to it, a merge with what is there', async () => {
    await seal('app.env', 'A=1\nB=two words\n')
    await seal('more.yaml', 'host: db\nport: 5432\n', '')
    write('base/secret.yaml', 'apiVersion: v1\nkind: Secret\nmetadata: {name: there}\ndata: {OLD: b2xk, A: b2xk}\n')
    write('base/kustomization.yaml', 'resources: [secret.yaml]\n')
    write(
      'pod.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: i\n    envFrom: [{secretRef: {name: app}}]\n',
    )
    const body = `secrets:
- name: app
  from: {envs: [app.env], literals: [more.yaml]}
- name: there
  behavior: merge
  options: {disableNameSuffixHash: true}
  from: {envs: [app.env]}
configMaps:
- name: settings
  options: {immutable: true}
  from: {envs: [app.env]}
`
    write('generate.yaml', configuration('tsops/v1', 'SopsGenerator', 'g', body))
    write('kustomization.yaml', 'resources: [base, pod.yaml]\ngenerators: [generate.yaml]\n')
    const objects = (await built(kustomize, '.')) as Named[]
    const app = objects.find(({ kind, metadata }) => kind === 'Secret' && metadata.name.startsWith('app-'))
    expect(app?.metadata.name).toMatch(/^app-[a-z0-9]{10}$/)
    expect(app).toMatchObject({ data: { A: 'MQ==', B: 'dHdvIHdvcmRz', host: 'ZGI=', port: 'NTQzMg==' } })
    const pod = { spec: { containers: [{ envFrom: [{ secretRef: { name: app?.metadata.name } }] }] } }
    expect(objects.find(({ kind }) => kind === 'Pod')).toMatchObject(pod)
    const there = objects.find(({ metadata }) => metadata.name === 'there')
    expect(there).toMatchObject({ data: { OLD: 'b2xk', A: 'MQ==', B: 'dHdvIHdvcmRz' } })
    expect(objects.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({
      immutable: true,
      data: { B: 'two words' },
    })
  })

  test('the same words as kustomize itself: the same name suffix', async () => {
    await seal('app.env', 'A=1\nB="quoted" # kept\n')
    write('plain.env', 'A=1\nB="quoted" # kept\n')
    write(
      'generate.yaml',
      configuration('tsops/v1', 'SopsGenerator', 'g', 'secrets: [{name: x, from: {envs: [app.env]}}]\n'),
    )
    write('ours/kustomization.yaml', 'resources: [..]\n')
    write('kustomization.yaml', 'generators: [generate.yaml]\n')
    write('theirs/plain.env', 'A=1\nB="quoted" # kept\n')
    write('theirs/kustomization.yaml', 'secretGenerator: [{name: x, envs: [plain.env]}]\n')
    expect(await built(kustomize, '.')).toEqual(await built(kustomize, 'theirs'))
  })

  test('a configuration of ksops, as a function and as a plug-in', async () => {
    await seal('secret.yaml', secret('one'))
    await seal('app.env', 'A=1 # gone\n')
    const body = 'files: [secret.yaml]\nsecretFrom: [{metadata: {name: two}, envs: [./app.env]}]\n'
    write('generate.yaml', configuration('viaduct.ai/v1', 'ksops', 'g', body, 'ksops'))
    write('kustomization.yaml', 'generators: [generate.yaml]\n')
    const expected = [
      { metadata: { name: 'one' }, stringData: { zeta: 'last', alpha: 'one' } },
      { metadata: { name: 'two' }, stringData: { A: '1' } },
    ]
    expect(await built(kustomize, '.')).toMatchObject(expected)
    const plugin = join(base, 'config', 'kustomize', 'plugin', 'viaduct.ai', 'v1', 'ksops', 'ksops')
    mkdirSync(dirname(plugin), { recursive: true })
    rmSync(plugin, { force: true })
    symlinkSync(program, plugin)
    write('generate.yaml', `apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata: {name: g}\n${body}`)
    expect(await built(kustomize, '.')).toMatchObject(expected)
  })

  test('a SopsSecret as a generator', async () => {
    const body = 'spec:\n  secretTemplates:\n  - name: one\n    stringData: {z: "1", a: "2"}\n'
    const text = configuration('isindir.github.com/v1alpha3', 'SopsSecret', 's', body)
    await seal('custom.yaml', text, 'Templates')
    write('kustomization.yaml', 'generators: [custom.yaml]\nnamespace: apps\n')
    expect(await built(kustomize, '.')).toMatchObject([
      { kind: 'Secret', metadata: { name: 'one', namespace: 'apps' }, stringData: { z: '1', a: '2' } },
    ])
  })

  test('what is not encrypted comes out as it went in', async () => {
    const odd = `a: 1.0\nb: 2001-01-01\nc: on\nd: 0777\ne: 0o14\nf: 0x1f\ng: ~\nh: 12345678901234567890123\nj: 1_000\nk: yes\nl: 1e3\nm: "on"\nn: 2001-01-01T10:00:00.5+02:00\no: 9007199254740993\ns: !!str 12\nt: ""\nu: 1.10\nw: '0777'\nx: "1e3"\ny: n\naa: -0\nab: +1\nac: 0b11\nad: 190:20:30\nae: .5\nag: 123456789.123456789\nah: "\\u0001\\u0085\\u2028é😀"\nai: |\n  a\n\n  b\naj: [[], {}, ""]\n`
    const item = `apiVersion: example.com/v1\nkind: Odd\nmetadata:\n  name: odd\n  annotations: {note: "x: y"}\nspec:\n${odd.replace(/^(?=.)/gm, '  ')}`
    write('without/odd.yaml', item)
    write('without/kustomization.yaml', 'resources: [odd.yaml]\n')
    write('with/odd.yaml', item)
    write('with/decrypt.yaml', transformer)
    write('with/kustomization.yaml', 'resources: [odd.yaml]\ntransformers: [decrypt.yaml]\n')
    const [plain, through] = await Promise.all([build(kustomize, 'without'), build(kustomize, 'with')])
    expect(through).toEqual(plain)
    expect(plain.status).toBe(0)
  })

  test('without keys', async () => {
    await seal('secret.yaml', secret('one'))
    write('kustomization.yaml', 'resources: [secret.yaml]\ntransformers: [decrypt.yaml]\n')
    write('decrypt.yaml', transformer)
    const env = { SOPS_AGE_KEY: '', TSOPS_KRM_MODE: 'placeholder' }
    expect((await build(kustomize, '.', flags, env)).stdout).toMatch(/zeta: placeholder-[0-9a-f]{12}\n/)
    const passed = await build(kustomize, '.', flags, { ...env, TSOPS_KRM_MODE: 'passthrough' })
    expect(passed.stdout).toContain('zeta: ENC[')
  })

  test('a component has not the files of who uses it, and says so', async () => {
    await seal('app/secret.yaml', secret('one'))
    write('app/kustomization.yaml', 'resources: [secret.yaml]\ncomponents: [../component]\n')
    const head = 'apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n'
    write('component/kustomization.yaml', `${head}transformers: [decrypt.yaml]\n`)
    write('component/decrypt.yaml', transformer)
    const { status, stderr } = await build(kustomize, 'app')
    expect(status).toBe(1)
    expect(stderr).toMatch(/Secret one: sops\.mac: the file that it stands in was not found/)
  })

  // The trap that a check of the result is for.
  test('without --enable-exec nothing runs, and nothing is said', async () => {
    await seal('secret.yaml', secret('one'))
    write('generate.yaml', configuration('viaduct.ai/v1', 'ksops', 'g', 'files: [secret.yaml]\n'))
    write('kustomization.yaml', 'generators: [generate.yaml]\n')
    expect(await build(kustomize, '.', ['--enable-alpha-plugins'])).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
}

/** What kustomize takes away at the end. */
function withoutInternals(item: Named): unknown {
  const { annotations, ...metadata } = item.metadata
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !/config\.(kubernetes|k8s)\.io\//.test(key))
  return { ...item, metadata: { ...metadata, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) } }
}

function sorted(items: readonly unknown[]): readonly unknown[] {
  const name = (item: unknown): string => JSON.stringify([(item as Named).kind, (item as Named).metadata.name])
  return items.toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
}
