// Who we are to Google: GOOGLE_CREDENTIALS, then GOOGLE_OAUTH_ACCESS_TOKEN, then application default credentials. All of
// it is looked for through the Host, so that the SDK has nothing to search: its own search starts gcloud and prints.
import type { AuthClient as Client, GoogleAuth } from 'google-auth-library'
import type { Host } from '../../host.ts'
import { readText } from '../response-body.ts'
import { loadSdk } from '../sdk.ts'
import type { MasterKey } from '../types.ts'
import { failure } from './failure.ts'

const scopes = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/cloudkms']

const advice =
  'Set GOOGLE_CREDENTIALS (a path or JSON) or GOOGLE_OAUTH_ACCESS_TOKEN, or run `gcloud auth application-default login`.'

export interface Identity {
  readonly auth: GoogleAuth
  /** The universe of the credentials. */
  readonly universeDomain: string
}

export interface IdentityOptions {
  /** That of an access token, which does not say it. */
  readonly universeDomain: string
  /** For one request, in milliseconds. */
  readonly timeout: number
}

/** Throws KeyBackendError no-credential. */
export async function loadIdentity(key: MasterKey, host: Host, options: IdentityOptions): Promise<Identity> {
  const { AuthClient, GoogleAuth, OAuth2Client } = await loadSdk(
    'google-auth-library',
    key,
    () => import('google-auth-library'),
  )
  const wrap = (authClient: Client): Identity => {
    const quotaProject = host.env('GOOGLE_CLOUD_QUOTA_PROJECT') ?? ''
    if (quotaProject !== '') authClient.quotaProjectId = quotaProject
    // They write what is sent and received to stderr when GOOGLE_SDK_NODE_LOGGING says so: here that is a data key.
    const { request, response } = authClient.transporter.interceptors
    request.delete(AuthClient.DEFAULT_REQUEST_INTERCEPTOR)
    response.delete(AuthClient.DEFAULT_RESPONSE_INTERCEPTOR)
    return { auth: new GoogleAuth({ authClient }), universeDomain: authClient.universeDomain }
  }
  const transporterOptions = { timeout: options.timeout }
  const document = await findDocument(key, host)
  if (document !== undefined) {
    const auth = new GoogleAuth({ scopes })
    // A signed token of our own instead of one from a token endpoint: one request less, and no host that a file names.
    auth.useJWTAccessWithScope = true
    return wrap(readDocument(key, auth, document, transporterOptions))
  }
  const token = host.env('GOOGLE_OAUTH_ACCESS_TOKEN') ?? ''
  const client = new OAuth2Client({ universeDomain: options.universeDomain, transporterOptions })
  if (token !== '') client.setCredentials({ access_token: token })
  else if (await hasMetadataServer(host)) client.refreshHandler = () => fetchToken(host)
  else throw failure(key, 'no-credential', 'no Google credentials were found', { hint: advice })
  return wrap(client)
}

interface CredentialsDocument {
  readonly text: string
  readonly source: string
}

async function findDocument(key: MasterKey, host: Host): Promise<CredentialsDocument | undefined> {
  const own = host.env('GOOGLE_CREDENTIALS') ?? ''
  if (own !== '') {
    const text = own.trimStart().startsWith('{') ? own : await readIfThere(key, host, own)
    return { text: text ?? '', source: 'GOOGLE_CREDENTIALS' }
  }
  // A token stands before the application default credentials.
  if ((host.env('GOOGLE_OAUTH_ACCESS_TOKEN') ?? '') !== '') return undefined
  const named = host.env('GOOGLE_APPLICATION_CREDENTIALS') ?? ''
  if (named !== '') {
    const text = await readIfThere(key, host, named)
    if (text !== undefined) return { text, source: 'GOOGLE_APPLICATION_CREDENTIALS' }
    throw failure(key, 'no-credential', 'the file that GOOGLE_APPLICATION_CREDENTIALS names does not exist', {
      hint: advice,
    })
  }
  const path = wellKnownFile(host)
  const text = path === undefined ? undefined : await readIfThere(key, host, path)
  return text === undefined ? undefined : { text, source: path ?? '' }
}

// A text that is no path at all fails in other ways than a path to nothing.
const nothingThere = new Set(['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ERR_INVALID_ARG_VALUE', 'EINVAL'])

async function readIfThere(key: MasterKey, host: Host, path: string): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await host.readFile(path))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : ''
    if (nothingThere.has(code)) return undefined
    throw failure(key, 'no-credential', `a credentials file cannot be read (${code})`, { hint: advice })
  }
}

/** Where `gcloud auth application-default login` puts them. */
function wellKnownFile(host: Host): string | undefined {
  const home = host.platform === 'win32' ? host.env('APPDATA') : host.env('HOME')
  const own = host.env('CLOUDSDK_CONFIG') ?? ''
  if (own === '' && (home === undefined || home === '')) return undefined
  const directory = own !== '' ? own : `${home ?? ''}${host.platform === 'win32' ? '' : '/.config'}/gcloud`
  return `${directory}/application_default_credentials.json`
}

function readDocument(
  key: MasterKey,
  auth: GoogleAuth,
  { text, source }: CredentialsDocument,
  transporterOptions: { readonly timeout: number },
): Client {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null) throw new TypeError('not a map')
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the document is the user's own: no file of a repository can name it
    const client = auth.fromJSON(parsed, { transporterOptions })
    return client
  } catch {
    // The cause would quote the document.
    const hint = `${source} must be the JSON of a service account, a user or a workload identity, or a path to it.`
    throw failure(key, 'no-credential', `the credentials of ${source} cannot be read`, { hint })
  }
}

const probeMilliseconds = 1500

// Only machines of Google have it; elsewhere nobody answers.
async function hasMetadataServer(host: Host): Promise<boolean> {
  if (host.env('METADATA_SERVER_DETECTION')?.trim().toLowerCase() === 'none') return false
  try {
    const response = await askMetadataServer(host, '', AbortSignal.timeout(probeMilliseconds))
    return response.ok && response.headers.get('metadata-flavor') === 'Google'
  } catch {
    return false
  }
}

async function fetchToken(host: Host): Promise<{ access_token: string; expiry_date: number }> {
  const response = await askMetadataServer(host, 'service-accounts/default/token', AbortSignal.timeout(10_000))
  const answer: unknown = response.ok ? JSON.parse(await readText(response)) : undefined
  if (typeof answer === 'object' && answer !== null && 'access_token' in answer && 'expires_in' in answer)
    return { access_token: String(answer.access_token), expiry_date: Date.now() + Number(answer.expires_in) * 1000 }
  throw new Error('the metadata server gave no token')
}

function askMetadataServer(host: Host, path: string, signal: AbortSignal): Promise<Response> {
  const given = host.env('GCE_METADATA_HOST') ?? ''
  const server = given === '' ? '169.254.169.254' : given
  return host.fetch(`http://${server}/computeMetadata/v1/instance/${path}`, {
    headers: { 'Metadata-Flavor': 'Google' },
    redirect: 'error',
    signal,
  })
}
