// Where identities come from: all sources of sops, in its documentation's order, all loaded and merged. A source that
// fails is reported only when nothing else works.
import { posix, win32 } from 'node:path'
import type { Host } from '../../host.ts'
import { parseIdentities, type AgeIdentity } from './identities.ts'
import { splitWords } from './shell-words.ts'

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
  /** Several identities may stand on one line. */
  readonly manyPerLine?: boolean
  /** Listed as unused only when no other source gave a text. */
  readonly lastResort?: boolean
  /** undefined: there is no such thing. Throws Error with a message that shows no secret. */
  load(host: Host, recipient: string): Promise<Uint8Array | undefined>
}

const command = 'SOPS_AGE_KEY_CMD'

// SOPS_AGE_RECIPIENT makes the command's answer depend on the recipient; without a command all recipients share one entry.
const cache = new WeakMap<Host, Map<string, Promise<LoadedIdentities>>>()
const cacheSize = 100

/** The identities of this host, read once. A host without any is asked again. */
export function loadIdentities(host: Host, recipient: string): Promise<LoadedIdentities> {
  const known = cache.get(host) ?? new Map<string, Promise<LoadedIdentities>>()
  cache.set(host, known)
  const id = host.env(command) === undefined ? '' : recipient
  const cached = known.get(id)
  if (cached !== undefined) return cached
  const loading = readSources(host, recipient)
  const forget = (): void => {
    known.delete(id)
  }
  if (known.size >= cacheSize) known.clear()
  known.set(id, loading)
  loading.then(({ identities }) => {
    if (identities.length === 0) forget()
  }, forget)
  return loading
}

async function readSources(host: Host, recipient: string): Promise<LoadedIdentities> {
  const identities: FoundIdentity[] = []
  const errors: string[] = []
  const unused: string[] = []
  const empty: string[] = []
  let texts = 0
  for (const source of sources(host, errors)) {
    try {
      const bytes = await source.load(host, recipient)
      if (bytes === undefined) {
        if (source.lastResort !== true || texts === 0) unused.push(source.location)
        continue
      }
      texts++
      const found = parseIdentities(bytes, source.location, source.manyPerLine === true)
      if (found.length === 0) empty.push(source.location)
      for (const identity of found) identities.push({ ...identity, location: source.location })
    } catch (error) {
      errors.push(error instanceof Error ? error.message : 'unknown')
    }
  }
  return { identities, errors, unused: [...unused, ...empty] }
}

function sources(host: Host, errors: string[]): Source[] {
  return [
    sshVariable('SOPS_AGE_SSH_PRIVATE_KEY_FILE'),
    sshVariable('SOPS_AGE_SSH_PRIVATE_KEY_CMD'),
    ...sshFiles(host, errors),
    { location: 'SOPS_AGE_KEY', manyPerLine: true, load: readVariable },
    { location: 'SOPS_AGE_KEY_FILE', load: readNamedFile },
    { location: command, load: runCommand },
    ...keyFiles(host, errors),
  ]
}

function sshVariable(location: string): Source {
  return {
    location,
    load: (host) =>
      host.env(location) === undefined
        ? Promise.resolve(undefined)
        : Promise.reject(new Error(`${location} is set, but SSH identities come with a later version`)),
  }
}

// Present SSH keys are passed over in silence: many people have one that has nothing to do with their files.
function sshFiles(host: Host, errors: string[]): Source[] {
  const home = homeDirectory(host)
  if (home === undefined) {
    errors.push(`${host.platform === 'win32' ? '%userprofile%' : '$HOME'} is not defined`)
    return []
  }
  return ['id_ed25519', 'id_rsa'].map((name) => ({
    location: path(host).join(home, '.ssh', name),
    load: () => Promise.resolve(undefined),
  }))
}

function readVariable(this: Source, host: Host): Promise<Uint8Array | undefined> {
  const text = host.env(this.location)
  return Promise.resolve(text === undefined ? undefined : new TextEncoder().encode(text))
}

async function readNamedFile(this: Source, host: Host): Promise<Uint8Array | undefined> {
  const file = host.env(this.location)
  if (file === undefined) return undefined
  try {
    return await host.readFile(file)
  } catch (error) {
    throw new Error(`failed to open ${this.location} file: open ${file}: ${describeFailure(error)}`, { cause: error })
  }
}

// The command line is not shown: it may hold an identity.
async function runCommand(host: Host, recipient: string): Promise<Uint8Array | undefined> {
  const line = host.env(command)
  if (line === undefined) return undefined
  try {
    const [file, ...args] = splitWords(line)
    if (file === undefined) throw new Error('no command')
    return await host.run(file, args, { env: { SOPS_AGE_RECIPIENT: recipient } })
  } catch (error) {
    const reason = errorCode(error) === 'ENOENT' ? 'executable file not found in $PATH' : describeFailure(error)
    throw new Error(`failed to execute the command in ${command}: ${reason}`, { cause: error })
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
    async load(host) {
      try {
        return await host.readFile(location)
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined
        throw new Error(`failed to open file: open ${location}: ${describeFailure(error)}`, { cause: error })
      }
    },
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
