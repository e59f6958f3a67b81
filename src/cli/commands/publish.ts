import type { Command } from '../command.ts'
import { decryptionOrderFlag, keyServiceFlags } from '../flags.ts'

export const publishCommand: Command = {
  usage: '[flags] FILE',
  about: 'copies an encrypted file, or its values, to where the destination rules of .sops.yaml say.',
  operation: 'publish',
  flagGroups: async () => [
    {
      title: 'Flags',
      flags: [
        { names: ['yes', 'y'], kind: 'bool', help: 'do not ask' },
        { names: ['recursive'], kind: 'bool', help: 'publish every file of a directory' },
        { names: ['omit-extensions'], kind: 'bool', help: 'leave the extension of the file out of its name there' },
        { names: ['verbose'], kind: 'bool', help: 'say what is not written because it is there already' },
      ],
    },
    { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
  ],
  run: async (call) => (await import('../publisher.ts')).publishFiles(call),
}
