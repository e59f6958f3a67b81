// What the destinations at AWS have in common: region, credentials and settings as for AWS KMS keys, and what a failure means.
import type { Host } from '../host.ts'
import { credentialSource, type CredentialSource } from '../keys/kms/credentials.ts'
import { explain } from '../keys/kms/failure.ts'
import { fetchHandler } from '../keys/kms/fetch-handler.ts'
import { loadProviders } from '../keys/kms/sdk.ts'
import { type AwsService, type ClientSettings, clientSettings, setting } from '../keys/kms/settings.ts'
import { SopsError } from '../errors.ts'
import { ask, asFailure, failure, subjectOf } from './failure.ts'

/** Throws KeyBackendError not-installed, ConfigError. */
export async function awsSettings(
  host: Host,
  service: AwsService,
  region: string,
): Promise<ClientSettings & { readonly credentials: CredentialSource }> {
  const providers = await loadProviders(subjectOf('AWS'))
  const credentials = credentialSource({ profile: '', role: '' }, region, host, providers)
  // A redirect is an answer to be told of: the bucket is in another region.
  return { ...clientSettings(host, service, region), requestHandler: fetchHandler(host, 'manual'), credentials }
}

/** What the service answers within its time. Throws SopsError. */
export async function askAws<T>(service: string, host: Host, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return ask(service, host, async (signal) => {
    try {
      return await work(signal)
    } catch (error) {
      throw error instanceof SopsError ? asFailure(service, error) : explainFailure(service, error)
    }
  })
}

interface Explanation {
  readonly problem: string
  readonly hint?: string
}

const elsewhere = { problem: 'the bucket is in another region', hint: 'Set AWS_REGION to the region of the bucket.' }

const explanations: ReadonlyMap<string, Explanation> = new Map<string, Explanation>([
  ['NoSuchBucket', { problem: 'there is no such bucket' }],
  ['PermanentRedirect', elsewhere],
  ['AuthorizationHeaderMalformed', elsewhere],
  ['ResourceNotFoundException', { problem: 'there is no such secret' }],
  [
    'InvalidRequestException',
    { problem: 'the state of the secret forbids it', hint: 'If it is scheduled for deletion, restore it first.' },
  ],
  ['LimitExceededException', { problem: 'a quota of the account is used up' }],
  ['EncryptionFailure', { problem: 'the KMS key of the secret cannot be used' }],
  ['DecryptionFailure', { problem: 'the KMS key of the secret cannot be used' }],
])

function explainFailure(service: string, error: unknown): SopsError {
  const name = error instanceof Error ? error.name : ''
  const known = explanations.get(name)
  if (known !== undefined) return failure(`${service}: ${known.problem} (${name})`, known.hint)
  const { problem, hint } = explain(error)
  return failure(`${service}: ${problem}`, hint?.replace('the region in the ARN', 'the region'))
}

/** AWS_REGION, AWS_DEFAULT_REGION, or that of the profile. Throws SopsError. */
export async function findRegion(host: Host): Promise<string> {
  const region =
    setting(host, 'AWS_REGION') ?? setting(host, 'AWS_DEFAULT_REGION') ?? (await regionOfProfile(host)) ?? ''
  if (/^[A-Za-z0-9-]{1,63}$/.test(region)) return region
  throw failure('AWS: there is no region to look for the bucket in', 'Set AWS_REGION to the region of the bucket.')
}

async function regionOfProfile(host: Host): Promise<string | undefined> {
  const profile = setting(host, 'AWS_PROFILE') ?? setting(host, 'AWS_DEFAULT_PROFILE') ?? 'default'
  const home = setting(host, host.platform === 'win32' ? 'USERPROFILE' : 'HOME')
  const path = setting(host, 'AWS_CONFIG_FILE') ?? (home === undefined ? undefined : `${home}/.aws/config`)
  const bytes = path === undefined ? undefined : await host.readFile(path).catch(() => undefined)
  let isOurs = false
  for (const line of new TextDecoder().decode(bytes).split(/\r?\n/)) {
    const [, section] = /^\[(?:profile\s+)?["']?(.+?)["']?\s*\]/.exec(line.trim()) ?? []
    if (section !== undefined) isOurs = section === profile
    const [, region] = /^region\s*=\s*([A-Za-z0-9-]+)/.exec(line) ?? []
    if (isOurs && region !== undefined) return region
  }
  return undefined
}
