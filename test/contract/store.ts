// What every store promises, whatever its format. A store's own test calls testStore with texts of its format.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { ParseError, SopsError } from '../../src/errors.ts'
import type { Branch, Document, DroppedComment, Leaf, Section, Store, Value } from '../../src/stores/types.ts'

export interface StoreSamples {
  /** Texts in canonical spelling: encryption and decryption gives them back byte for byte. */
  readonly texts: readonly string[]
  /** Texts that are no document; each holds the word SECRET, which no message may repeat. */
  readonly broken: readonly string[]
  /** A text in which the key stands. */
  readonly withKey: (key: string) => string
  /** A text in which the name that is reserved for metadata stands at the top. */
  readonly reserved: string
  /** A text with that many values. */
  readonly large: (count: number) => string
  /** A text of that many levels; only for formats that nest without end. */
  readonly deep?: (levels: number) => string
}

/** A section such as sops writes, in the order of its names. */
export const sampleSection: Section = {
  metadata: branch([
    [
      'age',
      {
        type: 'list',
        items: [
          branch([
            ['enc', str('first\nsecond\n')],
            ['recipient', str('age1x')],
          ]),
        ],
      },
    ],
    ['lastmodified', str('2024-01-02T03:04:05Z')],
    ['mac', str('ENC[AES256_GCM,data:bWFj,iv:aXY=,tag:dGFn,type:str]')],
    ['shamir_threshold', { type: 'int', value: 2n }],
    ['unencrypted_suffix', str('_unencrypted')],
    ['version', str('3.13.3')],
  ]),
}

/** Runs the contract as tests of their own. */
export function testStore(store: Store, samples: StoreSamples): void {
  describe(`${store.name}: the contract of a store`, () => {
    testTexts(store, samples)
    testHostile(store, samples)
  })
}

function testTexts(store: Store, { texts, large }: StoreSamples): void {
  test.each(texts)('keeps every byte when nothing changes: %j', (text) => {
    expect(decode(store.parse(encode(text)).rewrite(new Map()))).toBe(text)
  })

  test.each(texts)('gives the text back after encryption and decryption: %j', (text) => {
    expect(roundTrip(store, text, () => true)).toBe(text)
  })

  test('leaves no selected value in clear, and any selection can be undone', () => {
    const selection = fc.record({ text: fc.constantFrom(...texts), picks: fc.infiniteStream(fc.boolean()) })
    fc.assert(
      fc.property(selection, ({ text, picks }) => {
        expect(roundTrip(store, text, () => picks.next().value === true)).toBe(text)
      }),
      { numRuns: 60 },
    )
  })

  test.each(texts)('writes the section, reads it again and can replace it: %j', (text) => {
    for (const layout of [undefined, 'bGF5b3V0']) {
      const section = { ...sampleSection, layout }
      const encrypted = encrypt(store.parse(encode(text)), () => true, section).bytes
      const document = store.parse(encrypted)
      expect(fieldsOf(document.metadata)).toEqual(fieldsOf(sampleSection.metadata))
      expect(document.layout).toBe(layout)
      expect(decode(document.rewrite(new Map(), section))).toBe(decode(encrypted))
    }
  })

  test('takes many values', () => {
    const text = large(20_000)
    expect(leavesOf(store.parse(encode(text))).length).toBeGreaterThanOrEqual(20_000)
    expect(roundTrip(store, text, () => true)).toBe(text)
  })
}

function testHostile(store: Store, { broken, withKey, reserved, deep }: StoreSamples): void {
  test.each(broken)('refuses what is no document and does not repeat it: %j', (text) => {
    const error = caught(() => store.parse(encode(text)))
    expect(error).toBeInstanceOf(ParseError)
    expect(String(error)).not.toContain('SECRET')
  })

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])('has no special key: %s', (key) => {
    const document = store.parse(encode(withKey(key)))
    expect(JSON.stringify(document.branches)).toContain(`"key":"${key}"`)
    expect('polluted' in {}).toBe(false)
    expect(roundTrip(store, withKey(key), () => true)).toBe(withKey(key))
  })

  test('takes the reserved name for metadata', () => {
    const outcome = caught(() => store.parse(encode(reserved)).metadata)
    if (outcome instanceof SopsError) expect(outcome.code).toBe('ERR_SOPS_METADATA_INVALID')
    else expect(store.parse(encode(reserved)).metadata).toBeDefined()
    expect(store.hasReservedKey([])).toBe(false)
  })

  test.runIf(deep !== undefined)('refuses what is nested too deeply', () => {
    expect(() => store.parse(encode(deep?.(9_000) ?? ''))).not.toThrow()
    expect(() => store.parse(encode(deep?.(20_000) ?? ''))).toThrow(ParseError)
    expect(() => store.parse(encode(deep?.(1_000_000) ?? ''))).toThrow(ParseError)
  })
}

/** Encrypts (with texts that only look like ciphertexts) and decrypts the selected leaves of a text. */
export function roundTrip(store: Store, text: string, isSelected: (leaf: Leaf) => boolean): string {
  const { bytes, ciphertexts } = encrypt(store.parse(encode(text)), isSelected, sampleSection)
  const document = store.parse(bytes)
  const edits = new Map<Leaf, Leaf>()
  const found = new Set<string>()
  for (const leaf of leavesOf(document)) {
    if (leaf.type !== 'str' && leaf.type !== 'comment') continue
    const plain = ciphertexts.get(leaf.value)
    if (plain) edits.set(leaf, plain)
    if (plain) found.add(leaf.value)
  }
  expect(found.size).toBe(ciphertexts.size)
  return decode(document.rewrite(edits))
}

interface Encrypted {
  readonly bytes: Uint8Array
  readonly ciphertexts: ReadonlyMap<string, Leaf>
}

function encrypt(parsed: Document, isSelected: (leaf: Leaf) => boolean, section: Section): Encrypted {
  const selected = leavesOf(parsed).map((leaf) => isSelected(leaf) && !isEmpty(leaf))
  const chosen = new Set(leavesOf(parsed).filter((_, index) => selected[index]))
  const document = parsed.settle?.(chosen) ?? parsed
  const ciphertexts = new Map<string, Leaf>()
  const edits = new Map<Leaf, Leaf>()
  for (const [index, leaf] of leavesOf(document).entries()) {
    if (!selected[index]) continue
    const type = leaf.type === 'bytes' ? 'str' : leaf.type
    const value = `ENC[AES256_GCM,data:${Buffer.from(String(index)).toString('base64')},iv:aXY=,tag:dGFn,type:${type}]`
    ciphertexts.set(value, leaf)
    edits.set(leaf, leaf.type === 'comment' ? { ...leaf, value } : { type: 'str', value })
  }
  return { bytes: document.rewrite(edits, section), ciphertexts }
}

function isEmpty(leaf: Leaf): boolean {
  return (
    leaf.type === 'null' ||
    ('value' in leaf && (leaf.value === '' || (leaf.type === 'bytes' && leaf.value.length === 0)))
  )
}

/** The leaves and comments of a document in their order, those that sops drops at the end. */
export function leavesOf(document: { branches: readonly Branch[]; dropped: readonly DroppedComment[] }): Leaf[] {
  const leaves: Leaf[] = []
  const stack: Value[] = [...document.branches].reverse()
  for (let value = stack.pop(); value; value = stack.pop()) {
    if (value.type === 'list') stack.push(...[...value.items].reverse())
    else if (value.type !== 'branch') leaves.push(value)
    else stack.push(...value.items.map((item) => (item.type === 'item' ? item.value : item)).reverse())
  }
  return [...leaves, ...document.dropped.map(({ comment }) => comment)]
}

// Flat formats know only text, so values are compared as text.
function fieldsOf(value: Value | undefined): unknown {
  if (value?.type === 'list') return value.items.map(fieldsOf)
  if (value?.type !== 'branch') return value && 'value' in value ? String(value.value) : value
  return value.items.flatMap((item) => (item.type === 'item' ? [[item.key, fieldsOf(item.value)]] : []))
}

function branch(pairs: readonly [string, Value][]): Branch {
  return { type: 'branch', items: pairs.map(([key, value]) => ({ type: 'item', key, value })) }
}

function str(value: string): Value {
  return { type: 'str', value }
}

function caught(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

export function encode(text: string): Uint8Array {
  return Buffer.from(text)
}

export function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString()
}
