import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SopsError } from '../../../src/errors.ts'
import { readYaml } from '../../../src/stores/yaml/reader.ts'
import type { CommentSource, ScalarSource, YamlSyntax } from '../../../src/stores/yaml/syntax.ts'
import type { Leaf, Value } from '../../../src/tree/types.ts'
import { commentCases } from './comment-cases.ts'

interface Vector {
  readonly text: string
  readonly documents?: unknown
  readonly error?: true
  readonly notString?: true
}

const vectors = JSON.parse(readFileSync('test/vectors/yaml-trees.json', 'utf8')) as Vector[]

function spell(value: Value): unknown {
  switch (value.type) {
    case 'branch':
      return [
        'map',
        ...value.items.map((item) => (item.type === 'item' ? ['key', item.key, spell(item.value)] : spell(item))),
      ]
    case 'list':
      return ['list', ...value.items.map(spell)]
    case 'comment':
      return ['comment', value.value, value.inline]
    case 'null':
      return ['null', '']
    case 'bytes':
      return ['bytes', Buffer.from(value.value).toString('base64')]
    case 'float':
      return ['float', String(value.value).replace('Infinity', 'Inf').replace(/^Inf/, '+Inf')]
    default:
      return [value.type, String(value.value)]
  }
}

/** Text with the marks of the case list in place of line breaks. */
function lines(text: string): string {
  return text.replaceAll('⏎', '\n').replaceAll('␍', '\r')
}

function read(text: string): YamlSyntax {
  return readYaml(lines(text))
}

function refusal(text: string): string {
  try {
    read(text)
  } catch (error) {
    if (error instanceof SopsError) return error.message
    throw error
  }
  return 'accepted'
}

function withSections(text: string): string {
  const { text: plain, parts } = readYaml(text)
  let result = plain
  for (const { end } of [...parts].reverse()) {
    const before = result.slice(0, end)
    result = `${before}${before.endsWith('\n') ? '' : '\n'}sops:\n    a: 1\n${result.slice(end)}`
  }
  return result
}

function commentPaths({ parts, dropped }: YamlSyntax): Map<string, string> {
  const paths = new Map<string, string>()
  const visit = (value: Value, path: string): void => {
    if (value.type === 'comment') paths.set(value.value.replaceAll(' ', ''), path)
    if (value.type === 'list') for (const item of value.items) visit(item, path)
    if (value.type !== 'branch') return
    for (const item of value.items) {
      if (item.type === 'item') visit(item.value, `${path === ':' ? '' : path}${item.key}:`)
      else visit(item, path)
    }
  }
  for (const { branch } of parts) visit(branch, ':')
  for (const { comment } of dropped) paths.set(comment.value.replaceAll(' ', ''), 'dropped')
  return paths
}

describe('the tree that sops sees', () => {
  test('random documents', () => {
    for (const { text, documents, error, notString } of vectors) {
      if (error || notString) {
        expect(() => readYaml(text), text).toThrow(SopsError)
      } else {
        expect(
          readYaml(text).parts.map(({ branch }) => spell(branch)),
          text,
        ).toEqual(documents ?? [])
      }
    }
  })

  test.each(commentCases)('the comments of %s', (text, expected) => {
    const paths = commentPaths(readYaml(withSections(lines(text))))
    for (const pair of expected.split(' ')) {
      const [name = '', path] = pair.split('=')
      expect(paths.get(name), name).toBe(path)
    }
  })

  test('documents without a mapping', () => {
    expect(readYaml('').parts).toEqual([])
    for (const text of ['---', 'null', '~⏎', '--- # c⏎']) {
      expect(read(text).parts.map(({ branch }) => branch.items.filter(({ type }) => type === 'item'))).toEqual([[]])
    }
    expect(read('a: 1⏎---⏎---⏎b: 2').parts).toHaveLength(3)
  })

  test('keys that look special are data', () => {
    const [part] = read('__proto__: 1⏎constructor: {__proto__: 2}').parts
    expect(part && spell(part.branch)).toEqual([
      'map',
      ['key', '__proto__', ['int', '1']],
      ['key', 'constructor', ['map', ['key', '__proto__', ['int', '2']]]],
    ])
  })
})

describe('what is refused', () => {
  test.each([
    ['a: 1⏎a: 2', 'yaml: line 2: mapping key "a" already defined at line 1'],
    ['a: 1⏎"a": 2', 'yaml: line 2: mapping key "a" already defined at line 1'],
    ['a: 1⏎1: b', 'line 2: a mapping key that is not a string'],
    ['? [a]⏎: b', 'yaml: line 1: a mapping key that is a collection is not supported'],
    ['a: *x', 'yaml: line 1: an alias has no anchor'],
    ['a: &x [*x ]', 'yaml: line 1: an anchor contains an alias of itself'],
    ['a: 1⏎---⏎b: &x {c: *x }', 'yaml: line 3: an anchor contains an alias of itself'],
    ['<<: 1', 'yaml: line 1: a merge key needs a mapping or a list of mappings'],
    ['- a', 'yaml: line 1: a document that is a list is not supported'],
    ['text', 'yaml: line 1: a document that is a single value is not supported'],
    ['# c', 'yaml: the text holds no document'],
    ['\ufeff', 'yaml: the text holds no document'],
    ['\ufeff\ufeffa: 1', 'yaml: line 1: control characters are not allowed'],
    ['a: \x07', 'yaml: line 1: control characters are not allowed'],
    ['a: \ud800', 'yaml: line 1: control characters are not allowed'],
    ['%YAML 1.2⏎---⏎a: 1', 'yaml: line 1: only version 1.1 can be declared with %YAML'],
    ['a: !x!y 1', 'yaml: line 1: found an undefined tag handle'],
    ['a: 1⏎---⏎b: !!int secret', 'yaml: line 3: a value does not fit its tag !!int'],
    [`${'k'.repeat(1025)}: 1`, 'yaml: line 1: mapping values are not allowed here'],
    [`a: ${'['.repeat(1e6)}`, 'yaml: line 1: collections are nested deeper than 10000 levels'],
    [`a: ${'{k: '.repeat(1e6)}`, 'yaml: line 1: collections are nested deeper than 10000 levels'],
    [`a:⏎ ${'- '.repeat(1e6)}`, 'yaml: line 2: collections are nested deeper than 10000 levels'],
  ])('%#', (text, message) => {
    expect(refusal(text)).toBe(message)
  })

  test('an alias bomb', () => {
    const bomb = Array.from({ length: 30 }, (_, i) => `k${i}: &x${i} [${`*x${i - 1} , `.repeat(i === 0 ? 0 : 9)}1]`)
    expect(refusal(bomb.join('⏎'))).toMatch('aliases expand to far more than the document holds')
  })

  test('no error holds a value', () => {
    for (const text of [
      'a: "secret',
      'a: b: secret',
      'a: {secret',
      '- secret⏎b: 1',
      'a: !!int secret',
      'a: |0⏎ secret',
    ]) {
      expect(refusal(text)).not.toMatch(/secret|accepted/)
    }
  })

  test('repeated keys pass in later documents, as in sops', () => {
    expect(refusal('a: 1⏎---⏎a: 1⏎a: 2')).toBe('accepted')
  })
})

function sourceOf(syntax: YamlSyntax, key: string): ScalarSource {
  const items = syntax.parts[0]?.branch.items ?? []
  const item = items.find((entry) => entry.type === 'item' && entry.key === key)
  if (item?.type !== 'item') throw new Error(`no ${key}`)
  const leaf = item.value.type === 'list' ? item.value.items[0] : item.value
  const source = syntax.sources.get(leaf as Leaf)
  if (source?.kind !== 'scalar') throw new Error(`no source of ${key}`)
  return source
}

describe('where things stand', () => {
  test.each([
    ['k: plain text  # c', 'plain text'],
    ['k: one⏎  two⏎b: 1', 'one⏎  two'],
    ['k: "a \\" b"', '"a \\" b"'],
    ["k: 'it''s'", "'it''s'"],
    ['k:⏎b: 1', ''],
    ['k: &x !t v', 'v'],
    ['k: {}⏎l: 1⏎', undefined],
    ['k: |⏎  text⏎⏎  more⏎⏎b: 1', '|⏎  text⏎⏎  more'],
    ['k: |+⏎  text⏎⏎⏎b: 1', '|+⏎  text⏎⏎'],
    ['k: >2- # c⏎   x⏎b: 1', '>2- # c⏎   x'],
    ['k: |-⏎b: 1', '|-'],
    ['k: |⏎  no newline', '|⏎  no newline'],
    ['k: 😀 é # c', '😀 é'],
    ['\ufeffk: v', 'v'],
    ['k:␍⏎  v␍⏎b: 1␍⏎', 'v'],
  ])('the value of %s', (text, expected) => {
    const syntax = read(text)
    if (expected === undefined) return expect(syntax.sources.size).toBe(1)
    const { span } = sourceOf(syntax, 'k')
    expect(syntax.text.slice(span.start, span.end)).toBe(lines(expected))
  })

  test('an absent value stands right after its indicator', () => {
    expect(sourceOf(read('k: # c⏎b: 1'), 'k').span).toEqual({ start: 2, end: 2 })
    expect(sourceOf(read('k:⏎- # c⏎- b'), 'k').span).toEqual({ start: 4, end: 4 })
  })

  test('tags, anchors, dashes and columns', () => {
    const syntax = read('a:⏎  b: 1⏎k:⏎  - &x !!str "v"⏎f: [!t x ]⏎')
    const { text } = syntax
    const { tag, anchor, dash, style, flow, parentColumn } = sourceOf(syntax, 'k')
    expect(tag && [tag.name, text.slice(tag.start, tag.end)]).toEqual(['!!str', '!!str'])
    expect(anchor && text.slice(anchor.start, anchor.end)).toBe('&x')
    expect(dash !== undefined && text.slice(dash, dash + 2)).toBe('- ')
    expect([style, flow, parentColumn]).toEqual(['double', false, 2])
    const inFlow = sourceOf(syntax, 'f')
    expect([inFlow.flow, inFlow.dash, inFlow.parentColumn]).toEqual([true, undefined, 0])
  })

  test('block scalars', () => {
    const { header, bodyColumn, style, parentColumn } = sourceOf(read('k: >2-⏎    x⏎'), 'k')
    expect([header, bodyColumn, style, parentColumn]).toEqual(['2-', 2, 'folded', 0])
  })

  test('aliases', () => {
    const syntax = read('a: &x {b: 1}⏎c: *x⏎d: {<<: [*x , *x ]}⏎e: &k name⏎*k : 2')
    const { text, aliases, sources } = syntax
    expect(aliases.map(({ span, flow, key }) => [text.slice(span.start, span.end), flow, key])).toEqual([
      ['*x', false, false],
      ['*x', true, false],
      ['*x', true, false],
      ['*k', false, true],
    ])
    expect(aliases[0]?.value).toEqual(aliases[0]?.target)
    expect(aliases[0]?.value).not.toBe(aliases[0]?.target)
    expect(sources.size).toBe(3)
  })

  test('comments, those that sops drops too', () => {
    const syntax = read('# a⏎k: [ # b⏎  {x: { # c⏎ y: 1}}]⏎%TAG ! t: # d⏎---⏎z: 1⏎...⏎⏎# e⏎')
    const placed = [...syntax.sources].flatMap(([leaf, { kind, span }]) =>
      kind === 'comment' && leaf.type === 'comment' ? [[leaf.value, syntax.text.slice(span.start, span.end)]] : [],
    )
    expect(placed).toEqual(['a', 'b', 'c', 'd', 'e'].map((name) => [` ${name}`, `# ${name}`]))
    expect(syntax.dropped.map(({ comment, path }) => [comment.value, path])).toEqual([
      [' b', ['k']],
      [' c', ['k', 'x']],
      [' d', []],
      [' e', []],
    ])
  })

  test.each([
    ['a: 1⏎sops:⏎    m: x # c⏎    # d⏎', 'sops:⏎    m: x # c⏎    # d'],
    ['sops:⏎    m: x⏎a: 1⏎', 'sops:⏎    m: x'],
    ['  a: 1⏎  "sops": {m: |⏎', undefined],
    ['  a: 1⏎  "sops":⏎      m: |⏎        x⏎⏎⏎...⏎', '  "sops":⏎      m: |⏎        x'],
    ['? sops⏎: m: x⏎b: 1', '? sops⏎: m: x'],
    ['{a: 1, sops: {m: x}, b: 2}', 'sops: {m: x},'],
    ['{a: 1, sops: {m: x}}', ', sops: {m: x}'],
    ['{a: 1, sops: {m: x},⏎}', 'sops: {m: x},'],
    ['{sops: {m: x}}', 'sops: {m: x}'],
  ])('the section of %s', (text, expected) => {
    if (expected === undefined) return expect(refusal(text)).not.toBe('accepted')
    const syntax = read(text)
    const span = syntax.parts[0]?.section?.span
    expect(span && syntax.text.slice(span.start, span.end)).toBe(lines(expected))
    expect(syntax.parts[0]?.branch.items.filter((item) => item.type === 'item' && item.key === 'sops')).toEqual([])
  })

  test('documents', () => {
    const ends = (text: string): number[] => read(text).parts.map(({ end }) => end)
    expect(ends('a: 1⏎')).toEqual([5])
    expect(ends('a: 1⏎# c⏎...⏎---⏎b: 1')).toEqual([9, 21])
    expect(ends('a: 1⏎---⏎b: 1⏎%TAG ! t:⏎---⏎c: 1')).toEqual([5, 14, 32])
    const root = (text: string): unknown => {
      const [part] = read(text).parts
      return part && [part.rootColumn, part.rootFlow, part.rootNull]
    }
    expect(root('  a: 1')).toEqual([2, undefined, undefined])
    expect(root('--- {a: 1}⏎')).toEqual([0, { start: 4, end: 10 }, undefined])
    expect(root('--- !!null ~⏎')).toEqual([0, undefined, { start: 4, end: 12 }])
  })
})

test('each span of a random document holds what its leaf says', () => {
  for (const { text: source, error, notString } of vectors) {
    if (error || notString) continue
    const { text, sources } = readYaml(source)
    for (const [leaf, place] of sources) checkSpan(text.slice(place.span.start, place.span.end), leaf, place)
  }
})

function checkSpan(text: string, leaf: Leaf, source: ScalarSource | CommentSource): void {
  if (leaf.type === 'comment') return expect(text).toBe(`#${leaf.value}`)
  if (source.kind === 'comment') throw new Error('a scalar cannot stand in a comment')
  const first = { plain: /^[^"'|>]?/, single: /^'/, double: /^"/, literal: /^\|/, folded: /^>/ }[source.style]
  expect(text).toMatch(first)
  const oneLine = !/[\n\r\x85\u2028\u2029]/.test(text)
  if (leaf.type === 'str' && source.style === 'plain' && oneLine) expect(text).toBe(leaf.value)
  if (leaf.type === 'str' && source.style === 'single' && oneLine) {
    expect(text.slice(1, -1).replaceAll("''", "'")).toBe(leaf.value)
  }
}
