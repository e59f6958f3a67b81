// What went wrong at Azure, in our words: an SDK's error may quote its request or a credential, so only its status is used.
import { KeyBackendError, type KeyFailureReason, type SopsErrorOptions } from '../../errors.ts'
import type { MasterKey } from '../types.ts'

/** The error for what a call threw. */
export function explain(key: MasterKey, error: unknown): KeyBackendError {
  if (error instanceof KeyBackendError) return error
  const name = error instanceof Error ? error.name : ''
  if (credentialErrors.has(name)) {
    return failure(key, 'no-credential', 'no Azure credential gave a token', {
      hint: 'Run `az login`, use a managed identity, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET.',
    })
  }
  if (error instanceof Error && error.message.startsWith('The challenge ')) {
    return failure(key, 'denied', 'the address asks for a token of another service', {
      hint: 'It is no Key Vault, or an emulator: name its address in TSOPS_AZURE_ALLOWLIST if you trust it.',
    })
  }
  return explainStatus(key, statusOf(error))
}

const credentialErrors: ReadonlySet<string> = new Set([
  'CredentialUnavailableError',
  'AuthenticationError',
  'AggregateAuthenticationError',
  'AuthenticationRequiredError',
])

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  // The REST client gives it as a text.
  return Number(error.statusCode)
}

function explainStatus(key: MasterKey, status: number | undefined): KeyBackendError {
  switch (status) {
    case 400:
      return failure(key, 'malformed', 'the key did not process this data key (400)', {
        hint: 'Check that the file names the right key, that it is an RSA key, and that `enc` was not changed.',
      })
    case 401:
      return failure(key, 'denied', 'the credential was refused (401)', {
        hint: 'Sign in again, and check that the credential belongs to the tenant of the vault.',
      })
    case 403:
      return failure(key, 'denied', 'the key may not be used: access was denied, or the key is disabled (403)', {
        hint: 'The identity needs the encrypt and decrypt permissions (role Key Vault Crypto User); without a key version also get.',
      })
    case 404:
      return failure(key, 'denied', 'there is no such key or key version (404)', {
        hint: 'Check name and version; a deleted key can be recovered in the vault.',
      })
    case 429:
      return failure(key, 'offline', 'the vault asked for fewer requests (429)', { hint: 'Try again later.' })
    default:
      return failure(key, 'offline', 'the vault could not be reached', {
        hint: 'Check the network, the trusted certificates and the address of the vault.',
      })
  }
}

export function failure(
  key: MasterKey,
  reason: KeyFailureReason,
  message: string,
  options: SopsErrorOptions = {},
): KeyBackendError {
  return new KeyBackendError(key.type, key.id, reason, `Azure Key Vault: ${message}`, options)
}
