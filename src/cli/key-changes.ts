// Which master keys flags and creation rules name, for the commands that change those of a file.
import { findCreationRule, readExplicitKeys } from '../config/creation-rule.ts'
import { ConfigError, SopsError } from '../errors.ts'
import type { CreationRule, KeyName, RotateOptions } from '../index.ts'
import { backends } from '../keys/registry.ts'
import type { KeyGroup, MasterKey, SpecOptions } from '../keys/types.ts'
import type { FlagValues } from './argv.ts'
import { checkContext, readContext } from './creation.ts'
import type { Session } from './session.ts'

/** What --encryption-context and --aws-profile give the keys of other flags. Throws CommandError. */
export function specOptions(flags: FlagValues): SpecOptions {
  const text = flags.text('encryption-context')
  checkContext(text)
  return { context: readContext(text), profile: flags.text('aws-profile') }
}

/** The keys that --add-… and --rm-… name. Throws ConfigError, CommandError. */
export function keyChanges(flags: FlagValues): Pick<RotateOptions, 'addKeys' | 'removeKeys'> {
  const options = specOptions(flags)
  return {
    addKeys: readExplicitKeys(({ names }) => flags.text(`add-${names.flag}`), backends, options),
    removeKeys: backends.flatMap((backend): readonly (KeyName | MasterKey)[] => {
      const text = flags.text(`rm-${backend.names.flag}`)
      try {
        return backend.parse(text, options)
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error
        // Whoever wrote a key into the file need not have kept to any form.
        return text.split(',').map((id) => ({ type: backend.type, id: id.trim() }))
      }
    }),
  }
}

/** Whether any flag adds or removes a key. */
export function changesKeys(flags: FlagValues): boolean {
  return backends.some(({ names }) => ['add', 'rm'].some((verb) => flags.text(`${verb}-${names.flag}`) !== ''))
}

/** The keys of a new group, from flags that may be given several times. Throws ConfigError, CommandError. */
export function groupKeys(flags: FlagValues): KeyGroup {
  const options = specOptions(flags)
  return backends.flatMap((backend) => flags.list(backend.names.flag).flatMap((text) => backend.parse(text, options)))
}

/**
 * The creation rule that matches a file; undefined when there is none. Its keys count with the encryption context of
 * the command line and without. Throws ConfigError, and SopsError ERR_SOPS_NO_RULE when one of the rules must match.
 */
export async function matchingRule(
  session: Session,
  file: string,
  { context, mustMatch = false }: SpecOptions & { readonly mustMatch?: boolean } = {},
): Promise<CreationRule | undefined> {
  const config = await session.config()
  if (config === undefined) return undefined
  try {
    const rule = await findCreationRule(config, file, backends)
    if (rule === undefined || context === undefined) return rule
    const withContext = await findCreationRule(config, file, backends, context)
    const keyGroups = rule.keyGroups.map((group, index) => [...group, ...(withContext?.keyGroups[index] ?? [])])
    return { ...rule, keyGroups }
  } catch (error) {
    if (!mustMatch && error instanceof SopsError && error.code === 'ERR_SOPS_NO_RULE') return undefined
    throw error
  }
}
