// Which rule of `.sops.yaml` a new file falls under, and the master keys that the rule names.
import { posix, win32 } from 'node:path'
import { ConfigError, SopsError } from '../errors.ts'
import type { KeyBackend, KeyGroup, KeyType, MasterKey, SpecOptions } from '../keys/types.ts'
import { distinctBackends, inRuleOrder } from '../keys/registry.ts'
import type { CreationRule } from '../metadata/types.ts'
import { compilePattern } from '../tree/selection.ts'
import type { Value } from '../tree/types.ts'
import type { Config, KeyGroupSource, RuleSource } from './types.ts'

/**
 * The first rule whose path_regex matches `file`, an absolute path. undefined: the configuration has no rules at all.
 * `context` is the encryption context for the rule's own keys; those of its key groups have theirs.
 * Throws SopsError ERR_SOPS_NO_RULE, and ConfigError for a pattern or a key that does not parse.
 */
export async function findCreationRule(
  config: Config,
  file: string,
  backends: readonly KeyBackend[],
  context?: SpecOptions['context'],
): Promise<CreationRule | undefined> {
  if (config.creationRules === undefined) return undefined
  const path = relativeToConfig(config.file, file)
  for (const rule of config.creationRules) {
    if (await matches(rule, path)) return readRule(rule, backends, context)
  }
  throw new SopsError('ERR_SOPS_NO_RULE', 'error loading config: no matching creation rules found', {
    hint: `No path_regex in ${config.file} matches "${path}"; a last rule without path_regex matches every file.`,
  })
}

/** What a rule means. Throws ConfigError. */
export async function readRule(
  rule: RuleSource,
  backends: readonly KeyBackend[],
  context?: SpecOptions['context'],
): Promise<CreationRule> {
  await checkSelection(rule)
  const { shamirThreshold, selection, macOnlyEncrypted } = rule
  const keyGroups = readKeyGroups(rule, inRuleOrder(backends), { context, profile: rule.profile })
  return { keyGroups, shamirThreshold, macOnlyEncrypted, ...(selection !== undefined && { selection }) }
}

// sops cuts the directory off the front of the text and does nothing else: a file elsewhere keeps its absolute path.
function relativeToConfig(config: string, file: string): string {
  const path = win32.isAbsolute(config) && !posix.isAbsolute(config) ? win32 : posix
  const prefix = path.dirname(config) + path.sep
  return file.startsWith(prefix) ? file.slice(prefix.length) : file
}

async function matches(rule: RuleSource, path: string): Promise<boolean> {
  return rule.pathRegex === '' || (await compile(rule.pathRegex, 'path_regex', rule))(path)
}

async function checkSelection(rule: RuleSource): Promise<void> {
  if (rule.conflict !== undefined) {
    const message = `cannot use more than one of ${rule.conflict.join(', ')} for the same rule`
    throw new ConfigError(`error loading config: ${rule.place}: ${message}`, rule.file)
  }
  if (rule.selection !== undefined && 'pattern' in rule.selection) {
    await compile(rule.selection.pattern, rule.selection.by, rule)
  }
}

async function compile(pattern: string, field: string, rule: RuleSource): Promise<(text: string) => boolean> {
  try {
    return await compilePattern(pattern, `${rule.place}.${field}`)
  } catch (cause) {
    throw inRule(rule, cause, 'can not compile regexp: ')
  }
}

function readKeyGroups(rule: RuleSource, backends: readonly KeyBackend[], options: SpecOptions): KeyGroup[] {
  try {
    if (rule.keyGroups.length > 0) return rule.keyGroups.map((group) => readKeyGroup(group, backends))
    return [backends.flatMap((backend) => backend.parse(joinKeys(backend, rule.keys), options))]
  } catch (cause) {
    throw inRule(rule, cause, `${rule.place}: `)
  }
}

/** A ConfigError with the rule's file. */
function inRule(rule: RuleSource, error: unknown, prefix: string): unknown {
  if (!(error instanceof ConfigError)) return error
  const hint = error.hint === undefined ? {} : { hint: error.hint }
  return new ConfigError(prefix + error.message, rule.file, { cause: error, ...hint })
}

// Outside key groups repeated keys are kept, as sops keeps them.
function readKeyGroup(group: KeyGroupSource, backends: readonly KeyBackend[]): KeyGroup {
  const own = backends.flatMap((backend) =>
    (group.keys.get(backend.type) ?? []).flatMap((entry) => backend.parseGroupEntry(entry)),
  )
  const all: MasterKey[] = [...group.merge.flatMap((merged) => readKeyGroup(merged, backends)), ...own]
  const distinct = new Map<string, MasterKey>()
  for (const key of all) {
    const id = JSON.stringify([key.type, key.id])
    if (!distinct.has(id)) distinct.set(id, key)
  }
  return [...distinct.values()]
}

/** A field outside key groups as one comma-separated text: a text without its empty elements, a list as it stands. */
function joinKeys(backend: KeyBackend, keys: ReadonlyMap<KeyType, Value>): string {
  const value = keys.get(backend.type)
  const { rule } = backend.names
  if (value === undefined) return ''
  if (value.type === 'str') {
    const elements = value.value.split(',').map((element) => element.trim())
    return elements.filter((element) => element !== '').join(',')
  }
  if (value.type !== 'list') throw wrongType(rule, 'string, []string, or nil', value)
  const elements = value.items.filter(({ type }) => type !== 'comment')
  return elements
    .map((element) => (element.type === 'str' ? element.value : raise(wrongType(rule, 'string in list', element))))
    .join(',')
}

function wrongType(name: string, expected: string, value: Value): ConfigError {
  const prefix = `invalid ${name} key configuration: `
  return new ConfigError(`${prefix}${prefix}expected ${expected}, got ${goTypes[value.type]}`)
}

const goTypes: Readonly<Record<Value['type'], string>> = {
  str: 'string',
  int: 'int',
  float: 'float64',
  bool: 'bool',
  time: 'time.Time',
  bytes: 'string',
  null: '<nil>',
  comment: 'sops.Comment',
  branch: 'map[string]interface {}',
  list: '[]interface {}',
}

function raise(error: Error): never {
  throw error
}

/** The keys that flags or their environment variables name, one text per kind: a group of their own. */
export function readExplicitKeys(
  textOf: (backend: KeyBackend) => string | undefined,
  backends: readonly KeyBackend[],
  options?: SpecOptions,
): KeyGroup {
  return distinctBackends(backends).flatMap((backend) => backend.parse(textOf(backend) ?? '', options))
}

/**
 * What a new file is encrypted with: explicit keys take the place of the rule's, whose other settings still hold.
 * Throws SopsError ERR_SOPS_NO_KEYS when there is neither.
 */
export function applyExplicitKeys(rule: CreationRule | undefined, keys: KeyGroup): CreationRule {
  if (keys.length > 0) return { ...rule, keyGroups: [keys] }
  if (rule !== undefined) return rule
  const message = 'config file not found, or has no creation rules, and no keys provided through command line options'
  throw new SopsError('ERR_SOPS_NO_KEYS', message, {
    hint: 'Name a recipient with --age or SOPS_AGE_RECIPIENTS, or write a .sops.yaml with creation_rules.',
  })
}
