import { SopsError } from '../errors.ts'
import type { Metadata } from '../metadata/types.ts'
import { dialectFor, type DotenvDialect, emitDialect, translateDotenv } from '../stores/dotenv-dialect.ts'
import { storeFor } from '../stores/registry.ts'
import { findValue } from '../tree/path.ts'
import type { Branch, TreePath } from '../tree/types.ts'
import { load, open, restore } from './open.ts'
import { type Context, contextOf, keepsSource, type OperationOptions } from './options.ts'

export interface DecryptOptions extends OperationOptions {
  /** Accepts a file whose MAC is wrong or missing. Each encrypted value is still bound to its path. */
  readonly ignoreMac?: boolean | undefined
  /** Gives one part of the first document instead of the whole file. */
  readonly extract?: TreePath | undefined
  /** Prints dotenv for another reader: shell, node, docker or direnv; default: sops. Only for dotenv output. */
  readonly dotenvDialect?: string | undefined
}

/**
 * Decrypts a file: the text of its author, byte for byte, where the file was encrypted by this package; what sops would
 * print where sops wrote it.
 *
 * @throws ParseError when the bytes are not of the format
 * @throws DataKeyError when too few master keys could be used
 * @throws ValueError when a value is not what was encrypted at its path
 * @throws SopsError ERR_SOPS_METADATA_MISSING, ERR_SOPS_METADATA_INVALID, ERR_SOPS_MAC, ERR_SOPS_PATH_MISSING, ERR_SOPS_EMIT
 */
export async function decrypt(file: Uint8Array, options: DecryptOptions): Promise<Uint8Array> {
  const context = contextOf(options)
  const dialect = readDialect(options.dotenvDialect, context)
  const opened = await open(file, context, options)
  if (options.extract !== undefined && options.extract.length > 0) {
    return emitPart(opened.branches, options.extract, { ...context, emit: emitterOf(context, dialect) })
  }
  if (!keepsSource(context)) return emitterOf(context, dialect)(opened.branches)
  return dialect === undefined ? restore(opened, context) : translateDotenv(restore(opened, context), dialect)
}

function readDialect(name: string | undefined, { output }: Context): DotenvDialect | undefined {
  const dialect = name === undefined ? undefined : dialectFor(name)
  if (dialect === undefined || output === storeFor('dotenv')) return dialect
  throw new SopsError('ERR_SOPS_CONFLICT', `Error: a dotenv dialect is of no use for ${output.name} output`, {
    hint: 'Ask for dotenv: --output-type dotenv.',
  })
}

type Emitter = (branches: readonly Branch[]) => Uint8Array

function emitterOf({ output, layout }: Context, dialect: DotenvDialect | undefined): Emitter {
  return (branches) => (dialect === undefined ? output.emit(branches, layout ?? {}) : emitDialect(branches, dialect))
}

function emitPart(
  [first, ...others]: readonly Branch[],
  path: TreePath,
  context: Context & { readonly emit: Emitter },
): Uint8Array {
  const value = findValue(first ?? { type: 'branch', items: [] }, path)
  switch (value.type) {
    case 'branch':
      return context.emit([value, ...others])
    case 'str':
      return Buffer.from(value.value)
    case 'bytes':
      return value.value
    case 'comment':
      throw new SopsError('ERR_SOPS_PATH_MISSING', 'error truncating tree: there is a comment at this place')
    default:
      return context.output.emitValue(value, context.layout ?? {})
  }
}

/** The decrypted documents of a file and its metadata. Throws as decrypt does. */
export async function openTree(
  file: Uint8Array,
  options: DecryptOptions,
): Promise<{ readonly branches: readonly Branch[]; readonly metadata: Metadata }> {
  const { branches, metadata } = await open(file, contextOf(options), options)
  return { branches, metadata }
}

/**
 * Whether a file carries sops metadata with a version and a MAC, as `sops filestatus` tells. No key is needed.
 * @throws ParseError; SopsError ERR_SOPS_METADATA_INVALID
 */
export function isEncrypted(file: Uint8Array, options: OperationOptions): boolean {
  const context = contextOf(options)
  try {
    const { metadata } = load(file, context)
    return metadata.version !== '' && metadata.mac !== ''
  } catch (error) {
    if (error instanceof SopsError && error.code === 'ERR_SOPS_METADATA_MISSING') return false
    throw error
  }
}
