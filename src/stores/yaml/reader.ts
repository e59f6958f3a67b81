// Reads YAML as sops' YAML store does (go-yaml 3.0.4): the same documents are accepted, and the same tree comes out of
// them, down to the place of each comment; and remembers where in the text everything stands.
import { ParseError } from '../../errors.ts'
import type { DroppedComment } from '../types.ts'
import { Composer } from './composer.ts'
import { describeDropped } from './dropped.ts'
import { nodeStart, spanOf, type YamlDocument } from './node.ts'
import { splitSection } from './section-source.ts'
import type { YamlPart, YamlSyntax } from './syntax.ts'
import { TreeBuilder } from './tree-builder.ts'

const byteOrderMark = '\ufeff'

/**
 * Reads all documents of a text. Throws ParseError where sops refuses the text, and where it would go on with something
 * that is not what the text says: keys that are not strings, values that do not fit their tag.
 */
export function readYaml(source: string): YamlSyntax {
  const text = source.startsWith(byteOrderMark) ? source.slice(1) : source
  checkCharacters(text)
  const composer = new Composer(text)
  const builder = new TreeBuilder(text)
  const documents: YamlDocument[] = []
  const parts: YamlPart[] = []
  for (let document = composer.next(); document !== undefined; document = composer.next()) {
    parts.push(readPart(document, builder, text, parts.length === 0))
    documents.push(document)
  }
  if (parts.length === 0 && source !== '') throw new ParseError('yaml', 'the text holds no document')
  const dropped = findDropped(composer, builder, documents, parts, text)
  return { text, parts, sources: builder.sources, aliases: builder.aliases, dropped }
}

/** libyaml's reader refuses these before it looks at anything else. */
const refused = /[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u

function checkCharacters(text: string): void {
  const index = refused.exec(text)?.index ?? (text.startsWith(byteOrderMark) ? 0 : -1)
  if (index < 0) return
  const before = text.slice(0, index)
  const line = before.split('\n').length
  throw new ParseError('yaml', 'control characters are not allowed', line, index - before.lastIndexOf('\n'))
}

function readPart(document: YamlDocument, builder: TreeBuilder, text: string, first: boolean): YamlPart {
  const items = builder.build(document, first)
  const { root, end } = document
  return {
    ...splitSection(items, root, text, builder.sources),
    rootColumn: root.flow || root.kind !== 'mapping' ? 0 : root.column,
    rootFlow: root.flow ? spanOf(root) : undefined,
    rootNull: root.token?.type === 'scalar' ? { start: nodeStart(root), end: root.end } : undefined,
    end,
  }
}

function findDropped(
  composer: Composer,
  builder: TreeBuilder,
  documents: readonly YamlDocument[],
  parts: readonly YamlPart[],
  text: string,
): DroppedComment[] {
  const sections = parts.flatMap(({ section }) => (section === undefined ? [] : [section.span]))
  let next = 0
  const lines = composer.comments.lines.filter((line) => {
    if (builder.placed.has(line)) return false
    while ((sections[next]?.end ?? text.length) < line.start) next++
    return !((sections[next]?.start ?? text.length) <= line.start)
  })
  const dropped = describeDropped(lines, documents, text)
  for (const [index, { comment }] of dropped.entries()) {
    const { start = 0, end = 0 } = lines[index] ?? {}
    builder.sources.set(comment, { kind: 'comment', span: { start, end } })
  }
  return dropped
}
