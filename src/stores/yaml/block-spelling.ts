// Literal and folded blocks. A block ends before the line break that closes its last line.

export interface BlockPlace {
  /** Column of the body. */
  readonly bodyColumn: number
  /** How much deeper that is than the collection around it: the digit that a body with a blank start needs. */
  readonly hint: number
}

/** Characters that YAML does not let stand unescaped, and line breaks that a reader would turn into \n. */
const unfit = /[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u

export function canBeLiteral(value: string, place: BlockPlace): boolean {
  if (value === '' || place.bodyColumn < 1 || place.hint < 1 || unfit.test(value) || endsWithSpaces(value)) return false
  return place.hint <= 9 || !needsHint(value)
}

/** Folding is kept to strings in which it cannot touch a blank that counts. */
export function canBeFolded(value: string, place: BlockPlace): boolean {
  return canBeLiteral(value, place) && /[^\n]/.test(value) && !value.split('\n').some(isBlankLine)
}

/** Whether the last line that is not empty holds spaces alone: some readers take it for an empty one. */
function endsWithSpaces(value: string): boolean {
  let end = value.length
  while (value.charAt(end - 1) === '\n') end--
  let start = end
  while (value.charAt(start - 1) === ' ') start--
  return start < end && (start === 0 || value.charAt(start - 1) === '\n')
}

function isBlankLine(line: string): boolean {
  return line !== '' && line.trim() === ''
}

export function spellLiteral(value: string, place: BlockPlace): string {
  return `|${header(value, place)}\n${indentLines(withoutLastBreak(value), place.bodyColumn)}`
}

/** One source line for each line of the value: nothing is wrapped. */
export function spellFolded(value: string, place: BlockPlace): string {
  return `>${header(value, place)}\n${indentLines(unfold(withoutLastBreak(value)), place.bodyColumn)}`
}

/** Between two lines that folding would join, one break more is needed; lines that start with a blank are never joined. */
function unfold(text: string): string {
  return text.replace(/^([^ \t\n].*)\n(?=\n*[^ \t\n])/gm, '$1\n\n')
}

function header(value: string, place: BlockPlace): string {
  const hint = needsHint(value) ? String(place.hint) : ''
  if (!value.endsWith('\n')) return `${hint}-`
  return value === '\n' || value.endsWith('\n\n') ? `${hint}+` : hint
}

function needsHint(value: string): boolean {
  return /^[ \t\n]/.test(value)
}

function withoutLastBreak(value: string): string {
  return value.endsWith('\n') ? value.slice(0, -1) : value
}

function indentLines(text: string, column: number): string {
  return text.replace(/^(?=[^\n])/gm, ' '.repeat(column))
}
