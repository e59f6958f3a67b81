// A file's values in a store of single secrets: the whole file as one secret, a JSON map, or with secret_per_key one
// secret for each key at the top. A secret that already says the same gets no new version. None is ever deleted.
import { ConfigError, SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import type { Branch } from '../tree/types.ts'
import { failure } from './failure.ts'
import { itemsOf, jsonText, mergeDocuments } from './json-text.ts'
import type { Outcome, RuleFields, ValueDestination, World } from './types.ts'

export interface SecretText {
  readonly name: string
  readonly text: string
  readonly isJson: boolean
}

/** Throws SopsError. */
export interface SecretStore {
  /** undefined: there is no such secret. */
  read(name: string): Promise<string | undefined>
  write(secret: SecretText): Promise<void>
}

export interface SecretStoreKind {
  readonly title: string
  /** Of the names of secrets. */
  readonly prefix: string
  readonly secretPerKey: boolean
  /** Between the name of a file and that of a key. */
  readonly separator: string
  /** A name with what the store does not take, but files usually have, spelled otherwise. */
  readonly spell: (name: string) => string
  /** What the store takes. */
  readonly namePattern: RegExp
  readonly maxBytes: number
  readonly takesEmpty: boolean
  /** See Location. */
  readonly address: Readonly<Record<string, string>>
  readonly uri: (name: string) => string
  readonly open: (host: Host) => SecretStore | Promise<SecretStore>
}

/** The fields that these destinations have in common. */
export const secretPerKeyField = 'secret_per_key'

export function readSecretPerKey(fields: RuleFields): boolean {
  return fields.bool(secretPerKeyField)
}

export function secretDestination(kind: SecretStoreKind): ValueDestination {
  const { secretPerKey, separator } = kind
  return {
    takes: 'values',
    uri: (name) => kind.uri(nameOf(kind, name)) + (secretPerKey ? `${separator}*` : ''),
    async upload(name, branches, world) {
      const secrets = secretsOf(kind, name, branches)
      const store = await kind.open(world.host)
      const outcomes: Outcome[] = []
      for (const secret of secrets) outcomes.push(await put(kind, store, secret, world))
      return outcomes.includes('written') ? 'written' : 'unchanged'
    },
    locate: (name, key) => ({
      store: kind.address,
      secret: nameOf(kind, secretPerKey ? name + separator + key : name),
      property: secretPerKey ? undefined : key,
    }),
  }
}

/** Throws ConfigError. */
function nameOf(kind: SecretStoreKind, name: string): string {
  const spelled = kind.spell(kind.prefix + name)
  if (kind.namePattern.test(spelled)) return spelled
  const message = `${JSON.stringify(spelled)} cannot be the name of a secret in ${kind.title}`
  throw new ConfigError(message, undefined, { hint: `It must match ${kind.namePattern.source}.` })
}

/** Throws before anything is written: ConfigError, SopsError. */
function secretsOf(kind: SecretStoreKind, name: string, branches: readonly Branch[]): readonly SecretText[] {
  const whole = mergeDocuments(branches)
  const secrets = kind.secretPerKey
    ? itemsOf(whole).map(({ key, value }) => ({
        name: nameOf(kind, name + kind.separator + key),
        text: value.type === 'str' ? value.value : jsonText(value, [key]),
        isJson: false,
      }))
    : [{ name: nameOf(kind, name), text: jsonText(whole), isJson: true }]
  const names = new Set<string>()
  for (const secret of secrets) {
    if (names.has(secret.name)) throw new ConfigError(`two keys would both become the secret ${secret.name}`)
    names.add(secret.name)
    if (secret.text === '' && !kind.takesEmpty)
      throw failure(`${secret.name} would be empty: ${kind.title} has no empty secrets`)
    if (Buffer.byteLength(secret.text) <= kind.maxBytes) continue
    throw failure(`${secret.name} is too large: a secret in ${kind.title} holds at most ${kind.maxBytes} bytes`)
  }
  return secrets
}

async function put(
  kind: SecretStoreKind,
  store: SecretStore,
  secret: SecretText,
  { warn, inform }: World,
): Promise<Outcome> {
  const uri = kind.uri(secret.name)
  try {
    if ((await store.read(secret.name)) === secret.text) {
      inform(`Secret in ${uri} is already up-to-date.`)
      return 'unchanged'
    }
  } catch (error) {
    if (!(error instanceof SopsError)) throw error
    warn(
      `Cannot check if destination secret already exists in ${uri}. ` +
        'New version will be created even if the data has not been changed.',
    )
  }
  await store.write(secret)
  return 'written'
}
