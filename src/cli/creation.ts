// What a new file is encrypted with: the creation rule that matches it, with the command line above it. A rule must
// match even where the command line names all keys, as in sops.
import { applyExplicitKeys, findCreationRule, readExplicitKeys } from '../config/creation-rule.ts'
import { backends } from '../keys/registry.ts'
import type { KeyGroup, SpecOptions } from '../keys/types.ts'
import type { CreationRule, Selection } from '../metadata/types.ts'
import { selectors } from '../metadata/types.ts'
import { storeFor } from '../stores/registry.ts'
import type { FlagValues } from './argv.ts'
import type { Call } from './command.ts'
import { CommandError, contextStatus } from './exit-status.ts'
import type { Session } from './session.ts'
import { conflict } from './transform.ts'
import { type Warn } from './log.ts'

type Selector = (typeof selectors)[number]

export interface NewFile {
  /** Absolute. */
  readonly name: string
  readonly format: string
  readonly onWarning: Warn
}

/**
 * The rule for a new file.
 * Throws ConfigError, SopsError ERR_SOPS_NO_RULE, ERR_SOPS_NO_KEYS, ERR_SOPS_CONFLICT.
 */
export async function creationRule(call: Call, session: Session, file: NewFile): Promise<CreationRule> {
  const { flags, root } = call
  const config = await session.config()
  const context = readContext(flags.text('encryption-context'))
  const found = config === undefined ? undefined : await findCreationRule(config, file.name, backends, context)
  const selection = chooseSelection(flags, found?.selection, file)
  checkContext(flags.text('encryption-context'))
  const keys = explicitKeys(flags, { context, profile: flags.text('aws-profile') })
  const rule = keys === undefined ? applyExplicitKeys(found, []) : { ...found, keyGroups: [keys] }
  const threshold = flags.integer('shamir-secret-sharing-threshold')
  return {
    keyGroups: rule.keyGroups,
    shamirThreshold: threshold === 0 ? (rule.shamirThreshold ?? 0) : threshold,
    macOnlyEncrypted: root.isOn('mac-only-encrypted') || rule.macOnlyEncrypted === true,
    ...(selection !== undefined && { selection }),
  }
}

// A flag that names no key after all (`--age ,`) must not bring the rule's keys back.
function explicitKeys(flags: FlagValues, options: SpecOptions): KeyGroup | undefined {
  return namesKeys(flags) ? readExplicitKeys(({ names }) => flags.text(names.flag), backends, options) : undefined
}

/** Whether flags or their variables name master keys. */
export function namesKeys(flags: FlagValues): boolean {
  return backends.some(({ names }) => flags.text(names.flag) !== '')
}

/** The encryption context that `name:value,…` gives. sops loses it for the keys of a rule; here they get it too. */
export function readContext(text: string): SpecOptions['context'] {
  const pairs = text.split(',').map((pair) => pair.split(':'))
  if (pairs.some((pair) => pair.length !== 2)) return undefined
  return Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]))
}

// What is wrong with the configuration comes first, as in sops.
export function checkContext(text: string): void {
  if (text === '' || readContext(text) !== undefined) return
  throw new CommandError(contextStatus, 'Invalid KMS encryption context format', 'It is name:value,name:value.')
}

function chooseSelection(flags: FlagValues, ofRule: Selection | undefined, file: NewFile): Selection | undefined {
  const chosen: Selection[] = []
  for (const by of selectors) {
    const text = flags.text(by.replaceAll('_', '-'))
    if (text !== '') chosen.push(makeSelection(by, text))
    else if (ofRule?.by === by) chosen.push(ofRule)
  }
  if (storeFor(file.format)?.singleValue === true) {
    for (const { by } of chosen) warnOfSelection(by, file)
    return undefined
  }
  if (chosen.length < 2) return chosen[0]
  throw conflict(
    'cannot use more than one of encrypted_suffix, unencrypted_suffix, encrypted_regex, unencrypted_regex, ' +
      'encrypted_comment_regex, or unencrypted_comment_regex in the same file',
  )
}

function makeSelection(by: Selector, text: string): Selection {
  return by === 'unencrypted_suffix' || by === 'encrypted_suffix' ? { by, suffix: text } : { by, pattern: text }
}

// The sentences are sops'.
function warnOfSelection(by: Selection['by'], { format, onWarning }: NewFile): void {
  // It cannot have an effect.
  if (by === 'unencrypted_comment_regex') return
  const reason =
    by === 'encrypted_comment_regex' ? 'never produces comments' : 'produces one key that should always be encrypted'
  onWarning(
    `Using an ${by.replaceAll('_', ' ')} does not make sense with the input store ` +
      `(the ${format} store ${reason}) and will be ignored.`,
    'CMD',
  )
}
