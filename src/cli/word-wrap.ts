// Breaks lines as sops' reports are broken: greedily, at white space; a word that is longer than the width stands out.

// White space as Go has it, without the no-break space.
const space = /^[\t\v\f\r \x85\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

const part = new RegExp(`${space.source.slice(1)}+|[^${space.source.slice(2)}+`, 'gu')

/** Wraps each line of `text` at `width` characters. */
export function wrapWords(text: string, width: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, width))
    .join('\n')
}

// A run of spaces at a break goes; a word as long as the width or longer never starts a line of its own.
function wrapLine(line: string, width: number): string {
  let wrapped = ''
  let column = 0
  let gap = ''
  for (const [text] of line.matchAll(part)) {
    if (space.test(text)) {
      gap = text
      continue
    }
    const length = [...text].length
    if (breaksBefore(column, gap.length, length, width)) {
      wrapped += `\n${text}`
      column = length
    } else {
      wrapped += gap + text
      column += gap.length + length
    }
    gap = ''
  }
  return column + gap.length > width ? wrapped : wrapped + gap
}

function breaksBefore(column: number, gap: number, word: number, width: number): boolean {
  // The first prefix of the word that reaches over the edge decides, and only while it is shorter than the width.
  const over = Math.max(width - column - gap + 1, 1)
  return over <= word && over < width
}
