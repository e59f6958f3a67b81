import type { Host } from '../host.ts'
import { failure } from './failure.ts'
import { askGoogle, type GoogleAnswer, originOf, refused } from './google.ts'
import type { SecretStore } from './secret-store.ts'

const service = 'GCP Secret Manager'

export function openStore(project: string, host: Host): SecretStore {
  const call = async (path: string, body?: unknown): Promise<GoogleAnswer> => {
    const url = `${endpointOf(host) ?? (await originOf(service, 'secretmanager', host))}/v1/projects/${project}/${path}`
    if (body === undefined) return askGoogle(service, { method: 'GET', url, withToken: true }, host)
    const sent = { contentType: 'application/json', body: JSON.stringify(body) }
    return askGoogle(service, { method: 'POST', url, withToken: true, ...sent }, host)
  }
  return {
    async read(name) {
      const answer = await call(`secrets/${name}/versions/latest:access`)
      // 400: the latest version is disabled or destroyed.
      if (answer.status === 404 || answer.status === 400) return undefined
      if (answer.status !== 200) throw refused(service, answer)
      return payloadOf(answer)
    },
    async write({ name, text }) {
      const version = { payload: { data: Buffer.from(text).toString('base64') } }
      const add = (): Promise<GoogleAnswer> => call(`secrets/${name}:addVersion`, version)
      let answer = await add()
      if (answer.status === 404) {
        const made = await call(`secrets?secretId=${name}`, { replication: { automatic: {} } })
        // 409: somebody else made it meanwhile.
        if (made.status !== 200 && made.status !== 409) throw refused(service, made)
        answer = await add()
      }
      if (answer.status !== 200) throw refused(service, answer)
    },
  }
}

function payloadOf({ text }: GoogleAnswer): string {
  // An empty payload has no field.
  const [, data = ''] = /"data":\s*"([A-Za-z\d+/=_-]*)"/.exec(text) ?? []
  return Buffer.from(data, 'base64').toString()
}

const variable = 'TSOPS_GCP_SECRET_MANAGER_ENDPOINT'

function endpointOf(host: Host): string | undefined {
  const text = host.env(variable) ?? ''
  if (text === '') return undefined
  if (/^https?:\/\/[^/]+\/?$/i.test(text) && URL.canParse(text)) return new URL(text).origin
  throw failure(`${variable} is no endpoint`, 'It is a URL without a path, such as http://127.0.0.1:8080.')
}
