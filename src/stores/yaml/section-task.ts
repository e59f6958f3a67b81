// What the two forms of a section ask about the source.
import type { Comment, Leaf } from '../../tree/types.ts'
import type { Edits } from '../types.ts'
import type { ScalarSource, Span, YamlPart, YamlSyntax } from './syntax.ts'

type Found = readonly [Leaf, ScalarSource]

/** The text, its edits, and what ends where; the indexes are made when first asked for. */
export class SectionTask {
  readonly text: string
  readonly edits: Edits
  readonly lineBreak: string
  readonly #syntax: YamlSyntax
  #scalars: Map<number, Found> | undefined
  #comments: Map<number, number> | undefined

  constructor(syntax: YamlSyntax, edits: Edits, lineBreak: string) {
    this.text = syntax.text
    this.edits = edits
    this.lineBreak = lineBreak
    this.#syntax = syntax
  }

  sourceOf(leaf: Leaf): ScalarSource | undefined {
    const source = this.#syntax.sources.get(leaf)
    return source?.kind === 'scalar' ? source : undefined
  }

  scalarEndingAt(at: number): Found | undefined {
    this.#scalars ??= new Map(this.#indexScalars())
    return this.#scalars.get(at)
  }

  /** The start of the comment that ends at `at`. */
  commentEndingAt(at: number): number | undefined {
    this.#comments ??= new Map(this.#indexComments())
    return this.#comments.get(at)
  }

  /** Comments of the document on the lines of its section, as they are to be: sops may write one behind the key. */
  commentsIn({ branch }: YamlPart, { start, end }: Span): Comment[] {
    return branch.items
      .filter((item) => item.type === 'comment')
      .filter((comment) => {
        const span = this.#syntax.sources.get(comment)?.span
        return span !== undefined && span.start >= start && span.end <= end
      })
      .map((comment) => {
        const edit = this.edits.get(comment)
        return edit?.type === 'comment' ? edit : comment
      })
  }

  *#indexScalars(): Generator<[number, Found]> {
    for (const [leaf, source] of this.#syntax.sources) {
      if (source.kind === 'scalar' && source.span.end > source.span.start) yield [source.span.end, [leaf, source]]
    }
  }

  *#indexComments(): Generator<[number, number]> {
    for (const source of this.#syntax.sources.values()) {
      if (source.kind === 'comment') yield [source.span.end, source.span.start]
    }
  }
}

/** Whether a document holds anything besides comments and its section. */
export function hasContent({ branch }: YamlPart): boolean {
  return branch.items.some((item) => item.type === 'item')
}
