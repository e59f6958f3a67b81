// The status of every failure, as sops 3.13.3 exits; marked ° where it is ours. A code without a status does not
// compile.
import { SopsError } from '../errors.ts'
import type { SopsErrorCode } from '../errors.ts'

export type Operation =
  | 'encrypt'
  | 'decrypt'
  | 'filestatus'
  | 'keygen'
  | 'keyservice'
  | 'edit'
  | 'set'
  | 'unset'
  | 'rotate'
  | 'updatekeys'
  | 'groups'
  | 'exec-env'
  | 'exec-file'
  | 'publish'
  | 'completion'
  | 'git-textconv'
  | 'to-secret'
  | 'to-sealed'
  | 'to-external'
  | 'to-files'
  | 'from-sealed'

type Statuses = number | (Readonly<Partial<Record<Operation, number>>> & { readonly other: number })

const statuses: Readonly<Record<SopsErrorCode, Statuses>> = {
  ERR_SOPS_PARSE: { encrypt: 2, other: 1 },
  ERR_SOPS_EMPTY: { encrypt: 92, other: 1 },
  ERR_SOPS_METADATA_MISSING: 1,
  ERR_SOPS_METADATA_INVALID: 1,
  ERR_SOPS_INPUT: 100,
  ERR_SOPS_OUTPUT: { updatekeys: 1, groups: 1, other: 3 },
  ERR_SOPS_EMIT: 4,
  ERR_SOPS_ALREADY_ENCRYPTED: 203,
  ERR_SOPS_CONFIG_INVALID: 1,
  ERR_SOPS_CONFLICT: 8,
  ERR_SOPS_NO_RULE: 1,
  ERR_SOPS_NO_KEYS: 1,
  ERR_SOPS_DATA_KEY: 128,
  ERR_SOPS_DATA_KEY_WRAP: { edit: 128, other: 1 },
  ERR_SOPS_KEY_BACKEND: { encrypt: 1, rotate: 1, updatekeys: 1, groups: 1, other: 128 },
  ERR_SOPS_VALUE_ENCRYPT: 23,
  ERR_SOPS_VALUE_DECRYPT: 25,
  ERR_SOPS_MAC: 51,
  ERR_SOPS_NOTHING_ENCRYPTED: 1, // °
  ERR_SOPS_PATH_SYNTAX: { set: 7, unset: 7, other: 91 },
  ERR_SOPS_PATH_MISSING: 1,
  ERR_SOPS_DESTINATION: 1, // ° sops' uncoded errors
  ERR_SOPS_MANIFEST: 1, // °
}

/** A failure of the command line alone, with its own status. */
export class CommandError extends Error {
  readonly status: number
  readonly hint: string | undefined
  constructor(status: number, message: string, hint?: string) {
    super(message)
    this.name = 'CommandError'
    this.status = status
    this.hint = hint
  }
}

/** Statuses that no code has: what sops calls CouldNotReadInputFile, ErrorInvalidKMSEncryptionContextFormat, … */
export const readStatus = 2
export const writeStatus = 3
export const contextStatus = 6
export const changeKeysStatus = 49
export const orderStatus = 112

export function exitStatus(error: unknown, operation?: Operation): number {
  if (error instanceof CommandError) return error.status
  if (!(error instanceof SopsError)) return 1
  const status = statuses[error.code]
  if (typeof status === 'number') return status
  return (operation === undefined ? undefined : status[operation]) ?? status.other
}
