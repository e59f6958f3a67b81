// The source with edits in it: splices at the places of the edited leaves, and not one other byte moves.
import type { Leaf } from '../../tree/types.ts'
import { applySplices, type Splice } from '../source.ts'
import type { Edits, Section } from '../types.ts'
import { leavesOf, spliceAliases } from './alias-splice.ts'
import { breakOf, columnOf } from './lines.ts'
import { spliceCommentElements } from './list-comment.ts'
import { spellComment, spliceScalar, type Surroundings } from './scalar-splice.ts'
import { spliceSections } from './section-splice.ts'
import type { YamlSyntax } from './syntax.ts'

const defaultIndent = 4

export function rewriteText(syntax: YamlSyntax, edits: Edits, section: Section | undefined): string {
  const changes = changesIn(edits)
  const lineBreak = breakOf(syntax.text)
  const sections = spliceSections(syntax, changes, lineBreak, section)
  const around: Surroundings = {
    text: syntax.text,
    lineBreak,
    indent: indentOf(syntax),
    openEnd: sections.openEnd,
  }
  const elements = spliceCommentElements(around, syntax, changes)
  const leaves = spliceLeaves(around, syntax, changes, elements.handled)
  const aliases = syntax.aliases.length === 0 ? [] : spliceAliases(syntax, changes)
  return applySplices(syntax.text, outermost([...elements.splices, ...leaves, ...aliases, ...sections.splices]))
}

function changesIn(edits: Edits): Edits {
  const changes = new Map<Leaf, Leaf>()
  for (const [leaf, edit] of edits) if (!isSame(leaf, edit)) changes.set(leaf, edit)
  return changes
}

/** In order, without those that lie inside of another: comments in text that is replaced or goes as a whole. */
function outermost(splices: readonly Splice[]): Splice[] {
  let last = 0
  return splices
    .toSorted((a, b) => a.start - b.start)
    .filter(({ start, end }) => {
      if (start >= last) last = end
      else if (end > last) throw new Error('internal: two edits of a YAML text overlap')
      else return false
      return true
    })
}

function isSame(leaf: Leaf, edit: Leaf): boolean {
  return (
    leaf === edit ||
    (leaf.type === edit.type && leaf.type !== 'null' && edit.type !== 'null' && Object.is(leaf.value, edit.value))
  )
}

function spliceLeaves(around: Surroundings, syntax: YamlSyntax, edits: Edits, handled: ReadonlySet<Leaf>): Splice[] {
  const splices: Splice[] = []
  const unplaced = new Set<Leaf>()
  for (const [leaf, edit] of edits) {
    const source = syntax.sources.get(leaf)
    if (source === undefined) unplaced.add(leaf)
    if (source === undefined || handled.has(leaf)) continue
    if (source.kind === 'comment') {
      if (edit.type !== 'comment') continue
      const { start, end } = source.span
      const oneLine = /^[^\n\r\u0085\u2028\u2029]*$/.test(edit.value)
      const text = oneLine ? `#${edit.value}` : spellComment(edit.value, columnOf(around.text, start), around.lineBreak)
      splices.push({ start, end, text })
    } else if (edit.type !== 'comment') {
      for (const splice of spliceScalar(around, source, leaf, edit)) splices.push(splice)
    }
  }
  checkCopies(syntax, unplaced)
  return splices
}

/** Leaves without a place of their own belong to the copy that an alias stands for. No edit may be lost: it hides a secret. */
function checkCopies({ aliases }: YamlSyntax, unplaced: Set<Leaf>): void {
  if (unplaced.size === 0) return
  for (const { value } of aliases) for (const leaf of leavesOf(value)) unplaced.delete(leaf)
  if (unplaced.size > 0) throw new Error('internal: an edit names a leaf that is not in the YAML text')
}

/** What sops would have been told to indent by: its section, one level deep, shows it. */
function indentOf({ text, parts: [first] }: YamlSyntax): number {
  if (first?.section === undefined || first.rootFlow !== undefined) return defaultIndent
  const { start, end } = first.section.span
  const match = /^( *)\S.*(?:\r?\n *#.*)*\r?\n( +)\S/.exec(text.slice(start, end))
  const indent = (match?.[2]?.length ?? 0) - (match?.[1]?.length ?? 0)
  return indent >= 2 && indent <= 9 ? indent : defaultIndent
}
