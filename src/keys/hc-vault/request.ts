// One question to a transit engine.
import type { Host } from '../../host.ts'
import type { MasterKey } from '../types.ts'
import { checkAllowed } from './allow-list.ts'
import { exchange } from './exchange.ts'
import { badAnswer, malformed, refused, unreachable } from './failure.ts'
import { requestUrl, type VaultKeyPath } from './uri.ts'

export type TransitOperation = 'encrypt' | 'decrypt'

export interface TransitKey extends MasterKey, VaultKeyPath {}

/**
 * Sends `value` as the field that the operation takes and gives the one that it gives back.
 * @throws KeyBackendError
 */
export async function askTransit(
  key: TransitKey,
  operation: TransitOperation,
  value: string,
  host: Host,
): Promise<string> {
  const [given, wanted] = operation === 'encrypt' ? ['plaintext', 'ciphertext'] : ['ciphertext', 'plaintext']
  const url = requestUrl(key, operation)
  if (url === undefined) throw malformed(key, operation, 'the address, the engine or the name of the key is malformed')
  checkAllowed(key, key.address, host)
  const body = JSON.stringify({ [given]: value })
  const answer = await exchange(key, { method: 'PUT', url, body }, host, (sent, error) =>
    unreachable(key, operation, sent, error),
  )
  if (answer.status < 200 || answer.status > 299) throw refused(key, operation, answer, answer.token)
  return readField(key, operation, answer.text, wanted)
}

function readField(key: TransitKey, operation: TransitOperation, text: string, name: string): string {
  const data = parse(text)?.data
  const field: unknown = isObject(data) ? data[name] : undefined
  if (typeof field === 'string' && field !== '') return field
  throw badAnswer(key, operation)
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
