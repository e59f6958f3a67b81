// Where identities come from: all sources of sops, in its documentation's order, all loaded and merged. A source that
// fails is reported only when nothing else works.
import { posix, win32 } from 'node:path'
import type { Host } from '../../host.ts'
import { parseIdentities, type AgeIdentity } from './identities.ts'
import { splitWords } from './shell-words.ts'
import { parseSshIdentity, type SshKeySource } from './ssh-identity.ts'

export interface FoundIdentity extends AgeIdentity {
  readonly location: string
}

export interface LoadedIdentities {
  readonly identities: readonly FoundIdentity[]
  readonly errors: readonly string[]
  /** Places that hold no identity. */
  readonly unused: readonly string[]
}

interface Source {
  readonly location: string
  /** What it gives depends on the recipient. */
  readonly perRecipient?: boolean
  /** It counts as a source only when its key can be used. */
  readonly optional?: boolean
  /** Listed as unused only when no other source gave a text. */
  readonly lastResort?: boolean
  /** undefined: there is no such thing. Throws Error with a message that shows no secret. */
  load(host: Host, recipient: string): Promise<Uint8Array | undefined>
  /** Throws Error with a message that shows no secret. */
  parse(bytes: Uint8Array, host: Host): AgeIdentity[] | Promise<AgeIdentity[]>
}

interface Outcome {
  /** Whether there is anything at all. */
  readonly present: boolean
  readonly identities: readonly AgeIdentity[]
  readonly error?: string
}

// A command's answer depends on the recipient. All else is read, and its passphrase asked for, once per host.
const cache = new WeakMap<Host, Map<string, Promise<Outcome>>>()
const cacheSize = 200

// What every recipient gets of a host, for files by the hundred.
const settled = new WeakMap<Host, LoadedIdentities>()

/** The identities of this host, read once. A host without any is asked again. */
export async function loadIdentities(host: Host, recipient: string): Promise<LoadedIdentities> {
  const ready = settled.get(host)
  if (ready !== undefined) return ready
  const known = cache.get(host) ?? new Map<string, Promise<Outcome>>()
  cache.set(host, known)
  const errors: string[] = []
  const all = sources(host, errors)
  if (known.size + all.length > cacheSize) forgetRecipients(known)
  const outcomes: Outcome[] = []
  // One after the other: a source may start a program that asks the user.
  for (const source of all) {
    const id = JSON.stringify(source.perRecipient === true ? [source.location, recipient] : [source.location])
    const reading = known.get(id) ?? readSource(source, host, recipient)
    known.set(id, reading)
    outcomes.push(await reading)
  }
  const loaded = merge(all, outcomes, errors)
  if (loaded.identities.length === 0) known.clear()
  else if (!all.some(({ perRecipient, location }) => perRecipient === true && host.env(location) !== undefined)) {
    settled.set(host, loaded)
  }
  return loaded
}

// What was unlocked with a passphrase stays.
function forgetRecipients(known: Map<string, unknown>): void {
  for (const id of known.keys()) if (id.includes('","')) known.delete(id)
}

async function readSource(source: Source, host: Host, recipient: string): Promise<Outcome> {
  let present = false
  try {
    const bytes = await source.load(host, recipient)
    if (bytes === undefined) return { present, identities: [] }
    present = source.optional !== true
    return { present: true, identities: await source.parse(bytes, host) }
  } catch (error) {
    return { present, identities: [], error: error instanceof Error ? error.message : 'unknown' }
  }
}

function merge(all: readonly Source[], outcomes: readonly Outcome[], errors: readonly string[]): LoadedIdentities {
  const pairs = outcomes.map((outcome, index) => ({ ...outcome, ...pick(all[index]) }))
  const absent = pairs.filter(({ present, error }) => !present && error === undefined)
  const something = pairs.some(({ present, lastResort }) => present && !lastResort)
  const unused = absent.filter(({ lastResort }) => !lastResort || !something)
  const empty = pairs.filter(
    ({ present, identities, error }) => present && identities.length === 0 && error === undefined,
  )
  return {
    identities: pairs.flatMap(({ identities, location }) => identities.map((identity) => ({ ...identity, location }))),
    errors: [...errors, ...pairs.flatMap(({ error }) => error ?? [])],
    unused: [...unused, ...empty].map(({ location }) => location),
  }
}

function pick(source: Source | undefined): { readonly location: string; readonly lastResort: boolean } {
  return { location: source?.location ?? '', lastResort: source?.lastResort === true }
}

function sources(host: Host, errors: string[]): Source[] {
  return [
    sshKeyFile(),
    sshKeyCommand(),
    ...homeSshKeys(host, errors),
    { location: 'SOPS_AGE_KEY', load: readVariable, parse: parseMany },
    { location: 'SOPS_AGE_KEY_FILE', load: readNamedFile, parse: parseLines },
    { location: 'SOPS_AGE_KEY_CMD', perRecipient: true, load: runCommand, parse: parseLines },
    ...keyFiles(host, errors),
  ]
}

function parseMany(this: Source, bytes: Uint8Array, host: Host): AgeIdentity[] {
  return parseIdentities(bytes, { location: this.location, manyPerLine: true }, host)
}

function parseLines(this: Source, bytes: Uint8Array, host: Host): AgeIdentity[] {
  return parseIdentities(bytes, { location: this.location, manyPerLine: false }, host)
}

function sshKeyFile(): Source {
  const location = 'SOPS_AGE_SSH_PRIVATE_KEY_FILE'
  return {
    location,
    optional: true,
    load: async (host) => {
      const file = host.env(location)
      return file === undefined ? undefined : await readSshKey(host, file)
    },
    parse: (bytes, host) => parseSshFile(bytes, host.env(location) ?? '', host),
  }
}

function sshKeyCommand(): Source {
  const location = 'SOPS_AGE_SSH_PRIVATE_KEY_CMD'
  return {
    location,
    optional: true,
    perRecipient: true,
    load: runCommand,
    parse: (bytes, host) =>
      parseSsh(bytes, { location, readPublicKey: undefined }, `returned by running ${location}`, host),
  }
}

function homeSshKeys(host: Host, errors: string[]): Source[] {
  const home = homeDirectory(host)
  if (home === undefined) {
    errors.push(`${host.platform === 'win32' ? '%userprofile%' : '$HOME'} is not defined`)
    return []
  }
  return ['id_ed25519', 'id_rsa'].map((name) => {
    const location = path(host).join(home, '.ssh', name)
    return {
      location,
      optional: true,
      load: () => readIfThere(() => readSshKey(host, location)),
      parse: (bytes) => parseSshFile(bytes, location, host),
    }
  })
}

async function readSshKey(host: Host, file: string): Promise<Uint8Array> {
  return openFile(file, 'failed to open file', host)
}

function parseSshFile(bytes: Uint8Array, location: string, host: Host): Promise<AgeIdentity[]> {
  const source = { location, readPublicKey: () => host.readFile(`${location}.pub`) }
  return parseSsh(bytes, source, `in ${JSON.stringify(location)}`, host)
}

async function parseSsh(bytes: Uint8Array, source: SshKeySource, where: string, host: Host): Promise<AgeIdentity[]> {
  try {
    return [await parseSshIdentity(bytes, source, host)]
  } catch (cause) {
    throw new Error(`malformed SSH identity ${where}: ${cause instanceof Error ? cause.message : 'unknown'}`, { cause })
  }
}

function readVariable(this: Source, host: Host): Promise<Uint8Array | undefined> {
  const text = host.env(this.location)
  return Promise.resolve(text === undefined ? undefined : new TextEncoder().encode(text))
}

async function readNamedFile(this: Source, host: Host): Promise<Uint8Array | undefined> {
  const file = host.env(this.location)
  return file === undefined ? undefined : openFile(file, `failed to open ${this.location} file`, host)
}

async function openFile(file: string, what: string, host: Host): Promise<Uint8Array> {
  try {
    return await host.readFile(file)
  } catch (error) {
    throw new UnreadableFile(`${what}: open ${file}: ${describeFailure(error)}`, { cause: error })
  }
}

class UnreadableFile extends Error {}

async function readIfThere(read: () => Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof UnreadableFile && errorCode(error.cause) === 'ENOENT') return undefined
    throw error
  }
}

// The command line is not shown: it may hold an identity.
async function runCommand(this: Source, host: Host, recipient: string): Promise<Uint8Array | undefined> {
  const line = host.env(this.location)
  if (line === undefined) return undefined
  try {
    const [file, ...args] = splitWords(line)
    if (file === undefined) throw new Error('no command')
    return await host.run(file, args, { env: { SOPS_AGE_RECIPIENT: recipient } })
  } catch (error) {
    const reason = errorCode(error) === 'ENOENT' ? 'executable file not found in $PATH' : describeFailure(error)
    throw new Error(`failed to execute the command in ${this.location}: ${reason}`, { cause: error })
  }
}

function keyFiles(host: Host, errors: string[]): Source[] {
  const directories = configDirectories(host)
  if (directories.length === 0) errors.push('user config directory could not be determined')
  return directories.map((directory) => keyFile(path(host).join(directory, 'sops', 'age', 'keys.txt')))
}

function keyFile(location: string): Source {
  return {
    location,
    lastResort: true,
    load: (host) => readIfThere(() => openFile(location, 'failed to open file', host)),
    parse: parseLines,
  }
}

/** Where sops looks for keys.txt, and where `keygen` puts it; undefined when the host names no home. */
export function defaultKeyFile(host: Host): string | undefined {
  const [directory] = configDirectories(host)
  return directory === undefined ? undefined : path(host).join(directory, 'sops', 'age', 'keys.txt')
}

// Go's os.UserConfigDir with sops' own rule for macOS. ~/.config on macOS is ours: most guides name it, sops does not look.
function configDirectories(host: Host): string[] {
  const xdg = host.env('XDG_CONFIG_HOME') ?? ''
  const home = homeDirectory(host)
  switch (host.platform) {
    case 'win32':
      return [host.env('AppData') ?? ''].filter((directory) => directory !== '')
    case 'darwin':
      if (xdg !== '') return [xdg]
      return home === undefined ? [] : [posix.join(home, 'Library', 'Application Support'), posix.join(home, '.config')]
    default:
      if (xdg !== '') return posix.isAbsolute(xdg) ? [xdg] : []
      return home === undefined ? [] : [posix.join(home, '.config')]
  }
}

function homeDirectory(host: Host): string | undefined {
  const home = host.env(host.platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? ''
  return home === '' ? undefined : home
}

function path(host: Host): typeof posix {
  return host.platform === 'win32' ? win32 : posix
}

const failures: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
}

// Only what we can name: the message of a foreign error may show what the command printed.
function describeFailure(error: unknown): string {
  if (error instanceof Error && /^(?:exit status \d+|EOF found .*|no command)$/.test(error.message))
    return error.message
  const code = errorCode(error) ?? ''
  return Object.hasOwn(failures, code) ? (failures[code] ?? code) : code === '' ? 'failed' : code
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
