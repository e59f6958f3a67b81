import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../src/errors.ts'
import { destinationWarnings } from '../../src/config/destination-rule.ts'
import { readConfig } from '../../src/config/schema.ts'
import type { Config } from '../../src/config/types.ts'
import { destinationKinds } from '../../src/destinations/registry.ts'
import { backends } from '../../src/keys/registry.ts'
import { yaml } from '../../src/stores/yaml.ts'

const file = '/repo/.sops.yaml'
const read = (text: string): Config => readConfig(yaml.parse(Buffer.from(text)).branches[0], file, backends)
const rule = (text: string): NonNullable<Config['creationRules']>[number] =>
  read(`creation_rules: [{${text}}]`).creationRules![0]!

describe('shape', () => {
  test.each(['', '{}', 'stores: {}', 'creation_rules:', 'creation_rules: null'])('%j has no creation rules', (text) => {
    expect(read(text).creationRules).toBeUndefined()
  })

  test('an empty list of rules is something else than none', () => {
    expect(read('creation_rules: []').creationRules).toEqual([])
  })

  test('a rule', () => {
    expect(rule('path_regex: a$, shamir_threshold: 2, encrypted_regex: ^x, mac_only_encrypted: true, age: r')).toEqual({
      file,
      place: 'creation_rules[0]',
      pathRegex: 'a$',
      keys: new Map([['age', { type: 'str', value: 'r' }]]),
      profile: '',
      keyGroups: [],
      shamirThreshold: 2,
      selection: { by: 'encrypted_regex', pattern: '^x' },
      conflict: undefined,
      macOnlyEncrypted: true,
    })
  })

  test('an empty rule', () => {
    expect(rule('')).toMatchObject({ pathRegex: '', shamirThreshold: 0, selection: undefined, macOnlyEncrypted: false })
  })

  test.each([
    ['path_regex: 12', { pathRegex: '12' }],
    ['path_regex: true', { pathRegex: 'true' }],
    ['aws_profile: work', { profile: 'work' }],
    ['path_regex: null', { pathRegex: '' }],
    ['mac_only_encrypted: yes', { macOnlyEncrypted: true }],
    ['mac_only_encrypted: Off', { macOnlyEncrypted: false }],
    ['shamir_threshold: 2.0', { shamirThreshold: 2 }],
    ['encrypted_suffix: ""', { selection: undefined }],
    ['encrypted_suffix: _x', { selection: { by: 'encrypted_suffix', suffix: '_x' } }],
  ])('%s', (text, expected) => {
    expect(rule(text)).toMatchObject(expected)
  })

  test('a null in a list of rules is left out', () => {
    expect(read('creation_rules: [null, {path_regex: a}]').creationRules).toHaveLength(1)
  })

  test.each([
    ['creation_rules: 5', 'creation_rules: a list is expected here, not an int'],
    ['creation_rules: {}', 'creation_rules: a list is expected here, not a map'],
    ['creation_rules: [x]', 'creation_rules[0]: a map is expected here, not a string'],
    ['creation_rules: [{path_regex: [a]}]', 'creation_rules[0].path_regex: a string is expected here, not a list'],
    [
      'creation_rules: [{shamir_threshold: "2"}]',
      'creation_rules[0].shamir_threshold: an int is expected here, not a string',
    ],
    [
      'creation_rules: [{mac_only_encrypted: 1}]',
      'creation_rules[0].mac_only_encrypted: a bool is expected here, not an int',
    ],
    [
      'creation_rules: [{mac_only_encrypted: "true"}]',
      'creation_rules[0].mac_only_encrypted: a bool is expected here, not a string',
    ],
    [
      'creation_rules: [{key_groups: [{age: r}]}]',
      'creation_rules[0].key_groups[0].age: a list is expected here, not a string',
    ],
    [
      'creation_rules: [{key_groups: [{kms: [{arn: [x]}]}]}]',
      'creation_rules[0].key_groups[0].kms[0].arn: a string is expected here, not a list',
    ],
    [
      'creation_rules: [{key_groups: [{kms: [{context: {a: {b: c}}}]}]}]',
      'creation_rules[0].key_groups[0].kms[0].context.a: a string is expected here, not a map',
    ],
    ['stores: []', 'stores: a map is expected here, not a list'],
    ['stores: {json: {indent: x}}', 'stores.json.indent: an int is expected here, not a string'],
    [
      'destination_rules: [{recreation_rule: 1}]',
      'destination_rules[0].recreation_rule: a map is expected here, not an int',
    ],
  ])('%s', (text, problem) => {
    const message = `error loading config: Could not unmarshal config file: ${problem}`
    expect(() => read(text)).toThrow(
      expect.objectContaining({ code: 'ERR_SOPS_CONFIG_INVALID', message, file }) as Error,
    )
  })

  test('stores', () => {
    expect(read('stores: {yaml: {indent: 2}, json: {indent: -1}, json_binary: {indent: 4}, ini: {}}').stores).toEqual({
      yaml: 2,
      json: -1,
      binary: 4,
    })
    expect(read('').stores).toEqual({ yaml: undefined, json: undefined, binary: undefined })
  })

  test('merge keys give what the rule itself does not', () => {
    const text = 'base: &b {path_regex: b, age: r}\ncreation_rules: [{<<: *b, path_regex: own}]'
    expect(read(text).creationRules?.[0]).toMatchObject({ pathRegex: 'own' })
    expect(read(text).creationRules?.[0]?.keys.get('age')).toMatchObject({ value: 'r' })
  })

  test('names such as __proto__ are data', () => {
    expect(read('__proto__: {creation_rules: [{}]}').creationRules).toBeUndefined()
    const group = rule('key_groups: [{kms: [{__proto__: x, arn: y}]}]').keyGroups[0]
    expect(Object.keys(group?.keys.get('kms')?.[0] ?? {})).toEqual(['__proto__', 'arn'])
  })

  test('merged key groups cannot be nested without end', () => {
    const deep = `${'{merge: ['.repeat(300)}{}${']}'.repeat(300)}`
    expect(() => rule(`key_groups: [${deep}]`)).toThrow(ConfigError)
  })
})

describe('warnings', () => {
  test.each([
    ['creation_rule: []', ['unknown field "creation_rule" is ignored; did you mean "creation_rules"?']],
    ['keys: [a]', []],
    [
      'creation_rules: [{path_regx: a}]',
      ['unknown field "creation_rules[0].path_regx" is ignored; did you mean "path_regex"?'],
    ],
    ['creation_rules: [{}, {whatever: a}]', ['unknown field "creation_rules[1].whatever" is ignored']],
    ['creation_rules: [{hc_vault: a}]', ['unknown field "creation_rules[0].hc_vault" is ignored']],
    ['creation_rules: [{key_groups: [{ag: []}]}]', ['unknown field "creation_rules[0].key_groups[0].ag" is ignored']],
    [
      'creation_rules: [{key_groups: [{ages: []}]}]',
      ['unknown field "creation_rules[0].key_groups[0].ages" is ignored; did you mean "age"?'],
    ],
    ['stores: {yml: {}}', ['unknown field "stores.yml" is ignored; did you mean "yaml"?']],
    ['stores: {yaml: {indnt: 2}}', ['unknown field "stores.yaml.indnt" is ignored; did you mean "indent"?']],
    ['creation_rules: [{aws_profile: a, path_regex: b}]', []],
  ])('%s', (text, warnings) => {
    expect(read(text).warnings).toEqual(warnings.map((warning) => `${file}: ${warning}`))
  })

  test('a destination rule is no concern of those who do not publish', () => {
    const config = read('destination_rules: [{s3_buckt: a, recreation_rule: {agee: b}}]')
    expect(config.warnings).toEqual([])
    expect(destinationWarnings(config, destinationKinds)).toHaveLength(2)
  })
})
