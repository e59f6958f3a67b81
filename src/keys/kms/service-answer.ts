// What KMS answers: a map of texts, or an error with a name.

export interface Answer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What KMS refused. The message can quote the request: it is for `explain`, not to be shown. */
export class ServiceError extends Error {
  readonly $metadata: { readonly httpStatusCode: number }
  /** What the service says about when to come back, in milliseconds. */
  readonly retryAfter: number | undefined
  constructor(name: string, message: string, { statusCode, headers }: Omit<Answer, 'body'>) {
    super(message)
    this.name = name
    this.$metadata = { httpStatusCode: statusCode }
    this.retryAfter = retryAfter(headers)
  }
}

/** The fields of an answer. Throws ServiceError. */
export function readAnswer(answer: Answer): ReadonlyMap<string, unknown> {
  const fields = fieldsOf(answer)
  if (answer.statusCode < 300) return fields
  const type = fields.get('__type') ?? fields.get('code') ?? answer.headers['x-amzn-errortype']
  const text = fields.get('message') ?? fields.get('Message')
  throw new ServiceError(nameIn(type), typeof text === 'string' ? text : '', answer)
}

function fieldsOf(answer: Answer): ReadonlyMap<string, unknown> {
  if (answer.body.length === 0) return new Map()
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(answer.body))
    return new Map(typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : [])
  } catch {
    throw new ServiceError('SyntaxError', '', answer)
  }
}

/** `namespace#Name:address` is Name. */
function nameIn(type: unknown): string {
  if (typeof type !== 'string') return 'Unknown'
  const [head = ''] = type.split(/[,:]/, 1)
  return head.includes('#') ? (head.split('#', 2)[1] ?? '') : head
}

function retryAfter(headers: Answer['headers']): number | undefined {
  const milliseconds = headers['x-amz-retry-after'] ?? ''
  if (/^\d{1,9}$/.test(milliseconds)) return Number(milliseconds)
  const later = headers['retry-after'] ?? ''
  if (/^\d{1,6}(?:\.\d{1,9})?$/.test(later)) return Number(later) * 1000
  const time = Date.parse(later)
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now())
}
