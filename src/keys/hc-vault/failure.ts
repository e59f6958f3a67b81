// What is told of a question that a transit engine did not answer: never what was sent, nor what quotes it.
import { KeyBackendError, type KeyFailureReason } from '../../errors.ts'
import type { VaultAnswer } from './exchange.ts'
import type { TransitKey, TransitOperation } from './request.ts'

export function malformed(key: TransitKey, operation: TransitOperation, what: string): KeyBackendError {
  return failure(key, operation, 'malformed', what)
}

export function badAnswer(key: TransitKey, operation: TransitOperation): KeyBackendError {
  return failure(key, operation, 'malformed', 'the server gave no usable answer', 'Is there a Vault at this address?')
}

const maxErrors = 10

/** The server said no. */
export function refused(
  key: TransitKey,
  operation: TransitOperation,
  { url, status, text }: VaultAnswer,
  token: string | undefined,
): KeyBackendError {
  const told = readErrors(text)
    .filter((each) => isSafe(each, token))
    .slice(0, maxErrors)
  const errors = told.map((each) => `* ${each}`).join('\n')
  const message = `Error making API request.\n\nURL: PUT ${url}\nCode: ${status}. Errors:\n\n${errors}`.trimEnd()
  return failure(key, operation, ...reasonOf(status, token), message)
}

function reasonOf(status: number, token: string | undefined): [KeyFailureReason, string] {
  if (status >= 300 && status < 400) {
    return ['denied', 'The server sends on to another one, and a token is not sent there: use the address of that one.']
  }
  if (token === undefined && status < 500) {
    return ['no-credential', 'No Vault token was found: set VAULT_TOKEN or log in with `vault login`.']
  }
  if (status === 403) return ['denied', 'The token may be expired, or its policies may not let it use this key.']
  if (status === 400) return ['malformed', 'The `enc` of this key may have been changed, or is of another key.']
  if (status === 404) return ['malformed', 'There is no such transit engine or key; VAULT_NAMESPACE may be missing.']
  return ['offline', 'The server is sealed, not ready or overloaded: try again later.']
}

function readErrors(text: string): readonly string[] {
  try {
    const answer: unknown = JSON.parse(text)
    const errors: unknown = typeof answer === 'object' && answer !== null && 'errors' in answer ? answer.errors : []
    return Array.isArray(errors) ? errors.filter((each) => typeof each === 'string') : []
  } catch {
    return []
  }
}

// A long run without a space may be a token, a ciphertext or a data key.
function isSafe(text: string, token: string | undefined): boolean {
  return text.length <= 300 && !/[\w+/=.-]{36}/.test(text) && (token === undefined || !text.includes(token))
}

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL/

/** The server could not be asked. */
export function unreachable(
  key: TransitKey,
  operation: TransitOperation,
  url: string,
  error: unknown,
): KeyBackendError {
  const code = codeOf(error)
  const hint = certificateCodes.test(code)
    ? 'The certificate of the server is not trusted: see VAULT_CACERT, VAULT_CAPATH and VAULT_TLS_SERVER_NAME.'
    : 'Is the server running, and can this machine reach it?'
  return failure(key, operation, 'offline', hint, `${new URL(url).origin} cannot be reached (${code})`)
}

/** The code of a failed request; its message may quote what was sent. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return error.cause === undefined ? error.name : codeOf(error.cause)
}

function failure(
  key: TransitKey,
  operation: TransitOperation,
  reason: KeyFailureReason,
  hint: string,
  what?: string,
): KeyBackendError {
  const path = `${key.enginePath}/${operation}/${key.keyName}`
  const doing = operation === 'encrypt' ? 'encrypt sops data key to' : 'decrypt sops data key from'
  const message = `failed to ${doing} Vault transit backend '${path}': ${what ?? hint}`
  return new KeyBackendError(key.type, key.id, reason, message, what === undefined ? {} : { hint })
}
