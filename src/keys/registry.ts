// Every kind of master key that this package knows, one line each, in the order in which sops reads them from a file.
import { age } from './age/backend.ts'
import { azureKv } from './azure-kv/backend.ts'
import { gcpKms } from './gcp-kms/backend.ts'
import { hckms } from './hckms/backend.ts'
import { hcVault } from './hc-vault/backend.ts'
import { kms } from './kms/backend.ts'
import { pgp } from './pgp/backend.ts'
import type { KeyBackend } from './types.ts'

export const backends: readonly KeyBackend[] = [kms, gcpKms, hckms, azureKv, hcVault, pgp, age]

/** The types that are tried first when nobody says otherwise; in a creation rule their keys come first too. */
export const defaultDecryptionOrder: readonly string[] = ['age', 'pgp']

/** The backend for a key type: a caller's own before ours. */
export function findBackend(type: string, extra: readonly KeyBackend[] = []): KeyBackend | undefined {
  return [...extra, ...backends].find((backend) => backend.type === type)
}

/** One backend per type, in the place of ours: a caller's own stands before it in the list and counts instead. */
export function distinctBackends(all: readonly KeyBackend[]): readonly KeyBackend[] {
  return [...new Map(all.toReversed().map((backend) => [backend.type, backend])).values()].toReversed()
}

/** One backend per type, in the order in which the fields of a creation rule are read. */
export function inRuleOrder(all: readonly KeyBackend[]): readonly KeyBackend[] {
  const place = ({ type }: KeyBackend): number => {
    const index = defaultDecryptionOrder.indexOf(type)
    return index < 0 ? defaultDecryptionOrder.length : index
  }
  return distinctBackends(all).toSorted((a, b) => place(a) - place(b))
}
