// Stands for a value that was not decrypted: the same for the same place, whatever the value, and of its type.
import { createHash } from 'node:crypto'
import { encodeBase64 } from '../src/kubernetes/base64.ts'
import type { Comment, Scalar } from '../src/index.ts'

// What Kubernetes parses must parse.
const parsed = new Map([
  ['.dockerconfigjson', '{"auths":{}}'],
  ['.dockercfg', '{}'],
])

/** `path`: the keys from the root. */
function placeholderText(path: readonly string[]): string {
  const known = parsed.get(path.at(-1) ?? '')
  return known ?? `placeholder-${createHash('sha256').update(path.join('\0')).digest('hex').slice(0, 12)}`
}

export interface PlaceholderOptions {
  /** The place asks for base64. */
  readonly base64: boolean
}

export function placeholderFor(
  type: string,
  path: readonly string[],
  { base64 }: PlaceholderOptions,
): Exclude<Scalar, { type: 'null' }> | Comment {
  switch (type) {
    case 'int':
      return { type: 'int', value: 0n }
    case 'float':
      return { type: 'float', value: 0.5 }
    case 'bool':
      return { type: 'bool', value: false }
    case 'time':
      return { type: 'time', value: '2001-01-01T00:00:00Z' }
    case 'comment':
      return { type: 'comment', value: ' placeholder', inline: false }
    default: {
      const text = placeholderText(path)
      return { type: 'str', value: base64 ? encodeBase64(Buffer.from(text)) : text }
    }
  }
}
