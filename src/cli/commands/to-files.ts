import { basename, resolve } from 'node:path'
import { SopsError } from '../../errors.ts'
import type { Call, Command } from '../command.ts'
import { CommandError } from '../exit-status.ts'
import { decryptionOrderFlag, inputTypeFlag, keyServiceFlags } from '../flags.ts'
import { requireFile } from '../files.ts'

export const toFilesCommand: Command = {
  usage: '[flags] FILE…',
  about:
    'writes one file per key of encrypted files, swapped in all at once. Of a Secret, the keys are those of its data; ' +
    'a binary file gives one file of its name.',
  operation: 'to-files',
  isOurs: true,
  flagGroups: async () => [
    {
      title: 'Output',
      flags: [
        { names: ['output', 'o'], kind: 'string', value: 'DIRECTORY', help: 'where the files go' },
        {
          names: ['mode'],
          kind: 'list',
          value: 'MODE|KEY=MODE',
          help: 'octal mode of the files, or of one; default 0400',
        },
        { names: ['whole'], kind: 'bool', help: 'write each document as one file, under its own name' },
        { names: ['flatten'], kind: 'bool', help: 'write nested values, too, with names such as a.b' },
      ],
    },
    { title: 'Format', flags: [inputTypeFlag] },
    { title: 'Keys', flags: [decryptionOrderFlag, ...keyServiceFlags] },
  ],
  run: writeFiles,
}

async function writeFiles(call: Call): Promise<number> {
  const { flags, io, positionals } = call
  requireFile(positionals)
  const output = flags.text('output')
  if (output === '') throw new CommandError(1, 'Error: --output DIRECTORY is missing')
  const modes = readModes(flags.list('mode'))
  const { mergeEntries, openFile } = await import('../secret-source.ts')
  const { openSession } = await import('../session.ts')
  const session = openSession(call)
  const contents: Awaited<ReturnType<typeof openFile>>[] = []
  for (const name of positionals) {
    const whole = flags.isOn('whole') ? basename(name) : undefined
    contents.push(await openFile(call, session, name, { whole, flatten: flags.isOn('flatten') }))
  }
  const found = new Map(mergeEntries(contents).map(({ key, value }) => [key, value]))
  for (const key of found.keys()) checkName(key)
  const unknown = [...modes.keys()].find((key) => key !== '' && !found.has(key))
  if (unknown !== undefined) throw new CommandError(1, `Error: --mode names ${unknown}, which is no key`)
  const modeOf = (key: string): number => modes.get(key) ?? modes.get('') ?? 0o400
  const files = [...found].map(([name, bytes]) => ({ name, bytes, mode: modeOf(name) }))
  const { swapFiles } = await import('../swapped-directory.ts')
  swapFiles(resolve(io.cwd, output), files)
  return 0
}

/** By key; '' for all others. */
function readModes(texts: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    texts.map((text) => {
      const at = text.lastIndexOf('=')
      const digits = text.slice(at + 1)
      if (!/^0?[0-7]{3}$/.test(digits)) throw new CommandError(1, 'Error: --mode takes an octal mode such as 0440')
      return [text.slice(0, Math.max(at, 0)), Number.parseInt(digits, 8)]
    }),
  )
}

// A key comes from a file: it must not lead out of the directory, nor to what makes it work.
function checkName(key: string): void {
  if (/^[^/\\\0]{1,253}$/.test(key) && key !== '.' && !key.startsWith('..')) return
  throw new SopsError('ERR_SOPS_MANIFEST', `${JSON.stringify(key)} cannot be the name of a file`)
}
