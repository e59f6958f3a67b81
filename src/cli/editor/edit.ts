// What `edit` and the command line without a command do with one file.
import { resolve } from 'node:path'
import type { EditOptions } from '../../index.ts'
import { type Edit, editFile, editNew } from '../../index.ts'
import type { Call } from '../command.ts'
import { creationRule } from '../creation.ts'
import { fileOptions } from '../file-options.ts'
import { inform, type Warn, warnerTo } from '../log.ts'
import { openSession, type Session } from '../session.ts'
import { warnOfMore } from '../transform.ts'
import { chooseEditor } from './choice.ts'
import { editUntilSaved } from './session.ts'
import { Target } from './target.ts'
import { templateOf } from './template.ts'

interface Options extends EditOptions {
  readonly outputFormat: string
}

/**
 * Edits the file that the first positional names; gives the exit status. Flags that the call does not know count as not
 * given. Throws CommandError, SopsError.
 */
export async function runEdit(call: Call, file: string, session: Session = openSession(call)): Promise<number> {
  const { io, flags } = call
  warnOfMore(call)
  const path = resolve(io.cwd, file)
  const override = flags.text('filename-override')
  const name = override === '' ? path : resolve(io.cwd, override)
  const onWarning = warnerTo(io)
  const options: Options = {
    ...(await fileOptions(call, session, name, onWarning)),
    allowUnencrypted: flags.isOn('allow-unencrypted'),
    showMetadata: flags.isOn('show-master-keys'),
  }
  const target = await Target.read(io, path)
  const edit =
    target.bytes === undefined
      ? await startNew(call, session, { name, options, onWarning })
      : await editFile(target.bytes, options)
  return editUntilSaved(taskFor(call, { target, edit, options }))
}

interface NewEdit {
  readonly name: string
  readonly options: Options
  readonly onWarning: Warn
}

async function startNew(call: Call, session: Session, { name, options, onWarning }: NewEdit): Promise<Edit> {
  const { outputFormat } = options
  const rule = await creationRule(call, session, { name, format: outputFormat, onWarning })
  return editNew(templateOf(outputFormat), rule, options)
}

interface Work {
  readonly target: Target
  readonly edit: Edit
  readonly options: Options
}

function taskFor(call: Call, { target, edit, options }: Work): Parameters<typeof editUntilSaved>[0] {
  const { io } = call
  let current = edit
  const acceptChange = async (): Promise<void> => {
    const bytes = await target.readAgain()
    // Keys and rules that came with the other change stay.
    if (bytes !== undefined) current = await editFile(bytes, options)
    target.accept(bytes)
  }
  return {
    ...{ io, editor: chooseEditor(io.env), path: target.path, text: edit.text, format: options.outputFormat },
    state: target.bytes === undefined ? `${target.path} was not made.` : `${target.path} is as it was.`,
    save: async (text) => {
      await target.write(await current.finish(text))
      inform(call, 'File written successfully', 'CMD')
    },
    // The section in the text is that of the old file.
    acceptChange: options.showMetadata === true ? undefined : acceptChange,
  }
}
