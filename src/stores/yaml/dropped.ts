// Comments that sops does not see. Each gets the path of the innermost collection around it, which decides whether it
// is selected.
import type { DroppedComment } from '../types.ts'
import type { CommentLine } from './comment-records.ts'
import { keyName, type YamlDocument, type YamlNode } from './node.ts'
import type { Span } from './syntax.ts'

/** The last key of a path, and the way to those above it: paths of deep documents would not fit into memory. */
interface Step {
  readonly above: Step | undefined
  readonly key: string
}

interface Container extends Span {
  readonly step: Step | undefined
}

/** `lines` in order. */
export function describeDropped(
  lines: readonly CommentLine[],
  documents: readonly YamlDocument[],
  text: string,
): DroppedComment[] {
  if (lines.length === 0) return []
  const containers = listContainers(documents)
  const open: Container[] = []
  let next = 0
  return lines.map((line) => {
    for (let found = containers[next]; found !== undefined && found.start <= line.start; found = containers[++next]) {
      open.push(found)
    }
    while ((open.at(-1)?.end ?? line.end) < line.end) open.pop()
    return makeDropped(text.slice(line.start + 1, line.end), open.at(-1)?.step)
  })
}

/** All collections, in the order in which they start. */
function listContainers(documents: readonly YamlDocument[]): Container[] {
  const containers: Container[] = []
  const stack = documents.map(({ root }) => ({ node: root, step: undefined as Step | undefined })).reverse()
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const { node, step } = entry
    containers.push({ start: node.start, end: node.end, step })
    for (let i = node.content.length - 1; i >= 0; i--) {
      const child = node.content[i]
      if (child === undefined || (child.kind !== 'mapping' && child.kind !== 'sequence')) continue
      stack.push({ node: child, step: node.kind === 'mapping' ? stepInto(step, node.content[i - 1]) : step })
    }
  }
  return containers
}

function stepInto(above: Step | undefined, key: YamlNode | undefined): Step {
  return { above, key: (key && keyName(key)) ?? '' }
}

function makeDropped(value: string, step: Step | undefined): DroppedComment {
  return {
    comment: { type: 'comment', value, inline: false },
    get path() {
      const keys: string[] = []
      for (let at = step; at !== undefined; at = at.above) keys.push(at.key)
      return keys.reverse()
    },
  }
}
