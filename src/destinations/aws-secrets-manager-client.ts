import type { SecretsManager } from '@aws-sdk/client-secrets-manager'
import type { Host } from '../host.ts'
import { PerHost } from '../keys/per-host.ts'
import { loadSdk } from '../keys/sdk.ts'
import { askAws, awsSettings } from './aws.ts'
import { subjectOf } from './failure.ts'
import type { SecretStore, SecretText } from './secret-store.ts'

const service = 'AWS Secrets Manager'

// One client for all files: they share its credentials.
const clients = new PerHost<SecretsManager>()

export function openStore(region: string, host: Host): SecretStore {
  const call = <T>(work: (client: SecretsManager, abortSignal: AbortSignal) => Promise<T>): Promise<T> =>
    askAws(service, host, async (signal) =>
      work(await clients.get(host, region, () => makeClient(region, host)), signal),
    )
  return {
    read: (name) => call((client, abortSignal) => read(client, name, abortSignal)),
    write: (secret) => call((client, abortSignal) => write(client, secret, abortSignal)),
  }
}

async function makeClient(region: string, host: Host): Promise<SecretsManager> {
  const name = '@aws-sdk/client-secrets-manager'
  const { SecretsManager } = await loadSdk(name, subjectOf(service), () => import('@aws-sdk/client-secrets-manager'))
  return new SecretsManager(await awsSettings(host, 'SECRETS_MANAGER', region))
}

async function read(client: SecretsManager, name: string, abortSignal: AbortSignal): Promise<string | undefined> {
  try {
    const { SecretString } = await client.getSecretValue({ SecretId: name }, { abortSignal })
    return SecretString
  } catch (error) {
    if (isNamed(error, 'ResourceNotFoundException')) return undefined
    throw error
  }
}

async function write(client: SecretsManager, { name, text }: SecretText, abortSignal: AbortSignal): Promise<void> {
  try {
    await client.putSecretValue({ SecretId: name, SecretString: text }, { abortSignal })
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException')) throw error
    await client.createSecret({ Name: name, SecretString: text }, { abortSignal })
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}
