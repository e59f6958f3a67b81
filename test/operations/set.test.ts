// set and unset: which lines change, and that nothing else does.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Branch,
  encrypt,
  openTree,
  parseJsonValue,
  parseTreePath,
  set,
  SopsError,
  type TreePath,
  unset,
  type Value,
} from '../../src/index.ts'
import { ageRule, decryptAs, encryptAs, hostWith } from '../ours.ts'
import { dotenvFile, iniFile, jsonFile, yamlFile } from '../interop/random-documents.ts'
import { alice } from '../test-keys.ts'
import type { Selection } from '../../src/metadata/types.ts'

const host = hostWith(alice.identity)
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

async function change(
  format: string,
  file: Uint8Array,
  index: string | TreePath,
  value?: string,
  options: { readonly idempotent?: boolean } = {},
): Promise<Uint8Array> {
  const path = typeof index === 'string' ? parseTreePath(index) : index
  const all = { format, host, ...options }
  if (value === undefined) return unset(file, path, all)
  const parsed = parseJsonValue(value)
  if (parsed.type === 'comment') throw new Error('JSON has no comments')
  return set(file, path, parsed, all)
}

/** The plain text after one change of an encrypted one. */
async function after(format: string, plain: string, index: string, value?: string): Promise<string> {
  const file = await encryptAs(format, Buffer.from(plain))
  return text(await decryptAs(format, await change(format, file, index, value)))
}

const yamlText = `# head
db:
  user: "x"   # who
  # of the database
  port: 0x1F
  list:
  - 1
  # two
  - 2 # inline

flow: {a: 1, b: [x, y]}
empty: {}
text: >
  folded
  text
`

describe('YAML', () => {
  test.each<[string, string | undefined, string, string]>([
    ['["new"]', '"v"', '  text\n', '  text\nnew: v\n'],
    ['["db"]["new"]', '{"l": [1, {"m": 2}]}', ' # inline\n', ' # inline\n  new:\n    l:\n    - 1\n    - m: 2\n'],
    ['["db"]["user"]', '"y"', '"x"', '"y"'],
    ['["db"]["user"]', '5', '"x"', '5'],
    ['["db"]["list"][9]', '3', ' # inline\n', ' # inline\n  - 3\n'],
    ['["flow"]["b"][9]', '5', 'y]', 'y, 5]'],
    ['["flow"]["c"]', '"z"', '}\nempty', ', c: z}\nempty'],
    ['["empty"]["k"]', 'null', 'empty: {}', 'empty:\n  k: null'],
    ['["text"]', '"one line"', '>\n  folded\n  text', 'one line'],
    ['["db"]["port"]["k"]', 'true', ' 0x1F\n', '\n    k: true\n'],
    ['["db"]["list"]', '"none"', '\n  - 1\n  # two\n  - 2 # inline', ' none'],
    ['["db"]["user"]', undefined, '  user: "x"   # who\n', ''],
    ['["db"]["port"]', undefined, '  port: 0x1F\n', ''],
    ['["db"]["list"][0]', undefined, '  - 1\n', ''],
    ['["flow"]["b"][0]', undefined, 'x, y', 'y'],
    ['["flow"]["a"]', undefined, 'a: 1, ', ''],
    ['["flow"]', undefined, 'flow: {a: 1, b: [x, y]}\n', ''],
    ['["text"]', undefined, 'text: >\n  folded\n  text\n', ''],
  ])('%s %s', async (index, value, from, to) => {
    expect(yamlText.split(from)).toHaveLength(2)
    expect(await after('yaml', yamlText, index, value)).toBe(yamlText.replace(from, to))
  })

  test.each<[string, string, string | undefined, string]>([
    ['m:\n  a: 1 # gone\n# stays\n', '["m"]["a"]', undefined, 'm: {}\n# stays\n'],
    ['l:\n- a\n', '["l"][0]', undefined, 'l: []\n'],
    ['l:\n- a: 1 # x\n  b: 2\n', '["l"][0]["a"]', undefined, 'l:\n- b: 2\n'],
    ['l:\n- - a\n  - b\n', '["l"][0][0]', undefined, 'l:\n- - b\n'],
    ['l:\n- - a\n', '["l"][0][0]', undefined, 'l:\n- []\n'],
    ['a: 1\n', '["a"]', undefined, '{}\n'],
    ['{}\n', '["a"]', '1', 'a: 1\n'],
    ['a: |+\n  x\n\nb: 1\n\nc: 2\n', '["b"]', undefined, 'a: |+\n  x\n\nc: 2\n'],
    ['a: |\n  x', '["b"]', '1', 'a: |-\n  x\nb: 1'],
    ['? a\n: 1\n? b\n: 2\n', '["a"]', undefined, '? b\n: 2\n'],
    ['? a\n: 1\n', '["a"]', '{"k": 1}', '? a\n:\n    k: 1\n'],
    ['--- # start\na: 1\n...\n---\nb: 1\n', '["c"]', '2', '--- # start\na: 1\nc: 2\n...\n---\nb: 1\n'],
    ['a: 1\r\nb:\r\n  c: 1\r\n', '["b"]["d"]', '{"e": 1}', 'a: 1\r\nb:\r\n  c: 1\r\n  d:\r\n    e: 1\r\n'],
    ["'a': 'x'\n", '["b"]', '"y"', "'a': 'x'\n'b': 'y'\n"],
    ['l: [\n  a, # one\n  b # two\n]\n', '["l"][9]', '"c"', 'l: [\n  a, # one\n  b, # two\n  c\n]\n'],
    ['l: [\n  a,\n  b,\n]\n', '["l"][9]', '"c"', 'l: [\n  a,\n  b,\n  c,\n]\n'],
    ['l: [\n  a,\n  b\n]\n', '["l"][1]', undefined, 'l: [\n  a\n]\n'],
    ['{a: 1, b: 2}\n', '["c"]', '3', '{a: 1, b: 2, c: 3}\n'],
    ['{a: 1}\n', '["a"]', undefined, '{}\n'],
    ['x: &a\n  k: 1\ny: *a\nz: *a\n', '["x"]["k"]', '2', 'x: &a\n  k: 2\ny: {k: 1}\nz: {k: 1}\n'],
    ['x: &a\n  k: 1\ny: *a\n', '["x"]', undefined, 'y: {k: 1}\n'],
    ['x: &a\n  k: 1\ny:\n  <<: *a\n  z: 1\n', '["y"]["<<"]["k"]', '"v"', 'x: &a\n  k: 1\ny:\n  <<: {k: v}\n  z: 1\n'],
    ['x: &a [1]\ny: *a\n', '["y"][9]', '2', 'x: &a [1]\ny:\n    - 1\n    - 2\n'],
    ['x: !foo a\n', '["x"]', '{"k": 1}', 'x:\n    k: 1\n'],
    ['x:\n', '["x"]', '"v"', 'x: v\n'],
    ['x: # c\n', '["x"]["y"]', '"v"', 'x: # c\n    "y": v\n'],
  ])('%j %s %s', async (plain, index, value, wanted) => {
    expect(await after('yaml', plain, index, value)).toBe(wanted)
  })
})

describe('other formats', () => {
  const many = '{\n  "a": 1,\n  "b": {\n    "c": [\n      1,\n      2\n    ]\n  },\n  "e": {}\n}\n'
  const sections = 'x=1\n\n; of s\n[s]\naa   = 1\nb    = 2 ; two\n\n[t]\n  c: 3\n'

  test.each<[string, string, string, string | undefined, string]>([
    ['json', '{"a": 1}\n', '["n"]', '{"x": [1, {}]}', '{"a": 1, "n": {"x": [1, {}]}}\n'],
    ['json', '{"a":1}', '["n"]', '{"x": [1, 2]}', '{"a":1,"n":{"x":[1,2]}}'],
    ['json', '{"a": 1, "b": 2}\n', '["a"]', undefined, '{"b": 2}\n'],
    ['json', '{"a": 1}\n', '["a"]', undefined, '{}\n'],
    ['json', many, '["b"]["c"][9]', '3', many.replace('2\n', '2,\n      3\n')],
    ['json', many, '["b"]["c"][1]', undefined, many.replace('1,\n      2', '1')],
    ['json', many, '["e"]["k"]', '{"x": 1}', many.replace('{}', '{\n    "k": {\n      "x": 1\n    }\n  }')],
    [
      'json',
      many.replaceAll('  ', '\t'),
      '["n"]',
      '{"a": 1}',
      many.replaceAll('  ', '\t').replace('{}\n}', '{},\n\t"n": {\n\t\t"a": 1\n\t}\n}'),
    ],
    ['dotenv', '# c\nA=1\n\nB=2', '["C"]', '"x\\ny"', '# c\nA=1\n\nB=2\nC=x\\ny'],
    ['dotenv', '# c\nA=1\n\nB=2', '["B"]', undefined, '# c\nA=1\n'],
    ['dotenv', 'export A=1\n', '["export A"]', '"2"', 'export A=2\n'],
    ['ini', sections, '["s"]["ccc"]', '"v"', sections.replace('two\n', 'two\nccc  = v\n')],
    ['ini', sections, '["t"]["d"]', '"v"', `${sections}  d: v\n`],
    ['ini', sections, '["u"]', '{"k": "v;"}', `${sections}\n[u]\nk = \`v;\`\n`],
    ['ini', sections, '["DEFAULT"]["y"]', '"2"', sections.replace('x=1\n', 'x=1\ny=2\n')],
    ['ini', '[s]\na = 1\n', '["DEFAULT"]["y"]', '"2"', 'y = 2\n\n[s]\na = 1\n'],
    ['ini', sections, '["s"]["b"]', undefined, sections.replace('b    = 2 ; two\n', '')],
    ['ini', sections, '["s"]', undefined, 'x=1\n\n[t]\n  c: 3\n'],
    ['ini', sections, '["DEFAULT"]', undefined, sections.replace('x=1\n\n', '')],
    ['ini', '[s]\na = 1\na = 2\nb = 3\n', '["s"]["a"]', undefined, '[s]\nb = 3\n'],
  ])('%s %j %s %s', async (format, plain, index, value, wanted) => {
    expect(await after(format, plain, index, value)).toBe(wanted)
  })
})

describe('what is encrypted', () => {
  async function sealed(plain: string, selection: Selection): Promise<Uint8Array> {
    return encrypt(Buffer.from(plain), ageRule(selection), { format: 'yaml', host, allowUnencrypted: true })
  }

  test('is for the rule of the file to say', async () => {
    const file = await sealed('secret: x\nopen: 1\n', { by: 'encrypted_regex', pattern: '^secret' })
    const opened = text(await change('yaml', file, '["open"]', '{"a": 5, "b": "two", "secret_c": 1}'))
    expect(opened).toMatch(/^open:\n {4}a: 5\n {4}b: two\n {4}secret_c: ENC\[/m)
  })

  test('a format of text holds text in clear', async () => {
    const file = await encryptAs('dotenv', Buffer.from('A=1\n'))
    const changed = await change('dotenv', file, '["B_unencrypted"]', 'true')
    expect(text(changed)).toMatch(/^B_unencrypted=true$/m)
    expect(text(await decryptAs('dotenv', changed))).toBe('A=1\nB_unencrypted=true\n')
  })

  test('a comment that comes to stand above another value bares nothing', async () => {
    const file = await sealed('# open\na: 1\nb: 2\n', { by: 'unencrypted_comment_regex', pattern: 'open' })
    await expect(change('yaml', file, '["a"]')).rejects.toMatchObject({ code: 'ERR_SOPS_VALUE_ENCRYPT', path: ['b'] })
    const other = await sealed('# hide\na: 1\nb: 2\n', { by: 'encrypted_comment_regex', pattern: 'hide' })
    expect(text(await change('yaml', other, '["a"]'))).toMatch(/^# hide\nb: ENC\[/)
  })

  test('a comment that comes to stand where all is clear stays encrypted, and comes back', async () => {
    const file = await encryptAs('yaml', Buffer.from('{a: x, # note\n}\n'))
    const changed = await change('yaml', file, '["b_unencrypted"]', '{"c": 1}')
    expect(text(changed)).not.toContain('note')
    expect(text(await decryptAs('yaml', changed))).toContain('# note')
  })

  test('equal elements keep their own ciphertexts', async () => {
    const file = await encryptAs('yaml', Buffer.from('l:\n- x\n- x\n- x\n'))
    const lines = text(file).split('\n')
    const changed = text(await change('yaml', file, '["l"][0]')).split('\n')
    expect(changed.slice(0, 3)).toEqual([lines[0], lines[2], lines[3]])
  })

  test('idempotent gives the file itself', async () => {
    const file = await encryptAs('yaml', Buffer.from('a: x\n'))
    expect(await change('yaml', file, '["a"]', '"x"', { idempotent: true })).toBe(file)
    expect(await change('yaml', file, '["b"]', undefined, { idempotent: true })).toBe(file)
    expect(await change('yaml', file, '["a"]', '"x"')).not.toBe(file)
    await expect(change('yaml', file, '["b"]')).rejects.toMatchObject({ code: 'ERR_SOPS_PATH_MISSING' })
  })

  test('one leaf object may stand at two keys', async () => {
    const file = await encryptAs('json', Buffer.from('{"a": 1}'))
    const leaf: Value = { type: 'str', value: 'x' }
    const items = ['p', 'q'].map((key) => ({ type: 'item' as const, key, value: leaf }))
    const changed = await set(file, ['b'], { type: 'branch', items }, { format: 'json', host })
    expect(text(await decryptAs('json', changed))).toBe('{"a": 1, "b": {"p": "x", "q": "x"}}')
  })

  test('the converted file is under the same data key', async () => {
    const file = await encryptAs('yaml', Buffer.from('a: x\n'))
    const options = { format: 'yaml', outputFormat: 'json', host }
    const changed = text(await set(file, ['b'], { type: 'str', value: 'y' }, options))
    const [kept = ''] = /ENC\[[^\]]*\]/.exec(text(file)) ?? []
    expect(changed).toContain(`"a": "${kept}"`)
  })
})

describe('the metadata section', () => {
  const reorder = (file: string): string => {
    const lines = file.trimEnd().split('\n')
    const isField = (line: string): boolean => line.startsWith('sops_')
    return [...lines.filter(isField), ...lines.filter((line) => !isField(line)), ''].join('\n')
  }

  test.each<[string, string, (file: string) => string]>([
    ['yaml', 'a: x\n', (file) => file.replaceAll(/^ /gm, '  ')],
    ['json', '{"a": "x"}\n', (file) => JSON.stringify(JSON.parse(file), null, 7)],
    ['dotenv', 'a=x\n', reorder],
    ['ini', '[s]\na = x\n', (file) => file.replaceAll(/ *= /g, '=')],
  ])('keeps the layout that somebody gave it in %s', async (format, plain, shape) => {
    const file = shape(text(await encryptAs(format, Buffer.from(plain))))
    const changed = text(await change(format, Buffer.from(file), format === 'ini' ? '["s"]["a"]' : '["a"]', '"y"'))
    const [before, now] = [file.split('\n'), changed.split('\n')]
    expect(now).toHaveLength(before.length)
    const differing = now.filter((line, at) => line !== before[at])
    expect(differing.filter((line) => !/mac|lastmodified|a/.test(line))).toEqual([])
    expect(differing.length).toBeLessThanOrEqual(3)
    expect(text(await decryptAs(format, Buffer.from(changed)))).toContain('y')
  })
})

describe('what a format cannot hold', () => {
  test.each<[string, string, string, string]>([
    ['dotenv', 'A=1\n', '["B"]', 'null'],
    ['dotenv', 'A=1\n', '["B"]["C"]', '"x"'],
    ['dotenv', 'A=1\n', '["B=C"]', '"x"'],
    ['ini', '[s]\na = 1\n', '["b"]', '"x"'],
    ['ini', '[s]\na = 1\n', '["s"]["l"][0]', '"x"'],
    ['ini', '[s]\na = 1\n', '["s"]["-"]', '"x"'],
    ['ini', '[s]\na = 1\n', '["t"]', '{"a": "1", "a": "2"}'],
  ])('%s %j %s %s', async (format, plain, index, value) => {
    const file = await encryptAs(format, Buffer.from(plain))
    await expect(change(format, file, index, value)).rejects.toMatchObject({ code: 'ERR_SOPS_EMIT' })
  })

  test('a reserved name', async () => {
    for (const [format, plain, key] of [
      ['yaml', 'a: 1\n', 'sops'],
      ['dotenv', 'A=1\n', 'sops_x'],
    ] as const) {
      const file = await encryptAs(format, Buffer.from(plain))
      await expect(change(format, file, [key], '{}')).rejects.toMatchObject({ code: 'ERR_SOPS_ALREADY_ENCRYPTED' })
    }
  })
})

describe('parseJsonValue', () => {
  test('types as sops', () => {
    expect(parseJsonValue('5')).toEqual({ type: 'float', value: 5 })
    expect(parseJsonValue(' -0 ')).toEqual({ type: 'float', value: -0 })
    expect(parseJsonValue('null')).toEqual({ type: 'null' })
    const value = parseJsonValue(Buffer.from('{"b": 1, "a": 1.0, "a": 9223372036854775807}'))
    expect(
      value.type === 'branch' && value.items.map((item) => item.type === 'item' && [item.key, item.value]),
    ).toEqual([
      ['b', { type: 'int', value: 1n }],
      ['a', { type: 'float', value: 1 }],
      ['a', { type: 'int', value: 9223372036854775807n }],
    ])
  })

  test.each(['', 'x', '1e999', '{"a":1}}', '1,"x":2', "{'a':1}", '\ufeff1'])('refuses %j', (json) => {
    expect(() => parseJsonValue(json)).toThrow(SopsError)
  })
})

const runs = process.env.SLOW === '1' ? 1500 : 40
const kinds = [
  // A block at the very end without a line break cannot stay as it is when a line comes below.
  { format: 'yaml', file: yamlFile.filter((plain) => plain.endsWith('\n') || !/[|>][-+]?( #.*)?\r?\n/.test(plain)) },
  { format: 'json', file: jsonFile },
  { format: 'dotenv', file: dotenvFile },
  { format: 'ini', file: iniFile },
]

interface Spot {
  readonly path: TreePath
  readonly value: Value
}

/** Every place that a path can name and at which no comment stands. */
function spotsOf(root: Branch): Spot[] {
  const spots: Spot[] = []
  const stack: Spot[] = [{ path: [], value: root }]
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    spots.push(top)
    const { path, value } = top
    if (value.type !== 'branch' && value.type !== 'list') continue
    const seen = new Set<string>()
    for (const [index, entry] of value.items.entries()) {
      if (entry.type === 'item' && !seen.has(entry.key)) stack.push({ path: [...path, entry.key], value: entry.value })
      if (entry.type === 'item') seen.add(entry.key)
      else if (entry.type !== 'comment') stack.push({ path: [...path, index], value: entry })
    }
  }
  return spots
}

const isContainer = ({ value }: Spot): boolean => value.type === 'branch' || value.type === 'list'

/** Lines of the file without what every change touches. A comment is encrypted anew where its place moved. */
function linesOf(file: Uint8Array): string[] {
  return text(file)
    .split('\n')
    .filter((line) => !/mac|lastmodified|tsops_layout/.test(line.replaceAll(/ENC\[[^\]]*\]/g, '')))
    .map((line) => line.replaceAll(/ENC\[[^\]]*type:comment\]/g, 'ENC[comment]'))
}

/** How many lines of each have no match in the other, in order. */
function difference(before: readonly string[], after: readonly string[]): { removed: number; added: number } {
  const rows = [new Array<number>(after.length + 1).fill(0)]
  for (const line of before.toReversed()) {
    const below = rows.at(-1) ?? []
    const row = new Array<number>(after.length + 1).fill(0)
    for (let at = after.length - 1; at >= 0; at--) {
      row[at] = line === after[at] ? (below[at + 1] ?? 0) + 1 : Math.max(below[at] ?? 0, row[at + 1] ?? 0)
    }
    rows.push(row)
  }
  const common = rows.at(-1)?.[0] ?? 0
  return { removed: before.length - common, added: after.length - common }
}

describe.for(kinds)('random $format files', ({ format, file }) => {
  const input = fc.tuple(file, fc.nat())
  const options = { format, host }
  const parameters = { numRuns: runs, interruptAfterTimeLimit: 50_000, includeErrorInReport: true }

  async function opened(plain: string): Promise<{ sealed: Uint8Array; spots: Spot[]; plain: string }> {
    const sealed = await encryptAs(format, Buffer.from(plain)).catch(() => undefined)
    fc.pre(sealed !== undefined)
    const [root] = (await openTree(sealed, options)).branches
    return {
      sealed,
      spots: spotsOf(root ?? { type: 'branch', items: [] }),
      plain: text(await decryptAs(format, sealed)),
    }
  }

  test('unset takes back what set added, and set adds lines alone', async () => {
    await fc.assert(
      fc.asyncProperty(input, async ([plain, pick]) => {
        const { sealed, spots, plain: before } = await opened(plain)
        const containers = spots.filter(isContainer)
        const { path, value } = containers[pick % containers.length] ?? { path: [], value: { type: 'null' } }
        const isList = value.type === 'list'
        const deeper = format === 'ini' && path.length === 0 ? ['new', 'key'] : ['new']
        const changed = await set(
          sealed,
          [...path, ...(isList ? [9999] : deeper)],
          { type: 'str', value: 'v' },
          options,
        )
        // The line of the bracket or comma before it may change.
        expect(difference(linesOf(sealed), linesOf(changed)).removed).toBeLessThanOrEqual(1)
        const [root] = (await openTree(changed, options)).branches
        const list = spotsOf(root ?? { type: 'branch', items: [] }).filter(
          (spot) => spot.path.length === path.length + 1 && path.every((part, at) => part === spot.path[at]),
        )
        const last = isList ? Math.max(...list.map((spot) => Number(spot.path.at(-1)))) : 'new'
        const back = await unset(changed, [...path, last], options)
        expect(text(await decryptAs(format, back))).toBe(before)
      }),
      parameters,
    )
  })

  test('setting the present value changes the MAC alone', async () => {
    await fc.assert(
      fc.asyncProperty(input, async ([plain, pick]) => {
        const { sealed, spots } = await opened(plain)
        const bare = spots.filter(({ path, value }) => path.length > 0 && !hasComment(value))
        const spot = bare[pick % bare.length]
        if (spot === undefined || spot.value.type === 'comment') return
        const changed = await set(sealed, spot.path, spot.value, options)
        const stamps = /(lastmodified[^\dT]*)[-\dTZ:]+|(mac\W*)ENC\[[^\]]*\]/g
        expect(text(changed).replaceAll(stamps, '$1$2')).toBe(text(sealed).replaceAll(stamps, '$1$2'))
      }),
      parameters,
    )
  })

  test('a change touches the lines of its place alone', async () => {
    await fc.assert(
      fc.asyncProperty(input, fc.boolean(), async ([plain, pick], removes) => {
        const { sealed, spots } = await opened(plain)
        const usable = spots.filter(({ path }) => path.length > (format === 'ini' && !removes ? 1 : 0))
        const spot = usable[pick % usable.length]
        if (spot === undefined) return
        const value: Value = { type: 'str', value: 'v' }
        const changed = removes ? await unset(sealed, spot.path, options) : await set(sealed, spot.path, value, options)
        const { removed, added } = difference(linesOf(sealed), linesOf(changed))
        expect(added).toBeLessThanOrEqual(1)
        // In INI the comment above goes along; a block or a quoted text may take many lines.
        if (!isContainer(spot) && format !== 'ini' && !/[|>"']/.test(plain)) expect(removed).toBeLessThanOrEqual(2)
        expect(text(await decryptAs(format, changed))).not.toContain('ENC[AES256_GCM')
      }),
      parameters,
    )
  })
})

function hasComment(root: Value): boolean {
  const stack: Value[] = [root]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (value.type === 'comment') return true
    if (value.type === 'branch' || value.type === 'list') {
      for (const item of value.items) stack.push(item.type === 'item' ? item.value : item)
    }
  }
  return false
}
