// What a failure prints on stderr: the message and nothing else of the error, no cause, no stack, no value. sops' words
// where it has some.
import { DataKeyError, SopsError } from '../errors.ts'
import type { SopsErrorCode } from '../errors.ts'
import { dataKeyReport } from './data-key-report.ts'
import { CommandError } from './exit-status.ts'
import type { Operation } from './exit-status.ts'
import type { Io } from './io.ts'
import { hasColour } from './log.ts'
import { showText } from './quote.ts'
import { wrapWords } from './word-wrap.ts'

const reportWidth = 75

// sops says where in its work it failed; the library's messages say only what failed.
const prefixes: Readonly<Partial<Record<SopsErrorCode, Partial<Record<Operation, string>>>>> = {
  ERR_SOPS_PARSE: { encrypt: 'Error unmarshalling file: ' },
  ERR_SOPS_EMIT: {
    encrypt: 'Could not marshal tree: ',
    edit: 'Could not marshal tree: ',
    rotate: 'Could not marshal tree: ',
    decrypt: 'Error dumping file: ',
    'exec-file': 'Error dumping file: ',
    set: 'Could not marshal tree: ',
    unset: 'Could not marshal tree: ',
  },
  ERR_SOPS_VALUE_ENCRYPT: {
    encrypt: 'Error encrypting tree: ',
    rotate: 'Error encrypting tree: ',
    set: 'Error encrypting tree: ',
    unset: 'Error encrypting tree: ',
  },
  ERR_SOPS_VALUE_DECRYPT: {
    decrypt: 'Error decrypting tree: ',
    'exec-env': 'Error decrypting tree: ',
    'exec-file': 'Error decrypting tree: ',
    edit: 'Error decrypting tree: ',
    rotate: 'Error decrypting tree: ',
    set: 'Error decrypting tree: ',
    unset: 'Error decrypting tree: ',
  },
}

/** Prints an error as sops prints it, with our hint below. */
export function reportError(io: Io, error: unknown, operation?: Operation): void {
  io.stderr.write(`${describeError(io, error, operation)}\n`)
}

/** The same text without the last line break. */
export function describeError(io: Io, error: unknown, operation?: Operation): string {
  if (error instanceof DataKeyError) return withHint(dataKeyReport(error, hasColour(io)), error.hint, '\n\n')
  const hint = error instanceof SopsError || error instanceof CommandError ? error.hint : undefined
  return withHint(showText(messageOf(error, operation)), hint, '\n')
}

/** What failed, on its own. */
export function messageOf(error: unknown, operation?: Operation): string {
  if (error instanceof SopsError) return prefixed(error, operation)
  if (error instanceof CommandError) return error.message
  // The message of an unforeseen error may quote what it stumbled over, as JSON.parse does.
  return `Unexpected error (${error instanceof Error ? error.constructor.name : typeof error}): a defect of tsops`
}

function prefixed(error: SopsError, operation: Operation | undefined): string {
  const prefix = (operation === undefined ? undefined : prefixes[error.code]?.[operation]) ?? ''
  return error.message.startsWith(prefix) ? error.message : prefix + error.message
}

/** A hint on its own. */
export function hintText(hint: string): string {
  return wrapWords(`Hint: ${showText(hint)}`, reportWidth)
}

function withHint(text: string, hint: string | undefined, gap: string): string {
  return hint === undefined ? text : text + gap + hintText(hint)
}
