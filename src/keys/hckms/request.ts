// One request to HuaweiCloud, signed, and tried again when the service is busy or the connection breaks.
import type { Host } from '../../host.ts'
import { readText } from '../response-body.ts'
import { Failure, refusal } from './failure.ts'
import { signedHeaders, type Signer } from './signer.ts'

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly projectId?: string
  readonly body?: Readonly<Record<string, string>>
}

const attempts = 4
const firstPause = 100
const busy = new Set([429, 500, 502, 503, 504])

/** The fields of the answer. Throws Failure. */
export async function ask(
  question: Question,
  signer: Signer,
  host: Host,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, unknown>> {
  for (let attempt = 1; ; attempt++) {
    const answer = await send(question, signer, host, signal).catch(() => undefined)
    if (answer?.ok === true) return readFields(answer.body)
    const isFinal = attempt === attempts || (answer !== undefined && !busy.has(answer.status)) || signal.aborted
    if (isFinal) throw answer === undefined ? unreachable(question.url) : refusal(answer.status, answer.body)
    // A random pause, so that many keys do not come back at the same moment.
    await pause(firstPause * 2 ** attempt * (0.5 + Math.random() / 2), signal)
  }
}

interface Answer {
  readonly ok: boolean
  readonly status: number
  readonly body: string
}

async function send(question: Question, signer: Signer, host: Host, signal: AbortSignal): Promise<Answer> {
  const { method, projectId } = question
  const url = new URL(question.url)
  const body = question.body === undefined ? '' : JSON.stringify(question.body)
  const headers = {
    ...(body !== '' && { 'content-type': 'application/json;charset=UTF-8' }),
    ...(projectId !== undefined && { 'x-project-id': projectId }),
  }
  // A redirect is refused: a signed request is for the host that it was signed for.
  const response = await host.fetch(url, {
    method,
    headers: signedHeaders({ method, url, headers, body }, signer),
    redirect: 'error',
    signal,
    ...(body !== '' && { body }),
  })
  return { ok: response.ok, status: response.status, body: await readText(response) }
}

function readFields(body: string): ReadonlyMap<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body)
    if (typeof parsed === 'object' && parsed !== null) return new Map<string, unknown>(Object.entries(parsed))
  } catch {
    // The parser's error quotes the text.
  }
  throw new Failure('offline', 'the answer is not what HuaweiCloud KMS answers')
}

function unreachable(url: string): Failure {
  const hint = 'Check the network and the region of the key.'
  return new Failure('offline', `${new URL(url).host} could not be reached`, { hint })
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
}
