// Lines of comment that follow each other, and the comment behind the key or header below them, are one comment for
// sops. A ciphertext takes one line, so the run shrinks to that line, and grows again when its text comes back.

import type { Comment } from '../../tree/types.ts'
import { hasStrayByte, type Splice } from '../source.ts'
import { emitComment } from './emit.ts'
import { failAt, lineFrom, type Span, trim, trimSpan } from './lexis.ts'

interface RunLine {
  readonly start: number
  /** Where the marker stands. */
  readonly marker: number
  /** The newline included. */
  readonly end: number
}

/** What the comment belongs to: its first line. */
export interface Holder {
  readonly kind: 'key' | 'section'
  readonly start: number
  /** Behind the indentation. */
  readonly indented: number
  /** Behind the value or the `]`. */
  readonly end: number
  /** Whether a comment behind it would still be read once the value is a ciphertext. */
  readonly takesInline: boolean
}

export interface CommentRun {
  readonly lines: readonly RunLine[]
  readonly inline: Span | undefined
  /** undefined: nothing follows, and sops does not see the comment. */
  readonly holder: Holder | undefined
}

/** A comment and its place. `prefix`: the first marker with the spaces behind it, which sops takes off. */
export interface CommentSite {
  readonly leaf: Comment
  readonly run: CommentRun
  readonly prefix: string
}

/** The one comment of a run; undefined when there is none. Throws ParseError. */
export function readRun(text: string, run: CommentRun): CommentSite | undefined {
  const [first] = run.lines
  if (!first && !run.inline) return undefined
  const above = run.lines.map(({ marker, end }) => text.slice(marker, end)).join('')
  const inline = run.inline ? text.slice(run.inline.start, run.inline.end) : ''
  const raw = trim(above + inline)
  if (hasStrayByte(raw)) failAt(text, first?.start ?? run.inline?.start ?? 0, 'a comment that is not valid UTF-8')
  const prefix = /^(?:;[; ]*|#[# ]*)/.exec(raw)?.[0] ?? ''
  // A first line of markers alone (`;;;;`) leaves an empty line, on which sops 3.13.3 fails when it decrypts the file.
  const value = raw.slice(prefix.length).replace(/^[\r\n]+/, '')
  return { leaf: { type: 'comment', value, inline: false }, run, prefix }
}

/** Writes another text in place of a comment. */
export function spliceComment(text: string, site: CommentSite, value: string): Splice[] {
  const { above, inline } = arrange(text, site, value.split('\n'))
  return [...spliceLines(text, site, above), ...spliceInline(text, site.run, inline)]
}

// Which lines go above the holder, and what goes behind it.
function arrange(text: string, site: CommentSite, lines: string[]): { above: string[]; inline: string } {
  const { run, prefix } = site
  const last = lines.at(-1) ?? ''
  const behind = lines.length === 1 ? prefix + last : last
  if (!run.holder || !hasInlinePlace(text, run, run.holder, lines.length) || !/^[#;]/.test(behind)) {
    return { above: lines, inline: '' }
  }
  // The last `]` of a header ends its name: no ciphertext can stand behind it, so it stands above.
  if (run.holder.kind === 'section' && behind.includes(']')) return { above: lines, inline: '' }
  // The last of the lines above brings its carriage return; the one that stands behind it stays.
  const above = lines.slice(0, -1).map((line, index) => (index < lines.length - 2 ? line : line.replace(/\r$/, '')))
  return { above, inline: behind }
}

// The comment of a header stood behind it when the space before it is still there.
function hasInlinePlace(text: string, run: CommentRun, holder: Holder, count: number): boolean {
  if (!holder.takesInline) return false
  if (run.inline) return true
  if (holder.kind === 'key' || count === 0) return false
  return /^[ \t]/.test(text.slice(holder.end, holder.end + 1))
}

function spliceLines(text: string, site: CommentSite, above: readonly string[]): Splice[] {
  const { lines, holder } = site.run
  const [first] = lines
  if (above.length === 0) return lines.map(({ start, end }) => ({ start, end, text: '' }))
  if (first) {
    const end = endOfLines(text, site.run)
    return [
      { start: first.marker, end, text: spell(text, site, above).join(`\n${text.slice(first.start, first.marker)}`) },
    ]
  }
  if (!holder) return []
  const indent = text.slice(holder.start, holder.indented)
  const newline = text.slice(holder.start, lineFrom(text, holder.start).end).endsWith('\r\n') ? '\r\n' : '\n'
  const spelled = [site.prefix + (above[0] ?? ''), ...above.slice(1)]
  return [{ start: holder.start, end: holder.start, text: spelled.map((line) => indent + line).join('\n') + newline }]
}

// Only the space at the very end of a comment is no part of it.
function endOfLines(text: string, { lines, inline }: CommentRun): number {
  const end = lines.at(-1)?.end ?? 0
  if (!inline) return trimSpan(text, { start: lines[0]?.marker ?? end, end }).end
  return end - (/\r?\n$/.exec(text.slice(Math.max(end - 2, 0), end))?.[0].length ?? 0)
}

// `; ` is the prefix that sops writes: such a comment comes back as sops would print it.
function spell(text: string, { run, prefix }: CommentSite, above: readonly string[]): string[] {
  const [first] = run.lines
  const isForeign = prefix !== '; ' || first === undefined || text.slice(first.start, first.end).endsWith('\r\n')
  if (isForeign) return [prefix + (above[0] ?? ''), ...above.slice(1)]
  const clean = run.holder?.kind === 'section' ? (line: string): string => line : trim
  return above.map((line) => emitComment(line, clean))
}

function spliceInline(text: string, { inline, holder }: CommentRun, value: string): Splice[] {
  if (inline) return [{ ...inline, text: value }]
  if (!holder || value === '') return []
  let end = holder.end
  while (/^[ \t]/.test(text.slice(end, end + 1))) end++
  return [{ start: end, end, text: value }]
}
