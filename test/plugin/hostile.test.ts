// What a repository without the keys, or a careless one, must not be able to do: show, move or hold up.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readGodotenv } from '../../plugin/env-file.ts'
import { inOrder, lineOf, Report } from '../../plugin/finding.ts'
import type { Branch } from '../../src/index.ts'
import { storeFor } from '../../src/stores/registry.ts'
import { toPlain } from '../branches.ts'
import { ageRule, encryptAs, hostWith } from '../ours.ts'
import { alice } from '../test-keys.ts'
import { type Run, runIn } from './world.ts'

let root: string

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'krm-')))
})

afterAll(() => {
  rmSync(root, { recursive: true })
})

function run(config: object): Promise<Run> {
  const functionConfig = { metadata: { name: 'g' }, ...config }
  const list = { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items: [], functionConfig }
  return runIn(root, { host: hostWith(alice.identity), stdin: JSON.stringify(list) })
}

const own = { apiVersion: 'tsops/v1', kind: 'SopsGenerator' }
const ksops = { apiVersion: 'viaduct.ai/v1', kind: 'ksops' }

describe('a token that ends with = is no entry', () => {
  const generators = {
    own: (envs: readonly string[]): object => ({ ...own, secrets: [{ name: 's', from: { envs } }] }),
    ksops: (envs: readonly string[]): object => ({ ...ksops, secretFrom: [{ metadata: { name: 's' }, envs }] }),
  }

  test.for([
    ['own', 'Canary7+a/b=\n'],
    ['own', 'Canary7=\n'],
    ['ksops', 'Canary7 a='],
    ['ksops', 'Canary7='],
  ] as const)('%s: %j', async ([generator, text]) => {
    writeFileSync(join(root, 'token.enc'), await encryptAs('binary', Buffer.from(text), ageRule()))
    const { stdout, stderr } = await run(generators[generator](['token.enc', 'token.enc']))
    const results = JSON.stringify((JSON.parse(stdout) as { results: unknown }).results)
    expect(stderr).toMatch(/token\.enc: .*(keys only|a key stands in this file twice)/)
    expect(stderr + results).not.toContain('Canary7')
  })

  test('the keys of a dotenv file stand in it in clear', async () => {
    writeFileSync(join(root, 'a.env'), await encryptAs('dotenv', Buffer.from('NAME=1\n'), ageRule()))
    expect((await run(generators.own(['a.env', 'a.env']))).stderr).toContain('the key "NAME" stands in this file twice')
  })
})

const changes: readonly (readonly [string, (text: string) => string])[] = [
  ['a clear value', (text) => text.replace('plain: x', 'plain: y')],
  ['values of two documents', swapped],
]

test.for(changes)('a sound copy does not hide a change of %s', async ([, change]) => {
  const document = (name: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\nstringData:\n  plain: x\n  password: Canary7${name}\n`
  const rule = ageRule({ by: 'encrypted_regex', pattern: '^password$' })
  const sound = Buffer.from(
    await encryptAs('yaml', Buffer.from(['a', 'b'].map(document).join('---\n')), rule),
  ).toString()
  writeFileSync(join(root, 'sound.yaml'), sound)
  writeFileSync(join(root, 'changed.yaml'), change(sound))
  writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
  const origin = { 'config.kubernetes.io/origin': 'path: sound.yaml\n' }
  const items = storeFor('yaml')
    ?.parse(Buffer.from(change(sound)))
    .branches.map((branch) => ({
      ...(toPlain(branch) as object),
      metadata: { name: 'x', annotations: origin },
      sops: { mac: /mac: (ENC\S+)/.exec(sound)?.[1] },
    }))
  const functionConfig = { apiVersion: 'tsops/v1', kind: 'SopsTransformer', metadata: { name: 't' } }
  const list = { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items, functionConfig }
  const { status, stdout, stderr } = await runIn(root, { host: hostWith(alice.identity), stdin: JSON.stringify(list) })
  expect(stderr).toMatch(/changed\.yaml: Secret x: MAC mismatch/)
  expect([status, stdout.includes('Canary7')]).toEqual([1, false])
})

// kustomize reads all of these as it reads the plain spelling.
const spellings: readonly (readonly [string, (mac: string) => string])[] = [
  ['an escape', (mac) => `mac: "\\x45${mac.slice(1)}"`],
  ['an escape in the key', (mac) => `"\\x6dac": ${mac}`],
  ['a tag', (mac) => `mac: !!str ${mac}`],
  ['a binary text', (mac) => `mac: !!binary ${Buffer.from(mac).toString('base64')}`],
  ['an anchor', (mac) => `mac: &m ${mac}`],
  ['an alias', (mac) => `other: &m ${mac}\n    mac: *m`],
  ['an alias as the key', (mac) => `other: &m mac\n    *m : ${mac}`],
  ['a block', (mac) => `mac: >-\n        ${mac}`],
  ['a joined word', (mac) => `? "m\\\n        ac"\n    : ${mac}`],
  ['a comment in between', (mac) => `mac: # mac\n        ${mac}`],
  ['an anchor at a key elsewhere', (mac) => `x:\n        &m mac: ENC[AES256_GCM,x]\n    *m : ${mac}`],
  ['binary text over lines', (mac) => `"\\x6dac": !!binary |\n        ${base64Lines(mac)}`],
  ['a binary tag written out', (mac) => `mac: !<tag:yaml.org,2002:bin%61ry> ${Buffer.from(mac).toString('base64')}`],
  ['a line that is joined', (mac) => `mac: "${mac.slice(0, 40)}\\\n        ${mac.slice(40)}"`],
  ['a line that NEL ends', (mac) => `mac: "${mac.slice(0, 40)}\\\u0085        ${mac.slice(40)}"`],
]

describe('a sound copy does not hide a changed file', () => {
  const document = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\nstringData:\n  plain: x\n  password: Canary7\n'
  const transformer = { apiVersion: 'tsops/v1', kind: 'SopsTransformer', metadata: { name: 't' } }
  let sound: string
  let mac: string

  beforeAll(async () => {
    const rule = ageRule({ by: 'encrypted_regex', pattern: '^password$' })
    sound = Buffer.from(await encryptAs('yaml', Buffer.from(document), rule)).toString()
    mac = /mac: (ENC\S+)/.exec(sound)?.[1] ?? ''
    writeFileSync(join(root, 'sound.yaml'), sound)
  })

  function transform(changed: string | Buffer, env: Readonly<Record<string, string>> = {}): Promise<Run> {
    writeFileSync(join(root, 'changed.yaml'), changed)
    const items = [{ ...(toPlain(branchOf(sound)) as object), sops: { mac } }]
    const list = { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items, functionConfig: transformer }
    return runIn(root, { host: hostWith(alice.identity), stdin: JSON.stringify(list), env })
  }

  async function expectRefused(running: Promise<Run>, message: RegExp): Promise<void> {
    const { status, stdout, stderr } = await running
    expect(stderr).toMatch(message)
    expect([status, stdout.includes('Canary7')]).toEqual([1, false])
  }

  const change = (): string => sound.replace('plain: x', 'plain: y')
  const mismatch = /changed\.yaml: Secret a: MAC mismatch/

  test.for(spellings)('that spells its MAC with %s', async ([, spell]) => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
    await expectRefused(transform(change().replace(`mac: ${mac}`, spell(mac))), mismatch)
  })

  test('under a binary key', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
    const spelled = change().replace('sops:', '!!binary c29wcw==:').replace('mac: ', 'mac: !!str ')
    await expectRefused(transform(spelled), mismatch)
  })

  test('behind a document in clear', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
    const spelled = change().replace('mac: ', 'mac: !!str ')
    await expectRefused(
      transform(`kind: ConfigMap\n---\n${spelled}`),
      /changed\.yaml: Secret a: sops metadata not found/,
    )
  })

  test.for([
    '<<: {bases: [changed.yaml]}',
    '<<: [{<<: {resources: [changed.yaml]}}]',
    'components: [!!binary Y2hhbmdlZC55YW1s]',
    '!!binary YmFzZXM=: [changed.yaml]',
  ])('that is listed in %s', async (line) => {
    writeFileSync(join(root, 'kustomization.yaml'), `resources: [sound.yaml]\n${line}\n`)
    await expectRefused(transform(change()), mismatch)
  })

  test('whose name has two lines', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, "two\\nlines.yaml"]\n')
    writeFileSync(join(root, 'two\nlines.yaml'), change())
    await expectRefused(transform(''), /two lines\.yaml: Secret a: MAC mismatch/)
  })

  test('whose name reads as a time', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, 2001-01-01]\n')
    await expectRefused(transform(''), /Secret a: a kustomization lists what YAML reads as no text/)
  })

  test('outside, which kustomize can be told to read', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'krm-'))
    try {
      writeFileSync(join(outside, 'changed.yaml'), change())
      writeFileSync(join(root, 'kustomization.yaml'), `resources: [sound.yaml, ${outside}/changed.yaml]\n`)
      await expectRefused(transform(''), /Secret a: the path leads out of the root of the kustomization/)
      await expectRefused(transform('', { TSOPS_KRM_ROOT: '/' }), mismatch)
    } finally {
      rmSync(outside, { recursive: true })
    }
  })

  test('of a name that asks for another format', async () => {
    writeFileSync(join(root, 'changed.ini'), sound)
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [changed.ini]\n')
    expect((await transform('')).status).toBe(0)
    writeFileSync(join(root, 'changed.ini'), change())
    await expectRefused(transform(''), /changed\.ini: Secret a: MAC mismatch/)
  })

  test('in UTF-16', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
    await expectRefused(transform(Buffer.from(`\ufeff${change()}`, 'utf16le')), /changed\.yaml: Secret a: /)
  })

  test.for(['Resources', 'RESOURCES', 'reſources'])('that is listed under %s', async (name) => {
    writeFileSync(join(root, 'kustomization.yaml'), `generators: [sound.yaml]\n${name}: [changed.yaml]\n`)
    await expectRefused(transform(change()), mismatch)
  })

  test('that is too large', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
    const env = { TSOPS_KRM_MAX_FILE_SIZE: '20000' }
    await expectRefused(transform(`${change()}#${' '.repeat(20_000)}\n`, env), /changed\.yaml: .*larger than 20000/)
  })

  test('that does not parse here', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
    await expectRefused(transform(`"\\x6dac": 1\n- a\n`), /changed\.yaml: Secret a: yaml: /)
  })

  test('that a kustomization lists which does not parse here', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml]\n- a\n')
    await expectRefused(transform(change()), /the kustomization that lists it, or that of a base, does not parse/)
  })

  test('an ordinary file that cannot be read as YAML stands in no way', async () => {
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [sound.yaml, changed.yaml]\n')
    expect((await transform('{{ template }}\n')).status).toBe(0)
  })
})

describe('values of a document stay together, in an object of its kind', () => {
  const document = (name: string): string =>
    `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\nstringData:\n  user: u${name}\n  password: Canary7\n`
  const items: Record<string, Record<string, unknown>>[] = []

  beforeAll(async () => {
    const rule = ageRule({ by: 'encrypted_regex', pattern: '^stringData$' })
    const text = Buffer.from(
      await encryptAs('yaml', Buffer.from([document('a'), document('b')].join('---\n')), rule),
    ).toString()
    writeFileSync(join(root, 'two.yaml'), text)
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [two.yaml]\n')
    const sops = { mac: /mac: (ENC\S+)/.exec(text)?.[1] }
    const { branches = [] } = storeFor('yaml')?.parse(Buffer.from(text)) ?? {}
    items.push(...branches.map((branch) => ({ ...(toPlain(branch) as (typeof items)[number]), sops })))
  })

  function transform(item: object): Promise<Run> {
    const functionConfig = { apiVersion: 'tsops/v1', kind: 'SopsTransformer', metadata: { name: 't' } }
    const list = { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items: [item], functionConfig }
    return runIn(root, { host: hostWith(alice.identity), stdin: JSON.stringify(list) })
  }

  test('each as it is', async () => {
    for (const item of items) expect((await transform(item)).status).toBe(0)
  })

  test.for([{ kind: 'ConfigMap' }, { apiVersion: 'example.com/v1' }])('%j', async (change) => {
    const { status, stdout, stderr } = await transform({ ...items[1], ...change })
    expect(stderr).toMatch(/two\.yaml: \w+ b: kind: its kind is not that of the encrypted document/)
    expect([status, stdout.includes('Canary7')]).toEqual([1, false])
  })

  test('one value of each', async () => {
    const stringData = { ...items[0]?.stringData, password: items[1]?.stringData?.password }
    const { status, stdout, stderr } = await transform({ ...items[0], stringData })
    expect(stderr).toMatch(/two\.yaml: Secret a: stringData\.password: a ciphertext that the file does not hold/)
    expect([status, stdout.includes('Canary7')]).toEqual([1, false])
  })
})

describe('a ciphertext without metadata does not come out', () => {
  const cipher = 'ENC[AES256_GCM,data:YQ==,iv:YQ==,tag:YQ==,type:str]'
  const transformer = { apiVersion: 'tsops/v1', kind: 'SopsTransformer', metadata: { name: 't' } }
  const items = (sops: unknown): object[] => [
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData: { a: { b: [cipher] } }, sops },
  ]
  const transform = (sops: unknown, mode: string): Promise<Run> => {
    const functionConfig = { ...transformer, mode }
    const list = { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items: items(sops), functionConfig }
    return runIn(root, { host: hostWith(), stdin: JSON.stringify(list) })
  }

  test.for([undefined, null, {}, [], { age: [] }, [{ mac: 'x' }]])('sops: %j', async (sops) => {
    for (const mode of ['decrypt', 'placeholder']) {
      const { status, stdout, stderr } = await transform(sops, mode)
      expect(stderr).toContain('Secret s: stringData.a.b: it is encrypted, and the resource has no sops metadata')
      expect([status, (JSON.parse(stdout) as { items: unknown[] }).items]).toEqual([1, []])
    }
    expect((await transform(sops, 'passthrough')).status).toBe(0)
  })
})

test('what go-yaml cannot write is refused before kustomize quotes it', async () => {
  const text = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: "Canary7\\x7f"}\n'
  writeFileSync(join(root, 'control.yaml'), await encryptAs('yaml', Buffer.from(text), ageRule()))
  const { status, stdout, stderr } = await run({ ...own, manifests: ['control.yaml'] })
  expect(stderr).toMatch(/control\.yaml: Secret s: stringData\.a: it holds a control character/)
  expect([status, (stdout + stderr).includes('Canary7')]).toEqual([1, false])
})

/** In two lines of a block. */
function base64Lines(text: string): string {
  return Buffer.from(text)
    .toString('base64')
    .replace(/^.{50}/, '$&\n        ')
}

function branchOf(text: string): Branch {
  return storeFor('yaml')!.parse(Buffer.from(text)).branches[0]!
}

function swapped(text: string): string {
  const [first = '', second = ''] = Array.from(text.matchAll(/password: (ENC\S+)/g), ([, value = '']) => value)
  return text.replace(first, '\0').replace(second, first).replace('\0', second)
}

describe('time', () => {
  test('a long run of spaces in a name', () => {
    const line = lineOf({ severity: 'error', message: 'x', file: `a${' '.repeat(200_000)}b \n c` })
    expect(line).toMatch(/^tsops-krm: error: a {200000}b c: x$/)
  })

  test('more findings than a call takes arguments', async () => {
    const report = new Report()
    await inOrder([0], report, async (_, inner) => {
      for (let count = 0; count < 300_000; count++) inner.warn('x')
    })
    expect(report.findings).toHaveLength(300_000)
  })

  test('a file full of beginnings of a MAC', async () => {
    writeFileSync(join(root, 'macs.yaml'), `a: ${'mac:ENC[AES256_GCM,'.repeat(200_000)}\n`)
    writeFileSync(join(root, 'kustomization.yaml'), 'resources: [macs.yaml]\n')
    const sops = { mac: 'ENC[AES256_GCM,data:x]', version: '3.13.3', lastmodified: 'x' }
    const items = [{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, sops }]
    const functionConfig = { apiVersion: 'tsops/v1', kind: 'SopsTransformer', metadata: { name: 't' } }
    const list = { apiVersion: 'config.kubernetes.io/v1', kind: 'ResourceList', items, functionConfig }
    const { stderr } = await runIn(root, { host: hostWith(), stdin: JSON.stringify(list) })
    expect(stderr).toContain('was not found in this kustomization')
  })

  test('a file of many documents that stay encrypted', async () => {
    const objects = Array.from({ length: 1500 }, (_, index) => `kind: K\napiVersion: v1\nmetadata: {name: n${index}}\n`)
    writeFileSync(
      join(root, 'many.yaml'),
      await encryptAs(
        'yaml',
        Buffer.from(objects.join('---\n')),
        ageRule({ by: 'encrypted_regex', pattern: '^name$' }),
      ),
    )
    const { stdout } = await run({ ...own, mode: 'passthrough', manifests: ['many.yaml'] })
    expect((JSON.parse(stdout) as { items: unknown[] }).items).toHaveLength(objects.length)
  })

  test.for([
    ['in one value', ['A=0123456789abcdef', ...multiply('ABCDEFGHIJ')]],
    [
      'in many',
      ['A=0123456789abcdef', ...multiply('ABCDE'), ...Array.from({ length: 40 }, (_, index) => `X${index}=$E`)],
    ],
  ] as const)('values that name values, %s', ([, lines]) => {
    expect(() => readGodotenv(lines.join('\n'))).toThrow('the values that it names make it too long')
  })
})

/** Each letter but the first is sixteen times the one before. */
function multiply(letters: string): string[] {
  return Array.from(letters.slice(1), (letter, index) => `${letter}=${`$${letters[index] ?? ''}`.repeat(16)}`)
}
