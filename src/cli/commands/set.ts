import type { Command } from '../command.ts'
import { decryptionOrderFlag, ignoreMacFlag, keyServiceFlags, thresholdFlag, typeFlags } from '../flags.ts'

export const setCommand: Command = {
  usage: '[flags] FILE INDEX [VALUE]',
  about:
    `sets a value in an encrypted file: tsops set FILE '["list"][0]["key"]' '"value"'. VALUE is JSON, no list. ` +
    'Only the lines of the value change. What is not there yet is made; an index beyond a list appends.',
  operation: 'set',
  flagGroups: async () => [
    {
      title: 'Value',
      flags: [
        { names: ['value-file'], kind: 'bool', help: 'VALUE is the name of a file that holds it' },
        { names: ['value-stdin'], kind: 'bool', help: 'read the value from stdin' },
        { names: ['idempotent'], kind: 'bool', help: 'write nothing when the value is there already' },
      ],
    },
    { title: 'Format', flags: typeFlags },
    { title: 'Keys', flags: [decryptionOrderFlag, ignoreMacFlag, ...keyServiceFlags] },
    { title: '', flags: [{ ...thresholdFlag, hidden: true }] },
  ],
  run: async (call) => (await import('../setting.ts')).runSet(call),
}
