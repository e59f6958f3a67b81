// Every failure that a user can cause is a SopsError with one of these codes. Callers branch on `code`, never on text.
// Messages name file, tree path and key id; never a value, a data key, an identity, a ciphertext or a computed MAC.

export const errorCodes = [
  'ERR_SOPS_PARSE',
  'ERR_SOPS_EMPTY',
  'ERR_SOPS_METADATA_MISSING',
  'ERR_SOPS_METADATA_INVALID',
  'ERR_SOPS_INPUT',
  'ERR_SOPS_OUTPUT',
  'ERR_SOPS_EMIT',
  'ERR_SOPS_ALREADY_ENCRYPTED',
  'ERR_SOPS_CONFIG_INVALID',
  'ERR_SOPS_CONFLICT',
  'ERR_SOPS_NO_RULE',
  'ERR_SOPS_NO_KEYS',
  'ERR_SOPS_DATA_KEY',
  'ERR_SOPS_DATA_KEY_WRAP',
  'ERR_SOPS_KEY_BACKEND',
  'ERR_SOPS_VALUE_ENCRYPT',
  'ERR_SOPS_VALUE_DECRYPT',
  'ERR_SOPS_MAC',
  'ERR_SOPS_NOTHING_ENCRYPTED',
  'ERR_SOPS_PATH_SYNTAX',
  'ERR_SOPS_PATH_MISSING',
  'ERR_SOPS_DESTINATION',
  'ERR_SOPS_MANIFEST',
] as const

/** The closed set of error codes. */
export type SopsErrorCode = (typeof errorCodes)[number]

export interface SopsErrorOptions {
  /** What the user can do next: one sentence. */
  readonly hint?: string
  readonly cause?: unknown
}

/** The base of every error that this package throws for a user's mistake, a hostile file or an unreachable key. */
export class SopsError extends Error {
  readonly code: SopsErrorCode
  readonly hint: string | undefined
  constructor(code: SopsErrorCode, message: string, options: SopsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.hint = options.hint
  }
}

/** The input is not what its format asks for. `line` and `column` count from 1; 0 where no place is known. */
export class ParseError extends SopsError {
  readonly format: string
  readonly line: number
  readonly column: number
  constructor(format: string, message: string, line = 0, column = 0) {
    super('ERR_SOPS_PARSE', line > 0 ? `${format}: line ${line}: ${message}` : `${format}: ${message}`)
    this.format = format
    this.line = line
    this.column = column
  }
}

/** A value cannot be encrypted or decrypted. `path` is the tree path, as mapping keys from the root. */
export class ValueError extends SopsError {
  readonly path: readonly string[]
  constructor(
    code: 'ERR_SOPS_VALUE_ENCRYPT' | 'ERR_SOPS_VALUE_DECRYPT',
    path: readonly string[],
    message: string,
    options: SopsErrorOptions = {},
  ) {
    super(code, path.length > 0 ? `${path.join('.')}: ${message}` : message, options)
    this.path = path
  }
}

/** `.sops.yaml`, or a key, pattern or option in it, is broken. `file` is the configuration's path. */
export class ConfigError extends SopsError {
  readonly file: string | undefined
  constructor(message: string, file?: string, options: SopsErrorOptions = {}) {
    super('ERR_SOPS_CONFIG_INVALID', message, options)
    this.file = file
  }
}

export type KeyFailureReason = 'no-credential' | 'denied' | 'offline' | 'malformed' | 'not-installed'

/** One master key could not encrypt or decrypt the data key. */
export class KeyBackendError extends SopsError {
  readonly keyType: string
  readonly keyId: string
  readonly reason: KeyFailureReason
  constructor(
    keyType: string,
    keyId: string,
    reason: KeyFailureReason,
    message: string,
    options: SopsErrorOptions = {},
  ) {
    super('ERR_SOPS_KEY_BACKEND', message, options)
    this.keyType = keyType
    this.keyId = keyId
    this.reason = reason
  }
}

export interface KeyGroupFailure {
  readonly recovered: boolean
  readonly keys: readonly { readonly id: string; readonly errors: readonly string[]; readonly recovered: boolean }[]
}

/** Too few key groups gave their part of the data key. `groups` says why, key by key. */
export class DataKeyError extends SopsError {
  readonly groups: readonly KeyGroupFailure[]
  readonly threshold: number
  constructor(message: string, groups: readonly KeyGroupFailure[], threshold: number, options: SopsErrorOptions = {}) {
    super('ERR_SOPS_DATA_KEY', message, options)
    this.groups = groups
    this.threshold = threshold
  }
}
