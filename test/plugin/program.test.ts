// The function as a process sees it: forms of calling, files that must not be read, what never comes out.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { nodeFiles } from '../../plugin/node-files.ts'
import { ageGroup, ageRule, encryptAs, hostWith } from '../ours.ts'
import { encrypt } from '../../src/index.ts'
import { alice, bob } from '../test-keys.ts'
import { type RunOptions, runIn, type Run } from './world.ts'

const marker = 'Canary7'
const selection = { by: 'encrypted_regex', pattern: '^(data|stringData)$' } as const
const secret = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\nstringData:\n  z: ${marker}\n  a: ${marker}\n`
let base: string
let root: string

beforeAll(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'krm-')))
  root = join(base, 'root')
  mkdirSync(join(root, 'inner'), { recursive: true })
  const encrypted = await encryptAs('yaml', Buffer.from(secret), ageRule(selection))
  writeFileSync(join(root, 'x.yaml'), encrypted)
  writeFileSync(join(base, 'out.yaml'), encrypted)
})

afterAll(() => {
  rmSync(base, { recursive: true })
})

const host = hostWith(alice.identity)

function run(config: object, options: RunOptions = {}): Promise<Run> {
  const list = { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items: [], functionConfig: config }
  return runIn(root, { host, stdin: JSON.stringify(list), ...options })
}

function ksops(...files: readonly string[]): object {
  return { apiVersion: 'viaduct.ai/v1', kind: 'ksops', metadata: { name: 'g' }, files }
}

/** What an untouched run gives. */
async function expectSecret(result: Promise<Run>): Promise<void> {
  const { status, stdout, stderr } = await result
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toMatchObject({ items: [{ kind: 'Secret', stringData: { z: marker, a: marker } }] })
  expect(status).toBe(0)
}

async function expectRefusal(result: Promise<Run>, message: RegExp): Promise<void> {
  const { status, stdout, stderr } = await result
  expect(stderr).toMatch(message)
  expect(
    stderr
      .trimEnd()
      .split('\n')
      .every((line) => line.startsWith('tsops-krm: ')),
  ).toBe(true)
  expect(status).toBe(1)
  expect(stdout + stderr).not.toContain(marker)
  if (stdout !== '') expect(JSON.parse(stdout)).toMatchObject({ items: [], results: [{ severity: 'error' }] })
}

describe('forms', () => {
  test('a ResourceList on stdin', () => expectSecret(run(ksops('x.yaml'))))

  test('the file of a configuration, as older kustomize has it', async () => {
    const config = join(base, 'config.yaml')
    writeFileSync(config, 'apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: g\nfiles: [x.yaml, ./x.yaml]\n')
    const { status, stdout, stderr } = await runIn(root, { host, args: [config] })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const documents = stdout.split('---\n').filter((text) => text !== '')
    expect(documents).toHaveLength(2)
    for (const text of documents) expect(JSON.parse(text)).toMatchObject({ stringData: { z: marker } })
  })

  test('the file of a SopsSecret', async () => {
    const text = `apiVersion: isindir.github.com/v1alpha3\nkind: SopsSecret\nmetadata:\n  name: s\nspec:\n  secretTemplates:\n    - name: one\n      stringData:\n        z: ${marker}\n        a: b\n`
    const rule = ageRule({ by: 'encrypted_suffix', suffix: 'Templates' })
    writeFileSync(join(root, 'cr.yaml'), await encryptAs('yaml', Buffer.from(text), rule))
    writeFileSync(
      join(root, 'kustomization.yaml'),
      'generators:\n- |\n  apiVersion: x\n- cr.yaml\n- https://example.com/x\n- gone\n',
    )
    const { status, stdout } = await runIn(root, { host, args: [join(root, 'cr.yaml')] })
    expect(status).toBe(0)
    expect(JSON.parse(stdout.slice(4))).toMatchObject({
      kind: 'Secret',
      metadata: { name: 'one' },
      stringData: { a: 'b' },
    })
    rmSync(join(root, 'kustomization.yaml'))
    await expectRefusal(
      runIn(root, { host, args: [join(root, 'cr.yaml')] }),
      /SopsSecret s: sops\.mac: the file .* was not found/,
    )
  })

  test.for([['--help'], ['-h'], ['a', 'b'], ['install', 'x']])('%j gives help', async (args) => {
    const { status, stdout, stderr } = await runIn(root, { host, args })
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('Usage:')
  })

  test('a terminal on stdin gives help', async () => {
    expect((await runIn(root, { host })).stderr).toContain('Usage:')
  })

  test('a configuration that is not there', () =>
    expectRefusal(
      runIn(root, { host, args: ['none.yaml'] }),
      /^tsops-krm: error: none\.yaml: the configuration cannot/,
    ))

  test('stdout that cannot be written', async () => {
    const { main } = await import('../../plugin/program.ts')
    let stderr = ''
    const list = {
      apiVersion: 'config.kubernetes.io/v1',
      kind: 'ResourceList',
      items: [],
      functionConfig: ksops('x.yaml'),
    }
    const status = await main([], {
      host,
      files: nodeFiles(root),
      readStdin: async () => Buffer.from(JSON.stringify(list)),
      writeStdout: () => Promise.reject(new Error(marker)),
      writeStderr: (text) => {
        stderr += text
      },
    })
    expect([status, stderr]).toEqual([1, 'tsops-krm: error: stdout cannot be written\n'])
  })
})

describe('files', () => {
  test('paths below the root in every spelling', async () => {
    symlinkSync('../x.yaml', join(root, 'inner', 'link.yaml'))
    symlinkSync('inner', join(root, 'directory'))
    for (const path of [
      './x.yaml',
      'inner/../x.yaml',
      join(root, 'x.yaml'),
      'inner/link.yaml',
      'directory/link.yaml',
    ]) {
      await expectSecret(run(ksops(path)))
    }
  })

  test('what leads out of it, and the way to allow it', async () => {
    symlinkSync('../out.yaml', join(root, 'out-link.yaml'))
    symlinkSync('..', join(root, 'up'))
    for (const path of [
      '../out.yaml',
      join(base, 'out.yaml'),
      'out-link.yaml',
      'up/out.yaml',
      '../none.yaml',
      'inner/../../out.yaml',
    ]) {
      await expectRefusal(run(ksops(path)), /the path leads out of the root of the kustomization; TSOPS_KRM_ROOT/)
    }
    for (const env of [{ TSOPS_KRM_ROOT: '..' }, { TSOPS_KRM_ROOT: base }, { TSOPS_KRM_ROOT: '/' }]) {
      await expectSecret(run(ksops('../out.yaml'), { env }))
      await expectSecret(run(ksops('up/out.yaml'), { env }))
    }
    await expectRefusal(
      run(ksops('x.yaml'), { env: { TSOPS_KRM_ROOT: 'none' } }),
      /TSOPS_KRM_ROOT names a directory that is not/,
    )
    await expectRefusal(run(ksops('x.yaml'), { env: { TSOPS_KRM_ROOT: 'inner' } }), /leads out of the root/)
  })

  test('what is no regular file', async () => {
    execFileSync('mkfifo', [join(root, 'fifo')])
    await expectRefusal(run(ksops('fifo')), /fifo: .*: it is not a regular file/)
    await expectRefusal(run(ksops('inner')), /it is a directory/)
    await expectRefusal(run(ksops('/dev/zero'), { env: { TSOPS_KRM_ROOT: '/' } }), /it is not a regular file/)
    await expectRefusal(run(ksops('/proc/self/environ'), { env: { TSOPS_KRM_ROOT: '/' } }), /error: /)
    await expectRefusal(run(ksops('a\0b')), /NUL character/)
  })

  test('what is too large', async () => {
    await expectRefusal(run(ksops('x.yaml'), { env: { TSOPS_KRM_MAX_FILE_SIZE: '99' } }), /larger than 99 bytes/)
    await expectSecret(run(ksops('x.yaml'), { env: { TSOPS_KRM_MAX_FILE_SIZE: '99999' } }))
    await expectRefusal(run(ksops('x.yaml'), { env: { TSOPS_KRM_MAX_FILE_SIZE: '1e9' } }), /must be a whole number/)
  })

  test('a name in an error is one line, whatever it holds', async () => {
    const { stderr } = await run(ksops('a\nb\u001b[31m\u202e.yaml'))
    expect(stderr).toBe('tsops-krm: error: a b\\u{1b}[31m\\u{202e}.yaml: ksops g: files[0]: there is no such file\n')
  })
})

describe('keys', () => {
  test('no key at all', () =>
    expectRefusal(run(ksops('x.yaml'), { host: hostWith() }), /x\.yaml: .*Error getting data key/))

  test('the key of somebody else', () =>
    expectRefusal(run(ksops('x.yaml'), { host: hostWith(bob.identity) }), /x\.yaml: .*Error getting data key/))

  test('each wrapped key is opened once', async () => {
    const rule = { ...ageRule(selection), keyGroups: [ageGroup(alice.recipient)] }
    const first = Buffer.from(await encrypt(Buffer.from(secret), rule, { format: 'yaml', host })).toString()
    let reads = 0
    const counting = {
      ...host,
      env: (name: string): string | undefined => {
        if (name === 'SOPS_AGE_KEY') reads++
        return host.env(name)
      },
    }
    for (const name of ['k1.yaml', 'k2.yaml', 'k3.yaml']) writeFileSync(join(root, name), first)
    const { status } = await run(ksops('k1.yaml', 'k2.yaml', 'k3.yaml'), { host: counting })
    expect([status, reads]).toEqual([0, 1])
  })
})

describe('modes', () => {
  const generator = (mode?: string): object => ({
    apiVersion: 'tsops/v1',
    kind: 'SopsGenerator',
    metadata: { name: 'g' },
    manifests: ['x.yaml'],
    ...(mode !== undefined && { mode }),
  })
  const without = { host: hostWith() }

  test('placeholders are the same in every run, and for every value', async () => {
    const first = await run(generator('placeholder'), without)
    expect(first.status).toBe(0)
    const again = await encryptAs('yaml', Buffer.from(secret.replaceAll(marker, 'other')), ageRule(selection))
    writeFileSync(join(root, 'x2.yaml'), again)
    const second = await run({ ...generator('placeholder'), manifests: ['x2.yaml'] }, without)
    const values = (result: Run): unknown => (JSON.parse(result.stdout) as { items: unknown }).items
    expect(values(first)).toEqual(values(second))
    expect(first.stdout).not.toContain('"sops"')
    expect(first.stdout).toMatch(/"z":"placeholder-[0-9a-f]{12}"/)
  })

  test('passthrough gives what stands in the file', async () => {
    const { status, stdout } = await run(generator('passthrough'), without)
    expect(status).toBe(0)
    expect(stdout).toMatch(/"z":"ENC\[AES256_GCM,.*"sops":\{.*"mac":"ENC\[/)
  })

  test('the environment decides over the configuration', async () => {
    await expectSecret(run(generator('placeholder'), { env: { TSOPS_KRM_MODE: 'decrypt' } }))
    const { stdout } = await run(generator(), { ...without, env: { TSOPS_KRM_MODE: 'placeholder' } })
    expect(stdout).toContain('placeholder-')
    await expectRefusal(run(generator(), { env: { TSOPS_KRM_MODE: 'x' } }), /TSOPS_KRM_MODE must be decrypt/)
  })

  test('a plain file is refused in every mode', async () => {
    writeFileSync(join(root, 'plain.yaml'), secret)
    for (const mode of ['decrypt', 'placeholder', 'passthrough']) {
      await expectRefusal(run({ ...generator(mode), manifests: ['plain.yaml'] }), /sops metadata not found/)
    }
  })

  test('the configuration of another project has no mode of its own', async () => {
    const { stderr, stdout } = await run({ ...ksops('x.yaml'), mode: 'passthrough' })
    expect(stderr).toContain('mode: unknown field')
    expect(stdout).toContain(marker)
  })
})

describe('a package of files', () => {
  const config = { apiVersion: 'tsops/v1', kind: 'SopsTransformer', metadata: { name: 't' } }
  const list = (annotations: object): string =>
    JSON.stringify({
      apiVersion: 'config.kubernetes.io/v1',
      kind: 'ResourceList',
      items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', annotations } }],
      functionConfig: config,
    })

  test.for(['config.kubernetes.io/path', 'internal.config.kubernetes.io/path'])('%s gives it away', async (key) => {
    await expectRefusal(runIn(root, { host, stdin: list({ [key]: 'a.yaml' }) }), /written into the package/)
    const allowed = await runIn(root, { host, stdin: list({ [key]: 'a.yaml' }), env: { TSOPS_KRM_PACKAGE: 'allow' } })
    expect(allowed.status).toBe(0)
  })

  test('what kustomize hands over is none', async () => {
    const annotations = { 'config.kubernetes.io/path': 'a.yaml', 'kustomize.config.k8s.io/id': 'name: x\n' }
    expect((await runIn(root, { host, stdin: list(annotations) })).status).toBe(0)
  })
})

test('an object of any depth', async () => {
  const deep = `${'{"a":'.repeat(5000)}"${marker}"${'}'.repeat(5000)}`
  const text = `{"apiVersion":"x/v1","kind":"Deep","metadata":{"name":"d"},"spec":${deep}}`
  writeFileSync(
    join(root, 'deep.json'),
    await encryptAs('json', Buffer.from(text), ageRule({ by: 'encrypted_regex', pattern: '^a$' })),
  )
  const { status, stdout } = await run(ksops('deep.json'))
  expect(status).toBe(0)
  expect(stdout).toContain(deep)
})

test('numbers and words stay as they were typed', async () => {
  const spec =
    '"big":9007199254740993,"float":1.5,"n":"n","on":"on","null":"null","octal":"0777","time":"2001-01-01","yes":true'
  const item = `{"apiVersion":"x/v1","kind":"K","metadata":{"name":"k"},"spec":{${spec}}}`
  const config = '{"apiVersion":"tsops/v1","kind":"SopsTransformer","metadata":{"name":"t"}}'
  const stdin = `{"apiVersion":"config.kubernetes.io/v1","kind":"ResourceList","items":[${item}],"functionConfig":${config}}`
  expect((await runIn(root, { host, stdin })).stdout).toContain(item)
})
