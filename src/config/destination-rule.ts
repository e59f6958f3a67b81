// Which destination rule of `.sops.yaml` a file is published by.
import type { Destination, DestinationKind } from '../destinations/types.ts'
import { ConfigError, SopsError } from '../errors.ts'
import type { KeyBackend } from '../keys/types.ts'
import type { CreationRule } from '../metadata/types.ts'
import { compilePattern } from '../tree/selection.ts'
import { readRule } from './creation-rule.ts'
import type { Shape } from './shape.ts'
import type { Config, DestinationSource } from './types.ts'

export interface DestinationRule {
  readonly kind: string
  readonly destination: Destination
  readonly omitExtensions: boolean
  /** What the file is encrypted with anew before it is uploaded; undefined: it is uploaded as it is. */
  readonly recreation: CreationRule | undefined
}

/**
 * The first rule whose path_regex matches the path, which is taken as it was typed.
 * Throws SopsError ERR_SOPS_NO_RULE, and ConfigError for a rule that cannot be followed.
 */
export async function findDestinationRule(
  config: Config,
  path: string,
  kinds: readonly DestinationKind[],
  backends: readonly KeyBackend[],
): Promise<DestinationRule> {
  for (const rule of config.destinationRules) {
    if (!(await matches(rule, path))) continue
    const { kind, destination } = openDestination(rule, kinds)
    const recreation = await readRecreation(rule, backends)
    return { kind, destination, omitExtensions: rule.omitExtensions, recreation }
  }
  throw new SopsError('ERR_SOPS_NO_RULE', 'error loading config: no matching destination found in config', {
    hint: `No path_regex of the destination_rules in ${config.file} matches "${path}", the path as it is given.`,
  })
}

// sops takes a pattern that does not compile for one that never matches.
async function matches(rule: DestinationSource, path: string): Promise<boolean> {
  if (rule.pathRegex === '') return true
  try {
    return (await compilePattern(rule.pathRegex, `${rule.place}.path_regex`))(path)
  } catch (error) {
    throw error instanceof ConfigError ? problem(rule, error.message, error.hint) : error
  }
}

function openDestination(
  rule: DestinationSource,
  kinds: readonly DestinationKind[],
): Pick<DestinationRule, 'kind' | 'destination'> {
  const [kind, ...others] = kinds.filter(({ fields }) => rule.settings.text(fields[0]) !== '')
  if (kind === undefined) {
    const hint = `${rule.place} of ${rule.file} has none of ${kinds.map(({ fields }) => fields[0]).join(', ')}.`
    throw new ConfigError('no destination configured for this file', rule.file, { hint })
  }
  if (others.length > 0) {
    const message = 'more than one destinations were found in a single destination rule, you can only use one per rule'
    const hint = `${rule.place} has ${[kind, ...others].map(({ fields }) => fields[0]).join(' and ')}.`
    throw problem(rule, message, hint)
  }
  try {
    return { kind: kind.kind, destination: kind.open(rule.settings) }
  } catch (error) {
    throw error instanceof ConfigError && error.file === undefined
      ? problem(rule, `${rule.place}: ${error.message}`, error.hint)
      : error
  }
}

// A rule that says how to encrypt, but not for whom, would be passed over in silence.
async function readRecreation(
  rule: DestinationSource,
  backends: readonly KeyBackend[],
): Promise<CreationRule | undefined> {
  if (rule.recreation === undefined) return undefined
  const recreation = await readRule(rule.recreation, backends)
  if (recreation.keyGroups.some((group) => group.length > 0)) return recreation
  const hint = 'Name the master keys of the published file, or remove recreation_rule to upload the file as it is.'
  throw problem(rule, `${rule.place}.recreation_rule names no master keys`, hint)
}

function problem(rule: DestinationSource, message: string, hint?: string): ConfigError {
  return new ConfigError(`error loading config: ${message}`, rule.file, hint === undefined ? {} : { hint })
}

const ruleFields = ['path_regex', 'omit_extensions']

/** What may be a slip of the pen in the destination rules: fields that nobody reads there. */
export function destinationWarnings(config: Config, kinds: readonly DestinationKind[]): readonly string[] {
  const known = [...new Set([...ruleFields, ...kinds.flatMap(({ fields }) => fields)])]
  return config.destinationRules.flatMap(({ settings, warnings }) => [
    ...settings.warnings(known),
    ...warnings,
    ...foreignFields(settings, kinds).map((name) => `${config.file}: ${settings.at(name)} has no effect there`),
  ])
}

/** Fields that only destinations of other kinds have. */
function foreignFields(settings: Shape, kinds: readonly DestinationKind[]): readonly string[] {
  const [kind, ...others] = kinds.filter(({ fields }) => settings.get(fields[0]) !== undefined)
  if (kind === undefined || others.length > 0) return []
  const names = new Set(kinds.flatMap(({ fields }) => fields))
  return [...names].filter((name) => !kind.fields.includes(name) && settings.get(name) !== undefined)
}
