// Where the metadata section stands in a JSON text and in what style: a file of one line stays one line, others get the
// file's own newline and indentation. Inside the section one space follows each colon: clients search for `"mac": "ENC[`.

import type { Leaf, Scalar } from '../../tree/types.ts'
import { type ChangedField, changedFields } from '../section-fields.ts'
import { sectionKey, withLayout } from '../section.ts'
import type { Splice } from '../source.ts'
import type { Section } from '../types.ts'
import { emitJson, emitLeaf, type JsonStyle, quote } from './emit.ts'
import type { JsonText, Member, Span } from './spans.ts'

/** Writes, replaces or removes the section. */
export function spliceSection(json: JsonText, section: Section | undefined): readonly Splice[] {
  const index = json.members.findIndex(({ key }) => key === sectionKey)
  const found = json.members[index]
  if (!section) return found ? [{ ...removal(json, index, found), text: '' }] : []
  const fields = found?.value.type === 'branch' ? changedFields(found.value, withLayout(section)) : undefined
  return fields ? spliceFields(json, fields) : [writeSection(json, section, found)]
}

function spliceFields({ sites }: JsonText, fields: readonly ChangedField[]): readonly Splice[] {
  const values = new Map<Leaf, Scalar>(fields.map(({ old, value }) => [old, value]))
  return sites.flatMap(({ leaf, start, end }) => {
    const value = values.get(leaf)
    return value ? [{ start, end, text: emitLeaf(value) }] : []
  })
}

function writeSection(json: JsonText, section: Section, found: Member | undefined): Splice {
  const { style, base } = readStyle(json)
  const text = `${quote(sectionKey)}: ${emitJson(withLayout(section), style, base)}`
  if (found) return { ...found.span, text }
  const at = json.members.at(-1)?.span.end
  if (at === undefined) return { start: json.inside.start, end: json.inside.start, text }
  const lead = style.newline === '' ? style.gap : style.newline + base
  return { start: at, end: at, text: `,${lead}${text}` }
}

// A section alone in its object stands right behind the brace when it is ours; sops puts it on a line of its own, and
// prints `{}` without it.
function removal(json: JsonText, index: number, found: Member): Span {
  const before = json.members[index - 1]
  const after = json.members[index + 1]
  if (before) return { start: before.span.end, end: found.span.end }
  if (after) return { start: found.span.start, end: after.span.start }
  return found.span.start === json.inside.start ? found.span : json.inside
}

/** How the members of the root stand, and the space before them on their lines. */
export function readStyle(json: JsonText): { style: JsonStyle; base: string } {
  const { text, members, inside } = json
  const leads = members.map(({ span }) => leadBefore(text, span.start))
  const lead = leads.find((space) => space.includes('\n'))
  if (lead === undefined) {
    const isSpaced = members.length > 1 ? leads.at(-1) !== '' : isSpacedAfterColon(json)
    return { style: { newline: '', unit: '', gap: isSpaced ? ' ' : '', colon: ': ' }, base: '' }
  }
  const newline = lead.includes('\r\n') ? '\r\n' : '\n'
  const base = lead.slice(lead.lastIndexOf('\n') + 1)
  const outer = leadBefore(text, inside.start - 1)
  const outerIndent = outer.slice(outer.lastIndexOf('\n') + 1)
  const unit = base.startsWith(outerIndent) ? base.slice(outerIndent.length) : base
  return { style: { newline, unit, gap: '', colon: ': ' }, base }
}

/** The space before a place. */
export function leadBefore(text: string, end: number): string {
  let start = end
  while (start > 0 && ' \t\r\n'.includes(text.charAt(start - 1))) start--
  return text.slice(start, end)
}

function isSpacedAfterColon({ text, members: [first] }: JsonText): boolean {
  return first === undefined || text.charAt(first.valueStart - 1) === ' '
}
