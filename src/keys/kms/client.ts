// One client per region, profile and role, kept as long as its Host, so that many files share its credentials.
import type { Host } from '../../host.ts'
import { PerHost } from '../per-host.ts'
import { credentialSource } from './credentials.ts'
import { plainEndpoint } from './endpoint.ts'
import type { KmsKey } from './key.ts'
import { OwnClient } from './own-client.ts'
import { lazyProviders, loadKms } from './sdk.ts'
import { clientSettings } from './settings.ts'

export interface Subject {
  readonly KeyId: string
  readonly EncryptionContext: Record<string, string>
}

export interface RequestOptions {
  readonly abortSignal: AbortSignal
}

/** What data keys need of KMS: ours, or the SDK's. */
export interface KmsClient {
  encrypt(
    input: Subject & { readonly Plaintext: Uint8Array },
    options: RequestOptions,
  ): Promise<{ readonly CiphertextBlob?: Uint8Array | undefined }>
  decrypt(
    input: Subject & { readonly CiphertextBlob: Uint8Array },
    options: RequestOptions,
  ): Promise<{ readonly Plaintext?: Uint8Array | undefined }>
}

// Files choose their number.
const clients = new PerHost<KmsClient>(100)

/** Throws KeyBackendError not-installed, ConfigError. */
export function findClient(key: KmsKey, region: string, host: Host): Promise<KmsClient> {
  const name = JSON.stringify([region, key.profile, key.role])
  return clients.get(host, name, () => makeClient(key, region, host))
}

async function makeClient(key: KmsKey, region: string, host: Host): Promise<KmsClient> {
  const settings = clientSettings(host, 'KMS', region)
  const credentials = credentialSource(key, region, host, lazyProviders(key))
  const endpoint = plainEndpoint(host, settings)
  if (endpoint !== undefined) {
    return new OwnClient(host, { endpoint, region, maxAttempts: settings.maxAttempts, credentials })
  }
  const KMS = await loadKms(key)
  return new KMS({ ...settings, credentials })
}
