// The role that a key names is assumed as sops does it, unless the user forbids it.
import { KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import type { CredentialSource, Place } from './credentials.ts'
import { CredentialFailure, explain, type Credentials } from './failure.ts'
import { clientSettings, setting } from './settings.ts'

const variable = 'TSOPS_AWS_ROLE_ALLOWLIST'

/** Rejects with CredentialFailure. */
export async function assumeRole(
  role: string,
  source: CredentialSource,
  { host, sdk, region }: Place,
): Promise<Credentials> {
  if (!isAllowed(host, role)) {
    const hint = `Add it to the comma-separated list; \`all\`, or no ${variable} at all, allows every role.`
    throw new CredentialFailure('denied', `${variable} does not allow the role '${role}'`, { hint })
  }
  try {
    return await sdk.fromTemporaryCredentials({
      masterCredentials: source,
      params: { RoleArn: role, RoleSessionName: await sessionName(host) },
      clientConfig: clientSettings(host, 'STS', region),
    })()
  } catch (error) {
    if (error instanceof CredentialFailure || error instanceof KeyBackendError) throw error
    const { reason, problem, hint } = explain(error)
    const options = hint === undefined ? {} : { hint }
    throw new CredentialFailure(reason, `failed to assume role '${role}': ${problem}`, options)
  }
}

function isAllowed(host: Host, role: string): boolean {
  const list = setting(host, variable)?.split(',') ?? ['all']
  return list.some((each) => each.trim() === 'all' || each.trim() === role)
}

const maxLength = 64

// sops' range from @ to _ takes the hyphens out of the name, and policies may be written for what it gives.
async function sessionName(host: Host): Promise<string> {
  const name = (await hostname(host)).replace(/[^a-zA-Z0-9=,.@-_]+/g, '')
  return `sops@${name}`.slice(0, maxLength)
}

async function hostname(host: Host): Promise<string> {
  const given = setting(host, host.platform === 'win32' ? 'COMPUTERNAME' : 'HOSTNAME') ?? ''
  if (host.platform !== 'linux') return given
  return host.readFile('/proc/sys/kernel/hostname').then(
    (bytes) => new TextDecoder().decode(bytes).trim(),
    () => given,
  )
}
