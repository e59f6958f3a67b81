// One file in, one file out, as sops does it: where the bytes come from and where they go, for encrypt and decrypt
// alike.
import { resolve } from 'node:path'
import { SopsError } from '../errors.ts'
import type { Call } from './command.ts'
import { checkExists, readInput, readStdin, rewriteFile, writeOutput, writeStdout } from './files.ts'
import { inform, logLine, type Warn, warnerTo } from './log.ts'
import { quoteGo } from './quote.ts'

/** How one file is converted, settled before the file is read: its formats, its creation rule. */
export interface Conversion {
  readonly outputFormat: string
  /** Whether a file that was found, not named, is one to convert. */
  isDue(bytes: Uint8Array): Promise<boolean>
  run(bytes: Uint8Array): Promise<Uint8Array>
}

export interface Transformation {
  readonly operation: 'encrypt' | 'decrypt' | 'rotate'
  /** What is said of a file that is not there, where it is not sops' usual answer. */
  checkFile?(path: string): Promise<void>
  /** `path`: absolute; undefined: stdin. Throws what must be told before the file is read. */
  prepare(path: string | undefined, warn: Warn): Promise<Conversion>
}

/** One file, or stdin, as sops does it. */
export async function transformOne(
  call: Call,
  transformation: Transformation,
  file: string | undefined,
): Promise<void> {
  const { io, flags } = call
  const inPlace = flags.isOn('in-place')
  const output = flags.text('output')
  if (file === undefined) checkStdin(call, transformation)
  warnOfMore(call)
  if (inPlace && output !== '') throw conflict('cannot operate on both --output and --in-place')
  const path = file === undefined ? undefined : resolve(io.cwd, file)
  if (path !== undefined) await (transformation.checkFile ?? checkExists)(path)
  const conversion = await transformation.prepare(path, warnerTo(io))
  const input = path === undefined ? await readStdin(io) : await readInput(io, path)
  const bytes = await conversion.run(input)
  if (inPlace && path !== undefined) {
    await rewriteFile(io, path, input, bytes)
    inform(call, 'File written successfully', 'CMD')
  } else if (output !== '') await writeOutput(io, output, bytes, 'output')
  else await writeStdout(io, bytes)
}

function checkStdin({ flags }: Call, { operation }: Transformation): void {
  if (flags.isOn('in-place')) throw conflict('cannot use --in-place when reading from stdin')
  if (operation === 'encrypt' && flags.text('filename-override') === '') {
    throw conflict('must specify --filename-override when reading from stdin')
  }
}

/** sops' two warnings about arguments that it passes over. */
export function warnOfMore({ io, positionals }: Call): void {
  if (positionals.length < 2) return
  logLine(io, 'warning', 'More than one positional argument provided. Only the first one will be used!')
  const flag = positionals.findLast((each, index) => index > 0 && each.startsWith('-'))
  if (flag === undefined) return
  const note = `Note that one of the ignored positional argument is ${quoteGo(flag)}, which looks like a flag.`
  logLine(io, 'warning', `${note} Flags must always be provided before the first positional argument!`)
}

/** Flags that exclude each other. */
export function conflict(message: string, hint?: string): SopsError {
  return new SopsError('ERR_SOPS_CONFLICT', `Error: ${message}`, hint === undefined ? {} : { hint })
}
