import { randomBytes } from 'node:crypto'
import { Cipher } from '../cipher/aes-gcm.ts'
import { encryptDataKey } from '../keys/key-group.ts'
import { type CreationRule, defaultSelection, type Selection } from '../metadata/types.ts'
import { compileSelection } from '../tree/selection.ts'
import { type Context, contextOf, type OperationOptions } from './options.ts'
import { parsePlain, seal } from './seal.ts'
import { writtenThreshold } from './threshold.ts'
import { sopsVersion } from './version.ts'

export interface EncryptOptions extends OperationOptions {
  /** Accepts a rule that leaves every value in clear. */
  readonly allowUnencrypted?: boolean | undefined
}

/**
 * Encrypts a plain file with a new data key. The result differs from the input only where a secret stood and in the
 * metadata section; real sops 3.13.3 opens it.
 *
 * @param plain the file's bytes
 * @param rule the master keys and what is to be encrypted
 * @throws ParseError when the bytes are not of the format
 * @throws ConfigError when a pattern of the rule does not compile
 * @throws ValueError when sops could not hold a value (an integer beyond 64 bits)
 * @throws SopsError ERR_SOPS_EMPTY, ERR_SOPS_ALREADY_ENCRYPTED, ERR_SOPS_NOTHING_ENCRYPTED, ERR_SOPS_DATA_KEY_WRAP,
 * ERR_SOPS_EMIT (the output format cannot hold the tree), ERR_SOPS_INPUT (unknown format)
 */
export async function encrypt(plain: Uint8Array, rule: CreationRule, options: EncryptOptions): Promise<Uint8Array> {
  const context = contextOf(options)
  const { selection, macOnlyEncrypted } = effectiveRule(rule, context)
  const selector = await compileSelection(selection)
  const document = parsePlain(plain, context)
  const dataKey = randomBytes(32)
  const shamirThreshold = writtenThreshold(rule.shamirThreshold ?? 0, rule.keyGroups)
  const keyGroups = await encryptDataKey(rule.keyGroups, shamirThreshold, dataKey, context.keyServices)
  await context.audit('encrypt')
  return seal(
    plain,
    document,
    {
      cipher: new Cipher(dataKey),
      selector,
      metadata: { keyGroups, shamirThreshold, selection, macOnlyEncrypted, version: sopsVersion },
      allowUnencrypted: options.allowUnencrypted === true,
    },
    context,
  )
}

// The binary store holds one value, which is always encrypted; saying otherwise is a mistake to be told of.
export function effectiveRule(
  rule: CreationRule,
  { input, warn }: Context,
): { selection: Selection; macOnlyEncrypted: boolean } {
  const selection = rule.selection ?? defaultSelection
  if (!input.singleValue) return { selection, macOnlyEncrypted: rule.macOnlyEncrypted === true }
  if (
    rule.selection !== undefined &&
    rule.selection.by !== 'none' &&
    rule.selection.by !== 'unencrypted_comment_regex'
  ) {
    const name = rule.selection.by.replaceAll('_', ' ')
    warn(`Using an ${name} does not make sense with the input store (the ${input.name} store) and will be ignored.`)
  }
  return { selection: { by: 'none' }, macOnlyEncrypted: false }
}
