// One credential per host and one client per key, kept: tokens and connections serve many files.
import type { TokenCredential } from '@azure/identity'

import type * as Keys from '@azure/keyvault-keys'
import type { Host } from '../../host.ts'
import { PerHost } from '../per-host.ts'
import { loadSdk } from '../sdk.ts'
import type { MasterKey } from '../types.ts'
import { explain, failure } from './failure.ts'
import type { AzureKvKey } from './key.ts'
import { checkAddress, type VaultAddress } from './vault-address.ts'

export interface CallOptions {
  readonly host: Host
  readonly signal: AbortSignal
}

const algorithm = 'RSA-OAEP-256'

/** Throws KeyBackendError. */
export async function encrypt(key: AzureKvKey, plaintext: Uint8Array, options: CallOptions): Promise<Uint8Array> {
  const client = await clientFor(key, options.host)
  const parameters = { algorithm, plaintext: new Uint8Array(plaintext) } as const
  return call(key, async () => (await client.encrypt(parameters, { abortSignal: options.signal })).result)
}

/** Throws KeyBackendError. */
export async function decrypt(key: AzureKvKey, ciphertext: Uint8Array, options: CallOptions): Promise<Uint8Array> {
  const client = await clientFor(key, options.host)
  const parameters = { algorithm, ciphertext } as const
  return call(key, async () => (await client.decrypt(parameters, { abortSignal: options.signal })).result)
}

/** Needs the permission `get`. Throws KeyBackendError. */
export async function currentVersion(key: AzureKvKey, { host, signal }: CallOptions): Promise<string> {
  const address = checkAddress(key, host)
  checkNames(key)
  const { KeyClient } = await loadKeys(key)
  const client = new KeyClient(address.origin, await credentialFor(key, host), settings(address))
  const version = await call(
    key,
    async () => (await client.getKey(key.name, { abortSignal: signal })).properties.version,
  )
  if (version !== undefined && namePattern.test(version)) return version
  throw failure(key, 'malformed', 'the vault gave a key without a version', {
    hint: 'Name the version in the URL of the key.',
  })
}

async function call<T>(key: AzureKvKey, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw explain(key, error)
  }
}

const clients = new PerHost<Keys.CryptographyClient>()

async function clientFor(key: AzureKvKey, host: Host): Promise<Keys.CryptographyClient> {
  const address = checkAddress(key, host)
  checkNames(key)
  const id = `${address.origin}/keys/${key.name}/${key.version}`
  return clients.get(host, id, () => makeClient(key, id, address, host))
}

async function makeClient(
  key: AzureKvKey,
  id: string,
  address: VaultAddress,
  host: Host,
): Promise<Keys.CryptographyClient> {
  const { CryptographyClient } = await loadKeys(key)
  // Given a mere id the client would ask for the key first, which takes the permission `get`; sops does not need it.
  const described = { id, name: key.name, properties: { name: key.name, vaultUrl: address.origin } }
  return new CryptographyClient(described, await credentialFor(key, host), settings(address))
}

function settings({ listed }: VaultAddress): Keys.KeyClientOptions {
  return {
    disableChallengeResourceVerification: listed,
    redirectOptions: { maxRetries: 0 },
    retryOptions: { maxRetries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 5000 },
  }
}

const credentials = new PerHost<TokenCredential>()

/** Throws KeyBackendError. */
export function credentialFor(key: MasterKey, host: Host): Promise<TokenCredential> {
  return credentials.get(host, '', () => makeCredential(key))
}

async function makeCredential(key: MasterKey): Promise<TokenCredential> {
  const { DefaultAzureCredential } = await loadSdk('@azure/identity', key, () => import('@azure/identity'))
  try {
    return new DefaultAzureCredential()
  } catch {
    throw failure(key, 'no-credential', 'AZURE_TOKEN_CREDENTIALS names no known kind of credential', {
      hint: 'It is dev, prod, or a name such as AzureCliCredential; without it all kinds are tried.',
    })
  }
}

function loadKeys(key: AzureKvKey): Promise<typeof Keys> {
  return loadSdk('@azure/keyvault-keys', key, () => import('@azure/keyvault-keys'))
}

// What Azure allows: nothing that could change the path of a request.
const namePattern = /^[\dA-Za-z-]{1,127}$/

function checkNames(key: AzureKvKey): void {
  if (namePattern.test(key.name) && (key.version === '' || namePattern.test(key.version))) return
  throw failure(key, 'malformed', 'the name or version of the key has characters that no key has', {
    hint: 'They are made of letters, digits and dashes.',
  })
}
