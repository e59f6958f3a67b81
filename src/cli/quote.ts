// Text that came from a file, a path or an argument reaches a terminal only without control characters.

const short = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['"', '\\"'],
  ['\\', '\\\\'],
])

const unprintable = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u

/** Quotes as Go's %q does. */
export function quoteGo(text: string): string {
  let quoted = ''
  for (const character of text)
    quoted += short.get(character) ?? (unprintable.test(character) ? escape(character) : character)
  return `"${quoted}"`
}

/** The text with each control character but newline and tab spelled out. */
export function showText(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (each) => (each === '\n' || each === '\t' ? each : escape(each)))
}

/** The same on one line: what a file names must not look like several lines, nor like an answer. */
export function showLine(text: string): string {
  return showText(text).replaceAll('\n', '\\n')
}

function escape(character: string): string {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code > 0xffff) return `\\U${code.toString(16).padStart(8, '0')}`
  return `\\u${code.toString(16).padStart(4, '0')}`
}
