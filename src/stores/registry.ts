// Every store, once. A path chooses by its suffix, case-sensitive as in sops 3.13.3; binary takes the rest.

import { binary } from './binary.ts'
import { dotenv } from './dotenv.ts'
import { ini } from './ini.ts'
import { json } from './json.ts'
import type { Store } from './types.ts'
import { yaml } from './yaml.ts'

export const stores: readonly Store[] = [yaml, json, dotenv, ini, binary]

const byName: ReadonlyMap<string, Store> = new Map(stores.map((store) => [store.name, store]))

/** The store of that name. */
export function storeFor(name: string): Store | undefined {
  return byName.get(name)
}

/** The store for a file of that name. */
export function storeForPath(path: string): Store {
  return stores.find(({ extensions }) => extensions.some((extension) => path.endsWith(extension))) ?? binary
}
