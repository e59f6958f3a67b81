import { ConfigError } from '../errors.ts'
import { backends, findBackend } from './registry.ts'
import type { KeyBackend, KeyGroup } from './types.ts'

/**
 * A key group from the texts that sops' flags take: `keyGroup({ age: 'age1…,age1…' })`. The names are those of the
 * metadata: age, pgp, kms, gcp_kms, azure_kv, hc_vault, hckms, or those of `own` backends.
 * @throws ConfigError for an unknown kind of key, or a text that is no key of its kind
 */
export function keyGroup(keys: Readonly<Record<string, string>>, own: readonly KeyBackend[] = []): KeyGroup {
  return Object.entries(keys).flatMap(([type, spec]) => {
    const backend = findBackend(type, own)
    if (backend !== undefined) return backend.parse(spec)
    throw new ConfigError(`unknown kind of master key ${JSON.stringify(type)}`, undefined, {
      hint: `The kinds are ${backends.map((each) => each.type).join(', ')}.`,
    })
  })
}
