import type { Command } from '../command.ts'
import {
  allowUnencryptedFlag,
  filenameOverrideFlag,
  inPlaceFlag,
  keyFlags,
  keyServiceFlags,
  manyFlags,
  outputFlag,
  suffixAndRegexFlags,
  thresholdFlag,
  typeFlags,
} from '../flags.ts'

export const encryptCommand: Command = {
  usage: '[flags] [FILE…]',
  about: 'encrypts a file to stdout; without a FILE, stdin.',
  operation: 'encrypt',
  severalFiles: true,
  flagGroups: async () => [
    { title: 'Output', flags: [inPlaceFlag, outputFlag] },
    {
      title: 'Keys, instead of those of the creation rule',
      flags: [...(await keyFlags()), thresholdFlag, ...keyServiceFlags],
    },
    { title: 'What is encrypted', flags: [...suffixAndRegexFlags, allowUnencryptedFlag] },
    { title: 'Format', flags: [...typeFlags, filenameOverrideFlag] },
    { title: 'Several files', flags: manyFlags },
  ],
  run: async (call) => (await import('../encryption.ts')).encryptFiles(call),
}
