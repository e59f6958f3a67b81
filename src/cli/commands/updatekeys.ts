import type { Command } from '../command.ts'
import { inputTypeFlag, keyServiceFlags, rotateOnRemovalFlag, thresholdFlag } from '../flags.ts'

export const updatekeysCommand: Command = {
  usage: '[flags] FILE…',
  about: 'gives files the master keys of their creation rules, after showing the difference and asking.',
  operation: 'updatekeys',
  severalFiles: true,
  flagGroups: async () => [
    {
      title: 'Flags',
      flags: [
        { names: ['yes', 'y'], kind: 'bool', help: 'do not ask' },
        // ° The rule's threshold does not count here, as in sops.
        thresholdFlag,
        rotateOnRemovalFlag,
        inputTypeFlag,
      ],
    },
    { title: 'Key services', flags: keyServiceFlags },
  ],
  run: async (call) => (await import('../key-update.ts')).updateFiles(call),
}
