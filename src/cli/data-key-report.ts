// sops' report of a data key that could not be had (usererrors.go, 3.13.3): group by group, key by key, with all that
// each one said.
import type { DataKeyError, KeyGroupFailure } from '../errors.ts'
import { showLine, showText } from './quote.ts'
import { wrapWords } from './word-wrap.ts'

const errorWidth = 60
const trailerWidth = 75
// An id comes from the file, and messages quote it: what nobody reads must not push the rest off the screen.
const maxText = 4000

type KeyFailure = KeyGroupFailure['keys'][number]

/** `colour`: as on a terminal. */
export function dataKeyReport(error: DataKeyError, colour: boolean): string {
  const groups = error.groups.map((group, index) => {
    const header = `Group ${index}: ${status(group.recovered, colour)}`
    if (group.recovered) return header
    const keys = group.keys.map((key) => keyReport(key, colour)).join('\n\n')
    return `${header}\n${prefixLines(keys, '  ')}`
  })
  const trailer = wrapWords(closing(error), trailerWidth)
  return `Failed to get the data key required to decrypt the SOPS file.\n\n${groups.join('\n\n')}\n\n${trailer}`
}

function keyReport(key: KeyFailure, colour: boolean): string {
  const header = `${shorten(showLine(key.id))}: ${status(key.recovered, colour)}`
  if (key.recovered) return header
  const messages = key.errors.map((each) => {
    const lines = prefixLines(wrapWords(shorten(showText(each)), errorWidth), '  | ')
    return `-${lines.slice(1)}`
  })
  return `${header}\n${prefixLines(messages.join('\n\n'), '  ')}`
}

function shorten(text: string): string {
  return text.length <= maxText ? text : `${text.slice(0, maxText)}…`
}

function status(recovered: boolean, colour: boolean): string {
  if (!colour) return recovered ? 'SUCCESS' : 'FAILED'
  return recovered ? '\x1b[32mSUCCESS\x1b[0m' : '\x1b[31mFAILED\x1b[0m'
}

// Nothing stands after a last line break, so nothing is prefixed there.
function prefixLines(text: string, prefix: string): string {
  return text.replace(/^(?=[^])/gm, prefix)
}

function closing({ groups, threshold, message }: DataKeyError): string {
  const recovered = groups.filter((group) => group.recovered).length
  // Enough groups gave their part, and the parts make no data key.
  if (recovered > 0 && recovered >= threshold) return `Recovery failed: ${showText(message)}.`
  if (threshold === 0) {
    return (
      'Recovery failed because no master key was able to decrypt the file. ' +
      'In order for SOPS to recover the file, at least one key has to be successful, but none were.'
    )
  }
  return (
    `Recovery failed because the file was encrypted with a Shamir threshold of ${threshold}, ` +
    `but only ${recovered} part(s) were successfully recovered, one for each successful key group. ` +
    `In order for SOPS to recover the file, at least ${threshold} groups have to be successful. ` +
    'In order for a group to be successful, decryption has to succeed with any of the keys in that key group.'
  )
}
