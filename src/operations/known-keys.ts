// The list of master keys in a file is not authenticated: anybody who can write the file can add theirs, move one to
// another group or lower the threshold. So a data key is encrypted only for keys that somebody names outside the file.
import { SopsError } from '../errors.ts'
import { findBackend } from '../keys/registry.ts'
import type { KeyGroup, MasterKey } from '../keys/types.ts'
import { keyMatcher } from '../metadata/key-identity.ts'
import type { CreationRule } from '../metadata/types.ts'
import { isMalformed } from './master-keys.ts'
import type { Context } from './options.ts'
import { neededGroups } from './threshold.ts'

export interface KeyTrust {
  /**
   * The creation rule of the file. A key of the file that the rule does not name, in the same group, stops the work, as does a
   * lower threshold. Without a rule the file's keys are kept, each named in a warning.
   */
  readonly rule?: Pick<CreationRule, 'keyGroups' | 'shamirThreshold'> | undefined
  /** Keeps keys that the rule does not name, each named in a warning. */
  readonly keepUnknownKeys?: boolean | undefined
}

export interface FileKeys {
  /** The keys that are to stay, each in its place in the file. */
  readonly groups: readonly KeyGroup[]
  /** How many groups it will take to open the file. undefined: the caller says so, not the file. */
  readonly needed?: number | undefined
  /** Keys that the caller names, for the first group. undefined: the caller cannot change single keys. */
  readonly added?: KeyGroup | undefined
}

interface Unknown {
  readonly key: MasterKey
  /** Key by key, what the caller may say of it; '' where there are no such flags. */
  readonly addFlag: string
  readonly removeFlag: string
}

/** Throws SopsError ERR_SOPS_DATA_KEY_WRAP for a key that must not be given a data key or a share of one. */
export function checkKeys(file: FileKeys, trust: KeyTrust, context: Context): void {
  const { rule } = trust
  const unknown = file.groups.flatMap((group, index) => {
    const named = [...(rule?.keyGroups[index] ?? []), ...(index === 0 ? (file.added ?? []) : [])]
    const isNamed = keyMatcher(named, context.backends)
    const keys = group.filter((key) => !isNamed(key))
    return keys.map((key) => describe(key, index, file, context))
  })
  for (const each of unknown) {
    if (isMalformed(each.key, context)) throw injected(each)
  }
  if (rule !== undefined && trust.keepUnknownKeys !== true) {
    if (unknown.length > 0) throw unnamed(unknown, file)
    if (file.needed !== undefined) checkThreshold(file.needed, rule)
  }
  for (const { key } of unknown) {
    context.warn(`The data key is encrypted for ${show(key)}, which only the file itself names`)
  }
}

function describe(key: MasterKey, index: number, file: FileKeys, { backends }: Context): Unknown {
  const flag = findBackend(key.type, backends)?.names.flag
  if (file.added === undefined || flag === undefined) return { key, addFlag: '', removeFlag: '' }
  // A flag adds to the first group alone.
  return { key, addFlag: index === 0 ? `--add-${flag}` : '', removeFlag: `--rm-${flag}` }
}

function checkThreshold(given: number, rule: NonNullable<KeyTrust['rule']>): void {
  const wanted = neededGroups(rule.shamirThreshold ?? 0, rule.keyGroups)
  if (given >= wanted) return
  throw refusal(
    `the file would ask for ${given} of its key groups, the creation rule asks for ${wanted}: somebody may have lowered the threshold`,
    `Run tsops updatekeys --shamir-secret-sharing-threshold ${wanted}, or keep it with --keep-unknown-keys.`,
  )
}

function unnamed(unknown: readonly Unknown[], file: FileKeys): SopsError {
  const keys = unknown.map(({ key }) => show(key)).join(' and ')
  const [are, them] = unknown.length > 1 ? ['are', 'them'] : ['is', 'it']
  const rule = file.groups.length > 1 ? 'that key group of the creation rule' : 'the creation rule'
  const add = unknown[0]?.addFlag ?? ''
  const remove = unknown[0]?.removeFlag ?? ''
  return refusal(
    `${keys} ${are} in the file, but neither ${rule} nor the command line names ${them}`,
    `If you know ${them}, add ${them} to the rule, ${add === '' ? '' : `name ${them} with ${add}, `}or give ` +
      `--keep-unknown-keys. If not, somebody may have written ${them} there: ` +
      `${remove === '' ? '' : `remove ${them} with ${remove}, or `}run tsops updatekeys.`,
  )
}

function injected({ key, addFlag, removeFlag }: Unknown): SopsError {
  return refusal(
    `${show(key)} holds no encrypted data key: it may have been added by somebody who has none`,
    `Remove it${removeFlag === '' ? '' : ` with ${removeFlag}`}, or name it ` +
      `${addFlag === '' ? '' : `with ${addFlag} or `}in a creation rule.`,
  )
}

function show(key: MasterKey): string {
  return `${key.type} key ${JSON.stringify(key.id)}`
}

function refusal(message: string, hint: string): SopsError {
  return new SopsError('ERR_SOPS_DATA_KEY_WRAP', message, { hint })
}
