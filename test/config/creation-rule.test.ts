import { describe, expect, test } from 'vitest'
import { applyExplicitKeys, findCreationRule, readExplicitKeys } from '../../src/config/creation-rule.ts'
import { readConfig } from '../../src/config/schema.ts'
import { backends as builtIn } from '../../src/keys/registry.ts'
import type { KeyBackend } from '../../src/keys/types.ts'
import type { CreationRule } from '../../src/metadata/types.ts'
import { yaml } from '../../src/stores/yaml.ts'
import { alice, bob, carol } from '../test-keys.ts'

/** Backends that take any text. */
const backends: readonly KeyBackend[] = builtIn.map((backend) => {
  const parse = (spec: string): ReturnType<KeyBackend['parse']> =>
    spec === '' ? [] : spec.split(',').map((id) => ({ type: backend.type, id: id.trim(), enc: '' }))
  return {
    ...backend,
    parse,
    parseGroupEntry: (entry) => parse(typeof entry === 'string' ? entry : JSON.stringify(entry)),
  }
})

async function find(text: string, path = '/repo/a.yaml', known = backends): Promise<CreationRule | undefined> {
  const config = readConfig(yaml.parse(Buffer.from(text)).branches[0], '/repo/.sops.yaml', known)
  return findCreationRule(config, path, known)
}

const ids = (rule: CreationRule | undefined): unknown =>
  rule?.keyGroups.map((group) => group.map(({ type, id }) => `${type} ${id}`))

describe('what stands beside the keys', () => {
  const seen: unknown[] = []
  const watching = backends.map((backend): KeyBackend => ({
    ...backend,
    parse(spec, options) {
      if (spec !== '') seen.push(options)
      return backend.parse(spec, options)
    },
  }))
  const context = { a: '1' }
  const look = async (text: string): Promise<readonly unknown[]> => {
    seen.length = 0
    const config = readConfig(yaml.parse(Buffer.from(text)).branches[0], '/repo/.sops.yaml', watching)
    await findCreationRule(config, '/repo/a.yaml', watching, context)
    return seen
  }

  test("a rule's own keys get its profile and the context", async () => {
    expect(await look('creation_rules: [{kms: x, aws_profile: p}]')).toEqual([{ profile: 'p', context }])
    expect(await look('creation_rules: [{kms: x}]')).toEqual([{ profile: '', context }])
  })

  test('those of its key groups have their own', async () => {
    expect(await look('creation_rules: [{key_groups: [{kms: [{arn: x}]}], aws_profile: p}]')).toEqual([])
  })

  test('explicit keys get those of the command line', () => {
    seen.length = 0
    readExplicitKeys(({ names }) => (names.flag === 'kms' ? 'x' : ''), watching, { profile: 'p', context })
    expect(seen).toEqual([{ profile: 'p', context }])
  })
})

describe('which rule', () => {
  const rules = `creation_rules:
  - {path_regex: '^dev/.*\\.yaml$', age: dev}
  - {path_regex: 'secret', age: secret}
  - {path_regex: '(?i)PROD', age: prod}
  - {path_regex: '^/etc/', age: elsewhere}
  - {path_regex: '[[:digit:]]{3}', age: digits}
`
  test.each([
    ['/repo/dev/a.yaml', 'dev'],
    ['/repo/dev/secret.yaml', 'dev'],
    ['/repo/x/dev/secret.yaml', 'secret'],
    ['/repo/my-secrets/x', 'secret'],
    ['/repo/x-Prod.json', 'prod'],
    ['/etc/x', 'elsewhere'],
    ['/repo/a123', 'digits'],
  ])('%s falls under %s', async (path, id) => {
    expect(ids(await find(rules, path))).toEqual([[`age ${id}`]])
  })

  test.each(['/repo/other', '/repo/etc/x', '/repodev/a.yaml'])('%s falls under none', async (path) => {
    await expect(find(rules, path)).rejects.toMatchObject({
      code: 'ERR_SOPS_NO_RULE',
      message: 'error loading config: no matching creation rules found',
    })
  })

  test('a rule without path_regex matches everything', async () => {
    expect(ids(await find(`${rules}  - {age: rest}`, '/repo/other'))).toEqual([['age rest']])
  })

  test('no rules are no configuration, an empty list is one that matches nothing', async () => {
    expect(await find('stores: {}')).toBeUndefined()
    await expect(find('creation_rules: []')).rejects.toMatchObject({ code: 'ERR_SOPS_NO_RULE' })
  })

  test.each(['(?=x)', 'a(', '\\1', '[z-a]', 'a{2000}'])('the pattern %s does not compile', async (pattern) => {
    await expect(find(`creation_rules: [{path_regex: '${pattern}'}]`)).rejects.toMatchObject({
      code: 'ERR_SOPS_CONFIG_INVALID',
      file: '/repo/.sops.yaml',
      message: expect.stringMatching(/^can not compile regexp: creation_rules\[0\]\.path_regex/) as string,
    })
  })

  test('only patterns up to the one that matches have to compile', async () => {
    expect(ids(await find(`creation_rules: [{age: a}, {path_regex: 'a('}]`))).toEqual([['age a']])
  })

  test('a pattern that takes long elsewhere is quick here', async () => {
    await expect(find(`creation_rules: [{path_regex: '^(a+)+$'}]`, `/repo/${'a'.repeat(5000)}b`)).rejects.toMatchObject(
      {
        code: 'ERR_SOPS_NO_RULE',
      },
    )
  })
})

describe('its keys', () => {
  test('outside groups they make one, age and pgp first, nothing left out', async () => {
    const text = `creation_rules: [{kms: k, gcp_kms: g, hckms: [h], azure_keyvault: z, hc_vault_transit_uri: v, pgp: p, age: 'a,a'}]`
    expect(ids(await find(text))).toEqual([
      ['age a', 'age a', 'pgp p', 'kms k', 'gcp_kms g', 'hckms h', 'azure_kv z', 'hc_vault v'],
    ])
  })

  test.each([
    ["'a, b ,,c,'", ['a', 'b', 'c']],
    ["['a', 'b,c']", ['a', 'b', 'c']],
    ["''", []],
    ['[]', []],
    ['null', []],
    ["'\n    a,\n    b'", ['a', 'b']],
  ])('age: %s', async (value, expected) => {
    expect(ids(await find(`creation_rules: [{age: ${value}}]`))).toEqual([expected.map((id) => `age ${id}`)])
  })

  test.each([
    ['[1]', 'expected string in list, got int'],
    ['[null]', 'expected string in list, got <nil>'],
    ['[[a]]', 'expected string in list, got []interface {}'],
    ['5', 'expected string, []string, or nil, got int'],
    ['{a: b}', 'expected string, []string, or nil, got map[string]interface {}'],
  ])('age: %s is refused', async (value, problem) => {
    const prefix = 'invalid age key configuration: '
    await expect(find(`creation_rules: [{age: ${value}}]`)).rejects.toMatchObject({
      code: 'ERR_SOPS_CONFIG_INVALID',
      message: `creation_rules[0]: ${prefix}${prefix}${problem}`,
    })
  })

  test('a rule without keys has one empty group', async () => {
    expect(ids(await find('creation_rules: [{path_regex: a}]'))).toEqual([[]])
  })

  test('groups are merged first, ordered and freed of repetitions', async () => {
    const text = `creation_rules:
  - age: ignored
    shamir_threshold: 2
    key_groups:
      - merge: [{pgp: [m1], merge: [{age: [m0]}]}, {age: [m0, 'm2,a1']}]
        kms: [{arn: x, role: r, context: {a: b}}]
        pgp: [p]
        age: [a1, a2]
      - hc_vault: [v, v]
`
    const rule = await find(text)
    expect(ids(rule)).toEqual([
      [
        'age m0',
        'pgp m1',
        'age m2',
        'age a1',
        'age a2',
        'pgp p',
        'kms {"arn":"x"',
        'kms "role":"r"',
        'kms "context":{"a":"b"}}',
      ],
      ['hc_vault v'],
    ])
    expect(rule?.shamirThreshold).toBe(2)
  })

  test('an empty list of groups counts as none', async () => {
    expect(ids(await find('creation_rules: [{age: a, key_groups: []}]'))).toEqual([['age a']])
  })

  test('real recipients are checked, and only where the rule matches', async () => {
    const bad = alice.recipient.slice(0, -1)
    const text = `creation_rules: [{path_regex: b, age: ${bad}}, {age: '${alice.recipient}, ${bob.recipient}'}]`
    expect(ids(await find(text, '/repo/a', builtIn))).toEqual([[`age ${alice.recipient}`, `age ${bob.recipient}`]])
    await expect(find(text, '/repo/b', builtIn)).rejects.toMatchObject({
      code: 'ERR_SOPS_CONFIG_INVALID',
      file: '/repo/.sops.yaml',
      message: expect.stringMatching(/^creation_rules\[0\]: failed to parse input as Bech32/) as string,
    })
  })

  test('an identity in the place of a recipient is not shown', async () => {
    const failure: unknown = await find(`creation_rules: [{age: ${carol.identity}}]`, '/repo/a', builtIn).catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ code: 'ERR_SOPS_CONFIG_INVALID' })
    expect(String(failure)).not.toContain('AGE-SECRET-KEY')
  })
})

describe('its selection', () => {
  test.each([
    ['encrypted_regex: ^a', { by: 'encrypted_regex', pattern: '^a' }],
    ['unencrypted_comment_regex: keep', { by: 'unencrypted_comment_regex', pattern: 'keep' }],
    ['unencrypted_suffix: _x', { by: 'unencrypted_suffix', suffix: '_x' }],
  ])('%s', async (text, selection) => {
    expect((await find(`creation_rules: [{age: a, ${text}}]`))?.selection).toEqual(selection)
  })

  test('none is left to the default', async () => {
    expect(await find('creation_rules: [{age: a, encrypted_regex: ""}]')).not.toHaveProperty('selection')
  })

  test('two are one too many', async () => {
    await expect(find('creation_rules: [{age: a, encrypted_regex: a, unencrypted_suffix: b}]')).rejects.toMatchObject({
      code: 'ERR_SOPS_CONFIG_INVALID',
      message:
        'error loading config: creation_rules[0]: cannot use more than one of unencrypted_suffix, encrypted_regex for the same rule',
    })
  })

  test('two in a rule that does not match do no harm', async () => {
    const text = 'creation_rules: [{path_regex: x, encrypted_regex: a, unencrypted_suffix: b}, {age: a}]'
    expect(ids(await find(text))).toEqual([['age a']])
  })

  test('a pattern that does not compile is refused, not ignored', async () => {
    await expect(find(`creation_rules: [{age: a, encrypted_regex: '^(?!x)'}]`)).rejects.toMatchObject({
      code: 'ERR_SOPS_CONFIG_INVALID',
      file: '/repo/.sops.yaml',
    })
  })
})

describe('keys of the command line', () => {
  const given: Readonly<Record<string, string>> = { age: 'a,b', 'gcp-kms': 'g' }
  const keys = readExplicitKeys(({ names }) => given[names.flag], backends)

  test('make one group', () => {
    expect(keys.map(({ type, id }) => `${type} ${id}`)).toEqual(['gcp_kms g', 'age a', 'age b'])
  })

  test("take the place of the rule's; its other settings hold", async () => {
    const rule = await find('creation_rules: [{age: x, encrypted_regex: ^a, shamir_threshold: 2}]')
    expect(applyExplicitKeys(rule, keys)).toEqual({ ...rule, keyGroups: [keys] })
    expect(applyExplicitKeys(undefined, keys)).toEqual({ keyGroups: [keys] })
    expect(applyExplicitKeys(rule, [])).toBe(rule)
  })

  test('neither keys nor rule', () => {
    expect(() => applyExplicitKeys(undefined, [])).toThrow(
      expect.objectContaining({
        code: 'ERR_SOPS_NO_KEYS',
        message: 'config file not found, or has no creation rules, and no keys provided through command line options',
      }) as Error,
    )
  })
})
