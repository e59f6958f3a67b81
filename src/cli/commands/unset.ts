import type { Command } from '../command.ts'
import { decryptionOrderFlag, ignoreMacFlag, keyServiceFlags, thresholdFlag, typeFlags } from '../flags.ts'

export const unsetCommand: Command = {
  usage: '[flags] FILE INDEX',
  about:
    `removes a key or a list element from an encrypted file: tsops unset FILE '["list"][0]'. ` +
    'Only its lines change. Comments on lines of their own stay; in INI they go with their key or section.',
  operation: 'unset',
  flagGroups: async () => [
    { title: 'Value', flags: [{ names: ['idempotent'], kind: 'bool', help: 'accept that there is nothing at INDEX' }] },
    { title: 'Format', flags: typeFlags },
    { title: 'Keys', flags: [decryptionOrderFlag, ignoreMacFlag, ...keyServiceFlags] },
    { title: '', flags: [{ ...thresholdFlag, hidden: true }] },
  ],
  run: async (call) => (await import('../setting.ts')).runUnset(call),
}
