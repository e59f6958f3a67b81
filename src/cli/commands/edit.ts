import type { Call, Command } from '../command.ts'
import {
  allowUnencryptedFlag,
  decryptionOrderFlag,
  ignoreMacFlag,
  keyFlags,
  keyServiceFlags,
  suffixAndRegexFlags,
  thresholdFlag,
  typeFlags,
} from '../flags.ts'
import { requireFile } from '../files.ts'

export const editCommand: Command = {
  usage: '[flags] FILE',
  about:
    'decrypts a file into your editor ($SOPS_EDITOR, $EDITOR, else vim, nano or vi) and encrypts what you save. ' +
    'Values that stay keep their ciphertext. A FILE that is not there starts with an example.',
  operation: 'edit',
  flagGroups: async () => [
    {
      title: 'Editing',
      flags: [
        {
          names: ['show-master-keys', 's'],
          kind: 'bool',
          help: 'show the metadata too: keys can be added and removed there',
        },
        ignoreMacFlag,
      ],
    },
    { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
    {
      title: 'Keys of a new file, instead of those of the creation rule',
      flags: [...(await keyFlags()), thresholdFlag],
    },
    { title: 'What is encrypted in a new file', flags: [...suffixAndRegexFlags, allowUnencryptedFlag] },
    { title: 'Format', flags: typeFlags },
  ],
  run: edit,
}

async function edit(call: Call): Promise<number> {
  const file = requireFile(call.positionals)
  const { runEdit } = await import('../editor/edit.ts')
  return runEdit(call, file)
}
