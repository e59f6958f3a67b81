// A command line from an environment variable, split as google/shlex does it: quotes and backslashes, no expansion, no
// shell. A `#` between words starts a comment that runs to the end of the line.

/** Throws Error with shlex' texts, which show nothing of the command. */
export function splitWords(command: string): string[] {
  const words: string[] = []
  const characters = Array.from(command)
  let place = 0
  while (place < characters.length) {
    const character = characters[place] ?? ''
    if (isSpace(character)) place++
    else if (character === '#') place = endOfLine(characters, place)
    else {
      const { word, end } = readWord(characters, place)
      words.push(word)
      place = end
    }
  }
  return words
}

function isSpace(character: string): boolean {
  return character === ' ' || character === '\t' || character === '\r' || character === '\n'
}

function endOfLine(characters: readonly string[], start: number): number {
  const end = characters.indexOf('\n', start)
  return end < 0 ? characters.length : end + 1
}

interface Part {
  readonly word: string
  /** The place after it. */
  readonly end: number
}

function readWord(characters: readonly string[], start: number): Part {
  const parts: string[] = []
  let place = start
  for (
    let character = characters[place];
    character !== undefined && !isSpace(character);
    character = characters[place]
  ) {
    if (character === '"' || character === "'") {
      const { word, end } = readQuoted(characters, place)
      parts.push(word)
      place = end
    } else {
      if (character === '\\') place++
      parts.push(literal(characters[place]))
      place++
    }
  }
  return { word: parts.join(''), end: place }
}

function readQuoted(characters: readonly string[], start: number): Part {
  const quote = characters[start]
  const parts: string[] = []
  let place = start + 1
  for (; characters[place] !== quote; place++) {
    if (place >= characters.length) throw new Error('EOF found when expecting closing quote')
    if (quote === '"' && characters[place] === '\\') place++
    parts.push(literal(characters[place]))
  }
  return { word: parts.join(''), end: place + 1 }
}

function literal(character: string | undefined): string {
  if (character === undefined) throw new Error('EOF found after escape character')
  return character
}
