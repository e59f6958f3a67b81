// Runs a store against what sops 3.13.3 made of the same texts and trees; test/vectors/make/stores says how.

import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { SopsError } from '../../src/errors.ts'
import type { Store } from '../../src/stores/types.ts'
import type { Branch, Comment, Item, Value } from '../../src/tree/types.ts'
import { sampleSection } from '../contract/store.ts'

type Notation = Readonly<Record<string, unknown>>

interface Vector {
  readonly op: 'plain' | 'emit' | 'emitEncrypted' | 'value'
  readonly text?: string
  readonly indent?: number
  readonly tree?: readonly Notation[]
  /** Why we refuse what sops takes. */
  readonly stricter?: string
  readonly answer: {
    readonly error?: string
    readonly tree?: unknown
    readonly emit?: string
    readonly emitError?: string
  }
}

/** The metadata that make/stores/main.go gives to EmitEncryptedFile. */
const metadata: Branch = branchOf([
  [
    'age',
    { type: 'list', items: [keyOf('age1first', '-----BEGIN-----\nYWJj\n-----END-----\n'), keyOf('age1second', 'x')] },
  ],
  ['lastmodified', { type: 'str', value: '2024-01-02T03:04:05Z' }],
  ['mac', { type: 'str', value: 'ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]' }],
  ['unencrypted_suffix', { type: 'str', value: '_unencrypted' }],
  ['version', { type: 'str', value: '3.13.3' }],
])

export function testVectors(store: Store): void {
  const file = new URL(`../vectors/stores-${store.name}.json`, import.meta.url)
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as readonly Vector[]
  describe(`${store.name}: as sops 3.13.3`, () => {
    const texts = vectors.filter(({ op }) => op === 'plain')
    test.each(texts.map((vector) => [title(vector), vector] as const))('reads %s', (_, vector) => {
      readText(store, vector)
    })
    const trees = vectors.filter(({ op }) => op !== 'plain')
    test.each(trees.map((vector, index) => [vector.op, index, vector] as const))(
      'prints: %s %i',
      (_op, _index, vector) => {
        printTree(store, vector)
      },
    )
  })
}

function title({ text = '', stricter }: Vector): string {
  return (
    JSON.stringify(Buffer.from(text, 'base64').toString('latin1')) + (stricter === undefined ? '' : ` (${stricter})`)
  )
}

function readText(store: Store, { text = '', stricter, answer }: Vector): void {
  const bytes = Buffer.from(text, 'base64')
  if (answer.error !== undefined || stricter !== undefined) {
    expect(() => store.parse(bytes)).toThrow(SopsError)
    return
  }
  const document = store.parse(bytes)
  expect(Buffer.from(document.rewrite(new Map()))).toEqual(bytes)
  // Where sops cannot print its own tree (it panics on an empty first line of a comment), ours leaves out what breaks it.
  if (answer.emitError !== undefined) return void store.emit(document.branches, {})
  expect(document.branches.map(notate)).toEqual(canonical(answer.tree))
  expect(base64(store.emit(document.branches, {}))).toBe(answer.emit)
}

function printTree(store: Store, { op, indent, tree = [], answer }: Vector): void {
  const branches = tree.map((branch) => read(branch) as Branch)
  const layout = indent === undefined ? {} : { indent }
  const print = (): Uint8Array => {
    if (op !== 'value') return store.emit(branches, layout, op === 'emit' ? undefined : { ...sampleSection, metadata })
    return store.emitValue((branches[0]?.items[0] as Item).value as Exclude<Value, Comment>, layout)
  }
  // Strings never come to emitValue: they are printed as they are.
  const isText = op === 'value' && store.name === 'dotenv' && answer.emit !== undefined
  if (answer.emitError !== undefined) expect(print).toThrow(expect.objectContaining({ code: 'ERR_SOPS_EMIT' }))
  else if (!isText) expect(base64(print())).toBe(answer.emit)
}

/** A value in the notation of make/stores/main.go. */
function notate(value: Value): unknown {
  switch (value.type) {
    case 'null':
      return { n: true }
    case 'int':
      return { i: String(value.value) }
    case 'float':
      return { f: Object.is(value.value, -0) ? '-0' : String(value.value) }
    case 'bool':
      return { b: value.value }
    case 'time':
      return { t: value.value }
    case 'comment':
      return { c: base64(Buffer.from(value.value)) }
    case 'list':
      return { l: value.items.map(notate) }
    case 'branch':
      return {
        m: value.items.map((item) =>
          item.type === 'item' ? [base64(Buffer.from(item.key)), notate(item.value)] : [null, notate(item)],
        ),
      }
    default:
      return { s: base64(Buffer.from(value.value)) }
  }
}

function read(notation: Notation): Value {
  const [[kind, content] = ['', undefined]] = Object.entries(notation)
  const text = String(content)
  const bytes = Buffer.from(text, 'base64')
  if (kind === 'n') return { type: 'null' }
  if (kind === 'i') return { type: 'int', value: BigInt(text) }
  if (kind === 'f') return { type: 'float', value: Number(text.replace('Inf', 'Infinity')) }
  if (kind === 'b') return { type: 'bool', value: text === 'true' }
  if (kind === 't') return { type: 'time', value: text }
  if (kind === 'c') return { type: 'comment', value: bytes.toString(), inline: false }
  if (kind === 'l') return { type: 'list', items: (content as Notation[]).map(read) }
  if (kind !== 'm')
    return bytes.equals(Buffer.from(bytes.toString()))
      ? { type: 'str', value: bytes.toString() }
      : { type: 'bytes', value: bytes }
  const pairs = content as readonly (readonly [string | null, Notation])[]
  return {
    type: 'branch',
    items: pairs.map(([key, value]) =>
      key === null
        ? (read(value) as Comment)
        : { type: 'item', key: Buffer.from(key, 'base64').toString(), value: read(value) },
    ),
  }
}

// Go spells floats its own way.
function canonical(tree: unknown): unknown {
  return JSON.parse(JSON.stringify(tree), (_key: string, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('f' in value)) return value
    const number = Number(value.f)
    return { f: Object.is(number, -0) ? '-0' : String(number) }
  })
}

function branchOf(pairs: readonly [string, Value][]): Branch {
  return { type: 'branch', items: pairs.map(([key, value]) => ({ type: 'item', key, value })) }
}

function keyOf(recipient: string, enc: string): Branch {
  return branchOf([
    ['enc', { type: 'str', value: enc }],
    ['recipient', { type: 'str', value: recipient }],
  ])
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
