// Where credentials come from, in the order of sops: the environment, the section [basic] of the profile file, the machine.
// All of it through the Host: one that refuses the machine's address lends nobody the identity of its machine.
import type { Host } from '../../host.ts'
import { readText } from '../response-body.ts'
import { Failure } from './failure.ts'
import type { Signer } from './signer.ts'

export interface Credentials extends Signer {
  readonly projectId?: string | undefined
  readonly iamEndpoint?: string | undefined
  /** In milliseconds; those of a machine expire. */
  readonly expires?: number
}

const machine = 'http://169.254.169.254'
// Outside of the cloud nobody answers there.
const patience = 1000

/** Throws Failure no-credential. */
export async function loadCredentials(host: Host): Promise<Credentials> {
  const found = ofEnvironment(host) ?? (await ofProfile(host)) ?? (await ofMachine(host))
  if (found !== undefined) return found
  const problem = 'no HuaweiCloud credentials were found in the environment, the profile file or the machine'
  throw new Failure('no-credential', problem, {
    hint: 'Set HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK and HUAWEICLOUD_SDK_PROJECT_ID, or write ~/.huaweicloud/credentials.',
  })
}

function ofEnvironment(host: Host): Credentials | undefined {
  const read = (name: string): string | undefined => host.env(`HUAWEICLOUD_SDK_${name}`)
  return makeCredentials(read('AK'), read('SK'), read('SECURITY_TOKEN'), { projectId: read('PROJECT_ID') })
}

async function ofProfile(host: Host): Promise<Credentials | undefined> {
  const home = host.env(host.platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? ''
  const named = host.env('HUAWEICLOUD_SDK_CREDENTIALS_FILE') ?? ''
  if (named === '' && home === '') return undefined
  const path = named === '' ? `${home}/.huaweicloud/credentials` : named
  const text = await host.readFile(path).then(
    (bytes) => new TextDecoder().decode(bytes),
    () => '',
  )
  const fields = readSection(text, 'basic')
  return makeCredentials(fields.get('ak'), fields.get('sk'), fields.get('security_token'), {
    projectId: fields.get('project_id'),
    iamEndpoint: fields.get('iam_endpoint'),
  })
}

function readSection(text: string, wanted: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  let section = ''
  for (const line of text.split('\n')) {
    const trimmed = line.trim()
    if (trimmed.startsWith('[') && trimmed.endsWith(']')) section = trimmed.slice(1, -1).trim()
    const sign = trimmed.search(/[=:]/)
    if (section !== wanted || sign < 1 || /^[#;]/.test(trimmed)) continue
    fields.set(trimmed.slice(0, sign).trim(), unquote(trimmed.slice(sign + 1).trim()))
  }
  return fields
}

function unquote(text: string): string {
  const quote = text[0]
  const isQuoted = text.length > 1 && (quote === '"' || quote === "'" || quote === '`') && text.endsWith(quote)
  return isQuoted ? text.slice(1, -1) : text.replace(/\s[#;].*$/, '').trim()
}

async function ofMachine(host: Host): Promise<Credentials | undefined> {
  try {
    const lifetime = { 'X-Metadata-Token-Ttl-Seconds': '21600' }
    const token = await ask(host, '/meta-data/latest/api/token', { method: 'PUT', headers: lifetime })
    const headers: Record<string, string> = token === undefined ? {} : { 'X-Metadata-Token': token }
    const fields = readCredential((await ask(host, '/openstack/latest/securitykey', { headers })) ?? '')
    const expires = Date.parse(fields.get('expires_at') ?? '')
    return makeCredentials(fields.get('access'), fields.get('secret'), fields.get('securitytoken'), {
      expires: Number.isNaN(expires) ? 0 : expires,
    })
  } catch {
    return undefined
  }
}

async function ask(host: Host, path: string, init: RequestInit): Promise<string | undefined> {
  const signal = AbortSignal.timeout(patience)
  const response = await host.fetch(machine + path, { ...init, redirect: 'error', signal })
  const text = await readText(response)
  return response.ok ? text : undefined
}

function readCredential(text: string): ReadonlyMap<string, string> {
  const parsed: unknown = JSON.parse(text)
  const inner = typeof parsed === 'object' && parsed !== null && 'credential' in parsed ? parsed.credential : undefined
  const entries: [string, unknown][] = typeof inner === 'object' && inner !== null ? Object.entries(inner) : []
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

function makeCredentials(
  ak: string | undefined,
  sk: string | undefined,
  securityToken: string | undefined,
  rest: Pick<Credentials, 'projectId' | 'iamEndpoint' | 'expires'>,
): Credentials | undefined {
  if (!ak || !sk) return undefined
  return { ak, sk, ...(securityToken && { securityToken }), ...rest }
}
