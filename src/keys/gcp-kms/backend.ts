// Data keys encrypted by Google Cloud KMS. `enc` is the ciphertext in standard base64.
import { ConfigError } from '../../errors.ts'
import { now } from '../../rfc3339.ts'
import type { Host } from '../../host.ts'
import { withDeadline } from '../deadline.ts'
import { textField, timeField } from '../metadata-entry.ts'
import type { KeyBackend, MasterKey } from '../types.ts'
import { callKms } from './client.ts'
import { failure } from './failure.ts'

/** `id` is the resource id. */
export interface GcpKmsKey extends MasterKey {
  readonly type: 'gcp_kms'
  readonly createdAt: string
}

export const gcpKms: KeyBackend<GcpKmsKey> = {
  type: 'gcp_kms',
  names: {
    rule: 'gcp_kms',
    flag: 'gcp-kms',
    env: 'SOPS_GCP_KMS_IDS',
    flagHelp: 'comma-separated list of GCP KMS resource ids',
  },
  keyService: { number: 3, fields: ['resource_id'] },
  parse: (list) => (list === '' ? [] : list.split(',').map(makeKey)),
  parseGroupEntry(entry) {
    if (typeof entry === 'object' && entry !== null && 'resource_id' in entry && typeof entry.resource_id === 'string')
      return [makeKey(entry.resource_id)]
    throw new ConfigError('invalid gcp_kms key configuration: an entry of a key group has a resource_id')
  },
  toMetadata: (key) => ({ created_at: key.createdAt, enc: key.enc, resource_id: key.id }),
  fromMetadata: (entry) => ({
    type: 'gcp_kms',
    id: textField(entry, 'resource_id'),
    enc: textField(entry, 'enc'),
    createdAt: timeField(entry, 'created_at'),
  }),
  encryptDataKey,
  decryptDataKey,
  isWrapped: ({ enc }) => decodeEnc(enc) !== undefined,
}

// Nothing that could change the address of a request when it becomes part of one.
const segment = '(?!\\.{1,2}(?:/|$))[\\w.:~-]+'
const resourceId = new RegExp(`^projects/${segment}/locations/${segment}/keyRings/${segment}/cryptoKeys/${segment}$`)

const advice = 'A resource id is projects/‹project›/locations/‹location›/keyRings/‹key ring›/cryptoKeys/‹key›.'

function makeKey(text: string): GcpKmsKey {
  // Blanks go wherever they stand, as in sops.
  const id = text.replaceAll(' ', '').trim()
  if (resourceId.test(id)) return { type: 'gcp_kms', id, enc: '', createdAt: now() }
  throw new ConfigError(`no valid resource ID found in ${JSON.stringify(id)}`, undefined, { hint: advice })
}

async function encryptDataKey(key: GcpKmsKey, dataKey: Uint8Array, host: Host): Promise<GcpKmsKey> {
  checkId(key)
  const ciphertext = await withDeadline(key, host, (signal) => callKms('encrypt', key, dataKey, { host, signal }))
  return { ...key, enc: Buffer.from(ciphertext).toString('base64') }
}

async function decryptDataKey(key: GcpKmsKey, host: Host): Promise<Uint8Array> {
  checkId(key)
  const ciphertext = decodeEnc(key.enc)
  if (ciphertext === undefined) {
    const hint = 'The `enc` of this key was cut or changed: take it from an earlier version of the file.'
    throw failure(key, 'malformed', 'the encrypted data key is not base64', { hint })
  }
  return withDeadline(key, host, (signal) => callKms('decrypt', key, ciphertext, { host, signal }))
}

// The id of a file's metadata has not been through makeKey.
function checkId(key: GcpKmsKey): void {
  if (resourceId.test(key.id)) return
  throw failure(key, 'malformed', `no valid resource ID found in ${JSON.stringify(key.id)}`, { hint: advice })
}

// The service takes 64 KiB.
const maxLength = 1 << 17

function decodeEnc(enc: string): Buffer | undefined {
  if (enc.length > maxLength) return undefined
  const text = enc.replaceAll(/[\r\n]/g, '')
  return text !== '' && text.length % 4 === 0 && /^[A-Za-z\d+/]+={0,2}$/.test(text)
    ? Buffer.from(text, 'base64')
    : undefined
}
