// The vault may stand in the configuration of a repository: a token goes to it only if it is one of Azure's own domains or
// the user has named it, as with the keys of Azure.
import type { SecretClient } from '@azure/keyvault-secrets'
import { SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { credentialFor } from '../keys/azure-kv/client.ts'
import { explain } from '../keys/azure-kv/failure.ts'
import { checkAddress } from '../keys/azure-kv/vault-address.ts'
import { PerHost } from '../keys/per-host.ts'
import { loadSdk } from '../keys/sdk.ts'
import { ask, failure, subjectOf } from './failure.ts'
import type { SecretStore } from './secret-store.ts'

const service = 'Azure Key Vault'

export function openStore(vaultUrl: string, host: Host): SecretStore {
  const call = <T>(work: (client: SecretClient, abortSignal: AbortSignal) => Promise<T>): Promise<T> =>
    ask(service, host, async (signal) => {
      const client = await clients.get(host, vaultUrl, () => makeClient(vaultUrl, host))
      return work(client, signal).catch((error: unknown) => {
        throw explainFailure(error)
      })
    })
  return {
    read: (name) =>
      call(async (client, abortSignal) => {
        try {
          return (await client.getSecret(name, { abortSignal })).value
        } catch (error) {
          if (statusOf(error) === 404) return undefined
          throw error
        }
      }),
    write: ({ name, text, isJson }) =>
      call(async (client, abortSignal) => {
        await client.setSecret(name, text, { abortSignal, ...(isJson && { contentType: 'application/json' }) })
      }),
  }
}

// One client for all files: they share its token.
const clients = new PerHost<SecretClient>()

async function makeClient(vaultUrl: string, host: Host): Promise<SecretClient> {
  const subject = { ...subjectOf(service), vaultUrl }
  const { origin, listed } = checkAddress(subject, host)
  const sdk = await loadSdk('@azure/keyvault-secrets', subject, () => import('@azure/keyvault-secrets'))
  return new sdk.SecretClient(origin, await credentialFor(subject, host), {
    disableChallengeResourceVerification: listed,
    redirectOptions: { maxRetries: 0 },
    retryOptions: { maxRetries: 4, retryDelayInMs: 200, maxRetryDelayInMs: 5000 },
  })
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined
  return Number(error.statusCode)
}

const explanations: ReadonlyMap<number, readonly [problem: string, hint: string]> = new Map([
  [400, ['the vault did not take the secret', 'Its name or its size may not be allowed.']],
  [401, ['the credential was refused', 'Check that it belongs to the tenant of the vault, and sign in again.']],
  [
    403,
    [
      'access was denied',
      'The identity needs the get and set permissions on secrets (role Key Vault Secrets Officer), and the firewall of the vault must let it in.',
    ],
  ],
  [409, ['a deleted secret has this name', 'Recover or purge it first.']],
  [429, ['the vault asked for fewer requests', 'Try again later.']],
])

function explainFailure(error: unknown): SopsError {
  if (error instanceof SopsError) return error
  const status = statusOf(error)
  const [problem, hint] = explanations.get(status ?? 0) ?? []
  if (problem !== undefined) return failure(`${service}: ${problem} (${status})`, hint)
  return explain(subjectOf(service), status === undefined ? error : undefined)
}
