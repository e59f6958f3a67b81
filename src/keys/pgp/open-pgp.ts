// The keys that can be used in this process, and how strictly. The package is loaded only when there is such a key.
import type * as Package from 'openpgp'
import type { Config, Key } from 'openpgp'
import type { Host } from '../../host.ts'
import { loadSdk } from '../sdk.ts'
import type { MasterKey } from '../types.ts'
import { loadKeyTexts, type KeyText } from './key-sources.ts'

export type OpenPgp = typeof Package

export interface HeldKey {
  readonly key: Key
  readonly text: KeyText
}

export interface HeldKeys {
  readonly keys: readonly HeldKey[]
  /** What could not be read; shows nothing of its content. */
  readonly errors: readonly string[]
}

export interface Workshop extends HeldKeys {
  readonly openpgp: OpenPgp
  readonly config: Config
}

/**
 * Those keys of this host that `wanted` takes. There is no workshop where there are none.
 * @throws KeyBackendError not-installed
 */
export async function openWorkshop(
  host: Host,
  masterKey: MasterKey,
  wanted: (text: KeyText) => boolean,
): Promise<Workshop | HeldKeys> {
  const { keys, errors } = await loadKeyTexts(host)
  const texts = keys.filter(wanted)
  if (texts.length === 0) return { keys: [], errors }
  const openpgp = await loadSdk('openpgp', masterKey, () => import('openpgp'))
  const config = strictConfig(openpgp)
  const parsed = await Promise.all(texts.map((text) => parseKey(text, openpgp, config)))
  const unread = texts.filter((text, index) => parsed[index] === undefined && !text.fromKeyring)
  return {
    openpgp,
    config,
    keys: parsed.filter((key) => key !== undefined),
    errors: [...errors, ...unread.map(({ location }) => `${location} holds a PGP key that cannot be read`)],
  }
}

// Said even though much of it is the default: the package's configuration is shared by the whole process.
function strictConfig({ config, enums }: OpenPgp): Config {
  return {
    ...config,
    allowUnauthenticatedMessages: false,
    allowUnauthenticatedStream: false,
    enforceGrammar: true,
    minRSABits: 2047,
    rejectPublicKeyAlgorithms: new Set([enums.publicKey.elgamal, enums.publicKey.dsa]),
    rejectCurves: new Set([enums.curve.secp256k1]),
    maxDecompressedMessageSize: 1 << 16,
    // Old keys do not say what they are for; gpg and sops use them.
    allowMissingKeyFlags: true,
  }
}

const cache = new WeakMap<KeyText, Promise<HeldKey | undefined>>()

function parseKey(text: KeyText, openpgp: OpenPgp, config: Config): Promise<HeldKey | undefined> {
  const known = cache.get(text)
  if (known !== undefined) return known
  const parsing = openpgp.readKey({ binaryKey: text.bytes, config }).then(
    (key) => ({ key, text }),
    () => undefined,
  )
  cache.set(text, parsing)
  return parsing
}

export function describeErrors(errors: readonly string[]): string {
  return errors.length === 0 ? '' : `. Errors while loading PGP keys: ${errors.join('; ')}`
}
