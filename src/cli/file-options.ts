// How the flags of a command open an encrypted file.
import type { FlagValues } from './argv.ts'
import type { Call } from './command.ts'
import type { DecryptOptions } from '../index.ts'
import { CommandError, orderStatus } from './exit-status.ts'
import { formatOf, type Session } from './session.ts'
import { type Warn } from './log.ts'

export interface FileOptions extends DecryptOptions {
  readonly outputFormat: string
}

/**
 * What the operations of the library want to know. A flag that the command does not have counts as not given.
 * @param name the path that tells the format; undefined for stdin
 * @throws CommandError, SopsError ERR_SOPS_INPUT, ConfigError
 */
export async function fileOptions(
  { flags, positionals }: Call,
  session: Session,
  name: string | undefined,
  onWarning: Warn,
): Promise<FileOptions> {
  const format = formatOf(flags.text('input-type'), name)
  const outputFormat = formatOf(flags.text('output-type'), name)
  const layout = await session.layout(outputFormat)
  const order = parseOrder(flags)
  // The record names the file, not what --filename-override takes it for.
  const [given] = flags.text('filename-override') === '' ? [name] : positionals
  const audit = session.auditOf(given === '-' ? undefined : given)
  return {
    ...{ ...session.options, format, outputFormat, layout, order, audit, onWarning },
    ignoreMac: flags.isOn('ignore-mac'),
  }
}

/** Throws CommandError. */
export function parseOrder(flags: FlagValues): readonly string[] | undefined {
  const text = flags.text('decryption-order')
  if (text === '') return undefined
  const order = text.split(',')
  const twice = order.find((type, index) => order.indexOf(type) < index)
  if (twice !== undefined) throw new CommandError(orderStatus, `Duplicate decryption key type: ${twice}`)
  return order
}
