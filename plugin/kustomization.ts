// Where the resources of a build come from: the files that a kustomization lists, and those of the bases that it lists.
// What is not on this machine, or not to be read, is passed over: kustomize itself has read it from somewhere.
import { dirname, join, resolve } from 'node:path'
import type { Item, Value } from '../src/index.ts'
import { itemsOf } from '../src/kubernetes/object.ts'
import { storeFor } from '../src/stores/registry.ts'
import type { ConfinedFiles } from './confined-files.ts'
import { placed, Refusal } from './finding.ts'

const names = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
// In capitals: Go's JSON takes a field in any case.
const lists = new Set(['RESOURCES', 'BASES', 'COMPONENTS', 'GENERATORS', 'TRANSFORMERS'])
const maxRoots = 10_000

export interface ListedFile {
  /** As a person would name it: relative to the root of the build where it can be. */
  readonly name: string
  readonly path: string
  /** Why it may not be read, though kustomize could. */
  readonly refusal?: Refusal | undefined
}

/** The files that the kustomization in `root` lists, nearest first, each once. */
export async function listResources(root: string, files: ConfinedFiles): Promise<readonly ListedFile[]> {
  const roots = [root]
  const known = new Set(roots)
  const found = new Map<string, ListedFile>()
  for (const at of roots) {
    if (roots.length > maxRoots) throw new Refusal('the kustomization lists too many bases')
    for (const entry of await readEntries(at, files)) {
      const target = await inspect(at, entry, files)
      if (target === undefined) continue
      if (target.kind === 'file') found.set(target.path, { name: entry, path: target.path, refusal: target.refusal })
      else if (!known.has(target.path)) {
        known.add(target.path)
        roots.push(target.path)
      }
    }
  }
  return [...found.values()]
}

async function readEntries(root: string, files: ConfinedFiles): Promise<readonly string[]> {
  const kustomization = await findKustomization(root, files)
  return itemsAndMerged(kustomization).flatMap(({ key, value }) =>
    lists.has(key.toUpperCase()) && value.type === 'list' ? value.items.flatMap(pathOf) : [],
  )
}

// kustomize merges what stands under << before it looks.
function itemsAndMerged(kustomization: Value | undefined): readonly Item[] {
  const waiting = [kustomization]
  const found: Item[] = []
  for (const value of waiting) {
    if (value?.type === 'list') waiting.push(...value.items)
    for (const item of itemsOf(value)) {
      if (item.key === '<<') waiting.push(item.value)
      else found.push(item)
    }
  }
  return found
}

async function findKustomization(root: string, files: ConfinedFiles): Promise<Value | undefined> {
  for (const name of names) {
    const path = await files.files.realPath(join(root, name)).catch(() => undefined)
    if (path !== undefined) return parseKustomization(await files.read(path))
  }
  return undefined
}

// What it lists must be known: a changed file could be among it, beside a sound one.
function parseKustomization(bytes: Uint8Array): Value | undefined {
  try {
    return storeFor('yaml')?.parse(bytes).branches[0]
  } catch {
    throw new Refusal('the kustomization that lists it, or that of a base, does not parse')
  }
}

// Generators and transformers may stand in the kustomization themselves: then there is no such file.
function pathOf(value: Value): readonly string[] {
  switch (value.type) {
    case 'str':
      return value.value === '' ? [] : [value.value]
    case 'bytes':
      return [Buffer.from(value.value).toString()]
    case 'comment':
    case 'null':
      return []
    default:
      // kustomize takes a time as the text that it is written in.
      throw new Refusal('a kustomization lists what YAML reads as no text: put it in quotes')
  }
}

interface Target {
  readonly kind: 'file' | 'root'
  readonly path: string
  readonly refusal?: Refusal
}

// A base may lie anywhere, as kustomize has it; a file must lie below the kustomization that lists it.
async function inspect(root: string, entry: string, files: ConfinedFiles): Promise<Target | undefined> {
  try {
    const path = await files.files.realPath(resolve(root, entry))
    const kind = await files.files.kindOf(path)
    if (kind === 'directory') return { kind: 'root', path }
    return kind === 'file' ? await confine(path, root, files) : undefined
  } catch {
    return undefined
  }
}

// Without its load restrictor kustomize reads files outside; we do not, and do not know what is in them.
async function confine(path: string, root: string, files: ConfinedFiles): Promise<Target> {
  try {
    return { kind: 'file', path: await files.locate(path, root) }
  } catch (error) {
    return { kind: 'file', path, refusal: placed(error, {}) }
  }
}

/** The directories of files, for what an annotation says of an origin. */
export function rootsOf(files: readonly ListedFile[]): ReadonlySet<string> {
  return new Set(files.map(({ path }) => dirname(path)))
}
