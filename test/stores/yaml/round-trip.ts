// Encrypts and decrypts a document with a cipher that only counts, the way the operations do with the real one.
import { yaml } from '../../../src/stores/yaml.ts'
import type { Branch, Document, Edits, Leaf, Section, Value } from '../../../src/stores/types.ts'

const text = (value: string): Value => ({ type: 'str', value })

export const section: Section = {
  metadata: {
    type: 'branch',
    items: [
      {
        type: 'item',
        key: 'age',
        value: {
          type: 'list',
          items: [
            {
              type: 'branch',
              items: [
                { type: 'item', key: 'enc', value: text('-----BEGIN-----\nYWJj\n\n-----END-----\n') },
                { type: 'item', key: 'recipient', value: text('age1x') },
              ],
            },
          ],
        },
      },
      { type: 'item', key: 'lastmodified', value: text('2024-01-01T00:00:00Z') },
      { type: 'item', key: 'mac', value: text('ENC[AES256_GCM,data:zz,iv:i,tag:t,type:str]') },
      { type: 'item', key: 'version', value: text('3.13.3') },
    ],
  },
}

export interface Cipher {
  readonly leaves: Leaf[]
}

export function leavesOf(document: Document): Leaf[] {
  const leaves: Leaf[] = []
  const visit = (value: Value): void => {
    if (value.type === 'list') value.items.forEach(visit)
    else if (value.type === 'branch') value.items.forEach((item) => visit(item.type === 'item' ? item.value : item))
    else leaves.push(value)
  }
  document.branches.forEach(visit)
  return [...leaves, ...document.dropped.map(({ comment }) => comment)]
}

export function isEncryptable(leaf: Leaf): boolean {
  return leaf.type !== 'null' && !((leaf.type === 'str' || leaf.type === 'comment') && leaf.value === '')
}

export function encrypt(document: Document, cipher: Cipher): Edits {
  return new Map(
    leavesOf(document)
      .filter(isEncryptable)
      .map((leaf) => [leaf, seal(leaf, cipher)]),
  )
}

function seal(leaf: Leaf, { leaves }: Cipher): Leaf {
  const value = `ENC[AES256_GCM,data:${leaves.push(leaf) - 1}AAAAAAAA,iv:i,tag:t,type:${leaf.type}]`
  return leaf.type === 'comment' ? { ...leaf, value } : { type: 'str', value }
}

export function open(leaf: Leaf, { leaves }: Cipher): Leaf | undefined {
  if (leaf.type !== 'str' && leaf.type !== 'comment') return undefined
  const index = /^ENC\[AES256_GCM,data:(\d+)A+,iv:i,tag:t,type:\w+\]/.exec(leaf.value)?.[1]
  return index === undefined ? undefined : leaves[Number(index)]
}

export function decrypt(document: Document, cipher: Cipher): Edits {
  const edits = new Map<Leaf, Leaf>()
  for (const leaf of leavesOf(document)) {
    const value = open(leaf, cipher)
    if (value !== undefined) edits.set(leaf, value)
  }
  return edits
}

/** Each key and leaf with its path, one per line. */
export function describeTree(branches: readonly Branch[]): string[] {
  const lines: string[] = []
  const visit = (value: Value, path: string): void => {
    if (value.type === 'list') value.items.forEach((item) => visit(item, `${path}[]`))
    else if (value.type === 'branch') {
      for (const item of value.items)
        visit(item.type === 'item' ? item.value : item, item.type === 'item' ? `${path}${item.key}:` : path)
      if (value.items.length === 0) lines.push(`${path} {}`)
    } else lines.push(`${path} ${value.type} ${value.type === 'null' ? '' : String(value.value)}`)
  }
  branches.forEach((branch) => visit(branch, ''))
  return lines
}

export interface RoundTrip {
  readonly settled: Document
  readonly encrypted: Uint8Array
  readonly reread: Document
  readonly decrypted: Uint8Array
  readonly cipher: Cipher
}

export function roundTrip(bytes: Uint8Array, written: Section = section): RoundTrip {
  const document = yaml.parse(bytes)
  const settled = document.settle?.(new Set(leavesOf(document).filter(isEncryptable))) ?? document
  const cipher: Cipher = { leaves: [] }
  const encrypted = settled.rewrite(encrypt(settled, cipher), written)
  const reread = yaml.parse(encrypted)
  return { settled, encrypted, reread, decrypted: reread.rewrite(decrypt(reread, cipher)), cipher }
}
