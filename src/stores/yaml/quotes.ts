// Single and double quotes around a string.

const escapes = new Map<number, string>([
  [0x00, '0'],
  [0x07, 'a'],
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0b, 'v'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [0x1b, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
])

const sopsEscaped = /[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd]|["\\\u2028\u2029]/gu
const mustEscape = /[^\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]|["\\\u2028\u2029]/gu
const unfitForSingle = /[^\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u

/** As sops prints it: astral characters as `\U…`, and after a leading byte order mark every character escaped. */
export function quoteDoubleAsSops(value: string): string {
  return `"${value.replace(value.startsWith('\ufeff') ? /[^]/gu : sopsEscaped, escape)}"`
}

/** With no escape but those that YAML needs. */
export function quoteDouble(value: string): string {
  return `"${value.replace(mustEscape, escape)}"`
}

export function quoteSingle(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** Whether single quotes can hold the string on one line. */
export function canQuoteSingle(value: string): boolean {
  return !unfitForSingle.test(value)
}

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const name = escapes.get(code)
  if (name !== undefined) return `\\${name}`
  // Half a surrogate pair has no UTF-8 form and no escape: it leaves as what encoding would make of it.
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  const [letter, width] = code <= 0xff ? ['x', 2] : code <= 0xffff ? ['u', 4] : ['U', 8]
  return `\\${letter}${code.toString(16).toUpperCase().padStart(width, '0')}`
}
