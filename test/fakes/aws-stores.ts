// S3 and Secrets Manager as far as publish needs them. Signatures are verified, and what the real services refuse is refused
// with their errors.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { closeServer, listen, readBody, Refusal } from './server.ts'
import { readSignature } from './sigv4.ts'

export interface FakeAwsStores {
  readonly url: string
  readonly credential: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** What was asked, one line each: service, action, region. */
  readonly requests: string[]
  /** By `‹bucket›/‹key›`. */
  readonly objects: Map<string, Buffer>
  /** The versions of each secret. */
  readonly secrets: Map<string, string[]>
  /** The names of secrets that are scheduled for deletion. */
  readonly deleted: Set<string>
  /** The actions that the caller may not do. */
  readonly forbidden: Set<string>
  close(): Promise<void>
}

const bucket = 'bucket'
const region = 'eu-central-1'

export async function startAwsStores(): Promise<FakeAwsStores> {
  const state: State = {
    credential: { accessKeyId: 'AKIAFAKEUSER', secretAccessKey: 'fake-secret-of-the-user' },
    requests: [],
    objects: new Map(),
    secrets: new Map(),
    deleted: new Set(),
    forbidden: new Set(),
  }
  const server = createServer((request, response) => void answer(request, response, state))
  const url = await listen(server)
  return { ...state, url, close: () => closeServer(server) }
}

type State = Omit<FakeAwsStores, 'url' | 'close'>

async function answer(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const body = await readBody(request)
  const target = String(request.headers['x-amz-target'] ?? '')
  const service = target === '' ? 's3' : 'secretsmanager'
  const action = target === '' ? 'PutObject' : target.replace('secretsmanager.', '')
  try {
    authenticate(request, body, { service, action, state })
    if (service === 's3') {
      putObject(request.url ?? '', body, state)
      response.writeHead(200, { etag: '"fake"' }).end()
    } else {
      const result = useSecret(action, JSON.parse(body.toString()) as SecretInput, state)
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(result))
    }
  } catch (error) {
    const { status, code, message } =
      error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error))
    const json = JSON.stringify({ __type: code, message })
    const xml = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`
    response.writeHead(status, { 'content-type': service === 's3' ? 'application/xml' : 'application/x-amz-json-1.1' })
    response.end(service === 's3' ? xml : json)
  }
}

interface Asked {
  readonly service: string
  readonly action: string
  readonly state: State
}

function authenticate(request: IncomingMessage, body: Buffer, { service, action, state }: Asked): void {
  const { method = '', url = '', headers } = request
  const signature = readSignature({ method, url, headers, body })
  state.requests.push(`${service} ${action} ${signature?.region ?? '-'}`)
  const isGood =
    signature?.accessKeyId === state.credential.accessKeyId &&
    signature.service === service &&
    signature.matches(state.credential.secretAccessKey)
  // As the real services do, it quotes the request.
  if (!isGood) throw new Refusal(403, 'SignatureDoesNotMatch', `The signature does not match: ${body.toString()}`)
  if (state.forbidden.has(action))
    throw new Refusal(service === 's3' ? 403 : 400, 'AccessDeniedException', `not authorized: ${body.toString()}`)
}

function putObject(url: string, body: Buffer, { objects, requests }: State): void {
  const { pathname } = new URL(url, 'http://localhost')
  const path = decodeURIComponent(pathname).slice(1)
  if (!path.startsWith(`${bucket}/`)) throw new Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist')
  if (requests.at(-1)?.endsWith(` ${region}`) !== true)
    throw new Refusal(301, 'PermanentRedirect', 'The bucket you are attempting to access must be addressed elsewhere.')
  objects.set(path, body)
}

interface SecretInput {
  readonly SecretId?: string
  readonly Name?: string
  readonly SecretString?: string
  readonly ClientRequestToken?: string
}

function useSecret(action: string, input: SecretInput, { secrets, deleted }: State): object {
  const name = input.SecretId ?? input.Name ?? ''
  if (deleted.has(name))
    throw new Refusal(400, 'InvalidRequestException', 'You cannot do this because the secret was marked for deletion.')
  const versions = secrets.get(name)
  if (action === 'CreateSecret') {
    if (versions !== undefined) throw new Refusal(400, 'ResourceExistsException', 'The secret already exists.')
    secrets.set(name, [checked(input)])
    return { Name: name }
  }
  if (versions === undefined)
    throw new Refusal(400, 'ResourceNotFoundException', "Secrets Manager can't find the specified secret.")
  if (action === 'PutSecretValue') {
    versions.push(checked(input))
    return { Name: name }
  }
  if (action === 'GetSecretValue') return { Name: name, SecretString: versions.at(-1) }
  throw new Refusal(400, 'UnknownOperationException', '')
}

function checked({ SecretString: text = '', ClientRequestToken: token = '' }: SecretInput): string {
  if (text.length < 1 || text.length > 65_536 || token.length < 32)
    throw new Refusal(400, 'ValidationException', `Member must have length between 1 and 65536: ${text}`)
  return text
}
