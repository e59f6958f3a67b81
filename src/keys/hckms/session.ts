// What a Host's keys share: the credentials, and the project of each region. The hosts that are asked follow from the
// region, or from the user's variables.
import { ConfigError } from '../../errors.ts'
import type { Host } from '../../host.ts'
import { loadCredentials, type Credentials } from './credentials.ts'
import { Failure } from './failure.ts'
import { ask } from './request.ts'

// Credentials of a machine are fetched again that long before they expire.
const margin = 5 * 60_000
const sessions = new WeakMap<Host, Session>()
// Files choose the regions.
const capacity = 100

export function sessionOf(host: Host): Session {
  const session = sessions.get(host) ?? new Session(host)
  sessions.set(host, session)
  return session
}

class Session {
  readonly #host: Host
  readonly #projects = new Map<string, Promise<string>>()
  #credentials: Promise<Credentials> | undefined

  constructor(host: Host) {
    this.#host = host
  }

  /** Throws Failure. */
  async credentials(): Promise<Credentials> {
    const current = this.#credentials
    const loaded = await current?.catch(() => undefined)
    const isStale = loaded === undefined || (loaded.expires ?? Infinity) - margin < Date.now()
    // Unless another call has begun to load them anew.
    if (isStale && this.#credentials === current) this.#credentials = undefined
    return (this.#credentials ??= loadCredentials(this.#host))
  }

  /** The project whose keys are used in a region. Throws Failure, ConfigError. */
  async project(region: string, credentials: Credentials, signal: AbortSignal): Promise<string> {
    if (credentials.projectId) return credentials.projectId
    const id = JSON.stringify([credentials.ak, region])
    const known = this.#projects.get(id)
    if (known !== undefined) return known
    const finding = this.#findProject(region, credentials, signal)
    const [oldest] = this.#projects.keys()
    if (this.#projects.size >= capacity && oldest !== undefined) this.#projects.delete(oldest)
    this.#projects.set(id, finding)
    finding.catch(() => this.#projects.delete(id))
    return finding
  }

  async #findProject(region: string, credentials: Credentials, signal: AbortSignal): Promise<string> {
    const url = `${iamEndpoint(this.#host, region, credentials)}/v3/projects?name=${encodeURIComponent(region)}`
    const projects = (await ask({ method: 'GET', url }, credentials, this.#host, signal)).get('projects')
    const ids = Array.isArray(projects) ? projects.map(idOf).filter((id) => id !== undefined) : []
    const [first] = ids
    if (first !== undefined && ids.length === 1) return first
    const problem = `${ids.length === 0 ? 'no project was' : 'several projects were'} found in the region '${region}'`
    throw new Failure('denied', problem, { hint: 'Name the project with HUAWEICLOUD_SDK_PROJECT_ID.' })
  }
}

function idOf(project: unknown): string | undefined {
  const id: unknown = typeof project === 'object' && project !== null && 'id' in project ? project.id : undefined
  return typeof id === 'string' ? id : undefined
}

/** Throws ConfigError. `region` is one that a key's id was checked for. */
export function kmsEndpoint(host: Host, region: string): string {
  const variable = `HUAWEICLOUD_SDK_REGION_KMS_${region.toUpperCase().replaceAll('-', '_')}`
  const [named = ''] = host.env(variable)?.split(',') ?? []
  return named.trim() === '' ? `https://kms.${region}.${domainOf(region)}` : checkUrl(named.trim(), variable)
}

function iamEndpoint(host: Host, region: string, { iamEndpoint: ofProfile }: Credentials): string {
  const variable = 'HUAWEICLOUD_SDK_IAM_ENDPOINT'
  const named = ofProfile === undefined || ofProfile === '' ? host.env(variable) : ofProfile
  if (named === undefined || named === '') return `https://iam.${region}.${domainOf(region)}`
  const name = named === ofProfile ? 'iam_endpoint' : variable
  return checkUrl(/^https?:\/\//.test(named) ? named : `https://${named}`, name)
}

// The European cloud is one of its own.
function domainOf(region: string): string {
  return region === 'eu-west-101' ? 'myhuaweicloud.eu' : 'myhuaweicloud.com'
}

function checkUrl(url: string, name: string): string {
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '')
  throw new ConfigError(`${name} is not the URL of an endpoint`)
}
