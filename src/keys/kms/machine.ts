// The credentials of the machine or container that this runs in, asked for through the Host: one that refuses these
// addresses, or sets AWS_EC2_METADATA_DISABLED, lends nobody the identity of its machine.
import type { Host } from '../../host.ts'
import { readText } from '../response-body.ts'
import { CredentialFailure, type Credentials } from './failure.ts'
import { setting } from './settings.ts'

const containerAddress = 'http://169.254.170.2'
const instanceAddress = 'http://169.254.169.254'
const instanceAddressV6 = 'http://[fd00:ec2::254]'
// Outside of the cloud nobody answers there.
const patience = 1000

/** undefined: there are none. */
export async function machineCredentials(host: Host): Promise<Credentials | undefined> {
  return (await containerCredentials(host)) ?? (await instanceCredentials(host))
}

async function containerCredentials(host: Host): Promise<Credentials | undefined> {
  const relative = setting(host, 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI')
  const url = relative === undefined ? setting(host, 'AWS_CONTAINER_CREDENTIALS_FULL_URI') : containerAddress + relative
  if (url === undefined) return undefined
  if (!isContainerHost(url)) {
    throw new CredentialFailure('denied', 'AWS_CONTAINER_CREDENTIALS_FULL_URI names a host that is not trusted')
  }
  try {
    const token = await containerToken(host)
    return readCredentials(await ask(host, url, token === undefined ? {} : { headers: { authorization: token } }))
  } catch (cause) {
    throw new CredentialFailure('offline', 'the credentials of the container could not be read', { cause })
  }
}

// Over plain HTTP only this machine and the well-known addresses of container services.
function isContainerHost(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  if (protocol === 'https:') return true
  const trusted = ['169.254.170.2', '169.254.170.23', '[fd00:ec2::23]', '[::1]', 'localhost']
  return protocol === 'http:' && (trusted.includes(hostname) || /^127(?:\.\d+){3}$/.test(hostname))
}

async function containerToken(host: Host): Promise<string | undefined> {
  const file = setting(host, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
  if (file === undefined) return setting(host, 'AWS_CONTAINER_AUTHORIZATION_TOKEN')
  return new TextDecoder().decode(await host.readFile(file)).trim()
}

async function instanceCredentials(host: Host): Promise<Credentials | undefined> {
  if (setting(host, 'AWS_EC2_METADATA_DISABLED')?.toLowerCase() === 'true') return undefined
  const isV6 = setting(host, 'AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE')?.toLowerCase() === 'ipv6'
  const fallback = isV6 ? instanceAddressV6 : instanceAddress
  const base = (setting(host, 'AWS_EC2_METADATA_SERVICE_ENDPOINT') ?? fallback).replace(/\/$/, '')
  const path = `${base}/latest/meta-data/iam/security-credentials/`
  try {
    const lifetime = { 'x-aws-ec2-metadata-token-ttl-seconds': '21600' }
    const token = await ask(host, `${base}/latest/api/token`, { method: 'PUT', headers: lifetime })
    const headers = { 'x-aws-ec2-metadata-token': token }
    const role = (await ask(host, path, { headers })).split('\n', 1)[0]?.trim() ?? ''
    return /^[\w+=,.@-]+$/.test(role) ? readCredentials(await ask(host, path + role, { headers })) : undefined
  } catch {
    return undefined
  }
}

async function ask(host: Host, url: string, init: RequestInit): Promise<string> {
  const response = await host.fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(patience) })
  const text = await readText(response)
  if (response.ok) return text
  throw new Error(`status ${response.status}`)
}

function readCredentials(text: string): Credentials {
  const parsed: unknown = JSON.parse(text)
  const fields = new Map(typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [])
  const [accessKeyId, secretAccessKey, sessionToken, expiration] = [
    ...['AccessKeyId', 'SecretAccessKey', 'Token', 'Expiration'],
  ].map((name) => {
    const value: unknown = fields.get(name)
    return typeof value === 'string' ? value : ''
  })
  if (!accessKeyId || !secretAccessKey) throw new Error('there are no credentials in the answer')
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken && { sessionToken }),
    ...(expiration && { expiration: new Date(expiration) }),
  }
}
