// The flags, by purpose. A subcommand takes those that sops gives it; those marked ° are ours.
import type { Flag } from './argv.ts'
import type { FlagGroup } from './command.ts'

export const helpFlag: Flag = { names: ['help', 'h'], kind: 'bool', help: 'show this help' }

/** Enough to answer `--version` and `--help` without loading anything. */
export const generalFlags: readonly Flag[] = [
  helpFlag,
  { names: ['version', 'v'], kind: 'bool', help: 'print the version' },
  {
    names: ['disable-version-check'],
    kind: 'bool',
    env: 'SOPS_DISABLE_VERSION_CHECK',
    help: 'accepted: tsops never looks for a newer version',
    hidden: true,
  },
  { names: ['check-for-updates'], kind: 'bool', help: 'accepted: see disable-version-check', hidden: true },
]

/** Flags before a subcommand that have an effect on it. */
export const globalFlags: readonly Flag[] = [
  {
    names: ['config'],
    kind: 'string',
    value: 'FILE',
    env: 'SOPS_CONFIG',
    help: 'configuration file, instead of the nearest .sops.yaml',
  },
  {
    names: ['indent'],
    kind: 'integer',
    value: 'N',
    help: 'print YAML and JSON anew, indented by N, instead of keeping their layout',
  },
  { names: ['mac-only-encrypted'], kind: 'bool', help: 'compute the MAC over encrypted values only' },
]

export const inPlaceFlag: Flag = {
  names: ['in-place', 'i'],
  kind: 'bool',
  help: 'write the result back to the file',
}

export const outputFlag: Flag = {
  names: ['output'],
  kind: 'string',
  value: 'FILE',
  help: 'write the result to FILE; with several files, a directory',
}

export const filenameOverrideFlag: Flag = {
  names: ['filename-override'],
  kind: 'string',
  value: 'FILE',
  help: 'take format and creation rule from this name; needed to encrypt stdin',
}

export const inputTypeFlag: Flag = {
  names: ['input-type'],
  kind: 'string',
  value: 'FORMAT',
  help: 'yaml, json, dotenv, ini or binary, instead of the one that the name tells',
}

export const typeFlags: readonly Flag[] = [
  inputTypeFlag,
  { names: ['output-type'], kind: 'string', value: 'FORMAT', help: 'print the result in another format' },
]

export const extractFlag: Flag = {
  names: ['extract'],
  kind: 'string',
  value: 'PATH',
  help: `print one part only, such as '["list"][0]'`,
}

export const ignoreMacFlag: Flag = {
  names: ['ignore-mac'],
  kind: 'bool',
  help: 'accept a file that was changed after its encryption',
}

export const decryptionOrderFlag: Flag = {
  names: ['decryption-order'],
  kind: 'string',
  value: 'TYPES',
  env: 'SOPS_DECRYPTION_ORDER',
  help: 'types of master keys to try first, comma-separated',
}

export const keyServiceFlags: readonly Flag[] = [
  {
    names: ['enable-local-keyservice'],
    kind: 'bool',
    on: true,
    env: 'SOPS_ENABLE_LOCAL_KEYSERVICE',
    help: 'use the keys of this machine; on by default',
  },
  {
    names: ['keyservice'],
    kind: 'list',
    value: 'ADDRESS',
    env: 'SOPS_KEYSERVICE',
    help: 'ask this key service too: tcp://HOST:PORT or unix:///PATH; several in their order',
  },
]

export const suffixAndRegexFlags: readonly Flag[] = [
  { names: ['unencrypted-suffix'], kind: 'string', value: 'SUFFIX', help: 'leave keys with this suffix in clear' },
  { names: ['encrypted-suffix'], kind: 'string', value: 'SUFFIX', help: 'encrypt only keys with this suffix' },
  { names: ['unencrypted-regex'], kind: 'string', value: 'REGEX', help: 'leave keys that match in clear' },
  { names: ['encrypted-regex'], kind: 'string', value: 'REGEX', help: 'encrypt only keys that match' },
]

/** Only at the root, as in sops. */
export const commentRegexFlags: readonly Flag[] = [
  {
    names: ['unencrypted-comment-regex'],
    kind: 'string',
    value: 'REGEX',
    help: 'leave what stands under a comment that matches in clear',
  },
  {
    names: ['encrypted-comment-regex'],
    kind: 'string',
    value: 'REGEX',
    help: 'encrypt only what stands under a comment that matches',
  },
]

export const thresholdFlag: Flag = {
  names: ['shamir-secret-sharing-threshold'],
  kind: 'integer',
  value: 'N',
  help: 'how many key groups are needed to decrypt',
}

export const contextFlag: Flag = {
  names: ['encryption-context'],
  kind: 'string',
  value: 'KEY:VALUE,…',
  help: 'encryption context of AWS KMS keys, where no key group has its own',
}

export const awsProfileFlag: Flag = {
  names: ['aws-profile'],
  kind: 'string',
  value: 'PROFILE',
  help: 'AWS profile of the keys that --kms names',
}

/** ° For commands that take several files. */
export const manyFlags: readonly Flag[] = [
  { names: ['recursive'], kind: 'bool', help: 'take directories; skips files without a rule or work to do' },
  {
    names: ['jobs'],
    kind: 'integer',
    value: 'N',
    help: 'files to work on at once; default: one per processor, at least 16',
  },
]

/** ° */
export const allowUnencryptedFlag: Flag = {
  names: ['allow-unencrypted'],
  kind: 'bool',
  help: 'accept rules that leave every value in clear',
}

/** ° */
export const dotenvDialectFlag: Flag = {
  names: ['dotenv-dialect'],
  kind: 'string',
  value: 'DIALECT',
  help: 'print dotenv for another reader than sops: shell, node, docker or direnv',
}

/** ° */
export const keepUnknownKeysFlag: Flag = {
  names: ['keep-unknown-keys'],
  kind: 'bool',
  help: 'keep keys of the file that its creation rule does not name',
}

/** ° */
export const rotateOnRemovalFlag: Flag = {
  names: ['rotate-on-removal'],
  kind: 'bool',
  help: 'where keys are removed, make a new data key too: those who had them know the old one',
}

/** ° How the values of a tree become environment variables. */
export const namingFlags: readonly Flag[] = [
  {
    names: ['flatten'],
    kind: 'string',
    value: 'SEPARATOR',
    bare: '__',
    help: 'take nested values too: the keys above, and places in lists from 0, joined by SEPARATOR (default __)',
  },
  { names: ['prefix'], kind: 'string', value: 'PREFIX', help: 'begin each name with PREFIX' },
  { names: ['upper'], kind: 'bool', help: 'write the names in capital letters' },
]

/** Flags that sops does not have: a command line with one of them is not written for sops. */
export const ownFlags: readonly string[] = [
  ...manyFlags,
  ...namingFlags,
  allowUnencryptedFlag,
  keepUnknownKeysFlag,
  rotateOnRemovalFlag,
  dotenvDialectFlag,
].map(({ names }) => names[0])

/** One flag per kind of master key, from their registry. */
export async function keyFlags(): Promise<readonly Flag[]> {
  const { backends } = await import('../keys/registry.ts')
  const flags = backends.map(({ names }): Flag => ({
    names: names.shortFlag === undefined ? [names.flag] : [names.flag, names.shortFlag],
    kind: 'string',
    value: 'KEYS',
    env: names.env,
    help: names.flagHelp,
  }))
  return [...flags, awsProfileFlag, contextFlag]
}

/** For a new key group: each may be given several times, and none has a variable or a short name. */
export async function repeatedKeyFlags(): Promise<readonly Flag[]> {
  const { backends } = await import('../keys/registry.ts')
  return backends.map(({ names }): Flag => ({ names: [names.flag], kind: 'list', value: 'KEYS', help: names.flagHelp }))
}

const legacyModes: readonly Flag[] = [
  { names: ['decrypt', 'd'], kind: 'bool', help: 'decrypt the file' },
  { names: ['encrypt', 'e'], kind: 'bool', help: 'encrypt the file' },
  { names: ['rotate', 'r'], kind: 'bool', help: 'encrypt the file with a new data key' },
  { names: ['set'], kind: 'string', value: "'INDEX VALUE'", help: 'set a value in the file' },
  { names: ['show-master-keys', 's'], kind: 'bool', help: 'edit the file with its metadata' },
  { names: ['verbose'], kind: 'bool', help: 'tell when the data key was opened and the file written', hidden: true },
]

const legacyOptions: readonly Flag[] = [
  inPlaceFlag,
  outputFlag,
  filenameOverrideFlag,
  ...typeFlags,
  extractFlag,
  ignoreMacFlag,
  decryptionOrderFlag,
  ...keyServiceFlags,
  ...suffixAndRegexFlags,
  ...commentRegexFlags,
  thresholdFlag,
  allowUnencryptedFlag,
  keepUnknownKeysFlag,
  dotenvDialectFlag,
]

/** The root's flags for the help. */
export const rootFlagGroups: readonly FlagGroup[] = [
  { title: 'Flags before a command', flags: [...globalFlags, ...generalFlags] },
  { title: 'Flags without a command', flags: legacyModes },
]

/** Every root flag that needs no registry. */
export const rootFlags: readonly Flag[] = [...generalFlags, ...globalFlags, ...legacyModes, ...legacyOptions]

/** The root flags that are named after kinds of master keys. */
export async function rootKeyFlags(): Promise<readonly Flag[]> {
  const changes = await keyChangeFlags()
  return [...(await keyFlags()), ...changes.map((flag): Flag => ({ ...flag, hidden: true }))]
}

/** Two flags per kind of master key, to add keys to a file and to remove them. */
export async function keyChangeFlags(): Promise<readonly Flag[]> {
  const { backends } = await import('../keys/registry.ts')
  return backends.flatMap(({ names }): Flag[] => [
    { names: [`add-${names.flag}`], kind: 'string', value: 'KEYS', help: `add: ${names.flagHelp}` },
    { names: [`rm-${names.flag}`], kind: 'string', value: 'KEYS', help: `remove: ${names.flagHelp}` },
  ])
}
