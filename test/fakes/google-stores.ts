// Google Cloud Storage and Secret Manager as far as publish needs them, in the JSON of their REST interfaces. They refuse
// what the services refuse: unknown callers, forbidden projects, secrets that are not there.
import { createServer, type IncomingMessage } from 'node:http'
import { closeServer, listen, readBody, Refusal } from './server.ts'

export interface FakeGoogleStores {
  readonly url: string
  /** The access token that is taken. */
  readonly token: string
  /** The requests so far, as `‹method› ‹path›`. */
  readonly requests: string[]
  /** By `‹bucket›/‹name›`. */
  readonly objects: Map<string, Buffer>
  /** The versions of each secret, by `projects/‹project›/secrets/‹name›`; undefined: a disabled one. */
  readonly secrets: Map<string, (string | undefined)[]>
  /** Answers that come before the true ones: status and body. */
  readonly next: { status: number; body?: string }[]
  /** Set by a test: secrets may be written, but not read. */
  readonly mood: { writeOnly: boolean }
  close(): Promise<void>
}

const project = 'my-project-1'
const bucket = 'bucket'

export async function startGoogleStores(): Promise<FakeGoogleStores> {
  const state: State = {
    token: 'ya29.fake-token-of-the-user',
    requests: [],
    objects: new Map(),
    secrets: new Map(),
    next: [],
    mood: { writeOnly: false },
  }
  const server = createServer((request, response) => {
    const respond = (status: number, body: string): void => {
      response.writeHead(status, { 'content-type': 'application/json', location: 'http://127.0.0.1:1/' }).end(body)
    }
    answer(request, state).then(
      ({ status, body }) => respond(status, body),
      (error: unknown) => {
        const { status, code, message } = error instanceof Refusal ? error : new Refusal(500, 'INTERNAL', String(error))
        respond(status, JSON.stringify({ error: { code: status, status: code, message } }))
      },
    )
  })
  const url = await listen(server)
  return { ...state, url, close: () => closeServer(server) }
}

type State = Omit<FakeGoogleStores, 'url' | 'close'>

interface Answer {
  readonly status: number
  readonly body: string
}

async function answer(request: IncomingMessage, state: State): Promise<Answer> {
  const body = await readBody(request)
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
  const path = decodeURIComponent(pathname)
  state.requests.push(`${request.method ?? ''} ${path}`)
  const planned = state.next.shift()
  if (planned !== undefined) return { status: planned.status, body: planned.body ?? '' }
  if (path.startsWith('/upload/storage/')) return ok(putObject(path, searchParams, body, state))
  if (request.headers.authorization !== `Bearer ${state.token}`)
    throw new Refusal(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.')
  return ok(useSecret(request.method ?? '', path, searchParams, { body: body.toString(), state }))
}

const ok = (value: object): Answer => ({ status: 200, body: JSON.stringify(value) })

function putObject(path: string, query: URLSearchParams, body: Buffer, { objects }: State): object {
  if (path !== `/upload/storage/v1/b/${bucket}/o`) throw new Refusal(404, 'notFound', 'The bucket does not exist.')
  const name = query.get('name') ?? ''
  if (query.get('uploadType') !== 'media' || name === '') throw new Refusal(400, 'invalid', 'Invalid upload request.')
  objects.set(`${bucket}/${name}`, body)
  return { kind: 'storage#object', name }
}

interface SecretRequest {
  readonly body: string
  readonly state: State
}

function useSecret(method: string, path: string, query: URLSearchParams, { body, state }: SecretRequest): object {
  const { secrets } = state
  if (!path.startsWith(`/v1/projects/${project}/`))
    throw new Refusal(403, 'PERMISSION_DENIED', "Permission 'secretmanager.versions.add' denied on resource.")
  if (method === 'POST' && path === `/v1/projects/${project}/secrets`)
    return create(query.get('secretId') ?? '', body, state)
  const [, name = '', action] =
    /^\/v1\/(projects\/.+?\/secrets\/[\w-]+)(:addVersion|\/versions\/latest:access)$/.exec(path) ?? []
  if (state.mood.writeOnly && action !== ':addVersion')
    throw new Refusal(403, 'PERMISSION_DENIED', "Permission 'secretmanager.versions.access' denied on resource.")
  const versions = secrets.get(name)
  if (versions === undefined) throw new Refusal(404, 'NOT_FOUND', `Secret [${name}] not found or has no versions.`)
  if (action === ':addVersion') {
    const { payload } = JSON.parse(body) as { payload?: { data?: string } }
    // As the real service does, it quotes the request.
    const text = Buffer.from(payload?.data ?? '', 'base64').toString()
    if (text.length > 65_536) throw new Refusal(400, 'INVALID_ARGUMENT', `The payload is too large: ${body}`)
    versions.push(text)
    return { name: `${name}/versions/${versions.length}` }
  }
  if (versions.length === 0) throw new Refusal(404, 'NOT_FOUND', `Secret [${name}] not found or has no versions.`)
  const last = versions.at(-1)
  if (last === undefined) throw new Refusal(400, 'FAILED_PRECONDITION', 'Secret version is in DISABLED state.')
  const data = last === '' ? {} : { data: Buffer.from(last).toString('base64'), dataCrc32c: '1' }
  return { name: `${name}/versions/${versions.length}`, payload: data }
}

function create(id: string, body: string, { secrets }: State): object {
  const { replication } = JSON.parse(body) as { replication?: { automatic?: object } }
  if (replication?.automatic === undefined || !/^[\w-]{1,255}$/.test(id))
    throw new Refusal(400, 'INVALID_ARGUMENT', 'The request is not valid.')
  const name = `projects/${project}/secrets/${id}`
  if (secrets.has(name)) throw new Refusal(409, 'ALREADY_EXISTS', `Secret [${name}] already exists.`)
  secrets.set(name, [])
  return { name }
}
