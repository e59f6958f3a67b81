import type { Command } from '../command.ts'
import {
  awsProfileFlag,
  contextFlag,
  inPlaceFlag,
  keepUnknownKeysFlag,
  keyServiceFlags,
  repeatedKeyFlags,
  thresholdFlag,
} from '../flags.ts'
import type { Flag } from '../argv.ts'

const fileFlag: Flag = { names: ['file', 'f'], kind: 'string', value: 'FILE', help: 'the encrypted file' }

const inPlaceOrStdout: Flag = { ...inPlaceFlag, help: 'write the result back to the file instead of stdout' }

const addCommand: Command = {
  usage: '[flags]',
  about: 'adds a key group to a file: from then on it takes keys of several groups to open it.',
  operation: 'groups',
  flagGroups: async () => [
    { title: 'Flags', flags: [fileFlag, inPlaceOrStdout, thresholdFlag, keepUnknownKeysFlag] },
    { title: 'Keys of the new group', flags: [...(await repeatedKeyFlags()), awsProfileFlag, contextFlag] },
    { title: 'Key services', flags: keyServiceFlags },
  ],
  run: async (call) => (await import('../group-change.ts')).addKeyGroup(call),
}

const deleteCommand: Command = {
  usage: '[flags] INDEX',
  about: 'takes a key group from a file. The first group has the index 0.',
  operation: 'groups',
  flagGroups: async () => [
    { title: 'Flags', flags: [fileFlag, inPlaceOrStdout, thresholdFlag, keepUnknownKeysFlag] },
    { title: 'Key services', flags: keyServiceFlags },
  ],
  run: async (call) => (await import('../group-change.ts')).deleteKeyGroup(call),
}

export const groupsCommand: Command = {
  usage: 'COMMAND [flags]',
  about: 'adds and deletes the key groups of a file.',
  operation: 'groups',
  subcommands: [
    { name: 'add', summary: 'add a key group to a file', load: () => Promise.resolve(addCommand) },
    { name: 'delete', summary: 'delete a key group from a file', load: () => Promise.resolve(deleteCommand) },
  ],
  flagGroups: () => Promise.resolve([]),
  // It is its commands that run.
  run: () => Promise.resolve(0),
}
