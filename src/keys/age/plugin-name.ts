// Which program an identity or a recipient of a plugin asks for. The name becomes part of a file name, and so it may hold
// nothing that means something in a path.
import { decodeBech32 } from './bech32.ts'

/** The plugin's name in an `age1NAME1…` recipient. Throws Error with age's texts. */
export function parsePluginRecipient(text: string): string {
  const { prefix } = decode(text, 'recipient')
  if (!prefix.startsWith('age1')) throw new Error('not a plugin recipient')
  return checkName(prefix.slice('age1'.length))
}

/** The plugin's name in an `AGE-PLUGIN-NAME-1…` identity. Throws Error, which shows nothing after the name. */
export function parsePluginIdentity(text: string): string {
  const { prefix } = decode(text, 'identity')
  const name = /^AGE-PLUGIN-(.*)-$/.exec(prefix)?.[1]
  if (name === undefined) throw new Error('not a plugin identity')
  return checkName(name.toLowerCase())
}

function decode(text: string, what: string): { readonly prefix: string } {
  try {
    return decodeBech32(text)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'unknown'
    throw new Error(`invalid ${what} encoding: ${reason}`, { cause })
  }
}

const maxNameLength = 100

function checkName(name: string): string {
  if (/^[a-z0-9+._-]+$/.test(name) && name.length <= maxNameLength) return name
  throw new Error('invalid plugin name')
}
