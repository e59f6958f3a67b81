// Where our own requests go. What is not known here is left to the rules of the SDK, which know every partition.
import type { Host } from '../../host.ts'
import { setting, type ClientSettings } from './settings.ts'

const domains: readonly (readonly [region: RegExp, domain: string])[] = [
  [/^(?:us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+$/, 'amazonaws.com'],
  [/^us-gov-[a-z]+-\d+$/, 'amazonaws.com'],
  [/^cn-[a-z]+-\d+$/, 'amazonaws.com.cn'],
]

// The first is sent with every request, the second is what only the SDK does.
const ofSdk = ['AWS_SDK_UA_APP_ID', 'AWS_DISABLE_CLOCK_SKEW_CORRECTION']

/** undefined: only the SDK can do what the settings ask for. */
export function plainEndpoint(host: Host, settings: ClientSettings): URL | undefined {
  const { region, endpoint, useFipsEndpoint, useDualstackEndpoint, retryMode } = settings
  const isSpecial = useFipsEndpoint || useDualstackEndpoint || retryMode !== 'standard'
  if (isSpecial || ofSdk.some((name) => setting(host, name) !== undefined)) return undefined
  if (endpoint !== undefined) return originOf(endpoint)
  const domain = domains.find(([pattern]) => pattern.test(region))?.[1]
  return domain === undefined ? undefined : new URL(`https://kms.${region}.${domain}/`)
}

function originOf(endpoint: string): URL | undefined {
  const url = new URL(endpoint)
  return url.href === `${url.origin}/` ? url : undefined
}
