// The SDK throws an error of gRPC's, of its own, or of the HTTP client that also fetches tokens.
import {
  failedPrecondition,
  invalidArgument,
  notFound,
  permissionDenied,
  resourceExhausted,
  unauthenticated,
  unavailable,
} from './failure.ts'

/** The gRPC status of what a call threw; undefined when it says nothing. */
export function codeOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const status = 'status' in error && typeof error.status === 'number' ? error.status : undefined
  if (status !== undefined) return codeNamedIn(error.message) ?? codesOfHttp.get(status) ?? unavailable
  return 'code' in error && typeof error.code === 'number' ? error.code : undefined
}

const codesByName: ReadonlyMap<string, number> = new Map([
  ['INVALID_ARGUMENT', invalidArgument],
  ['NOT_FOUND', notFound],
  ['PERMISSION_DENIED', permissionDenied],
  ['RESOURCE_EXHAUSTED', resourceExhausted],
  ['FAILED_PRECONDITION', failedPrecondition],
  ['UNAUTHENTICATED', unauthenticated],
])

// 400 without a status' name is the answer of a token endpoint.
const codesOfHttp: ReadonlyMap<number, number> = new Map([
  [400, unauthenticated],
  [401, unauthenticated],
  [403, permissionDenied],
  [404, notFound],
  [429, resourceExhausted],
])

/** The HTTP client's message is the body of the answer. */
function codeNamedIn(body: string): number | undefined {
  const [, name = ''] = /"status":\s*"([A-Z_]+)"/.exec(body) ?? []
  return codesByName.get(name)
}
