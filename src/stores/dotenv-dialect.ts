// dotenv for readers other than sops. There is no standard: each dialect is what its reader gives back exactly, and a
// value that it would change is an error that names the key. Nothing in a value or a comment can start a line.

import { SopsError } from '../errors.ts'
import type { Branch } from '../tree/types.ts'
import { scalarText } from './scalar-text.ts'
import { hasStrayByte, leafSource, readSource, writeSource } from './source.ts'

export interface DotenvDialect {
  readonly name: string
  /** Which keys the reader takes. */
  readonly keys: RegExp
  readonly comments: boolean
  /** What the reader cannot hold, for people. */
  readonly limits: string
  /** What stands behind `KEY=`; undefined when there is no such text. `value`: a piece of source, see source.ts. */
  quote(value: string): string | undefined
}

const shellNames = /^[A-Za-z_][A-Za-z0-9_]*$/
const looseNames = /^[A-Za-z_][A-Za-z0-9_.-]*$/

const shell: DotenvDialect = {
  name: 'shell',
  keys: shellNames,
  // An interactive zsh takes `#` in what it evaluates for a command.
  comments: false,
  limits: 'An environment variable cannot hold a NUL byte.',
  quote: (value) => `'${value.replaceAll("'", `'\\''`)}'`,
}

/** npm's dotenv and Node's --env-file: what both read alike. */
const node: DotenvDialect = {
  name: 'node',
  keys: looseNames,
  comments: true,
  limits:
    'Its readers have no escapes: a value cannot hold a carriage return, nor all three kinds of quotes together with a ' +
    'line break, a # or spaces at its ends, nor end in a backslash when it holds one of these.',
  quote(value) {
    if (value.includes('\r') || hasStrayByte(value)) return undefined
    if (/^[\w./:@%+,=-]+$/.test(value)) return value
    const quote = [`'`, '`', '"'].find((each) => canQuote(value, each))
    if (quote !== undefined) return quote + value + quote
    return /[\n#]|^['"`]/.test(value) || value.trim() !== value ? undefined : value
  },
}

function canQuote(value: string, quote: string): boolean {
  if (value.includes(quote) || value.endsWith('\\')) return false
  return quote !== '"' || !/\\[nr]/.test(value)
}

/** `docker run --env-file`, and Compose with `format: raw`: everything up to the end of the line. */
const docker: DotenvDialect = {
  name: 'docker',
  keys: looseNames,
  comments: true,
  limits: 'In the files of `docker run --env-file` a value is one line of less than 64 KiB in UTF-8.',
  quote(value) {
    const lasts = !value.includes('\n') && !value.endsWith('\r') && !hasStrayByte(value)
    return lasts && Buffer.byteLength(value) < longestLine ? value : undefined
  },
}

// Its scanner takes 65536 bytes, with the key.
const longestLine = 65_000

/** `direnv dotenv`: what stands between the first and the last single quote, or in double quotes with escapes. */
const direnv: DotenvDialect = {
  name: 'direnv',
  keys: shellNames,
  comments: true,
  limits: 'An environment variable cannot hold a NUL byte.',
  quote: (value) => (/[\r\n]/.test(value) ? `"${value.replace(direnvSpecial, escapeForDirenv)}"` : `'${value}'`),
}

// In double quotes it reads `\n` before `\\`, and `\$` does not stop `$` from being expanded: the default of a variable
// without a name says both.
const direnvSpecial = /\\[nr]?|[\n\r$]/g

function escapeForDirenv(found: string): string {
  if (found.startsWith('\\')) return `\\\\${found.length > 1 ? `\${:-${found.slice(1)}}` : ''}`
  if (found === '$') return '${:-$}'
  return found === '\n' ? '\\n' : '\\r'
}

const dialects: readonly DotenvDialect[] = [shell, node, docker, direnv]

/** Every dialect by name; `sops` is the store's own. */
export const dialectNames: readonly string[] = ['sops', ...dialects.map(({ name }) => name)]

/** The dialect of that name; undefined for sops'. Throws SopsError ERR_SOPS_INPUT. */
export function dialectFor(name: string): DotenvDialect | undefined {
  const found = dialects.find((each) => each.name === name)
  if (found !== undefined || name === 'sops') return found
  throw new SopsError('ERR_SOPS_INPUT', `Error: unknown dotenv dialect ${JSON.stringify(name)}`, {
    hint: `The dialects are ${dialectNames.join(', ')}.`,
  })
}

/** Prints a tree. Throws SopsError ERR_SOPS_EMIT. */
export function emitDialect([branch]: readonly Branch[], dialect: DotenvDialect): Uint8Array {
  const lines = (branch?.items ?? []).map((item) => {
    if (item.type === 'comment') return commentLines(leafSource(item), dialect)
    if (item.value.type !== 'branch' && item.value.type !== 'list') {
      return valueLine(item.key, scalarText(item.value), dialect)
    }
    throw new SopsError('ERR_SOPS_EMIT', `cannot use complex value in dotenv file; offending key ${item.key}`)
  })
  return writeSource(lines.flatMap((line) => (line === undefined ? [] : [`${line}\n`])).join(''))
}

/** Turns sops' dialect into another, line by line. Throws SopsError ERR_SOPS_EMIT. */
export function translateDotenv(text: Uint8Array, dialect: DotenvDialect): Uint8Array {
  const lines = readSource(text)
    .split('\n')
    .flatMap((line) => translateLine(line, dialect) ?? [])
  return writeSource(lines.join('\n'))
}

function translateLine(line: string, dialect: DotenvDialect): string | undefined {
  if (line === '') return line
  if (line.startsWith('#')) return commentLines(line.slice(1), dialect)
  const equals = line.indexOf('=')
  return valueLine(line.slice(0, equals), line.slice(equals + 1).replaceAll('\\n', '\n'), dialect)
}

function valueLine(key: string, value: string, dialect: DotenvDialect): string {
  const { name, keys, limits } = dialect
  if (!keys.test(key)) {
    throw new SopsError('ERR_SOPS_EMIT', `the key ${JSON.stringify(key)} cannot be a variable in the ${name} dialect`)
  }
  const quoted = value.includes('\0') ? undefined : dialect.quote(value)
  if (quoted !== undefined) return `${key}=${quoted}`
  throw new SopsError('ERR_SOPS_EMIT', `the ${name} dialect cannot hold the value of ${key}`, { hint: limits })
}

// Whatever some reader takes for the end of a line must not end the comment.
const lineEnds = /[\n\v\f\r\x85\u2028\u2029]+/g

function commentLines(text: string, { comments }: DotenvDialect): string | undefined {
  return comments ? `#${text.replaceAll('\0', '').replace(lineEnds, '\n#')}` : undefined
}
