// Data keys encrypted by AWS KMS, as the standard base64 of what the service answers.
import { KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { withDeadline } from '../deadline.ts'
import type { KeyBackend } from '../types.ts'
import { findClient, type KmsClient, type Subject } from './client.ts'
import { keyFailure } from './failure.ts'
import { emitKey, parseArns, parseEntry, readKey, regionOf, type KmsKey } from './key.ts'

export const kms: KeyBackend<KmsKey> = {
  type: 'kms',
  names: {
    rule: 'kms',
    flag: 'kms',
    shortFlag: 'k',
    env: 'SOPS_KMS_ARN',
    flagHelp: 'comma-separated list of AWS KMS key ARNs',
  },
  keyService: { number: 1, fields: ['arn', 'role', { map: 'context' }, 'aws_profile'] },
  parse: parseArns,
  parseGroupEntry: parseEntry,
  toMetadata: emitKey,
  fromMetadata: readKey,
  encryptDataKey,
  decryptDataKey,
  isWrapped: ({ enc }) => decodeBase64(enc) !== undefined,
}

async function encryptDataKey(key: KmsKey, dataKey: Uint8Array, host: Host): Promise<KmsKey> {
  const { CiphertextBlob } = await ask(key, 'encrypt', host, (client, abortSignal) =>
    client.encrypt({ ...subject(key), Plaintext: dataKey }, { abortSignal }),
  )
  if (CiphertextBlob === undefined) throw malformed(key, 'encrypt', 'the answer holds no ciphertext')
  return { ...key, enc: Buffer.from(CiphertextBlob).toString('base64') }
}

async function decryptDataKey(key: KmsKey, host: Host): Promise<Uint8Array> {
  const blob = decodeBase64(key.enc)
  if (blob === undefined) throw malformed(key, 'decrypt', 'the encrypted data key is not base64')
  const { Plaintext } = await ask(key, 'decrypt', host, (client, abortSignal) =>
    client.decrypt({ ...subject(key), CiphertextBlob: blob }, { abortSignal }),
  )
  if (Plaintext === undefined) throw malformed(key, 'decrypt', 'the answer holds no data key')
  return Plaintext
}

function subject(key: KmsKey): Subject {
  return { KeyId: key.arn, EncryptionContext: Object.fromEntries(key.context) }
}

type Verb = 'encrypt' | 'decrypt'

/** Throws KeyBackendError, ConfigError for a variable that makes no sense. */
async function ask<T>(
  key: KmsKey,
  verb: Verb,
  host: Host,
  request: (client: KmsClient, abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const region = regionOf(key.arn)
  if (region === undefined) throw malformed(key, verb, `no valid ARN found in '${key.arn}'`)
  if (key.context.some(([name]) => name === '__proto__'))
    throw malformed(key, verb, 'the context has a name that cannot be sent')
  try {
    return await withDeadline(key, host, async (signal) => request(await findClient(key, region, host), signal))
  } catch (error) {
    throw keyFailure(key, verb, error)
  }
}

function malformed(key: KmsKey, verb: Verb, problem: string): KeyBackendError {
  const message = `failed to ${verb} sops data key with AWS KMS: ${problem}`
  return new KeyBackendError('kms', key.id, 'malformed', message)
}

// A ciphertext has at most 6144 bytes.
const maxLength = 10_000

function decodeBase64(text: string): Uint8Array | undefined {
  const lines = text.length > maxLength ? '' : text.replace(/[\r\n]/g, '')
  const isBase64 = lines.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(lines)
  return isBase64 ? Buffer.from(lines, 'base64') : undefined
}
