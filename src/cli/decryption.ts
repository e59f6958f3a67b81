// What `decrypt` and `-d` do with one file.
import { resolve } from 'node:path'
import { decrypt, isEncrypted, parseTreePath } from '../index.ts'
import type { FlagValues } from './argv.ts'
import type { Call } from './command.ts'
import { CommandError, orderStatus } from './exit-status.ts'
import { formatOf, openSession, stateOf } from './session.ts'
import type { Transformation } from './transform.ts'

/** How the flags of a call decrypt, for the subcommand and for `-d`. */
export function decryption(call: Call): Transformation {
  const { flags, io } = call
  const session = openSession(call)
  return {
    operation: 'decrypt',
    async prepare(path, onWarning) {
      const override = flags.text('filename-override')
      const name = override === '' ? path : resolve(io.cwd, override)
      const format = formatOf(flags.text('input-type'), name)
      const outputFormat = formatOf(flags.text('output-type'), name)
      const layout = await session.layout(outputFormat)
      const order = parseOrder(flags)
      const extract = parseTreePath(flags.text('extract'))
      const ignoreMac = flags.isOn('ignore-mac')
      const options = { ...session.options, format, outputFormat, layout, order, extract, ignoreMac, onWarning }
      return {
        outputFormat,
        async isDue(bytes) {
          const state = await stateOf(() => isEncrypted(bytes, { format }))
          // An encrypted file that was broken since is to be told of; a template that never parsed is not.
          return state === 'encrypted' || (state === 'unreadable' && Buffer.from(bytes).includes(ciphertextMark))
        },
        run: (bytes) => decrypt(bytes, options),
      }
    },
  }
}

const ciphertextMark = 'ENC[AES256_GCM,'

function parseOrder(flags: FlagValues): readonly string[] | undefined {
  const text = flags.text('decryption-order')
  if (text === '') return undefined
  const order = text.split(',')
  const twice = order.find((type, index) => order.indexOf(type) < index)
  if (twice !== undefined) throw new CommandError(orderStatus, `Duplicate decryption key type: ${twice}`)
  return order
}
