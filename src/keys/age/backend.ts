// Data keys in age files: ASCII armor, one recipient per file.
import { ConfigError, KeyBackendError, type KeyFailureReason } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { textField } from '../metadata-entry.ts'
import type { KeyBackend, MasterKey } from '../types.ts'
import { defaultKeyFile, loadIdentities, type FoundIdentity, type LoadedIdentities } from './identity-sources.ts'
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

function makeKey(text: string): AgeKey {
  const recipient = text.trim()
  parseRecipient(recipient)
  return { type: 'age', id: recipient, enc: '' }
}

async function encryptDataKey(key: AgeKey, dataKey: Uint8Array): Promise<AgeKey> {
  const recipient = readRecipient(key)
  const { Encrypter, armor } = await import('age-encryption')
  try {
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient)
    return { ...key, enc: armor.encode(await encrypter.encrypt(dataKey)) }
  } catch {
    const message = 'failed to create writer for encrypting sops data key with age: the recipient cannot be used'
    throw failure(key, 'malformed', message, {})
  }
}

function readRecipient(key: AgeKey): ParsedRecipient {
  try {
    return parseRecipient(key.id)
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw failure(key, 'malformed', cause.message, { cause, ...(cause.hint !== undefined && { hint: cause.hint }) })
  }
}

async function decryptDataKey(key: AgeKey, host: Host): Promise<Uint8Array> {
  const loaded = await loadIdentities(host, key.id)
  if (loaded.identities.length === 0) {
    const message = `failed to load age identities${describeSources(loaded)}`
    throw failure(key, 'no-credential', message, { hint: await adviseOnIdentities(key, loaded, host) })
  }
  const opened = await openFile(key, loaded.identities)
  if (opened instanceof Uint8Array) return opened
  const message = `failed to create reader for decrypting sops data key with age: ${opened.message}${describeSources(loaded)}`
  const hint = opened.reason === 'malformed' ? adviceOnDamage : await adviseOnIdentities(key, loaded, host)
  throw failure(key, opened.reason, message, { hint })
}

const adviceOnDamage = 'The `enc` of this key was cut or changed: take it from an earlier version of the file.'

interface Unopened {
  readonly reason: KeyFailureReason
  readonly message: string
}

// Many times what the largest recipient takes; a text without end must not be decoded.
const maxFileLength = 1 << 20

async function openFile(key: AgeKey, identities: readonly FoundIdentity[]): Promise<Uint8Array | Unopened> {
  if (key.enc.length > maxFileLength) return { reason: 'malformed', message: 'the age file is too large' }
  const { Decrypter, armor } = await import('age-encryption')
  const decrypter = new Decrypter()
  const likely = identities.toSorted((a, b) => Number(b.recipient === key.id) - Number(a.recipient === key.id))
  for (const { identity } of likely) decrypter.addIdentity(identity)
  const last = new LastIdentity()
  decrypter.addIdentity(last)
  try {
    return await decrypter.decrypt(armor.decode(key.enc))
  } catch {
    // The library's error is not passed on: it quotes what it could not read.
    if (!last.asked) return { reason: 'malformed', message: 'the age file is damaged' }
    return { reason: 'no-credential', message: noMatch(identities.length) }
  }
}

/** Opens nothing. It is asked only when all others have declined. */
class LastIdentity {
  asked = false

  unwrapFileKey(): null {
    this.asked = true
    return null
  }
}

function noMatch(count: number): string {
  if (count > 1) return 'no identity matched any of the recipients'
  return 'identity did not match any of the recipients: incorrect identity for recipient block'
}

/** sops' account of the sources. */
function describeSources({ errors, unused }: LoadedIdentities): string {
  const failed = errors.length === 0 ? '' : `. Errors while loading age identities: ${errors.join('; ')}`
  const quoted = unused.map((location) => `'${location}'`)
  const last = quoted.pop()
  if (last === undefined) return failed
  if (quoted.length === 0) return `${failed}. Did not find keys in location ${last}.`
  const comma = quoted.length > 1 ? ',' : ''
  return `${failed}. Did not find keys in locations ${quoted.join(', ')}${comma} and ${last}.`
}

async function adviseOnIdentities(key: AgeKey, { identities }: LoadedIdentities, host: Host): Promise<string> {
  const found = await Promise.all(
    identities.map(async (identity) => `${await publicSide(identity)} (${identity.location})`),
  )
  const places = ['SOPS_AGE_KEY', 'a file that SOPS_AGE_KEY_FILE names', defaultKeyFile(host)].filter(Boolean)
  const present = found.length === 0 ? 'No age identity was found' : `Found the identities of ${found.join(', ')}`
  return `${present}; wanted is the one of ${shorten(key.id)}: put it into ${places.join(', or ')}.`
}

async function publicSide({ identity, recipient }: FoundIdentity): Promise<string> {
  if (recipient !== undefined) return recipient
  if (typeof identity !== 'string') return 'an unnamed recipient'
  const { identityToRecipient } = await import('age-encryption')
  return shorten(await identityToRecipient(identity))
}

// A post-quantum recipient fills two screens.
function shorten(recipient: string): string {
  return recipient.length > 100 ? `${recipient.slice(0, 40)}…` : recipient
}

function failure(
  key: AgeKey,
  reason: KeyFailureReason,
  message: string,
  options: { readonly hint?: string; readonly cause?: unknown },
): KeyBackendError {
  return new KeyBackendError('age', key.id, reason, message, options)
}
