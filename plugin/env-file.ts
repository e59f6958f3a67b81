// Two readings of a decrypted dotenv text. ksops has godotenv's (1.5.1): quotes, escapes, ` #` comments, `$NAME` for an
// earlier entry. kustomize's own generators take all after the first `=` as it stands.
import { Refusal } from './finding.ts'

export type EnvEntry = readonly [key: string, value: string]

/** kustomize's reading. Throws Refusal with the line. */
export function readLiteralEnv(text: string): EnvEntry[] {
  const lines = text.replace(/^\ufeff/, '').split('\n')
  return lines.flatMap((line, index): EnvEntry[] => {
    const content = line.replace(/\r$/, '').replace(/^[\s\x85]+/, '')
    if (content === '' || content.startsWith('#')) return []
    const equals = content.indexOf('=')
    if (equals < 0) throw new Refusal(`line ${String(index + 1)} has no =`)
    return [[content.slice(0, equals), content.slice(equals + 1)]]
  })
}

/** godotenv's reading. A key that stands twice has its last value. Throws Refusal with the line. */
export function readGodotenv(source: string): Map<string, string> {
  const text = source.replaceAll('\r\n', '\n')
  const entries = new Map<string, string>()
  let expanded = 0
  let at = skipBlank(text, 0)
  while (at < text.length) {
    const { key, end } = readKey(text, at)
    const value = readValue(text, end, entries)
    expanded += value.value.length
    if (expanded > text.length + maxExpansion) throw wrong(text, at, tooLong)
    entries.set(key, value.value)
    at = skipBlank(text, value.end)
  }
  return entries
}

// Space, but no line break.
const space = '\\t\\v\\f\\r \\x85\\xa0'
/** For all values of a text together: an entry that names others can be many times as long as they are. */
const maxExpansion = 16 << 20

const blanks = /(?:[\s\x85]|#[^\n]*)*/y
const exportWord = new RegExp(`export[${space}]+`, 'y')
const keyText = new RegExp(`([\\w.${space}]*)[=:][${space}]*`, 'y')
const lineEnd = /[^\n\r]*/y
const lastComment = new RegExp(`^(.*[${space}])#`, 's')

function skipBlank(text: string, at: number): number {
  return matchAt(blanks, text, at)?.end ?? at
}

function readKey(text: string, start: number): { readonly key: string; readonly end: number } {
  const at = matchAt(exportWord, text, start)?.end ?? start
  const found = matchAt(keyText, text, at)
  if (found === undefined) throw wrong(text, at, 'no key with a = after it')
  return { key: trim(found.match[1] ?? '', isSpace), end: found.end }
}

interface Reading {
  readonly value: string
  readonly end: number
}

function readValue(text: string, at: number, known: ReadonlyMap<string, string>): Reading {
  const quote = text[at]
  if (quote === '"' || quote === "'") return readQuoted(text, at, quote, known)
  const end = matchAt(lineEnd, text, at)?.end ?? at
  const line = text.slice(at, end)
  const content = lastComment.exec(line)?.[1] ?? line
  return { value: expand(trim(content, isSpace), known), end }
}

function readQuoted(text: string, at: number, quote: '"' | "'", known: ReadonlyMap<string, string>): Reading {
  let end = text.indexOf(quote, at + 1)
  while (end > 0 && text[end - 1] === '\\') end = text.indexOf(quote, end + 1)
  if (end < 0) throw wrong(text, at, 'a quote that does not end')
  const content = trim(text.slice(at, end), (char) => char === quote)
  return { value: quote === '"' ? expand(unescape(content), known) : content, end: end + 1 }
}

function trim(text: string, isOuter: (char: string | undefined) => boolean): string {
  let start = 0
  let end = text.length
  while (start < end && isOuter(text[start])) start++
  while (end > start && isOuter(text[end - 1])) end--
  return text.slice(start, end)
}

const spaces = new Set(['\t', '\v', '\f', '\r', ' ', '\x85', '\xa0'])

function isSpace(char: string | undefined): boolean {
  return char !== undefined && spaces.has(char)
}

function unescape(text: string): string {
  const breaks = text.replace(/\\(.)/gu, (match, char) => (char === 'n' ? '\n' : char === 'r' ? '\r' : match))
  return breaks.replace(/\\([^$])/gu, '$1')
}

const tooLong = 'the values that it names make it too long'

function expand(text: string, known: ReadonlyMap<string, string>): string {
  let length = 0
  return text.replace(/(\\)?\$(\()?\{?([A-Z0-9_]+)?\}?/g, (match, escape: string | undefined, _open, name?: string) => {
    if (escape !== undefined) return match.slice(1)
    if (name === undefined) return match
    const value = known.get(name) ?? ''
    length += value.length
    if (length > maxExpansion) throw new Refusal(tooLong)
    return value
  })
}

function matchAt(pattern: RegExp, text: string, at: number): { match: RegExpExecArray; end: number } | undefined {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  return match === null ? undefined : { match, end: at + match[0].length }
}

function wrong(text: string, at: number, what: string): Refusal {
  return new Refusal(`line ${String(text.slice(0, at).split('\n').length)}: ${what}`)
}
