// Where the resources of a build come from: the files that a kustomization lists, and those of the bases that it lists.
// What is not on this machine, or not to be read, is passed over: kustomize itself has read it from somewhere.
import { dirname, join, resolve } from 'node:path'
import type { Value } from '../src/index.ts'
import { itemsOf } from '../src/kubernetes/object.ts'
import { storeFor } from '../src/stores/registry.ts'
import type { ConfinedFiles } from './confined-files.ts'
import { Refusal } from './finding.ts'

const names = ['kustomization.yaml', 'kustomization.yml', 'Kustomization']
// In capitals: Go's JSON takes a field in any case.
const lists = new Set(['RESOURCES', 'BASES', 'COMPONENTS', 'GENERATORS', 'TRANSFORMERS'])
const maxRoots = 10_000

export interface ListedFile {
  /** As a person would name it: relative to the root of the build where it can be. */
  readonly name: string
  readonly path: string
}

/** The files that the kustomization in `root` lists, nearest first, each once. */
export async function listResources(root: string, files: ConfinedFiles): Promise<readonly ListedFile[]> {
  const roots = [root]
  const known = new Set(roots)
  const found = new Map<string, ListedFile>()
  for (let next = 0; next < roots.length && next < maxRoots; next++) {
    const at = roots[next] ?? root
    for (const entry of await readEntries(at, files)) {
      const target = await inspect(at, entry, files)
      if (target === undefined) continue
      if (target.kind === 'file') found.set(target.path, { name: entry, path: target.path })
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
  return itemsOf(kustomization).flatMap(({ key, value }) =>
    lists.has(key.toUpperCase()) && value.type === 'list' ? value.items.flatMap(pathOf) : [],
  )
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

// Generators and transformers may stand in the kustomization themselves.
function pathOf(value: Value): readonly string[] {
  return value.type === 'str' && value.value !== '' && !value.value.includes('\n') ? [value.value] : []
}

interface Target {
  readonly kind: 'file' | 'root'
  readonly path: string
}

// A base may lie anywhere, as kustomize has it; a file must lie below the kustomization that lists it.
async function inspect(root: string, entry: string, files: ConfinedFiles): Promise<Target | undefined> {
  try {
    const path = await files.files.realPath(resolve(root, entry))
    const kind = await files.files.kindOf(path)
    if (kind === 'directory') return { kind: 'root', path }
    return kind === 'file' ? { kind: 'file', path: await files.locate(entry, root) } : undefined
  } catch {
    return undefined
  }
}

/** The directories of files, for what an annotation says of an origin. */
export function rootsOf(files: readonly ListedFile[]): ReadonlySet<string> {
  return new Set(files.map(({ path }) => dirname(path)))
}
