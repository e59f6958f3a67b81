// What tells two master keys apart: every field of their metadata entries but those that encryption writes. The id, which
// is what sops compares, is not enough: the context of one AWS KMS key can spell the role or profile of another.
import { findBackend } from '../keys/registry.ts'
import type { KeyBackend, KeyGroup, MasterKey } from '../keys/types.ts'

const writtenByEncryption: ReadonlySet<string> = new Set(['enc', 'created_at'])

/** Equal for two entries of one key, and only for them. `passedOver`: a field that does not count. */
export function identityOf(key: MasterKey, backends: readonly KeyBackend[], passedOver?: string): string {
  const backend = findBackend(key.type, backends)
  // A key of a kind that nobody knows is like no other.
  if (backend === undefined) return JSON.stringify([key.type, key.id, key.enc])
  const fields = Object.entries(backend.toMetadata(key))
  const kept = fields.filter(([name]) => !writtenByEncryption.has(name) && name !== passedOver)
  return JSON.stringify([key.type, kept.sort(([a], [b]) => (a < b ? -1 : 1))])
}

export function isSameKey(a: MasterKey, b: MasterKey, backends: readonly KeyBackend[]): boolean {
  return identityOf(a, backends) === identityOf(b, backends)
}

/** Whether a key of a file is among those that a rule or flags name: what these leave open may be anything. */
export function keyMatcher(named: KeyGroup, backends: readonly KeyBackend[]): (key: MasterKey) => boolean {
  const identities = new Set(named.map((key) => identityOf(key, backends, openFieldOf(key, backends))))
  return (key) =>
    identities.has(identityOf(key, backends)) ||
    identities.has(identityOf(key, backends, findBackend(key.type, backends)?.openField?.name))
}

/** The name of the field that the key leaves open. */
export function openFieldOf(key: MasterKey, backends: readonly KeyBackend[]): string | undefined {
  const backend = findBackend(key.type, backends)
  const name = backend?.openField?.name
  return name !== undefined && backend?.toMetadata(key)[name] === '' ? name : undefined
}
