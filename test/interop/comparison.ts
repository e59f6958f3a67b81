// What two texts of one file must have in common when their bytes may differ.

import { Lexer, parseAllDocuments, visit } from 'yaml'

/** The comments of a YAML text, in order, without the mark. */
export function yamlComments(text: string): readonly string[] {
  return [...new Lexer().lex(text)].filter((token) => token.startsWith('#')).map((token) => token.slice(1).trimEnd())
}

/** The documents of a YAML text without comments and blank lines, printed in one way. */
export function yamlValues(text: string): string {
  return parseAllDocuments(text, { uniqueKeys: false, intAsBigInt: true, keepSourceTokens: false })
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors[0]?.message)
      document.commentBefore = null
      document.comment = null
      visit(document, {
        Node: (_, node) => {
          node.comment = null
          node.commentBefore = null
          node.spaceBefore = false
        },
      })
      return document.toString({ lineWidth: 0 })
    })
    .join('---\n')
}

/**
 * The text as sops prints it after decryption: a comment that stood behind a value stands above it. We leave it where its
 * author put it.
 */
export function liftInlineComments(text: string): string {
  let line = ''
  let lifted = ''
  for (const token of new Lexer().lex(text)) {
    const code = line.slice(line.lastIndexOf('\n') + 1)
    if (token.startsWith('#') && code.trim() !== '') {
      const indent = /^ */.exec(code)?.[0] ?? ''
      lifted += line.slice(0, line.length - code.length) + indent + token + '\n'
      line = code.trimEnd()
    } else line += isMark(token) ? '' : token
    if (line.endsWith('\n')) {
      lifted += line
      line = ''
    }
  }
  return lifted + line
}

// The lexer's own tokens: document start, flow error end, scalar.
function isMark(token: string): boolean {
  return token === '\u0002' || token === '\u0018' || token === '\u001f'
}

/**
 * Whether `encrypted` is `plain` with nothing but ciphertexts and a metadata section in between: each piece of text
 * between two ciphertexts stands in `plain`, in order, with something between each two.
 */
export function onlySecretsDiffer(format: string, plain: string, encrypted: string): boolean {
  const pieces = blocks(withoutSection(format, encrypted)).split(/"?'?ENC\[AES256_GCM,[^\]]*\]'?"?/)
  const target = loosen(blocks(plain))
  let at = 0
  for (const [index, piece] of pieces.map(loosen).entries()) {
    const found = index === 0 ? (target.startsWith(piece) ? 0 : -1) : target.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return target.endsWith(loosen(pieces.at(-1) ?? ''))
}

// The block of a ciphertext ends without a line break.
function blocks(text: string): string {
  return text.replaceAll(/([|>]\d?)-(\d?)(?=[ \t]*(?:#|\r?\n))/g, '$1$2')
}

// Where a section began or ended, blanks, commas and newlines may differ; they carry no value.
function loosen(text: string): string {
  return text.replaceAll(/[\s,"']+/g, '')
}

function withoutSection(format: string, encrypted: string): string {
  switch (format) {
    case 'yaml':
      return withoutYamlSection(encrypted)
    case 'json':
      return withoutJsonSection(encrypted)
    case 'dotenv':
      return encrypted.replaceAll(/^sops_.*$\n?/gm, '')
    case 'ini':
      return encrypted.replace(/\[sops\][\s\S]*$/, '')
    default:
      return encrypted
  }
}

function withoutYamlSection(encrypted: string): string {
  const kept: string[] = []
  let sectionColumn = -1
  for (const line of encrypted.split('\n')) {
    const column = line.search(/[^ ]/)
    if (sectionColumn >= 0 && (column > sectionColumn || line.trim() === '')) continue
    sectionColumn = /^ *sops:\s*$/.test(line) ? column : -1
    if (sectionColumn < 0) kept.push(line)
  }
  return kept.join('\n')
}

// The last `"sops":` of the text: the section is the last entry of the root.
function withoutJsonSection(encrypted: string): string {
  const start = encrypted.lastIndexOf('"sops"')
  let depth = 0
  for (const token of encrypted.slice(start).matchAll(/"(?:[^"\\]|\\.)*"|[{}]/g)) {
    if (token[0] === '{') depth++
    if (token[0] === '}' && --depth === 0) return encrypted.slice(0, start) + encrypted.slice(start + token.index + 1)
  }
  return encrypted
}
