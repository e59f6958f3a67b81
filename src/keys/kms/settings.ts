// What the SDK would read from the process: it is all given from the Host, so that a caller's Host is used with its own
// environment alone.
import { ConfigError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { fetchHandler } from './fetch-handler.ts'

export interface ClientSettings {
  readonly region: string
  readonly requestHandler: Record<string, unknown>
  readonly endpoint?: string
  readonly ignoreConfiguredEndpointUrls: true
  readonly maxAttempts: number
  readonly retryMode: string
  readonly defaultsMode: 'standard'
  readonly useFipsEndpoint: boolean
  readonly useDualstackEndpoint: boolean
  readonly userAgentAppId: string | undefined
  readonly authSchemePreference: string[]
}

/** As the variables AWS_ENDPOINT_URL_‹service› spell it. */
export type AwsService = 'KMS' | 'STS' | 'S3' | 'SECRETS_MANAGER'

/** Throws ConfigError for a variable that makes no sense. */
export function clientSettings(host: Host, service: AwsService, region: string): ClientSettings {
  const endpoint = endpointOf(host, service)
  return {
    region,
    requestHandler: fetchHandler(host),
    ...(endpoint !== undefined && { endpoint }),
    ignoreConfiguredEndpointUrls: true,
    maxAttempts: attemptsOf(host),
    retryMode: host.env('AWS_RETRY_MODE') === 'adaptive' ? 'adaptive' : 'standard',
    defaultsMode: 'standard',
    useFipsEndpoint: isOn(host, 'AWS_USE_FIPS_ENDPOINT'),
    useDualstackEndpoint: isOn(host, 'AWS_USE_DUALSTACK_ENDPOINT'),
    userAgentAppId: setting(host, 'AWS_SDK_UA_APP_ID'),
    authSchemePreference: [],
  }
}

function endpointOf(host: Host, service: AwsService): string | undefined {
  if (isOn(host, 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS')) return undefined
  const name = [`AWS_ENDPOINT_URL_${service}`, 'AWS_ENDPOINT_URL'].find((each) => setting(host, each) !== undefined)
  const endpoint = name === undefined ? undefined : setting(host, name)
  if (endpoint === undefined || (/^https?:\/\//i.test(endpoint) && URL.canParse(endpoint))) return endpoint
  throw new ConfigError(`${name ?? ''} is not the URL of an endpoint`)
}

function attemptsOf(host: Host): number {
  const text = setting(host, 'AWS_MAX_ATTEMPTS')
  if (text === undefined) return 3
  const attempts = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (attempts > 0) return attempts
  throw new ConfigError('AWS_MAX_ATTEMPTS must be a number from 1 to 999')
}

function isOn(host: Host, name: string): boolean {
  return setting(host, name)?.toLowerCase() === 'true'
}

/** A variable that is set and not empty. */
export function setting(host: Host, name: string): string | undefined {
  const value = host.env(name)
  return value === '' ? undefined : value
}
