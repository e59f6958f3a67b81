// `.sops.yaml`: its names, its shape, and what it means. Unknown fields are ignored as sops does, but not in silence.
import { ConfigError } from '../errors.ts'
import { distinctBackends } from '../keys/registry.ts'
import type { KeyBackend, KeyType } from '../keys/types.ts'
import { selectors, type Selection } from '../metadata/types.ts'
import type { Branch, Value } from '../tree/types.ts'
import { Shape } from './shape.ts'
import type { Config, DestinationSource, KeyGroupSource, RuleSource } from './types.ts'

const storeNames = ['dotenv', 'ini', 'json_binary', 'json', 'yaml']
const ruleSettings = ['path_regex', 'aws_profile', 'key_groups', 'shamir_threshold', 'mac_only_encrypted', ...selectors]
const maxMergeDepth = 100

/** Throws ConfigError when a field has the wrong type. `branch`: the parsed text; undefined when it is empty. */
export function readConfig(branch: Branch | undefined, file: string, all: readonly KeyBackend[]): Config {
  return new Reader(file, distinctBackends(all)).read(branch)
}

class Reader {
  readonly #file: string
  readonly #backends: readonly KeyBackend[]
  readonly #warnings: string[] = []

  constructor(file: string, backends: readonly KeyBackend[]) {
    this.#file = file
    this.#backends = backends
  }

  read(branch: Branch | undefined): Config {
    const top = new Shape(branch, '', this.#file)
    // Many keep a list of anchors under a name of their own; only a slip of the pen is worth a warning here.
    this.#warnings.push(...top.warnings(['creation_rules', 'destination_rules', 'stores'], true))
    const creationRules = top.maps('creation_rules')?.map((rule) => this.#readRule(rule))
    const destinationRules = (top.maps('destination_rules') ?? []).map((rule) => this.#readDestination(rule))
    const stores = this.#readStores(top.map('stores'))
    return { file: this.#file, creationRules, destinationRules, stores, warnings: this.#warnings }
  }

  #readRule(rule: Shape): RuleSource {
    this.#warn(rule, [...ruleSettings, ...this.#backends.map(({ names }) => names.rule)])
    const keys = this.#backends.map(({ type, names }) => [type, rule.get(names.rule)] as const)
    const selections = selectors.flatMap((by) => readSelection(by, rule.text(by)))
    return {
      file: this.#file,
      place: rule.place,
      pathRegex: rule.text('path_regex'),
      keys: new Map(keys.filter((entry): entry is [KeyType, Value] => entry[1] !== undefined)),
      profile: rule.text('aws_profile'),
      keyGroups: (rule.maps('key_groups') ?? []).map((group) => this.#readGroup(group, 0)),
      shamirThreshold: rule.int('shamir_threshold') ?? 0,
      selection: selections[0],
      conflict: selections.length > 1 ? selections.map(({ by }) => by) : undefined,
      macOnlyEncrypted: rule.bool('mac_only_encrypted'),
    }
  }

  #readGroup(group: Shape, depth: number): KeyGroupSource {
    if (depth > maxMergeDepth) {
      throw new ConfigError(`error loading config: ${group.place}: key groups are merged too deeply`, this.#file)
    }
    this.#warn(group, ['merge', ...this.#backends.map(groupName)])
    const keys = this.#backends.map((backend) => {
      const entries = group.list(groupName(backend)) ?? []
      return [backend.type, entries.map(([place, entry]) => group.plain(entry, place))] as const
    })
    return {
      merge: (group.maps('merge') ?? []).map((merged) => this.#readGroup(merged, depth + 1)),
      keys: new Map(keys),
    }
  }

  // The fields of the destinations themselves are read when somebody publishes.
  #readDestination(settings: Shape): DestinationSource {
    const recreation = settings.map('recreation_rule')
    const reader = new Reader(this.#file, this.#backends)
    return {
      file: this.#file,
      place: settings.place,
      pathRegex: settings.text('path_regex'),
      omitExtensions: settings.bool('omit_extensions'),
      settings,
      recreation: recreation.isEmpty ? undefined : reader.#readRule(recreation),
      warnings: reader.#warnings,
    }
  }

  #readStores(stores: Shape): Config['stores'] {
    this.#warn(stores, storeNames)
    const indent = (name: string): number | undefined => {
      const store = stores.map(name)
      this.#warn(store, ['indent'])
      return store.int('indent')
    }
    return { yaml: indent('yaml'), json: indent('json'), binary: indent('json_binary') }
  }

  #warn(shape: Shape, known: readonly string[]): void {
    this.#warnings.push(...shape.warnings(known))
  }
}

function groupName({ names }: KeyBackend): string {
  return names.group ?? names.rule
}

function readSelection(by: (typeof selectors)[number], text: string): Selection[] {
  if (text === '') return []
  return [by === 'unencrypted_suffix' || by === 'encrypted_suffix' ? { by, suffix: text } : { by, pattern: text }]
}
