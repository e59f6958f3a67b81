// Puts YAML texts one after the other as documents of one stream, `---` between them, without an empty document where a
// text begins with its own.

const byteOrderMark = '\ufeff'

// Comments and blank lines, then a document start or a directive.
const ownStart = /^(?:[ \t]*(?:#[^\n]*)?\r?\n)*(---(?=[ \t\r\n]|$)|%)/

export function joinDocuments(texts: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = []
  for (const text of texts) {
    if (text.length === 0) continue
    if (parts.length > 0) parts.push(Buffer.from(separatorBefore(text)), withoutMark(text))
    else parts.push(text)
    if (text.at(-1) !== 0x0a) parts.push(Buffer.from('\n'))
  }
  return Buffer.concat(parts)
}

function separatorBefore(text: Uint8Array): string {
  const start = ownStart.exec(Buffer.from(withoutMark(text)).toString('latin1'))?.[1]
  if (start === undefined) return '---\n'
  return start === '%' ? '...\n' : ''
}

function withoutMark(text: Uint8Array): Uint8Array {
  const mark = Buffer.from(byteOrderMark)
  return mark.equals(text.subarray(0, mark.length)) ? text.subarray(mark.length) : text
}
