// Data keys in OpenPGP messages, one recipient per message: in process when the key is at hand there, else by gpg.
import { ConfigError, KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { now } from '../../rfc3339.ts'
import { textField, timeField } from '../metadata-entry.ts'
import type { KeyBackend, MasterKey } from '../types.ts'
import type { Attempt, Failure } from './attempt.ts'
import { decryptInProcess } from './decryption.ts'
import { encryptInProcess } from './encryption.ts'
import { parseFingerprint } from './fingerprint.ts'
import { decryptWithGpg, encryptWithGpg } from './gpg.ts'
import { readMessage } from './message.ts'

/** `id` is the fingerprint. */
export interface PgpKey extends MasterKey {
  readonly type: 'pgp'
  /** RFC 3339. */
  readonly createdAt: string
}

export const pgp: KeyBackend<PgpKey> = {
  type: 'pgp',
  names: {
    rule: 'pgp',
    flag: 'pgp',
    shortFlag: 'p',
    env: 'SOPS_PGP_FP',
    flagHelp: 'comma-separated list of PGP fingerprints',
  },
  keyService: { number: 2, fields: ['fp'] },
  parse: (spec) => (spec.trim() === '' ? [] : spec.split(',').map(makeKey)),
  parseGroupEntry(entry) {
    if (typeof entry === 'string') return [makeKey(entry)]
    throw new ConfigError('invalid pgp key configuration: an entry of a key group is a fingerprint')
  },
  toMetadata: (key) => ({ created_at: key.createdAt, enc: key.enc, fp: key.id }),
  fromMetadata: (entry) => ({
    type: 'pgp',
    id: textField(entry, 'fp'),
    enc: textField(entry, 'enc'),
    createdAt: timeField(entry, 'created_at'),
  }),
  encryptDataKey,
  decryptDataKey,
  isWrapped: ({ enc }) => typeof readMessage(enc) !== 'string',
}

function makeKey(text: string): PgpKey {
  return { type: 'pgp', id: parseFingerprint(text), enc: '', createdAt: now() }
}

async function encryptDataKey(key: PgpKey, dataKey: Uint8Array, host: Host): Promise<PgpKey> {
  const enc = await tryBoth(key, 'could not encrypt data key with PGP key', {
    inProcess: () => encryptInProcess(key, dataKey, host),
    byGpg: () => encryptWithGpg(key.id, dataKey, host),
  })
  return { ...key, enc }
}

async function decryptDataKey(key: PgpKey, host: Host): Promise<Uint8Array> {
  const purpose = 'could not decrypt data key with PGP key'
  const message = readMessage(key.enc)
  if (typeof message === 'string') {
    throw failure(key, purpose, { reason: 'malformed', message, hint: adviceOnDamage })
  }
  return tryBoth(key, purpose, {
    inProcess: async () => checkLength(await decryptInProcess(key, message, host)),
    byGpg: async () => checkLength(await decryptWithGpg(key.enc, message, host)),
  })
}

const adviceOnDamage =
  'The `enc` of this key was cut, changed or never made by sops: take it from an earlier version of the file.'

// 32 bytes is the data key, 33 a share of it.
function checkLength(attempt: Attempt<Uint8Array>): Attempt<Uint8Array> {
  if (!('value' in attempt) || attempt.value.length === 32 || attempt.value.length === 33) return attempt
  return { reason: 'malformed', message: 'the PGP message holds no data key', final: true }
}

interface Ways<T> {
  readonly inProcess: () => Promise<Attempt<T>>
  readonly byGpg: () => Promise<Attempt<T>>
}

async function tryBoth<T>(key: PgpKey, purpose: string, { inProcess, byGpg }: Ways<T>): Promise<T> {
  const first = await inProcess().catch(asFailure)
  if ('value' in first) return first.value
  if (first.final === true) throw failure(key, purpose, { ...first, message: `openpgp error: ${first.message}` })
  const second = await byGpg()
  if ('value' in second) return second.value
  // Without gpg, what the first way says is what there is to do.
  const { reason } = second.reason === 'not-installed' ? first : second
  const hint = second.hint ?? first.hint
  const message = `openpgp error: ${first.message}; GnuPG binary error: ${second.message}`
  throw failure(key, purpose, { reason, message, ...(hint !== undefined && { hint }) })
}

function asFailure(error: unknown): Failure {
  if (!(error instanceof KeyBackendError)) throw error
  return { reason: error.reason, message: error.message, ...(error.hint !== undefined && { hint: error.hint }) }
}

function failure({ id }: PgpKey, purpose: string, { reason, message, hint }: Failure): KeyBackendError {
  return new KeyBackendError('pgp', id, reason, `${purpose}: ${message}`, hint === undefined ? {} : { hint })
}
