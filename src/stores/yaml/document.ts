// A YAML text as a document: SOPS' tree, and the text itself as what is rewritten.
import { ParseError, SopsError } from '../../errors.ts'
import type { Branch, Leaf } from '../../tree/types.ts'
import { applySplices, writeSource } from '../source.ts'
import type { Change, Document, DroppedComment, Edits, Section } from '../types.ts'
import { spliceChange } from './change.ts'
import { readYaml } from './reader.ts'
import { rewriteText } from './rewrite.ts'
import { readLayout } from './section-text.ts'
import { copiedComments, replaceByPlaceholder, settleTree } from './settle.ts'
import type { YamlSyntax } from './syntax.ts'

export function parseYaml(bytes: Uint8Array): Document {
  const text = decode(bytes)
  const syntax = readYaml(text)
  return new YamlDocument(syntax, text.slice(0, text.length - syntax.text.length))
}

/** UTF-8, or UTF-16 behind its mark, which becomes UTF-8 without one. */
function decode(bytes: Uint8Array): string {
  const utf16 =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined
  try {
    return new TextDecoder(utf16 ?? 'utf-8', { fatal: true, ignoreBOM: utf16 === undefined }).decode(bytes)
  } catch {
    throw new ParseError('yaml', `the text is not valid ${utf16 === undefined ? 'UTF-8' : 'UTF-16'}`)
  }
}

class YamlDocument implements Document {
  readonly branches: readonly Branch[]
  readonly dropped: readonly DroppedComment[]
  readonly metadata: Branch | undefined
  readonly layout: string | undefined
  readonly #syntax: YamlSyntax
  readonly #mark: string

  /** `mark`: a byte order mark, or nothing. */
  constructor(syntax: YamlSyntax, mark: string) {
    this.#syntax = syntax
    this.#mark = mark
    this.branches = syntax.parts.map((part) => part.branch)
    this.dropped = syntax.dropped
    const section = syntax.parts[0]?.section
    if (section === undefined) return
    if (section.value.type !== 'branch') {
      throw new SopsError('ERR_SOPS_METADATA_INVALID', 'Found sops entry that is not a mapping')
    }
    this.metadata = section.value
    this.layout = readLayout(syntax.text, section.span)
  }

  rewrite(edits: Edits, section?: Section): Uint8Array {
    return writeSource(this.#mark + rewriteText(this.#syntax, edits, section))
  }

  change(change: Change): Uint8Array | undefined {
    const splices = spliceChange(this.#syntax, change)
    return splices && writeSource(this.#mark + applySplices(this.#syntax.text, splices))
  }

  settle(encrypted: ReadonlySet<Leaf>): Document {
    if (!this.#hasComments()) return this
    const { originals, ...tree } = settleTree(this.#syntax, encrypted)
    return {
      ...tree,
      metadata: this.metadata,
      layout: this.layout,
      rewrite: (edits: Edits, section?: Section): Uint8Array => {
        const translated = translate(edits, originals)
        for (const leaf of copiedComments(this.#syntax)) translated.set(leaf, replaceByPlaceholder(leaf))
        return this.rewrite(translated, section)
      },
      change: (change: Change): Uint8Array | undefined => this.change(change),
    }
  }

  #hasComments(): boolean {
    for (const source of this.#syntax.sources.values()) if (source.kind === 'comment') return true
    return false
  }
}

function translate(edits: Edits, originals: ReadonlyMap<Leaf, Leaf>): Map<Leaf, Leaf> {
  const translated = new Map<Leaf, Leaf>()
  for (const [leaf, edit] of edits) {
    const original = originals.get(leaf)
    if (original !== undefined) translated.set(original, edit)
    else if (leaf.type !== 'comment') throw new Error('internal: an edit names a leaf that is not in the YAML text')
  }
  return translated
}
