// The two requests that data keys need, without the SDK: to load its client takes longer than to decrypt 200 files.
import type { Host } from '../../host.ts'
import type { KmsClient, RequestOptions, Subject } from './client.ts'
import type { CredentialSource } from './credentials.ts'
import { sendRequest } from './fetch-handler.ts'
import { keptCredentials } from './kept-credentials.ts'
import { ClockCorrected, Retries } from './retries.ts'
import { readAnswer, ServiceError, type Answer } from './service-answer.ts'
import { signedHeaders } from './signature.ts'

export interface OwnSettings {
  readonly endpoint: URL
  readonly region: string
  readonly maxAttempts: number
  readonly credentials: CredentialSource
}

// A clock that is as wrong as this makes the service refuse requests.
const tolerance = 240_000
// The time that an answer bears says nothing about now when it took as long as this.
const tooOld = 900_000

export class OwnClient implements KmsClient {
  readonly #host: Host
  readonly #settings: OwnSettings
  readonly #credentials: CredentialSource
  readonly #retries: Retries
  /** What has to be added to the time of this machine, in milliseconds. */
  #clockOffset = 0

  constructor(host: Host, settings: OwnSettings) {
    this.#host = host
    this.#settings = settings
    this.#credentials = keptCredentials(settings.credentials)
    this.#retries = new Retries(settings.maxAttempts)
  }

  async encrypt(
    input: Subject & { readonly Plaintext: Uint8Array },
    { abortSignal }: RequestOptions,
  ): Promise<{
    readonly CiphertextBlob?: Uint8Array
  }> {
    const body = JSON.stringify({ ...input, Plaintext: encodeBase64(input.Plaintext) })
    const blob = bytesOf((await this.#ask('Encrypt', body, abortSignal)).get('CiphertextBlob'))
    return blob === undefined ? {} : { CiphertextBlob: blob }
  }

  async decrypt(
    input: Subject & { readonly CiphertextBlob: Uint8Array },
    { abortSignal }: RequestOptions,
  ): Promise<{
    readonly Plaintext?: Uint8Array
  }> {
    const body = JSON.stringify({ ...input, CiphertextBlob: encodeBase64(input.CiphertextBlob) })
    const bytes = bytesOf((await this.#ask('Decrypt', body, abortSignal)).get('Plaintext'))
    return bytes === undefined ? {} : { Plaintext: bytes }
  }

  async #ask(action: string, body: string, signal: AbortSignal): Promise<ReadonlyMap<string, unknown>> {
    return this.#retries.run(signal, async () => {
      const credentials = await this.#credentials()
      const { endpoint: url, region } = this.#settings
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` }
      const signer = { credentials, region, service: 'kms' }
      const offset = this.#clockOffset
      const sentAt = Date.now()
      const signed = signedHeaders({ method: 'POST', url, headers, body }, signer, new Date(sentAt + offset))
      const request = { method: 'POST', url: url.href, headers: { ...signed, 'user-agent': 'tsops' }, body, signal }
      const answer = await sendRequest(this.#host, request)
      this.#readClock(answer, sentAt)
      try {
        return readAnswer(answer)
      } catch (error) {
        throw this.#wasWrong(offset) && error instanceof ServiceError ? new ClockCorrected(error) : error
      }
    })
  }

  #readClock({ headers }: Answer, sentAt: number): void {
    const now = Date.now()
    const time = Date.parse(headers.date ?? '')
    if (Number.isNaN(time) || headers.age !== undefined || now - sentAt > tooOld) return
    this.#clockOffset = time - now
  }

  /** Whether a request was signed with a time that is known to be wrong by now. */
  #wasWrong(offset: number): boolean {
    return Math.abs(this.#clockOffset) >= tolerance && Math.abs(this.#clockOffset - offset) >= tolerance
  }
}

function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function bytesOf(value: unknown): Uint8Array | undefined {
  const isBase64 = typeof value === 'string' && value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value)
  return isBase64 ? Buffer.from(value, 'base64') : undefined
}
