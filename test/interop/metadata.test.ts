import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Selection } from '../../src/metadata/types.ts'
import { ageGroup, ageRule, decryptAs, encryptAs, hostWith, updateAs } from '../ours.ts'
import { decrypt, encrypt } from '../../src/index.ts'
import { alice, bob, carol, quantum } from '../test-keys.ts'
import { samples, visibleWords, type Sample } from './selection-samples.ts'
import { bytesOf, sops, sopsDecrypt, tsops, type RunResult } from './sops.ts'

const selections: readonly Selection[] = [
  { by: 'unencrypted_suffix', suffix: '_unencrypted' },
  { by: 'unencrypted_suffix', suffix: 'data' },
  { by: 'encrypted_suffix', suffix: '_key' },
  { by: 'encrypted_suffix', suffix: 'ata' },
  { by: 'unencrypted_regex', pattern: '^(plain|map|l)$' },
  { by: 'unencrypted_regex', pattern: '(?i)SECRET' },
  { by: 'encrypted_regex', pattern: '^(data|stringData)$' },
  { by: 'encrypted_regex', pattern: 'pass(word)?|\\Asecret' },
  { by: 'unencrypted_comment_regex', pattern: 'keep-me' },
  { by: 'encrypted_comment_regex', pattern: 'enc-me' },
]

const extensions = new Map([
  ['yaml', 'yaml'],
  ['json', 'json'],
  ['dotenv', 'env'],
  ['ini', 'ini'],
])

const cases = selections.flatMap((selection) =>
  [false, true].flatMap((macOnlyEncrypted) =>
    samples.map((sample, index) => ({
      selection,
      macOnlyEncrypted,
      sample,
      name: `${sample.format} ${index}${macOnlyEncrypted ? ', MAC of encrypted only' : ''}: ${selection.by} ${textOf(selection)}`,
    })),
  ),
)

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsops-metadata-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

describe('the same leaves are encrypted as by sops', () => {
  test.concurrent.for(cases)('$name', async ({ selection, macOnlyEncrypted, sample }, { expect }) => {
    const place = await project(sample, ruleText(selection, macOnlyEncrypted))
    const theirs = await sops(['encrypt', place.file], { cwd: place.cwd })
    const plain = Buffer.from(sample.text)
    const library = Buffer.from(await encryptAs(sample.format, plain, ageRule(selection, macOnlyEncrypted)))
    expect(theirs.status, theirs.stderr).toBe(0)
    const expected = visibleWords(theirs.stdout.toString())
    expect(visibleWords(library.toString())).toEqual(expected)

    await expectSopsReads(sample.format, library, theirs.stdout)
    const back = Buffer.from(await decryptAs(sample.format, theirs.stdout)).toString()
    expect(visibleWords(back)).toEqual(visibleWords(sample.text))

    // A file keeps its selection: what is added is encrypted as sops would have encrypted it.
    const added = Buffer.from(addTo(sample))
    const updated = Buffer.from(await updateAs(sample.format, library, added))
    const addedPlace = await project({ ...sample, text: added.toString() }, ruleText(selection, macOnlyEncrypted))
    const reference = await bytesOf(sops(['encrypt', addedPlace.file], { cwd: addedPlace.cwd }))
    expect(visibleWords(updated.toString())).toEqual(visibleWords(reference.toString()))
  })
})

describe('the command line selects as sops does', () => {
  const flagged = cases.filter(({ sample }) => sample === samples[0] || sample === samples[2])
  test.concurrent.for(flagged)('flags: $name', async ({ selection, macOnlyEncrypted, sample }) => {
    const place = await project(sample)
    const flags = [`--${selection.by.replaceAll('_', '-')}`, textOf(selection)]
    // These stand among the flags of the root only.
    const args = [
      ...(macOnlyEncrypted ? ['--mac-only-encrypted'] : []),
      '--age',
      alice.recipient,
      ...flags,
      '-e',
      place.file,
    ]
    const [theirs, ours] = await Promise.all([sops(args, place), tsops(args, place)])
    expectSameVisible(ours, theirs, sample)
  })

  test.concurrent.for(flagged)('.sops.yaml: $name', async ({ selection, macOnlyEncrypted, sample }, { expect }) => {
    const place = await project(sample, ruleText(selection, macOnlyEncrypted))
    const args = ['encrypt', place.file]
    const [theirs, ours] = await Promise.all([sops(args, place), tsops(args, place)])
    expectSameVisible(ours, theirs, sample)
    if (sample.format === 'yaml') expect(shapeOf(ours.stdout)).toEqual(shapeOf(theirs.stdout))
  })
})

describe('key groups', () => {
  const plain = Buffer.from('a: fake\nb:\n  - 1\n')
  const groups = [[alice], [bob, quantum], [carol]]
  const rule = {
    keyGroups: groups.map((keys) => ageGroup(...keys.map(({ recipient }) => recipient))),
    shamirThreshold: 2,
  }
  const config = [
    'creation_rules:',
    '  - shamir_threshold: 2',
    '    key_groups:',
    ...groups.map((keys) => `      - age: [${keys.map(({ recipient }) => recipient).join(', ')}]`),
    '',
  ].join('\n')

  test('ours opens in sops with two of three, and not with one', async () => {
    const ours = await encrypt(plain, rule, { format: 'yaml', host: hostWith() })
    for (const [first, second] of pairs) {
      const env = { SOPS_AGE_KEY: `${first.identity} ${second.identity}` }
      const opened = await sops(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], { stdin: ours, env })
      expect(opened.status, opened.stderr).toBe(0)
      expect(opened.stdout.toString()).toBe('a: fake\nb:\n    - 1\n')
    }
    const alone = await sops(['decrypt', '--input-type', 'yaml', '--output-type', 'yaml'], { stdin: ours })
    expect(alone.status).toBe(128)
  })

  test('theirs opens here with two of three, and not with one', async () => {
    const place = await project({ format: 'yaml', text: plain.toString() }, config)
    const theirs = await bytesOf(sops(['encrypt', place.file], place))
    for (const [first, second] of pairs) {
      const host = hostWith(first.identity, second.identity)
      const opened = Buffer.from(await decrypt(theirs, { format: 'yaml', host }))
      expect(opened.toString()).toBe('a: fake\nb:\n    - 1\n')
    }
    await expect(
      decrypt(theirs, { format: 'yaml', host: hostWith(bob.identity, quantum.identity) }),
    ).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
  })

  test('the section has the same shape as that of sops', async () => {
    const place = await project({ format: 'yaml', text: plain.toString() }, config)
    const theirs = await bytesOf(sops(['encrypt', place.file], place))
    const ours = await encrypt(plain, rule, { format: 'yaml', host: hostWith() })
    expect(shapeOf(ours)).toEqual(shapeOf(theirs))
  })

  const pairs = [
    [alice, bob],
    [alice, carol],
    [quantum, carol],
  ] as const
})

function expectSameVisible(ours: RunResult, theirs: RunResult, { text }: Sample): void {
  expect(theirs.status, theirs.stderr).toBe(0)
  const expected = visibleWords(theirs.stdout.toString())
  // sops leaves the whole file in clear without a word; we refuse.
  if (expected.length === visibleWords(text).length) {
    expect(ours.status).toBe(1)
    expect(ours.stderr).toContain('in clear')
    return
  }
  expect(ours.status, ours.stderr).toBe(0)
  expect(visibleWords(ours.stdout.toString())).toEqual(expected)
}

async function project(sample: Sample, config?: string): Promise<{ readonly cwd: string; readonly file: string }> {
  const cwd = await mkdtemp(join(directory, 'case-'))
  const file = `file.${extensions.get(sample.format) ?? 'bin'}`
  await writeFile(join(cwd, file), sample.text)
  if (config !== undefined) await writeFile(join(cwd, '.sops.yaml'), config)
  return { cwd, file }
}

function ruleText(selection: Selection, macOnlyEncrypted: boolean): string {
  const rule = {
    age: alice.recipient,
    [selection.by]: textOf(selection),
    ...(macOnlyEncrypted ? { mac_only_encrypted: true } : {}),
  }
  return JSON.stringify({ creation_rules: [rule] })
}

function textOf(selection: Selection): string {
  if ('suffix' in selection) return selection.suffix
  return 'pattern' in selection ? selection.pattern : ''
}

function addTo({ format, text }: Sample): string {
  switch (format) {
    case 'yaml':
      return `new_password: v90 # c90\nnew_unencrypted: v91\nother_key: {stringData: v92}\n${text}`
    case 'json':
      return text.replace('{', '{"new_password": "v90", "new_unencrypted": "v91", "other_key": {"stringData": "v92"},')
    case 'dotenv':
      return `new_password=v90\n# c90 enc-me\nnew_unencrypted=v91\n${text}`
    default:
      return `${text}new_password = v90\n; c90\nnew_key = v91\n`
  }
}

async function expectSopsReads(format: string, ours: Uint8Array, theirs: Uint8Array): Promise<void> {
  const [opened, reference] = await Promise.all([sopsDecrypt(format, ours), sopsDecrypt(format, theirs)])
  expect(opened.status, opened.stderr).toBe(reference.status)
  expect(opened.stderr).toBe(reference.stderr)
  expect(visibleWords(opened.stdout.toString())).toEqual(visibleWords(reference.stdout.toString()))
}

// The section with everything that is new in each run replaced by its kind.
function shapeOf(encrypted: Uint8Array): unknown {
  const section: unknown = (parse(Buffer.from(encrypted).toString()) as Record<string, unknown>).sops
  return JSON.parse(
    JSON.stringify(section, (key, value: unknown) =>
      ['enc', 'mac', 'lastmodified', 'tsops_layout'].includes(key) ? typeof value : value,
    ),
  )
}
