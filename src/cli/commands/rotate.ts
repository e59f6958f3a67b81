import type { Call, Command } from '../command.ts'
import {
  contextFlag,
  decryptionOrderFlag,
  filenameOverrideFlag,
  inPlaceFlag,
  keepUnknownKeysFlag,
  keyChangeFlags,
  keyServiceFlags,
  manyFlags,
  outputFlag,
  typeFlags,
} from '../flags.ts'
import { requireFile } from '../files.ts'

export const rotateCommand: Command = {
  usage: '[flags] FILE…',
  about:
    'encrypts all values anew with a new data key; adds and removes master keys. Several files need -i or --output.',
  operation: 'rotate',
  severalFiles: true,
  flagGroups: async () => [
    { title: 'Output', flags: [inPlaceFlag, outputFlag] },
    { title: 'Master keys', flags: [...(await keyChangeFlags()), contextFlag, keepUnknownKeysFlag] },
    { title: 'Format', flags: [...typeFlags, filenameOverrideFlag] },
    { title: 'Keys to decrypt with', flags: [decryptionOrderFlag, ...keyServiceFlags] },
    { title: 'Several files', flags: manyFlags },
  ],
  run: rotateFiles,
}

async function rotateFiles(call: Call): Promise<number> {
  requireFile(call.positionals)
  const { transform } = await import('../many.ts')
  const { rotation } = await import('../rotation.ts')
  return transform(call, rotation(call))
}
