// AWS KMS and STS, as far as data keys need them: Encrypt, Decrypt, AssumeRole and AssumeRoleWithWebIdentity. Signatures
// are verified, and what the real services refuse is refused with their errors.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { closeServer, listen, readBody } from './server.ts'
import { readSignature, type Signature } from './sigv4.ts'

export interface Credential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expired?: boolean
}

export interface FakeKey {
  readonly arn: string
  readonly alias?: string
  enabled?: boolean
  /** The ARNs of roles that alone may use it; absent: everybody. */
  readonly onlyFor?: readonly string[]
}

export interface FakeAwsWorld {
  readonly credentials: readonly Credential[]
  readonly keys: readonly FakeKey[]
  /** The ARNs of roles that may be assumed. */
  readonly roles?: readonly string[]
  /** The tokens that may be given for a role. */
  readonly webIdentities?: readonly string[]
}

export interface FakeAws {
  readonly url: string
  /** What was asked, one line each: service, action, region, access key id. */
  readonly requests: string[]
  /** The names of the sessions of assumed roles. */
  readonly sessions: string[]
  /** How many milliseconds KMS takes to answer. */
  latency: number
  /** How many of the next requests are refused because there are too many. */
  throttled: number
  close(): Promise<void>
}

export async function startFakeAws(world: FakeAwsWorld): Promise<FakeAws> {
  const service = new Service(world)
  const server = createServer((request, response) => void service.answer(request, response))
  service.url = await listen(server)
  service.close = () => closeServer(server)
  return service
}

class Refusal extends Error {
  readonly code: string
  readonly status: number
  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

interface StoredKey extends FakeKey {
  readonly secret: Buffer
}

class Service implements FakeAws {
  url = ''
  readonly requests: string[] = []
  readonly sessions: string[] = []
  latency = 0
  throttled = 0
  close: () => Promise<void> = () => Promise.resolve()
  readonly #credentials: Map<string, Credential & { readonly role?: string }>
  readonly #keys: readonly StoredKey[]
  readonly #world: FakeAwsWorld

  constructor(world: FakeAwsWorld) {
    this.#world = world
    this.#credentials = new Map(world.credentials.map((each) => [each.accessKeyId, each]))
    this.#keys = world.keys.map((key) => Object.assign(key, { secret: randomBytes(32) }))
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request)
    const target = String(request.headers['x-amz-target'] ?? '')
    const isKms = target.startsWith('TrentService.')
    try {
      const form = new URLSearchParams(isKms ? '' : body.toString())
      const action = isKms ? target.slice('TrentService.'.length) : (form.get('Action') ?? '')
      if (action === 'AssumeRoleWithWebIdentity') {
        this.requests.push(`sts ${action} - -`)
        send(response, 200, this.#assumeWithToken(form), 'text/xml')
        return
      }
      const { method = '', url = '', headers } = request
      const signature = readSignature({ method, url, headers, body })
      this.requests.push(
        `${isKms ? 'kms' : 'sts'} ${action} ${signature?.region ?? '-'} ${signature?.accessKeyId ?? '-'}`,
      )
      const caller = this.#authenticate(signature, isKms ? 'kms' : 'sts', headers['x-amz-security-token'])
      if (this.throttled > 0) {
        this.throttled--
        throw new Refusal(isKms ? 'ThrottlingException' : 'Throttling', 'Rate exceeded')
      }
      if (!isKms) {
        send(response, 200, this.#assumeRole(form, caller), 'text/xml')
        return
      }
      await sleep(this.latency)
      const result = this.#useKey(action, parseJson(body), signature?.region ?? '', caller)
      send(response, 200, JSON.stringify(result), 'application/x-amz-json-1.1')
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      refuse(response, error, isKms)
    }
  }

  #authenticate(signature: Signature | undefined, service: string, token: unknown): Credential & { role?: string } {
    if (signature === undefined)
      throw new Refusal('MissingAuthenticationTokenException', 'Missing Authentication Token')
    const isKms = service === 'kms'
    const credential = this.#credentials.get(signature.accessKeyId)
    if (credential === undefined) {
      const code = isKms ? 'UnrecognizedClientException' : 'InvalidClientTokenId'
      throw new Refusal(code, 'The security token included in the request is invalid.', isKms ? 400 : 403)
    }
    if (signature.service !== service || !signature.matches(credential.secretAccessKey)) {
      const code = isKms ? 'InvalidSignatureException' : 'SignatureDoesNotMatch'
      // As the real service does, it quotes the request.
      const quoted = `x-amz-security-token:${String(token)}`
      throw new Refusal(code, `The request signature we calculated does not match. ${quoted}`, isKms ? 400 : 403)
    }
    if ((credential.sessionToken ?? '') !== (token ?? '')) {
      const code = isKms ? 'UnrecognizedClientException' : 'InvalidClientTokenId'
      throw new Refusal(code, 'The security token included in the request is invalid.', isKms ? 400 : 403)
    }
    if (credential.expired === true) {
      const code = isKms ? 'ExpiredTokenException' : 'ExpiredToken'
      throw new Refusal(code, 'The security token included in the request is expired', isKms ? 400 : 403)
    }
    return credential
  }

  #useKey(action: string, input: ReadonlyMap<string, unknown>, region: string, caller: { role?: string }): object {
    const key = this.#findKey(input.get('KeyId'), region)
    if (key.onlyFor !== undefined && !key.onlyFor.includes(caller.role ?? '')) {
      const who = caller.role ?? 'arn:aws:iam::111122223333:user/nobody'
      const text = `User: ${who} is not authorized to perform: kms:${action} on resource: ${key.arn} because no policy allows it`
      throw new Refusal('AccessDeniedException', text)
    }
    if (key.enabled === false) throw new Refusal('DisabledException', `${key.arn} is disabled.`)
    const context = contextOf(input.get('EncryptionContext'))
    if (action === 'Encrypt') {
      const plaintext = bytesOf(input.get('Plaintext'))
      if (plaintext.length < 1 || plaintext.length > 4096)
        throw new Refusal('ValidationException', 'Plaintext is too long')
      return {
        CiphertextBlob: encrypt(key, plaintext, context),
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
        KeyId: key.arn,
      }
    }
    if (action !== 'Decrypt') throw new Refusal('UnknownOperationException', '')
    const blob = bytesOf(input.get('CiphertextBlob'))
    return { EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: key.arn, Plaintext: this.#decrypt(key, blob, context) }
  }

  #findKey(given: unknown, region: string): StoredKey {
    const id = typeof given === 'string' ? given : ''
    const arn = id.split(':')
    if (arn.length !== 6 || arn[2] !== 'kms') throw new Refusal('NotFoundException', `Invalid keyId '${id}'`)
    if (arn[3] !== region) throw new Refusal('NotFoundException', `Invalid arn ${region}`)
    const key = this.#keys.find((each) => each.arn === id || each.alias === id)
    if (key === undefined) throw new Refusal('NotFoundException', `Key '${id}' does not exist`)
    return key
  }

  #decrypt(key: StoredKey, blob: Buffer, context: string): string {
    const owner = this.#keys.find(({ arn }) => blob.subarray(1, 37).equals(idBytes(arn)))
    if (blob.length < 65 || blob[0] !== 1 || owner === undefined) throw new Refusal('InvalidCiphertextException', '')
    if (owner !== key) {
      throw new Refusal(
        'IncorrectKeyException',
        'The key ID in the request does not identify a CMK that can perform this.',
      )
    }
    const decipher = createDecipheriv('aes-256-gcm', key.secret, blob.subarray(37, 49))
    decipher.setAAD(Buffer.from(context))
    decipher.setAuthTag(blob.subarray(-16))
    try {
      return Buffer.concat([decipher.update(blob.subarray(49, -16)), decipher.final()]).toString('base64')
    } catch {
      throw new Refusal('InvalidCiphertextException', '')
    }
  }

  #assumeRole(form: URLSearchParams, caller: Credential): string {
    const role = form.get('RoleArn') ?? ''
    const session = form.get('RoleSessionName') ?? ''
    if (!/^[\w+=,.@-]{2,64}$/.test(session)) throw new Refusal('ValidationError', 'roleSessionName is not valid')
    if (this.#world.roles?.includes(role) !== true) {
      const who = `arn:aws:iam::111122223333:user/${caller.accessKeyId}`
      const text = `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${role}`
      throw new Refusal('AccessDenied', text, 403)
    }
    return this.#openSession('AssumeRole', role, session)
  }

  #assumeWithToken(form: URLSearchParams): string {
    if (this.#world.webIdentities?.includes(form.get('WebIdentityToken') ?? '') !== true) {
      throw new Refusal('InvalidIdentityToken', 'The web identity token is not valid')
    }
    return this.#openSession('AssumeRoleWithWebIdentity', form.get('RoleArn') ?? '', form.get('RoleSessionName') ?? '')
  }

  #openSession(action: string, role: string, session: string): string {
    this.sessions.push(session)
    const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`
    const secretAccessKey = randomBytes(20).toString('hex')
    const sessionToken = randomBytes(40).toString('base64')
    this.#credentials.set(accessKeyId, { accessKeyId, secretAccessKey, sessionToken, role })
    const expiration = new Date(Date.now() + 3600_000).toISOString()
    const fields = { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken }
    const credentials = element('Credentials', { ...fields, Expiration: expiration })
    const arn = `${role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/${session}`
    const user = element('AssumedRoleUser', { Arn: arn, AssumedRoleId: `AROAFAKE:${session}` })
    const xmlns = 'https://sts.amazonaws.com/doc/2011-06-15/'
    return `<${action}Response xmlns="${xmlns}"><${action}Result>${credentials}${user}</${action}Result></${action}Response>`
  }
}

function encrypt(key: StoredKey, plaintext: Buffer, context: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key.secret, iv)
  cipher.setAAD(Buffer.from(context))
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([Buffer.of(1), idBytes(key.arn), iv, sealed, cipher.getAuthTag()]).toString('base64')
}

function idBytes(arn: string): Buffer {
  return Buffer.from(
    arn
      .slice(arn.lastIndexOf('/') + 1)
      .padEnd(36)
      .slice(0, 36),
  )
}

function contextOf(value: unknown): string {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return JSON.stringify(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : '', 'base64')
}

function parseJson(body: Buffer): ReadonlyMap<string, unknown> {
  const parsed: unknown = JSON.parse(body.toString())
  return new Map(typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [])
}

function element(name: string, fields: Readonly<Record<string, string>>): string {
  const inner = Object.entries(fields).map(([field, text]) => `<${field}>${text}</${field}>`)
  return `<${name}>${inner.join('')}</${name}>`
}

function refuse(response: ServerResponse, { code, message, status }: Refusal, isKms: boolean): void {
  if (isKms) {
    send(response, status, JSON.stringify({ __type: code, message }), 'application/x-amz-json-1.1')
    return
  }
  const error = element('Error', { Type: 'Sender', Code: code, Message: message })
  send(response, status, `<ErrorResponse>${error}<RequestId>fake</RequestId></ErrorResponse>`, 'text/xml')
}

function send(response: ServerResponse, status: number, body: string, type: string): void {
  response.writeHead(status, { 'content-type': type, 'x-amzn-requestid': 'fake' }).end(body)
}
