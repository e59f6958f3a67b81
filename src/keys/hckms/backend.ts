// Data keys encrypted by HuaweiCloud KMS, in the form in which its REST API answers.
import type { Host } from '../../host.ts'
import { withDeadline } from '../deadline.ts'
import type { KeyBackend } from '../types.ts'
import { Failure, keyFailure } from './failure.ts'
import { emitKey, parseEntry, parseIds, readKey, splitId, type HuaweiKey } from './key.ts'
import { ask } from './request.ts'
import { kmsEndpoint, sessionOf } from './session.ts'

export const hckms: KeyBackend<HuaweiKey> = {
  type: 'hckms',
  names: {
    rule: 'hckms',
    flag: 'hckms',
    env: 'SOPS_HUAWEICLOUD_KMS_IDS',
    flagHelp: 'comma-separated list of HuaweiCloud KMS keys (region:key-uuid)',
  },
  keyService: { number: 7, fields: ['key_id'] },
  parse: parseIds,
  parseGroupEntry: parseEntry,
  toMetadata: emitKey,
  fromMetadata: readKey,
  encryptDataKey,
  decryptDataKey,
  isWrapped: ({ enc }) => ciphertext.test(enc),
}

const ciphertext = /^[0-9A-Za-z+/=]{1,10000}$/

async function encryptDataKey(key: HuaweiKey, dataKey: Uint8Array, host: Host): Promise<HuaweiKey> {
  const text = Buffer.from(dataKey).toString('base64')
  const enc = await useKey(key, 'encrypt', { plain_text: text }, host)
  return { ...key, enc }
}

async function decryptDataKey(key: HuaweiKey, host: Host): Promise<Uint8Array> {
  if (!ciphertext.test(key.enc)) {
    throw keyFailure(key, 'decrypt', new Failure('malformed', 'the encrypted data key is no base64'))
  }
  const text = await useKey(key, 'decrypt', { cipher_text: key.enc }, host)
  const dataKey = Buffer.from(text, 'base64')
  if (dataKey.toString('base64') === text) return dataKey
  throw keyFailure(key, 'decrypt', new Failure('malformed', 'the decrypted data key is no base64'))
}

const operations = {
  encrypt: { path: 'encrypt-data', answer: 'cipher_text' },
  decrypt: { path: 'decrypt-data', answer: 'plain_text' },
} as const

/** Throws KeyBackendError. */
async function useKey(
  key: HuaweiKey,
  verb: keyof typeof operations,
  subject: Readonly<Record<string, string>>,
  host: Host,
): Promise<string> {
  const { path, answer } = operations[verb]
  try {
    const { region, keyId } = splitId(key.id)
    return await withDeadline(key, host, async (signal) => {
      const session = sessionOf(host)
      const credentials = await session.credentials()
      const projectId = await session.project(region, credentials, signal)
      const url = `${kmsEndpoint(host, region)}/v1.0/${encodeURIComponent(projectId)}/kms/${path}`
      const body = { key_id: keyId, ...subject, encryption_algorithm: 'SYMMETRIC_DEFAULT' }
      const fields = await ask({ method: 'POST', url, projectId, body }, credentials, host, signal)
      const text = fields.get(answer)
      if (typeof text === 'string' && text !== '') return text
      throw new Failure('offline', `the answer has no ${answer}`)
    })
  } catch (error) {
    throw keyFailure(key, verb, error)
  }
}
