// Reads the tables of command lines, *.txt beside this file: one line, one test.
//   [NAME=VALUE…] sops ARGUMENT… [< FILE | <<< TEXT] [## MARK, MARK…[: reason]]
// Both programs must then give the same status, stdout and files, and say the same on stderr, but for a hint of ours.
// Where they do not, on purpose, marks say so:
//   words            stderr has log lines and text where that of sops has them; the words differ
//   warns            ours warns of what sops passes over: an unchecked MAC, master keys that only the file names
//   status N         ours exits so; it then prints nothing and changes nothing unless another mark says so
//   stdout /REGEX/   what ours prints instead
//   stderr /REGEX/   what ours says instead
//   files NAME…      files that differ
//   endless          sops does not end by itself
// All but `words` and `warns` need a reason.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface CommandLine {
  /** The table, without its suffix. */
  readonly table: string
  /** As it stands there. */
  readonly text: string
  readonly env: Readonly<Record<string, string>>
  readonly args: readonly string[]
  readonly stdin: { readonly file: string } | { readonly text: string } | undefined
  readonly marks: Marks
}

export interface Marks {
  readonly words: boolean
  readonly warns: boolean
  readonly endless: boolean
  readonly status: number | undefined
  readonly stdout: RegExp | undefined
  readonly stderr: RegExp | undefined
  readonly files: readonly string[]
  readonly reason: string
}

/** All lines of all tables. */
export function readTables(): readonly CommandLine[] {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.txt'))
    .flatMap((name) => {
      const lines = readFileSync(join(import.meta.dirname, name), 'utf8').split('\n')
      const table = name.slice(0, -'.txt'.length)
      return lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => parseLine(table, line))
    })
}

/** `fill` puts values in the place of $NAMES. */
export function fillLine(line: CommandLine, fill: (text: string) => string): CommandLine {
  const env = Object.fromEntries(Object.entries(line.env).map(([name, value]) => [name, fill(value)]))
  const { stdin } = line
  return {
    ...line,
    env,
    args: line.args.map(fill),
    stdin: stdin !== undefined && 'text' in stdin ? { text: fill(stdin.text) } : stdin,
  }
}

function parseLine(table: string, text: string): CommandLine {
  const [command = '', marks = ''] = text.split('  ## ')
  const words = [...command.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => unquote(word))
  const start = words.indexOf('sops')
  if (start < 0) throw new Error(`${table}: no sops in: ${text}`)
  const env = Object.fromEntries(
    words.slice(0, start).map((word) => [word.split('=', 1)[0] ?? '', word.slice(word.indexOf('=') + 1)]),
  )
  const { args, stdin } = splitStdin(words.slice(start + 1))
  return { table, text, env, args, stdin, marks: parseMarks(marks, text) }
}

function unquote(word: string): string {
  return word.replace(/'([^']*)'|"([^"]*)"/g, (_, single?: string, double?: string) => single ?? double ?? '')
}

function splitStdin(words: readonly string[]): Pick<CommandLine, 'args' | 'stdin'> {
  const [sign, source = ''] = words.slice(-2)
  if (sign === '<') return { args: words.slice(0, -2), stdin: { file: source } }
  if (sign === '<<<') return { args: words.slice(0, -2), stdin: { text: source.replaceAll('\\n', '\n') } }
  return { args: words, stdin: undefined }
}

const mark = /(words|warns|endless)|status (\d+)|(stdout|stderr) \/((?:[^/\\]|\\.)*)\/|files ([^,:]+)/y

function parseMarks(text: string, line: string): Marks {
  const marks = {
    words: false,
    warns: false,
    endless: false,
    status: undefined,
    stdout: undefined,
    stderr: undefined,
    files: [],
  }
  const found: { -readonly [Name in keyof Marks]: Marks[Name] } = { ...marks, reason: '' }
  mark.lastIndex = 0
  for (let at = 0; at < text.length; at = mark.lastIndex += 2) {
    const [all = '', flag, status, stream, regex = '', files] = mark.exec(text) ?? []
    if (all === '') throw new Error(`no such mark: ${line}`)
    if (flag === 'words' || flag === 'warns' || flag === 'endless') found[flag] = true
    if (status !== undefined) found.status = Number(status)
    if (stream === 'stdout' || stream === 'stderr') found[stream] = new RegExp(regex, 'm')
    if (files !== undefined) found.files = files.split(' ')
    if (text.startsWith(': ', mark.lastIndex)) found.reason = text.slice(mark.lastIndex + 2)
    if (found.reason !== '') break
  }
  if (found.reason === '' && !/^(words|warns|, )*$/.test(text)) throw new Error(`a mark without its reason: ${line}`)
  return found
}
