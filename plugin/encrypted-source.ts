// One encrypted text and what comes out of it in each mode. The MAC is always checked where values are decrypted.
import { parseEnvelope } from '../src/cipher/envelope.ts'
import { type Branch, decrypt, type DataKeyCache, type Host, type Layout, openTree } from '../src/index.ts'
import { fieldOf, mapping, textAt } from '../src/kubernetes/object.ts'
import { storeFor } from '../src/stores/registry.ts'
import type { Document, Leaf, Store } from '../src/stores/types.ts'
import { Refusal } from './finding.ts'
import { placeholderFor } from './placeholder.ts'
import type { Mode } from './settings.ts'
import { mapValues } from './value-map.ts'

export interface EncryptedSource {
  readonly bytes: Uint8Array
  readonly format: string
}

export interface OpenOptions {
  readonly mode: Mode
  readonly host: Host
  readonly dataKeys: DataKeyCache
  readonly onWarning: (message: string) => void
  /** undefined: that of the author. */
  readonly layout?: Layout | undefined
}

/** The whole text. passthrough: as it is. Throws SopsError, Refusal. */
export async function openText(source: EncryptedSource, options: OpenOptions): Promise<Uint8Array> {
  if (options.mode === 'decrypt') return decrypt(source.bytes, { ...options, format: source.format })
  const document = parse(source)
  return options.mode === 'passthrough' ? source.bytes : rewrite(document)
}

/** The text of a file that holds one entry per line or key. passthrough: without the metadata. */
export async function openEntries(source: EncryptedSource, options: OpenOptions): Promise<Uint8Array> {
  return options.mode === 'passthrough' ? parse(source).rewrite(new Map()) : openText(source, options)
}

/** The documents, without the metadata. Throws SopsError, Refusal. */
export async function openDocuments(source: EncryptedSource, options: OpenOptions): Promise<readonly Branch[]> {
  if (options.mode === 'decrypt') return (await openTree(source.bytes, { ...options, format: source.format })).branches
  const { branches } = parse(source)
  return options.mode === 'passthrough' ? branches : branches.map(fillPlaceholders)
}

/** Kubernetes objects. passthrough: with the metadata, as they stand in the file. Throws SopsError, Refusal. */
export async function openManifests(source: EncryptedSource, options: OpenOptions): Promise<readonly Branch[]> {
  if (source.format === 'yaml' || source.format === 'json') {
    if (options.mode !== 'passthrough') return openDocuments(source, options)
    const document = parse(source)
    return document.branches.map((each) => withMetadata(each, document.metadata))
  }
  if (source.format !== 'binary') throw new Refusal(`a manifest is YAML or JSON, not ${source.format}`)
  if (options.mode !== 'decrypt')
    throw new Refusal('all of the manifest is encrypted: without a key nothing is known of it')
  return storeNamed('yaml').parse(await openText(source, options)).branches
}

function storeNamed(format: string): Store {
  const store = storeFor(format)
  if (store === undefined)
    throw new Refusal(`unknown format ${JSON.stringify(format)}: yaml, json, dotenv, ini, binary`)
  return store
}

/** A document that is encrypted. Throws ParseError, SopsError, Refusal. */
export function parse({ bytes, format }: EncryptedSource): Document {
  const document = storeNamed(format).parse(bytes)
  if (document.metadata === undefined || textAt(document.metadata, 'mac') === undefined) {
    throw new Refusal('sops metadata not found: the file is not encrypted')
  }
  return document
}

/** A document as it stands in the file. */
export function withMetadata(branch: Branch, metadata: Branch | undefined): Branch {
  return { type: 'branch', items: [...branch.items, ...mapping([['sops', metadata]]).items] }
}

function rewrite(document: Document): Uint8Array {
  const edits = new Map<Leaf, Leaf>()
  for (const branch of document.branches) {
    mapValues(branch, (leaf, path) => {
      const placeholder = fill(leaf, path, false)
      if (placeholder !== leaf) edits.set(leaf, placeholder)
      return leaf
    })
  }
  for (const { comment, path } of document.dropped) edits.set(comment, fill(comment, path, false))
  return document.rewrite(edits)
}

/** The object with a placeholder for each ciphertext. Throws Refusal when its kind is encrypted. */
export function fillPlaceholders(object: Branch): Branch {
  const kind = textAt(object, 'kind')
  if (parseEnvelope(kind ?? '') !== undefined) {
    throw new Refusal('the kind of the object is encrypted: without a key nothing is known of it', { field: 'kind' })
  }
  const dataDepth = kind === 'Secret' ? 0 : kind === 'SopsSecret' ? 2 : -1
  const hasData = fieldOf(object, 'data') !== undefined || kind === 'SopsSecret'
  return mapValues(object, (leaf, path) => fill(leaf, path, hasData && path[dataDepth] === 'data'))
}

function fill(leaf: Leaf, path: readonly string[], base64: boolean): Leaf {
  if (leaf.type !== 'str' && leaf.type !== 'comment') return leaf
  const envelope = parseEnvelope(leaf.value)
  if (envelope === undefined) return leaf
  return placeholderFor(leaf.type === 'comment' ? 'comment' : envelope.type, path, { base64 })
}
