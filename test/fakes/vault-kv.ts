// The KV engines of Vault: version 1 keeps what it is given, version 2 keeps versions of it.

/** The versions of each secret, as JSON texts; in version 1 only the last counts. */
export interface KvMount {
  readonly version: 1 | 2
  readonly secrets: Map<string, string[]>
  /** Whether secrets may be written, but not read. */
  readonly writeOnly?: boolean
}

export interface KvAnswer {
  readonly status: number
  readonly errors?: readonly string[]
  readonly data?: unknown
}

interface KvRequest {
  readonly method: string
  readonly path: string
  readonly body: string
}

/** undefined: the path is in none of the mounts. */
export function answerKv(mounts: ReadonlyMap<string, KvMount>, request: KvRequest): KvAnswer | undefined {
  const path = decodeURIComponent(request.path).replace(/^\/v1\//, '')
  for (const [name, mount] of mounts) {
    if (!path.startsWith(`${name}/`)) continue
    const rest = path.slice(name.length + 1)
    if (mount.version === 1) return useSecret(mount, rest, request)
    if (rest.startsWith('data/')) return useSecret(mount, rest.slice('data/'.length), request)
    return refuse(404, 'Invalid path for a versioned K/V secrets engine.')
  }
  return undefined
}

function useSecret(mount: KvMount, name: string, { method, body }: KvRequest): KvAnswer {
  const versions = mount.secrets.get(name) ?? []
  if (method === 'GET')
    return mount.writeOnly === true ? refuse(403, '1 error occurred: permission denied') : read(mount, versions)
  if (method !== 'PUT' && method !== 'POST') return refuse(405, 'unsupported operation')
  const data = mount.version === 1 ? body : memberOf(body, 'data')
  if (!data?.trimStart().startsWith('{')) return refuse(400, 'no data provided')
  if (mount.version === 1 && /^\{\s*\}$/.test(data)) return refuse(400, 'missing data fields')
  mount.secrets.set(name, [...versions, data])
  return mount.version === 1 ? { status: 204 } : { status: 200, data: { version: versions.length + 1 } }
}

function read({ version }: KvMount, versions: readonly string[]): KvAnswer {
  const last = versions.at(-1)
  if (last === undefined) return { status: 404, errors: [] }
  const data = new Verbatim(last)
  return {
    status: 200,
    data: version === 1 ? data : { data, metadata: { version: versions.length, destroyed: false } },
  }
}

/** A JSON text that is printed as it is: no number of it is rounded. */
export class Verbatim {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** JSON.stringify for answers with such texts. */
export function printAnswer(answer: unknown): string {
  const texts: string[] = []
  const marked = JSON.stringify(answer, (_, value: unknown) =>
    value instanceof Verbatim ? `\u0001${texts.push(value.text) - 1}` : value,
  )
  return marked.replace(/"\\u0001(\d+)"/g, (_, index: string) => texts[Number(index)] ?? '')
}

// The text of a member, with its numbers as they are: it is the only one of the map.
function memberOf(body: string, name: string): string | undefined {
  const opening = new RegExp(`^\\s*\\{\\s*"${name}"\\s*:`).exec(body)?.[0]
  return opening === undefined ? undefined : body.slice(opening.length).trimEnd().slice(0, -1).trim()
}

function refuse(status: number, ...errors: readonly string[]): KvAnswer {
  return { status, errors }
}
