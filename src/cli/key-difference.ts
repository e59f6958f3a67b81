// What updatekeys is about to change, as sops shows it.
import type { KeyChanges } from '../index.ts'
import type { Io } from './io.ts'
import { hasColour } from './log.ts'
import { showLine } from './quote.ts'

const codes = { plain: '', underline: '\x1b[4m', green: '\x1b[32m', red: '\x1b[31m' }

type Line = (text: string, style: keyof typeof codes) => string

function lineFor(io: Io): Line {
  const colour = hasColour(io)
  return (text, style) => {
    const shown = showLine(text)
    return colour && style !== 'plain' ? `${codes[style]}${shown}\n\x1b[0m` : `${shown}\n`
  }
}

export function keyDifference(io: Io, { groups, shamirThreshold }: KeyChanges): string {
  const line = lineFor(io)
  const { before, after } = shamirThreshold
  const threshold =
    before === after
      ? [before > 0 ? line(`shamir_threshold: ${after}`, 'plain') : '']
      : [
          after > 0 ? line(`+++ shamir_threshold: ${after}`, 'green') : '',
          before > 0 ? line(`--- shamir_threshold: ${before}`, 'red') : '',
        ]
  return [
    "The following changes will be made to the file's groups:\n",
    ...threshold,
    keyGroupDifference(io, groups),
  ].join('')
}

/** The groups alone. */
export function keyGroupDifference(io: Io, groups: KeyChanges['groups']): string {
  const line = lineFor(io)
  const lines = groups.flatMap(({ common, added, removed }, index) => [
    line(`Group ${index + 1}`, 'underline'),
    ...common.map(({ id }) => line(`    ${id}`, 'plain')),
    ...added.map(({ id }) => line(`+++ ${id}`, 'green')),
    ...removed.map(({ id }) => line(`--- ${id}`, 'red')),
  ])
  return lines.join('')
}
