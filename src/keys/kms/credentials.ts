// Where credentials come from, in the order of sops: the key's own profile, or else the environment, a web identity, the
// default profile; then the container or machine. All of it through the Host, but for one thing: the SDK itself reads the
// files of profiles, at the places that the Host's environment names and only if the Host has them too, and it runs what
// these files ask for (single sign-on, a credential process).
import { KeyBackendError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { CredentialFailure, explain, type Credentials } from './failure.ts'
import type { KmsKey } from './key.ts'
import { machineCredentials } from './machine.ts'
import { assumeRole } from './role.ts'
import type { Providers } from './sdk.ts'
import { clientSettings, setting } from './settings.ts'

export type CredentialSource = () => Promise<Credentials>

/** The credentials for a key: those that were found, or those of its role. Rejects with CredentialFailure. */
export function credentialSource(
  key: Pick<KmsKey, 'profile' | 'role'>,
  region: string,
  host: Host,
  sdk: Providers,
): CredentialSource {
  const place: Place = { region, host, sdk }
  const found: CredentialSource = () => findCredentials(key.profile, place)
  return key.role === '' ? found : () => assumeRole(key.role, found, place)
}

export interface Place {
  readonly region: string
  readonly host: Host
  readonly sdk: Providers
}

async function findCredentials(profile: string, place: Place): Promise<Credentials> {
  const { host } = place
  const found =
    (profile === '' ? (environmentCredentials(host) ?? (await webIdentity(place))) : undefined) ??
    (await profileCredentials(profile, place)) ??
    (await machineCredentials(host))
  if (found !== undefined) return found
  const hint = 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or sign in with `aws sso login`.'
  throw new CredentialFailure('no-credential', `no AWS credentials were found in ${searched(profile)}`, { hint })
}

function searched(profile: string): string {
  if (profile !== '') return `the profile ${JSON.stringify(profile)}, the container or the machine`
  return 'the environment, the profile, the container or the machine'
}

function environmentCredentials(host: Host): Credentials | undefined {
  const accessKeyId = setting(host, 'AWS_ACCESS_KEY_ID') ?? setting(host, 'AWS_ACCESS_KEY')
  const secretAccessKey = setting(host, 'AWS_SECRET_ACCESS_KEY') ?? setting(host, 'AWS_SECRET_KEY')
  const sessionToken = setting(host, 'AWS_SESSION_TOKEN')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
}

async function webIdentity({ host, sdk, region }: Place): Promise<Credentials | undefined> {
  const file = setting(host, 'AWS_WEB_IDENTITY_TOKEN_FILE')
  const roleArn = setting(host, 'AWS_ROLE_ARN')
  if (file === undefined || roleArn === undefined) return undefined
  const roleSessionName = setting(host, 'AWS_ROLE_SESSION_NAME')
  try {
    const webIdentityToken = new TextDecoder().decode(await host.readFile(file)).trim()
    const clientConfig = clientSettings(host, 'STS', region)
    const options = {
      webIdentityToken,
      roleArn,
      clientConfig,
      ...(roleSessionName !== undefined && { roleSessionName }),
    }
    return await sdk.fromWebToken(options)()
  } catch (error) {
    throw renamed(error, 'the token that AWS_WEB_IDENTITY_TOKEN_FILE names gave no credentials')
  }
}

async function profileCredentials(named: string, place: Place): Promise<Credentials | undefined> {
  const { host, sdk } = place
  const profile =
    named === '' ? (setting(host, 'AWS_PROFILE') ?? setting(host, 'AWS_DEFAULT_PROFILE') ?? 'default') : named
  const home = setting(host, host.platform === 'win32' ? 'USERPROFILE' : 'HOME')
  const inHome = (name: string): string | undefined => (home === undefined ? undefined : `${home}/.aws/${name}`)
  const filepath = setting(host, 'AWS_SHARED_CREDENTIALS_FILE') ?? inHome('credentials')
  const configFilepath = setting(host, 'AWS_CONFIG_FILE') ?? inHome('config')
  const present = await Promise.all([isPresent(host, filepath), isPresent(host, configFilepath)])
  if (filepath === undefined || configFilepath === undefined || !present.includes(true)) return undefined
  try {
    return await sdk.fromIni({ profile, filepath, configFilepath, ignoreCache: true, ...roleAssumers(place) })()
  } catch (error) {
    if (isUnresolved(error)) return undefined
    throw profileFailure(profile, error)
  }
}

function isPresent(host: Host, path: string | undefined): Promise<boolean> {
  if (path === undefined) return Promise.resolve(false)
  return host.readFile(path).then(
    () => true,
    () => false,
  )
}

type IniOptions = NonNullable<Parameters<Providers['fromIni']>[0]>

// The SDK's own would read the endpoint from the process.
function roleAssumers({ host, sdk, region }: Place): Pick<IniOptions, 'roleAssumer' | 'roleAssumerWithWebIdentity'> {
  const clientConfig = clientSettings(host, 'STS', region)
  return {
    roleAssumer: (masterCredentials, params) =>
      sdk.fromTemporaryCredentials({ masterCredentials, params, clientConfig })(),
    roleAssumerWithWebIdentity: ({ RoleArn: roleArn, RoleSessionName: roleSessionName, WebIdentityToken }) =>
      sdk.fromWebToken({ roleArn, roleSessionName, webIdentityToken: WebIdentityToken, clientConfig })(),
  }
}

function isUnresolved(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Could not resolve credentials using profile')
}

// What the SDK says may hold the output of a credential process.
function profileFailure(profile: string, error: unknown): CredentialFailure | KeyBackendError {
  if (error instanceof KeyBackendError) return error
  const isSignOn = error instanceof Error && /\bSSO\b|sso login/i.test(`${error.name} ${error.message}`)
  if (!isSignOn) return renamed(error, `the profile ${JSON.stringify(profile)} gave no credentials`)
  const hint = `Run \`aws sso login --profile ${profile}\`.`
  return new CredentialFailure('no-credential', 'the single sign-on session is missing or has expired', { hint })
}

function renamed(error: unknown, problem: string): CredentialFailure | KeyBackendError {
  if (error instanceof CredentialFailure || error instanceof KeyBackendError) return error
  const isLocal = error instanceof Error && (error.name === 'CredentialsProviderError' || 'syscall' in error)
  if (isLocal) return new CredentialFailure('no-credential', problem)
  const { reason, problem: detail, hint } = explain(error)
  return new CredentialFailure(reason, `${problem}: ${detail}`, hint === undefined ? {} : { hint })
}
