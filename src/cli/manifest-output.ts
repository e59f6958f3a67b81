// How the bridges print an object for Kubernetes.
import { mapping, text } from '../kubernetes/object.ts'
import type { Branch } from '../tree/types.ts'
import { storeFor } from '../stores/registry.ts'
import type { Flag } from './argv.ts'
import type { Call } from './command.ts'
import { CommandError } from './exit-status.ts'
import { outputFlag } from './flags.ts'
import { writeOutput, writeStdout } from './files.ts'

/** ° */
export const manifestOutputFlag: Flag = { ...outputFlag, names: ['output', 'o'] }

/** ° */
export const manifestFlags: readonly Flag[] = [
  manifestOutputFlag,
  { names: ['output-type'], kind: 'string', value: 'FORMAT', help: 'yaml or json; default yaml' },
]

/** The text of one object, or of several as a stream of documents. */
export function printObjects({ flags }: Pick<Call, 'flags'>, objects: readonly Branch[]): Uint8Array {
  const format = flags.text('output-type') === '' ? 'yaml' : flags.text('output-type')
  const store = format === 'yaml' || format === 'json' ? storeFor(format) : undefined
  if (store === undefined) throw new CommandError(1, 'Error: a manifest is yaml or json')
  const [object = mapping([])] = objects
  const isList = format === 'json' && objects.length !== 1
  return store.emit(format === 'yaml' ? objects : [isList ? listOf(objects) : object], { indent: 2 })
}

function listOf(objects: readonly Branch[]): Branch {
  return mapping([
    ['apiVersion', text('v1')],
    ['kind', text('List')],
    ['items', { type: 'list', items: objects }],
  ])
}

/** Where --output says, or on stdout. */
export async function writeManifest({ io, flags }: Call, bytes: Uint8Array): Promise<void> {
  const output = flags.text('output')
  if (output === '') await writeStdout(io, bytes)
  else await writeOutput(io, output, bytes, 'output')
}
