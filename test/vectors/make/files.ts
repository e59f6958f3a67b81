// Makes test/vectors/files anew with the real programs: node test/run.mjs test/vectors/make/files.ts
// sops 3.13.3 encrypts each sample; some results are then rewritten by hand to what older versions wrote, or broken. For a
// good one the expected text is what sops decrypts it to; for a bad one sops' exit status is noted beside our error code.

import { spawnSync } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ageBin, installPeers, sopsBin } from '../../interop/peers.ts'
import { samples } from '../../interop/selection-samples.ts'
import * as testKeys from '../../test-keys.ts'
import type { BadVector, GoodVector, KeyName, Manifest } from '../manifest.ts'

const target = 'test/vectors/files'
const extensions: Readonly<Record<string, string>> = {
  yaml: 'yaml',
  json: 'json',
  dotenv: 'env',
  ini: 'ini',
  binary: 'bin',
}

const good: GoodVector[] = []
const bad: BadVector[] = []

interface Source {
  readonly format: string
  readonly text: string | Buffer
  /** Creation rule; default: alice. */
  readonly rule?: Readonly<Record<string, unknown>>
}

installPeers()
rmSync(target, { recursive: true, force: true })
mkdirSync(target, { recursive: true })
const work = mkdtempSync(join(tmpdir(), 'tsops-vectors-'))

const { alice, bob, carol, quantum } = testKeys

const yamlText = samples[0]!.text
const jsonText = samples[2]!.text
const dotenvText = samples[3]!.text
const iniText = samples[4]!.text

const typesYaml = `string: fake secret
empty: ""
multi: |
  line one
  line two
integer: 9007199254740993
negative: -42
zero: 0
float: 1.5
whole: 1.0
tiny: 1e-7
huge: 1e+21
million: 1000000.0
infinite: .inf
yes: true
no: false
nothing: null
date: 2024-01-02
time: 2024-01-02T03:04:05.123456+02:00
quoted: "123"
unicode: "ü 🔐"
emptyMap: {}
emptyList: []
list: [fake, 1, 2.5, true, null, [x, [y]], {k: v}]
colon:key: fake
colon: {key: fake}
__proto__: {polluted: fake}
`

const jsonTypes =
  '{"s":"fake <&>\\u2028","i":9007199254740993,"n":-1,"f":1.5,"w":1.0,"e":1e21,"t":1e-7,"b":true,"z":null,"o":{},"l":[],"es":"","deep":[[{"k":["x"]}]]}'

const selections: readonly (readonly [string, string])[] = [
  ['unencrypted_suffix', '_unencrypted'],
  ['encrypted_suffix', '_key'],
  ['unencrypted_regex', '^(plain|map)$'],
  ['encrypted_regex', '^(data|stringData)$'],
  ['encrypted_regex', '(?i)PASS'],
  ['unencrypted_comment_regex', 'keep-me'],
  ['encrypted_comment_regex', 'enc-me'],
]

try {
  makeGood()
  makeBad()
} finally {
  rmSync(work, { recursive: true })
}
const manifest: Manifest = { good, bad }
writeFileSync('test/vectors/files/index.json', `${JSON.stringify(manifest, null, 2)}\n`)
console.log(`${good.length} good, ${bad.length} bad`)

function makeGood(): void {
  const texts = { yaml: yamlText, json: jsonText, dotenv: dotenvText, ini: iniText }
  for (const [format, text] of Object.entries(texts)) {
    for (const [index, [by, pattern]] of selections.entries()) {
      addGood(`${format}-${by}-${index}`, encrypt({ format, text, rule: { [by]: pattern } }), format)
    }
    const rule = { encrypted_regex: 'pass|secret', mac_only_encrypted: true }
    addGood(`${format}-mac-only-encrypted`, encrypt({ format, text, rule }), format)
    const shamir = encrypt({ format, text, rule: groups(2, ['alice'], ['bob', 'carol'], ['quantum']) })
    addGood(`${format}-shamir-first-two`, shamir, format, { keys: ['alice', 'bob'] })
    addGood(`${format}-shamir-last-two`, shamir, format, { keys: ['carol', 'quantum'] })
  }
  addGood('yaml-types', encrypt({ format: 'yaml', text: typesYaml }), 'yaml')
  addGood('yaml-types-to-json', encrypt({ format: 'yaml', text: typesYaml.replace(/^infinite.*\n/m, '') }), 'yaml', {
    outputFormat: 'json',
  })
  addGood('yaml-two-documents', encrypt({ format: 'yaml', text: samples[1]!.text }), 'yaml')
  addGood('json-types', encrypt({ format: 'json', text: jsonTypes }), 'json')
  // sops prints U+2028 bare, where YAML reads a line break.
  const printable = jsonTypes.replace('\\u2028', '')
  addGood('json-to-yaml', encrypt({ format: 'json', text: printable }), 'json', { outputFormat: 'yaml' })
  addGood(
    'json-duplicate-keys',
    encrypt({ format: 'json', text: '{"a": "fake-1", "a": "fake-2", "m": {"x": 1, "x": 2}}' }),
    'json',
  )
  addGood(
    'dotenv-types',
    encrypt({ format: 'dotenv', text: 'A=fake\nB="x y"\nC=a\\nb\n# c\nexport D= v \nsops=data\n' }),
    'dotenv',
  )
  addGood(
    'ini-quotes',
    encrypt({ format: 'ini', text: '[s]\na = "with ; semi"\nb = """x\ny"""\nc = `t`\n[s]\na = again\n' }),
    'ini',
  )
  addGood('binary-text', encrypt({ format: 'binary', text: 'fake\ntext\n' }), 'binary')
  addGood(
    'binary-bytes',
    encrypt({ format: 'binary', text: Buffer.from([...Array(512).keys()].map((n) => n % 256)) }),
    'binary',
  )
  addGood('binary-empty', encrypt({ format: 'binary', text: '' }), 'binary')
  addGood(
    'yaml-two-recipients',
    encrypt({ format: 'yaml', text: 'a: fake\n', rule: { age: `${bob.recipient},${carol.recipient}` } }),
    'yaml',
    { keys: ['carol'] },
  )
  addGood(
    'yaml-post-quantum',
    encrypt({ format: 'yaml', text: 'a: fake\n', rule: { age: quantum.recipient } }),
    'yaml',
    { keys: ['quantum'] },
  )
  addGood(
    'dotenv-post-quantum',
    encrypt({ format: 'dotenv', text: 'a=fake\n', rule: { age: quantum.recipient } }),
    'dotenv',
    { keys: ['quantum'] },
  )
  makeOld()
}

/** What other versions and other hands wrote. */
function makeOld(): void {
  const yaml = encrypt({ format: 'yaml', text: 'a: fake\nb: [1, x]\nc_unencrypted: clear\n' })
  const json = encrypt({ format: 'json', text: '{"a": "fake", "b": [1, "x"]}' })
  const ini = encrypt({ format: 'ini', text: '[s]\na = fake\n' })
  const dotenv = encrypt({ format: 'dotenv', text: 'a=fake\n' })
  for (const version of ['3.2.0', '3.5.0', '3.7.3', '3.9.4', '3.12.1', '1.18']) {
    addGood(`yaml-version-${version}`, yaml.replace(/version: .*/, `version: ${version}`), 'yaml')
  }
  addGood('yaml-old-order', oldOrder(yaml), 'yaml')
  addGood(
    'json-old-order',
    json.replace(
      '"sops": {',
      '"sops": {\n\t\t"kms": null,\n\t\t"gcp_kms": null,\n\t\t"azure_kv": null,\n\t\t"hc_vault": null,\n\t\t"pgp": [],',
    ),
    'json',
  )
  addGood('yaml-no-suffix-field', yaml.replace(/ *unencrypted_suffix:.*\n/, ''), 'yaml')
  addGood('yaml-unknown-fields', yaml.replace(/( *)version:/, '$1future: {x: [1]}\n$1version:'), 'yaml')
  addGood('yaml-timestamp-fraction', yaml.replace(/lastmodified: "(.*)Z"/, 'lastmodified: "$1.123Z"'), 'yaml')
  addGood('yaml-timestamp-zero-offset', yaml.replace(/lastmodified: "(.*)Z"/, 'lastmodified: "$1+00:00"'), 'yaml')
  addGood('yaml-field-case', yaml.replace('lastmodified:', 'LastModified:').replace(' mac:', ' MAC:'), 'yaml')
  addGood('yaml-tail-after-ciphertext', yaml.replace(/^(a: ENC.*)$/m, '$1 and more'), 'yaml')
  addGood('yaml-section-first', sectionFirst(yaml), 'yaml')
  addGood('yaml-no-mac-ignored', yaml.replace(/ *mac: .*\n/, ''), 'yaml', { ignoreMac: true })
  addGood('yaml-wrong-mac-ignored', yaml.replace('clear', 'other'), 'yaml', { ignoreMac: true })
  addGood('yaml-short-iv', withShortIv(yaml), 'yaml')
  addGood('json-compact', JSON.stringify(JSON.parse(json)), 'json', {}, '{"a":"fake","b":[1,"x"]}')
  addGood('ini-multi-line-section', iniMultiLine(ini), 'ini')
  addGood(
    'dotenv-section-first',
    dotenv
      .split('\n')
      .toReversed()
      .filter((line) => line !== '')
      .join('\n') + '\n',
    'dotenv',
  )
}

function makeBad(): void {
  const yaml = encrypt({
    format: 'yaml',
    text: 'a: fake-canary\nb: fake-other\nl: [fake-1, fake-2]\nm: {n: 1}\nc_unencrypted: clear\nd_unencrypted: clean\n',
  })
  const json = encrypt({ format: 'json', text: '{"a": "fake-canary", "b": "fake-other", "c_unencrypted": "clear"}' })
  const dotenv = encrypt({ format: 'dotenv', text: 'a=fake-canary\nb=fake-other\n' })
  const ini = encrypt({ format: 'ini', text: '[s]\na = fake-canary\nb = fake-other\n' })
  const binary = encrypt({ format: 'binary', text: 'fake-canary' })
  const value = 'ERR_SOPS_VALUE_DECRYPT'
  const mac = 'ERR_SOPS_MAC'
  const invalid = 'ERR_SOPS_METADATA_INVALID'
  const missing = 'ERR_SOPS_METADATA_MISSING'

  for (const [format, text] of Object.entries({ yaml, json, dotenv, ini })) {
    addBad(
      `${format}-changed-data`,
      text.replace(/data:(.)/, (_, c: string) => `data:${c === 'A' ? 'B' : 'A'}`),
      format,
      value,
    )
    addBad(
      `${format}-changed-tag`,
      text.replace(/tag:(.)/, (_, c: string) => `tag:${c === 'A' ? 'B' : 'A'}`),
      format,
      value,
    )
    addBad(
      `${format}-changed-iv`,
      text.replace(/iv:(.)/, (_, c: string) => `iv:${c === 'A' ? 'B' : 'A'}`),
      format,
      value,
    )
    addBad(`${format}-renamed-key`, text.replace(/\ba("?\s*[=:])/, 'z$1'), format, value)
    addBad(`${format}-swapped-values`, swapFirstTwo(text), format, value)
    addBad(`${format}-clear-value`, text.replace(/ENC\[[^\]]*\]/, 'fake-canary'), format, value)
    addBad(`${format}-unknown-type`, text.replace('type:str', 'type:nothing'), format, value)
    addBad(`${format}-not-base64`, text.replace(/data:./, 'data:*'), format, value)
    addBad(`${format}-no-tag`, text.replace(/,tag:[^,]*,/, ','), format, value)
    addBad(`${format}-wrong-identity`, text, format, 'ERR_SOPS_DATA_KEY', ['bob'])
    addBad(`${format}-no-identity`, text, format, 'ERR_SOPS_DATA_KEY', [])
    addBad(`${format}-timestamp`, text.replace(/(lastmodified"?\s*[:=]\s*"?)\d{4}/, '$12001'), format, mac)
    addBad(`${format}-no-section`, withoutSection(text, format), format, missing)
  }
  addBad('json-clear-number', json.replace(/"ENC\[[^"]*"/, '12345'), 'json', value)
  addBad('yaml-clear-list', yaml.replace(/^a: .*/m, 'a: [fake-canary]'), 'yaml', value)
  addBad('yaml-empty-data', yaml.replace(/data:[^,]*,/, 'data:,'), 'yaml', value)
  addBad('yaml-type-int', yaml.replace('type:str', 'type:int'), 'yaml', value)
  addBad('yaml-swapped-list', swapList(yaml), 'yaml', mac)
  addBad('yaml-swapped-keys', yaml.replace(/^(a: .*\n)(b: .*\n)/m, '$2$1'), 'yaml', mac)
  addBad('yaml-changed-clear', yaml.replace('clear', 'other'), 'yaml', mac)
  addBad('yaml-removed-clear', yaml.replace(/^c_unencrypted: .*\n/m, ''), 'yaml', mac)
  addBad('yaml-removed-secret', yaml.replace(/^b: .*\n/m, ''), 'yaml', mac)
  addBad('yaml-added-clear', `e_unencrypted: more\n${yaml}`, 'yaml', mac)
  addBad('yaml-added-document', `${yaml}---\ne_unencrypted: more\n`, 'yaml', mac)
  addBad('yaml-no-mac', yaml.replace(/ *mac: .*\n/, ''), 'yaml', mac)
  addBad('yaml-empty-mac', yaml.replace(/mac: .*/, 'mac: ""'), 'yaml', mac)
  addBad('yaml-clear-mac', yaml.replace(/mac: .*/, `mac: ${'0'.repeat(128)}`), 'yaml', mac)
  addBad('yaml-mac-of-value', yaml.replace(/mac: .*/, `mac: ${/ENC\[[^\]]*\]/.exec(yaml)![0]}`), 'yaml', mac)
  addBad('yaml-no-timestamp', yaml.replace(/ *lastmodified: .*\n/, ''), 'yaml', invalid)
  addBad('yaml-bad-timestamp', yaml.replace(/lastmodified: .*/, 'lastmodified: yesterday'), 'yaml', invalid)
  addBad('yaml-bare-timestamp', yaml.replace(/lastmodified: "(.*)"/, 'lastmodified: $1'), 'yaml', invalid)
  addBad('yaml-no-version', yaml.replace(/ *version: .*\n/, ''), 'yaml', invalid)
  addBad('yaml-two-selections', yaml.replace(/( *)version:/, '$1encrypted_regex: x\n$1version:'), 'yaml', invalid)
  addBad('yaml-section-scalar', yaml.replace(/sops:[\s\S]*/, 'sops: text\n'), 'yaml', invalid)
  addBad('yaml-section-list', yaml.replace(/sops:[\s\S]*/, 'sops: [x]\n'), 'yaml', invalid)
  addBad('yaml-no-keys', yaml.replace(/ *age:\n[\s\S]*?(?= *lastmodified)/, ''), 'yaml', invalid)
  addBad('yaml-age-scalar', yaml.replace(/ *age:\n[\s\S]*?(?= *lastmodified)/, '    age: 5\n'), 'yaml', invalid)
  addBad(
    'yaml-broken-age',
    yaml.replace(/(BEGIN AGE ENCRYPTED FILE-----\n *)..../, '$1AAAA'),
    'yaml',
    'ERR_SOPS_DATA_KEY',
  )
  addBad('yaml-short-data-key', withDataKey(yaml, Buffer.alloc(16, 7)), 'yaml', 'ERR_SOPS_DATA_KEY')
  addBad('yaml-other-data-key', withDataKey(yaml, Buffer.alloc(32, 7)), 'yaml', value)
  addBad('yaml-truncated', yaml.slice(0, yaml.indexOf('sops:') - 60), 'yaml', missing)
  addBad('yaml-truncated-quote', `x: "${yaml}`, 'yaml', 'ERR_SOPS_PARSE')
  addBad('yaml-duplicate-key', `a: 1\n${yaml}`, 'yaml', 'ERR_SOPS_PARSE')
  addBad('yaml-tab', `${yaml}\n\tx: 1\n`, 'yaml', 'ERR_SOPS_PARSE')
  addBad('json-truncated', json.slice(0, -20), 'json', 'ERR_SOPS_PARSE')
  addBad('json-two-sections', json.replace('"sops": {', '"sops": {}, "sops": {'), 'json', invalid)
  addBad('json-empty-section', json.replace(/"sops": \{[\s\S]*/, '"sops": {}}'), 'json', missing)
  addBad('dotenv-list-gap', dotenv.replaceAll('age__list_0', 'age__list_7'), 'dotenv', invalid)
  addBad('dotenv-list-and-map', `${dotenv}sops_age__map_x=1\n`, 'dotenv', invalid)
  addBad('ini-list-gap', ini.replaceAll('age__list_0', 'age__list_7'), 'ini', invalid)
  addBad(
    'binary-changed',
    binary.replace(/data:(.)/, (_, c: string) => `data:${c === 'A' ? 'B' : 'A'}`),
    'binary',
    value,
  )
  addBad('binary-plain', 'fake-canary', 'binary', 'ERR_SOPS_PARSE')
  const shamir = encrypt({ format: 'yaml', text: 'a: fake-canary\n', rule: groups(2, ['alice'], ['bob'], ['carol']) })
  addBad('yaml-shamir-too-few', shamir, 'yaml', 'ERR_SOPS_DATA_KEY', ['alice'])
  addBad(
    'yaml-shamir-threshold-lowered',
    shamir.replace('shamir_threshold: 2', 'shamir_threshold: 1'),
    'yaml',
    'ERR_SOPS_DATA_KEY',
    ['alice'],
  )
}

function groups(threshold: number, ...names: readonly (readonly KeyName[])[]): Readonly<Record<string, unknown>> {
  const keyGroups = names.map((group) => ({ age: group.map((name) => testKeys[name].recipient) }))
  return { shamir_threshold: threshold, key_groups: keyGroups }
}

function encrypt({ format, text, rule = {} }: Source): string {
  const file = join(work, `plain.${extensions[format]}`)
  writeFileSync(file, text)
  const keys = 'age' in rule || 'key_groups' in rule ? {} : { age: alice.recipient }
  writeFileSync(join(work, '.sops.yaml'), JSON.stringify({ creation_rules: [{ ...keys, ...rule }] }))
  const { status, stdout, stderr } = run(sopsBin, ['encrypt', file])
  if (status !== 0) throw new Error(stderr.toString())
  return stdout.toString()
}

function decrypt(text: string, vector: Omit<GoodVector, 'name' | 'file' | 'plain'>): ReturnType<typeof run> {
  const output = vector.outputFormat ?? vector.format
  const flags = [
    '--input-type',
    vector.format,
    '--output-type',
    output,
    ...(vector.ignoreMac === true ? ['--ignore-mac'] : []),
  ]
  return run(sopsBin, ['decrypt', ...flags], text, vector.keys.map((name) => testKeys[name].identity).join(' '))
}

/** `kept`: what we give where the file's own layout is not that of sops. */
function addGood(name: string, text: string, format: string, extra: Partial<GoodVector> = {}, kept?: string): void {
  const vector = { format, keys: ['alice'] as const, ...extra }
  const { status, stdout, stderr } = decrypt(text, vector)
  if (status !== 0) throw new Error(`${name}: ${stderr.toString()}`)
  if (stderr.length > 0 && extra.ignoreMac !== true) throw new Error(`${name}: ${stderr.toString()}`)
  const file = `${name}.${extensions[format]}`
  const plain = `${name}.plain.${extensions[extra.outputFormat ?? format]}`
  writeFileSync(join(target, file), text)
  writeFileSync(join(target, plain), kept ?? stdout)
  good.push({ name, ...vector, file, plain })
}

function addBad(name: string, text: string, format: string, code: string, keys: readonly KeyName[] = ['alice']): void {
  const { status } = decrypt(text, { format, keys })
  const file = `bad-${name}.${extensions[format]}`
  writeFileSync(join(target, file), text)
  bad.push({ name, format, file, keys, code, ...(status === 0 || status === null ? {} : { sopsStatus: status }) })
  if (status === 0) console.log(`sops accepts ${name}`)
}

function run(
  file: string,
  args: readonly string[],
  input: string | Buffer = '',
  identity = '',
): { status: number | null; stdout: Buffer; stderr: Buffer } {
  const env = { PATH: process.env.PATH, HOME: work, SOPS_AGE_KEY: identity }
  return spawnSync(file, args, { input, env, cwd: work })
}

/** The section in the order of the old serializer, with the lists that it wrote even when they were empty. */
function oldOrder(yaml: string): string {
  const field = (name: string): string => new RegExp(`^ {4}${name}:.*\n`, 'm').exec(yaml)![0]
  const age = /^ {4}age:\n[\s\S]*?(?=^ {4}[a-z])/m.exec(yaml)![0]
  const empty = (name: string): string => `    ${name}: []\n`
  const section = `sops:\n${['kms', 'gcp_kms', 'azure_kv', 'hc_vault'].map(empty).join('')}${age}`
  return yaml.replace(
    /^sops:[\s\S]*/m,
    `${section}${field('lastmodified')}${field('mac')}${empty('pgp')}${field('unencrypted_suffix')}${field('version')}`,
  )
}

function sectionFirst(yaml: string): string {
  const start = yaml.indexOf('sops:\n')
  return yaml.slice(start) + yaml.slice(0, start)
}

function withoutSection(text: string, format: string): string {
  switch (format) {
    case 'yaml':
      return text.replace(/^sops:[\s\S]*/m, '')
    case 'json':
      return text.replace(/,\s*"sops": \{[\s\S]*/, '}')
    case 'dotenv':
      return text.replaceAll(/^sops_.*\n/gm, '')
    default:
      return text.replace(/\[sops\][\s\S]*/, '')
  }
}

function swapFirstTwo(text: string): string {
  const [first, second] = text.match(/ENC\[[^\]]*\]/g) ?? []
  return text.replace(first!, 'FIRST').replace(second!, first!).replace('FIRST', second!)
}

function swapList(yaml: string): string {
  return yaml.replace(/^( *- ENC.*\n)( *- ENC.*\n)/m, '$2$1')
}

/** As 3.13.0 and 3.13.1 wrote it: text of several lines between triple quotes. */
function iniMultiLine(ini: string): string {
  return ini.replaceAll(
    /^(\S+ *= )(.*\\n.*)$/gm,
    (_, lead: string, value: string) => `${lead}"""${value.replaceAll('\\n', '\n')}"""`,
  )
}

function dataKeyOf(yaml: string): Buffer {
  const armor = /-----BEGIN AGE[\s\S]*?-----END AGE ENCRYPTED FILE-----/.exec(yaml)![0].replaceAll(/^ +/gm, '')
  const identity = join(work, 'identity')
  writeFileSync(identity, alice.identity)
  return run(ageBin, ['-d', '-i', identity], `${armor}\n`).stdout
}

function withDataKey(yaml: string, dataKey: Buffer): string {
  const armor = run(ageBin, ['-a', '-r', alice.recipient], dataKey).stdout.toString()
  const indent = /^( *)-----BEGIN AGE/m.exec(yaml)![1]!
  const lines = armor
    .trimEnd()
    .split('\n')
    .map((line) => indent + line)
  return yaml.replace(/ *-----BEGIN AGE[\s\S]*?-----END AGE ENCRYPTED FILE-----/, lines.join('\n'))
}

/** Other tools write GCM's usual 12-byte IV; sops reads it. */
function withShortIv(yaml: string): string {
  const iv = Buffer.alloc(12, 5)
  const cipher = createCipheriv('aes-256-gcm', dataKeyOf(yaml), iv)
  cipher.setAAD(Buffer.from('a:'))
  const data = Buffer.concat([cipher.update('fake'), cipher.final()])
  const fields = [data, iv, cipher.getAuthTag()].map((bytes) => bytes.toString('base64'))
  return yaml.replace(/^a: .*/m, `a: ENC[AES256_GCM,data:${fields[0]!},iv:${fields[1]!},tag:${fields[2]!},type:str]`)
}
