// One client per region, profile and role, kept as long as its Host, so that many files share its credentials.
import type { KMS } from '@aws-sdk/client-kms'
import type { Host } from '../../host.ts'
import { credentialSource } from './credentials.ts'
import type { KmsKey } from './key.ts'
import { loadAwsSdk } from './sdk.ts'
import { clientSettings } from './settings.ts'

const clients = new WeakMap<Host, Map<string, Promise<KMS>>>()
// Files choose their number.
const capacity = 100

/** Throws KeyBackendError not-installed, ConfigError. */
export function findClient(key: KmsKey, region: string, host: Host): Promise<KMS> {
  const ofHost = clients.get(host) ?? new Map<string, Promise<KMS>>()
  clients.set(host, ofHost)
  const id = JSON.stringify([region, key.profile, key.role])
  const known = ofHost.get(id)
  if (known !== undefined) return known
  const client = makeClient(key, region, host)
  makeRoom(ofHost)
  ofHost.set(id, client)
  client.catch(() => ofHost.delete(id))
  return client
}

function makeRoom(ofHost: Map<string, unknown>): void {
  const [oldest] = ofHost.keys()
  if (ofHost.size >= capacity && oldest !== undefined) ofHost.delete(oldest)
}

async function makeClient(key: KmsKey, region: string, host: Host): Promise<KMS> {
  const sdk = await loadAwsSdk(key)
  const credentials = credentialSource(key, region, host, sdk)
  return new sdk.KMS({ ...clientSettings(host, 'KMS', region), credentials })
}
