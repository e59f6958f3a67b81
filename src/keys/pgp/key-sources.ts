// Where keys for use in this process come from: our own variables, and the keyrings of gpg before 2.1, which sops reads.
// They are split into single keys here, so that one that cannot be read does not take the others with it.
import { posix, win32 } from 'node:path'
import type { Host } from '../../host.ts'
import { readArmor } from './armor.ts'
import { readPackets, tags } from './packets.ts'

/** One key with its subkeys, as it stands in its source. */
export interface KeyText {
  readonly bytes: Uint8Array
  readonly isSecret: boolean
  /** The variable or the file that holds it. */
  readonly location: string
  /** Whether it was taken from a keyring of gpg, which is older than what gpg itself knows. */
  readonly fromKeyring: boolean
}

export interface KeyTexts {
  readonly keys: readonly KeyText[]
  /** What could not be read; shows nothing of its content. */
  readonly errors: readonly string[]
}

/** The places where keys of this kind are looked for, as a text for people. */
export function describePlaces(host: Host, kind: 'secret' | 'public'): string {
  const own = kind === 'secret' ? secretKeyVariables : [...secretKeyVariables, 'TSOPS_PGP_PUBLIC_KEY_FILE']
  const home = gnupgHome(host)
  const keyring = kind === 'secret' ? 'secring.gpg' : 'pubring.gpg'
  const rings = home === undefined ? [] : [pathOf(host).join(home, keyring)]
  return [...own, ...rings].join(', ')
}

const secretKeyVariables = ['TSOPS_PGP_KEY', 'TSOPS_PGP_KEY_FILE']

const cache = new WeakMap<Host, Promise<KeyTexts>>()

/** All keys of this host, read once. A host without any is asked again. */
export function loadKeyTexts(host: Host): Promise<KeyTexts> {
  const known = cache.get(host)
  if (known !== undefined) return known
  const loading = readSources(host)
  const forget = (): boolean => cache.delete(host)
  cache.set(host, loading)
  loading.then(({ keys }) => keys.length > 0 || forget(), forget)
  return loading
}

async function readSources(host: Host): Promise<KeyTexts> {
  const errors: string[] = []
  const own = [
    ...readVariable(host, 'TSOPS_PGP_KEY', errors),
    ...(await readNamedFiles(host, 'TSOPS_PGP_KEY_FILE', errors)),
    ...(await readNamedFiles(host, 'TSOPS_PGP_PUBLIC_KEY_FILE', errors)),
  ]
  return { keys: [...own, ...(await readKeyrings(host, errors))], errors }
}

function readVariable(host: Host, name: string, errors: string[]): readonly KeyText[] {
  const text = host.env(name)?.trim() ?? ''
  return text === '' ? [] : splitKeys(new TextEncoder().encode(text), { location: name, errors })
}

async function readNamedFiles(host: Host, name: string, errors: string[]): Promise<readonly KeyText[]> {
  const paths = (host.env(name) ?? '').split(',').map((path) => path.trim())
  const keys = paths
    .filter((path) => path !== '')
    .map(async (path) => {
      try {
        return splitKeys(await host.readFile(path), { location: path, errors })
      } catch (error) {
        errors.push(`failed to open ${name} file: open ${path}: ${describeFailure(error)}`)
        return []
      }
    })
  return (await Promise.all(keys)).flat()
}

// As sops does, pubring.gpg is asked for secret keys too when there is no secring.gpg.
async function readKeyrings(host: Host, errors: string[]): Promise<readonly KeyText[]> {
  const home = gnupgHome(host)
  if (home === undefined) return []
  const [secret, open] = await Promise.all(
    ['secring.gpg', 'pubring.gpg'].map((name) => readKeyring(host, pathOf(host).join(home, name), errors)),
  )
  const [secretKeys, openKeys] = [secret ?? [], open ?? []]
  return secret === undefined ? openKeys : [...secretKeys, ...openKeys.filter(({ isSecret }) => !isSecret)]
}

async function readKeyring(host: Host, location: string, errors: string[]): Promise<readonly KeyText[] | undefined> {
  try {
    // What gpg itself cannot use in its keyring is gpg's affair: its errors are dropped.
    const keys = splitKeys(await host.readFile(location), { location, errors: [] })
    return keys.map((key) => ({ ...key, fromKeyring: true }))
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      errors.push(`could not load keyring: open ${location}: ${describeFailure(error)}`)
    return undefined
  }
}

function gnupgHome(host: Host): string | undefined {
  const named = host.env('GNUPGHOME') ?? ''
  if (named !== '') return named
  const home = host.env(host.platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? ''
  return home === '' ? undefined : pathOf(host).join(home, '.gnupg')
}

function pathOf({ platform }: Host): typeof posix {
  return platform === 'win32' ? win32 : posix
}

interface Source {
  readonly location: string
  readonly errors: string[]
}

function splitKeys(source: Uint8Array, { location, errors }: Source): readonly KeyText[] {
  const parts = isBinary(source) ? [source] : armoredKeys(source)
  if (parts.length === 0) errors.push(`${location} holds no PGP key`)
  return parts.flatMap((bytes) => {
    const packets = (bytes && readPackets(bytes)) ?? []
    const starts = packets.filter(({ tag }) => tag === tags.secretKey || tag === tags.publicKey)
    if (bytes === undefined || starts.length === 0) errors.push(`${location} holds a damaged PGP key`)
    return starts.map(({ tag, start }, index) => ({
      bytes: (bytes ?? source).slice(start, starts[index + 1]?.start),
      isSecret: tag === tags.secretKey,
      location,
      fromKeyring: false,
    }))
  })
}

// A text may start with a byte order mark, which looks like the start of a packet, but of none that a key starts with.
function isBinary(source: Uint8Array): boolean {
  const tag = readPackets(source)?.[0]?.tag
  return tag === tags.secretKey || tag === tags.publicKey
}

function armoredKeys(source: Uint8Array): readonly (Uint8Array | undefined)[] {
  return readArmor(new TextDecoder().decode(source))
    .filter(({ kind }) => kind === 'PGP PRIVATE KEY BLOCK' || kind === 'PGP PUBLIC KEY BLOCK')
    .map(({ bytes }) => bytes)
}

const failures: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
}

function describeFailure(error: unknown): string {
  const code = errorCode(error) ?? ''
  return Object.hasOwn(failures, code) ? (failures[code] ?? code) : code === '' ? 'failed' : code
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
