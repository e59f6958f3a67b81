// Our side for tests that treat the library as a caller does: bytes in, bytes out, with a Host that reaches nothing but
// the given variables and files.

import { readFile } from 'node:fs/promises'
import { decrypt, encrypt, update } from '../src/index.ts'
import type { Host } from '../src/host.ts'
import type { KeyGroup } from '../src/keys/types.ts'
import type { CreationRule, Selection } from '../src/metadata/types.ts'
import { findBackend } from '../src/keys/registry.ts'
import { alice } from './test-keys.ts'

/** A Host that holds these age identities and nothing else: no process, no network. */
export function hostWith(...identities: readonly string[]): Host {
  const variables = new Map([['SOPS_AGE_KEY', identities.join('\n')]])
  return {
    platform: 'linux',
    env: (name) => variables.get(name),
    readFile: async (path) => new Uint8Array(await readFile(path)),
    run: async (file) => Promise.reject(new Error(`a test must not run ${file}`)),
    fetch: async () => Promise.reject(new Error('a test must not use the network')),
  }
}

export function ageGroup(...recipients: readonly string[]): KeyGroup {
  const backend = findBackend('age')
  if (backend === undefined) throw new Error('no age backend')
  return backend.parse(recipients.join(','))
}

export function ageRule(selection?: Selection, macOnlyEncrypted = false): CreationRule {
  return {
    keyGroups: [ageGroup(alice.recipient)],
    ...(selection === undefined ? {} : { selection }),
    macOnlyEncrypted,
  }
}

const host = hostWith(alice.identity)

export async function encryptAs(
  format: string,
  plain: Uint8Array,
  rule: CreationRule = ageRule(),
  outputFormat: string = format,
): Promise<Uint8Array> {
  return encrypt(plain, rule, { format, outputFormat, host, allowUnencrypted: true })
}

export async function decryptAs(
  format: string,
  encrypted: Uint8Array,
  outputFormat: string = format,
): Promise<Uint8Array> {
  return decrypt(encrypted, { format, outputFormat, host })
}

export async function updateAs(format: string, encrypted: Uint8Array, plain: Uint8Array): Promise<Uint8Array> {
  return update(encrypted, plain, { format, host, allowUnencrypted: true })
}
