// ASCII armor (RFC 9580, section 6), read more strictly than written: anything odd inside a block makes it unreadable.

export interface ArmorBlock {
  /** What the block says it is: PGP MESSAGE, PGP PRIVATE KEY BLOCK, … */
  readonly kind: string
  /** undefined: the block is damaged. */
  readonly bytes: Uint8Array | undefined
}

const mark = '-----'
const begin = /^-----BEGIN (PGP [A-Z ]+)-----$/
const header = /^[A-Za-z][\w-]*:(?: .*)?$/
const data = /^[A-Za-z\d+/]+={0,2}$/
const checksum = /^=[A-Za-z\d+/]{4}$/

/** The blocks of a text, in their order. What stands outside of them is passed over. */
export function readArmor(text: string): readonly ArmorBlock[] {
  const lines = text.split('\n').map((line) => line.trim())
  const blocks: ArmorBlock[] = []
  for (let at = 0; at < lines.length; at++) {
    const kind = begin.exec(lines[at] ?? '')?.[1]
    if (kind === undefined) continue
    const start = at + 1
    while (at + 1 < lines.length && lines[at + 1]?.startsWith(mark) === false) at++
    const whole = lines[at + 1] === `-----END ${kind}-----`
    blocks.push({ kind, bytes: whole ? decodeBody(lines.slice(start, at + 1)) : undefined })
  }
  return blocks
}

function decodeBody(lines: readonly string[]): Uint8Array | undefined {
  const blank = lines.indexOf('')
  if (blank < 0 || !lines.slice(0, blank).every((line) => header.test(line))) return undefined
  const body = lines.slice(blank + 1)
  if (checksum.test(body.at(-1) ?? '')) body.pop()
  const last = body.length - 1
  if (last < 0 || !body.every((line, index) => data.test(line) && (index === last || !line.endsWith('=')))) {
    return undefined
  }
  return new Uint8Array(Buffer.from(body.join(''), 'base64'))
}

/** Whether the text is one block and nothing else but white space. */
export function isOneBlock(text: string): boolean {
  const lines = text.trim().split('\n')
  const marks = lines.filter((line) => line.trimStart().startsWith(mark))
  return marks.length === 2 && marks[0] === lines[0] && marks[1] === lines.at(-1)
}
