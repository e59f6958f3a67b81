// The files in which encrypted resources stand. kustomize sorts keys and drops comments, so that a MAC can be checked on
// the file alone; the text of the MAC itself tells which file it is.
import { resolve } from 'node:path'
import { fieldAt, textAt } from '../src/kubernetes/object.ts'
import type { Branch, Comment, Item, Scalar, Value } from '../src/index.ts'
import { storeFor, storeForPath } from '../src/stores/registry.ts'
import { macsIn } from './carried-macs.ts'
import { isInside } from './confined-files.ts'
import type { EncryptedFiles } from './encrypted-files.ts'
import { openDocuments, parse, type EncryptedSource } from './encrypted-source.ts'
import type { Report } from './finding.ts'
import { listResources, type ListedFile, rootsOf } from './kustomization.ts'

type Leaf = Scalar | Comment

/** A file whose MAC was checked. */
export interface VerifiedFile {
  readonly name: string
  /** The documents in which that text stands at a path of mapping keys. */
  documentsWith(path: readonly string[], text: string): readonly VerifiedDocument[]
}

export interface VerifiedDocument {
  readonly object: Branch
  /** What stands at a path of mapping keys as that text; undefined: the file has no such text there. */
  find(path: readonly string[], text: string): Leaf | undefined
}

export interface RawFile extends ListedFile {
  /** undefined: it cannot be read. */
  readonly source: EncryptedSource | undefined
  /** undefined: not known, it may carry any. */
  readonly macs: ReadonlySet<string> | undefined
}

const originAnnotation = 'config.kubernetes.io/origin'

export class RawFiles {
  readonly #files: EncryptedFiles
  #listed: Promise<readonly ListedFile[]> | undefined
  #known: Promise<Index> | undefined
  readonly #read = new Map<string, Promise<RawFile>>()
  readonly #verified = new Map<string, Promise<VerifiedFile>>()

  constructor(files: EncryptedFiles) {
    this.#files = files
  }

  /** The files that carry the MAC of a resource; the one that its origin names first. */
  async find(resource: Branch, mac: string): Promise<readonly RawFile[]> {
    const listed = await (this.#listed ??= listResources(this.#files.confined.files.root, this.#files.confined))
    const known = await (this.#known ??= this.#indexByMac(listed))
    const origin = await this.#originOf(resource, listed)
    const first = origin === undefined ? undefined : await this.#readRaw(origin)
    const others = (known.byMac.get(mac) ?? []).filter(({ path }) => path !== origin?.path)
    const found = first?.macs?.has(mac) === true ? [first, ...others] : (known.byMac.get(mac) ?? [])
    // A file that kustomize can read and we cannot must not stand behind a sound one.
    return found.length === 0 ? [] : [...found, ...known.unknown]
  }

  async #indexByMac(listed: readonly ListedFile[]): Promise<Index> {
    const index = { byMac: new Map<string, RawFile[]>(), unknown: new Array<RawFile>() }
    for (const file of await Promise.all(listed.map((each) => this.#readRaw(each)))) {
      if (file.macs === undefined) index.unknown.push(file)
      for (const mac of file.macs ?? []) {
        const known = index.byMac.get(mac)
        if (known === undefined) index.byMac.set(mac, [file])
        else known.push(file)
      }
    }
    return index
  }

  /** Decrypts a file and checks its MAC, once. Throws SopsError, Refusal. */
  verify(file: RawFile, report: Report): Promise<VerifiedFile> {
    const known = this.#verified.get(file.path)
    if (known !== undefined) return known
    const opening = this.#files.inPool(() => openVerified(file, this.#files, report))
    this.#verified.set(file.path, opening)
    return opening
  }

  #readRaw(file: ListedFile): Promise<RawFile> {
    const known = this.#read.get(file.path)
    if (known !== undefined) return known
    const reading = this.#files
      .inPool(async () => {
        if (file.refusal !== undefined) throw file.refusal
        return this.#files.confined.read(file.path)
      })
      .then(
        (bytes) => ({ ...file, source: { bytes, format: formatOf(file.path) }, macs: macsIn(bytes) }),
        () => ({ ...file, source: undefined, macs: undefined }),
      )
    this.#read.set(file.path, reading)
    return reading
  }

  // An origin names a path from the root of the build; it counts only within a directory that the build reads anyway.
  async #originOf(resource: Branch, listed: readonly ListedFile[]): Promise<ListedFile | undefined> {
    const text = textAt(resource, 'metadata', 'annotations', originAnnotation)
    if (text === undefined) return undefined
    const { files } = this.#files.confined
    try {
      const origin = storeFor('yaml')?.parse(Buffer.from(text)).branches[0]
      const name = fieldAt(origin, 'repo') === undefined ? textAt(origin, 'path') : undefined
      if (name === undefined) return undefined
      const path = await files.realPath(resolve(files.root, name))
      return [files.root, ...rootsOf(listed)].some((each) => isInside(path, each)) ? { name, path } : undefined
    } catch {
      return undefined
    }
  }
}

interface Index {
  readonly byMac: ReadonlyMap<string, readonly RawFile[]>
  readonly unknown: readonly RawFile[]
}

async function openVerified(file: RawFile, files: EncryptedFiles, report: Report): Promise<VerifiedFile> {
  if (file.refusal !== undefined) throw file.refusal
  // What could not be read is refused once more, with the reason.
  const source = file.source ?? { bytes: await files.confined.read(file.path), format: formatOf(file.path) }
  const documents = await openDocuments(source, { ...files.options(file.name, report), mode: 'decrypt' })
  const byCiphertext = new Map<string, VerifiedDocument[]>()
  const raw = pathsAndLeaves(parse(source).branches)
  for (const document of documents) {
    const leaves = new Map<string, Leaf>()
    const verified: VerifiedDocument = { object: document, find: (path, text) => leaves.get(keyOf(path, text)) }
    // The two trees differ in their leaves alone.
    for (const { path, leaf } of pathsAndLeaves([document])) {
      const encrypted = raw.next().value
      if (encrypted === undefined || !('value' in encrypted.leaf)) continue
      const key = keyOf(path, String(encrypted.leaf.value))
      leaves.set(key, leaf)
      const known = byCiphertext.get(key)
      if (known === undefined) byCiphertext.set(key, [verified])
      else if (known.at(-1) !== verified) known.push(verified)
    }
  }
  return { name: file.name, documentsWith: (path, text) => byCiphertext.get(keyOf(path, text)) ?? [] }
}

// kustomize reads YAML whatever the name says, and so must we: what stands in the file is another thing to another reader.
function formatOf(path: string): string {
  return storeForPath(path).name === 'json' ? 'json' : 'yaml'
}

// A NUL stands in no YAML or JSON key that kustomize takes.
function keyOf(path: readonly string[], text: string): string {
  return `${path.join('\0')}\0\0${text}`
}

interface LeafAt {
  readonly path: readonly string[]
  readonly leaf: Leaf
}

function* pathsAndLeaves(documents: readonly Branch[]): Generator<LeafAt, undefined> {
  for (const document of documents) {
    const stack: LeafFrame[] = [{ items: document.items, next: 0, path: [] }]
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      const item = frame.items[frame.next++]
      if (item === undefined) {
        stack.pop()
        continue
      }
      const value = item.type === 'item' ? item.value : item
      const path = item.type === 'item' ? [...frame.path, item.key] : frame.path
      if (value.type === 'branch' || value.type === 'list') stack.push({ items: value.items, next: 0, path })
      else yield { path, leaf: value }
    }
  }
  return undefined
}

interface LeafFrame {
  readonly items: readonly (Item | Value)[]
  next: number
  readonly path: readonly string[]
}
