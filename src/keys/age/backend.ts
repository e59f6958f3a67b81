// Data keys in age files: ASCII armor, one recipient per file.
import { ConfigError, KeyBackendError, type KeyFailureReason } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { textField } from '../metadata-entry.ts'
import type { KeyBackend, MasterKey } from '../types.ts'
import { adviseOnIdentities, describeSources } from './advice.ts'
import { loadIdentities } from './identity-sources.ts'
import { IdentityFailure } from './identity-failure.ts'
import { openDataKey } from './opening.ts'
import { parseRecipient, type ParsedRecipient } from './recipients.ts'

/** `id` is the recipient. */
export interface AgeKey extends MasterKey {
  readonly type: 'age'
}

export const age: KeyBackend<AgeKey> = {
  type: 'age',
  names: {
    rule: 'age',
    flag: 'age',
    shortFlag: 'a',
    env: 'SOPS_AGE_RECIPIENTS',
    flagHelp: 'comma-separated list of age recipients',
  },
  keyService: { number: 6, fields: ['recipient'] },
  alwaysInGroup: true,
  parse: parseRecipients,
  parseGroupEntry(entry) {
    if (typeof entry === 'string') return parseRecipients(entry)
    throw new ConfigError('invalid age key configuration: an entry of a key group is a recipient')
  },
  toMetadata: (key) => ({ enc: key.enc, recipient: key.id }),
  fromMetadata: (entry) => ({ type: 'age', id: textField(entry, 'recipient'), enc: textField(entry, 'enc') }),
  encryptDataKey,
  decryptDataKey,
  isWrapped: ({ enc }) => isAgeFile(enc),
}

function isAgeFile(armored: string): boolean {
  const match = /^\s*-----BEGIN AGE ENCRYPTED FILE-----\s([\w+/=\s]+)-----END AGE ENCRYPTED FILE-----\s*$/.exec(armored)
  return (
    match !== null &&
    Buffer.from(match[1] ?? '', 'base64')
      .toString('latin1')
      .startsWith('age-encryption.org/v1\n-> ')
  )
}

function parseRecipients(list: string): AgeKey[] {
  return list === '' ? [] : list.split(',').map(makeKey)
}

// The recipients of plugins that rules, flags and callers have named. Those that only a file names start no program.
const named = new Set<string>()

function makeKey(text: string): AgeKey {
  const recipient = text.trim()
  if (parseRecipient(recipient).plugin !== undefined) named.add(recipient)
  return { type: 'age', id: recipient, enc: '' }
}

async function encryptDataKey(key: AgeKey, dataKey: Uint8Array, host: Host): Promise<AgeKey> {
  const recipient = readRecipient(key)
  if (recipient.plugin !== undefined && !named.has(key.id)) throw unnamedPlugin(key, recipient.plugin)
  const { Encrypter, armor } = await import('age-encryption')
  try {
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient.open(host))
    return { ...key, enc: armor.encode(await encrypter.encrypt(dataKey)) }
  } catch (error) {
    const what = 'failed to create writer for encrypting sops data key with age'
    if (!(error instanceof IdentityFailure))
      throw failure(key, 'malformed', `${what}: the recipient cannot be used`, {})
    throw failure(key, error.reason, `${what}: ${error.message}`, hintOf(error))
  }
}

function unnamedPlugin(key: AgeKey, plugin: string): KeyBackendError {
  const message = `the age plugin ${plugin} is not started for a recipient that only the file names`
  return failure(key, 'denied', message, { hint: 'Name the recipient in a creation rule or on the command line.' })
}

function readRecipient(key: AgeKey): ParsedRecipient {
  try {
    return parseRecipient(key.id)
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw failure(key, 'malformed', cause.message, { cause, ...hintOf(cause) })
  }
}

async function decryptDataKey(key: AgeKey, host: Host): Promise<Uint8Array> {
  const loaded = await loadIdentities(host, key.id)
  if (loaded.identities.length === 0) {
    const message = `failed to load age identities${describeSources(loaded)}`
    throw failure(key, 'no-credential', message, { hint: await adviseOnIdentities(key.id, loaded, host) })
  }
  const opened = await openDataKey(key.enc, loaded.identities, key.id)
  if (opened instanceof Uint8Array) return opened
  const what = 'failed to create reader for decrypting sops data key with age'
  const advice = opened.reason === 'malformed' ? adviceOnDamage : await adviseOnIdentities(key.id, loaded, host)
  throw failure(key, opened.reason, `${what}: ${opened.message}${describeSources(loaded)}`, {
    hint: opened.hint ?? advice,
  })
}

const adviceOnDamage = 'The `enc` of this key was cut or changed: take it from an earlier version of the file.'

function hintOf({ hint }: { readonly hint: string | undefined }): { readonly hint?: string } {
  return hint === undefined ? {} : { hint }
}

function failure(
  key: AgeKey,
  reason: KeyFailureReason,
  message: string,
  options: { readonly hint?: string; readonly cause?: unknown },
): KeyBackendError {
  return new KeyBackendError('age', key.id, reason, message, options)
}
