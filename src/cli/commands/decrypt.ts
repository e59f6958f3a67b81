import type { Command } from '../command.ts'
import {
  decryptionOrderFlag,
  dotenvDialectFlag,
  extractFlag,
  filenameOverrideFlag,
  ignoreMacFlag,
  inPlaceFlag,
  keyServiceFlags,
  manyFlags,
  outputFlag,
  typeFlags,
} from '../flags.ts'

export const decryptCommand: Command = {
  usage: '[flags] [FILE…]',
  about: 'decrypts a file to stdout; without a FILE, stdin. Several YAML files are printed as one stream of documents.',
  operation: 'decrypt',
  severalFiles: true,
  flagGroups: async () => [
    { title: 'Output', flags: [inPlaceFlag, outputFlag, extractFlag] },
    { title: 'Format', flags: [...typeFlags, dotenvDialectFlag, filenameOverrideFlag] },
    { title: 'Keys', flags: [decryptionOrderFlag, ignoreMacFlag, ...keyServiceFlags] },
    { title: 'Several files', flags: manyFlags },
  ],
  async run(call) {
    const { transform } = await import('../many.ts')
    const { decryption } = await import('../decryption.ts')
    return transform(call, decryption(call))
  },
}
