// Editing until the text can be saved, or the user gives up. Without a terminal there is one try.
import { ParseError, SopsError } from '../../errors.ts'
import { CommandError, exitStatus } from '../exit-status.ts'
import type { Program } from '../exec/child.ts'
import type { Io } from '../io.ts'
import { messageOf, reportError } from '../report.ts'
import { showText } from '../quote.ts'
import { EditedFile } from './edited-file.ts'
import { makeNote, type Note, withNote, withoutNote } from './note.ts'
import { askUnlessCanceled, Canceled, runEditor } from './run.ts'
import { FileChanged } from './target.ts'

const unchangedStatus = 200

export interface EditTask {
  readonly io: Io
  readonly editor: Program
  /** The path of the encrypted file. */
  readonly path: string
  /** What is edited. */
  readonly text: Uint8Array
  /** The format of the text. */
  readonly format: string
  /** What the file is while nothing is saved: for messages. */
  readonly state: string
  /** Encrypts the text and writes it. Throws SopsError, CommandError. */
  save(text: Uint8Array): Promise<void>
  /** From now on, what somebody else made of the file may be written over. Absent: it cannot. */
  readonly acceptChange?: (() => Promise<void>) | undefined
}

/** Gives the exit status. Throws CommandError, SopsError. */
export async function editUntilSaved(task: EditTask): Promise<number> {
  const file = EditedFile.create(task.io, task.path, task.text)
  try {
    return await new EditSession(task, file).run()
  } catch (error) {
    throw withState(error, task)
  } finally {
    file.wipe()
  }
}

// Whoever is told that it did not work is told what there is now. For `unchanged` it says nothing new.
function withState(error: unknown, { state }: EditTask): unknown {
  if (!(error instanceof CommandError) || error.hint !== undefined || isUnchanged(error)) return error
  return new CommandError(error.status, error.message, state)
}

class EditSession {
  readonly #task: EditTask
  readonly #file: EditedFile
  #note: Note | undefined

  constructor(task: EditTask, file: EditedFile) {
    this.#task = task
    this.#file = file
  }

  async run(): Promise<number> {
    const { io, editor } = this.#task
    for (;;) {
      await runEditor(io, editor, this.#file.path, () => this.#file.empty())
      const edited = this.#file.read()
      try {
        await this.#save(edited)
        return 0
      } catch (error) {
        if (error instanceof Canceled || isUnchanged(error)) throw error
        if (io.terminal === undefined) throw this.#asLast(error)
        await this.#offer(error, edited)
      }
    }
  }

  async #save(edited: Uint8Array): Promise<void> {
    const text = this.#note === undefined ? edited : withoutNote(edited, this.#note)
    if (Buffer.compare(text, this.#task.text) === 0) {
      throw new CommandError(unchangedStatus, 'File has not changed, exiting.')
    }
    await this.#saveOver(text)
  }

  async #saveOver(text: Uint8Array): Promise<void> {
    const { io, acceptChange } = this.#task
    for (;;) {
      try {
        await this.#task.save(text)
        return
      } catch (error) {
        if (!(error instanceof FileChanged) || io.terminal === undefined || acceptChange === undefined) throw error
        reportError(io, error)
        if (!(await this.#ask(overwriteQuestion)).startsWith('o')) throw error
        await acceptChange()
      }
    }
  }

  // The text is in the editor again as the user left it.
  async #offer(failure: unknown, edited: Uint8Array): Promise<void> {
    const { io, format, state } = this.#task
    const text = this.#withoutOldNote(edited)
    if (!(failure instanceof FileChanged) || this.#task.acceptChange === undefined) {
      reportError(io, failure, 'encrypt')
      io.stderr.write(`${showText(state)}\n`)
      await this.#ask('Press Enter to return to the editor, or Ctrl-C to throw the changes away.')
    }
    if (text === undefined) return
    const line = failure instanceof ParseError ? failure.line : 0
    this.#note = makeNote(text, { reasons: [messageOf(failure, 'encrypt'), ...hintOf(failure)], line, format })
    this.#file.replace(this.#note === undefined ? text : withNote(text, this.#note))
  }

  // undefined: some of it stands in lines of the text, and must stay known until it is gone.
  #withoutOldNote(edited: Uint8Array): Uint8Array | undefined {
    try {
      return this.#note === undefined ? edited : withoutNote(edited, this.#note)
    } catch {
      return undefined
    }
  }

  #ask(question: string): Promise<string> {
    return askUnlessCanceled(async () => (await this.#task.io.terminal?.ask(question)) ?? '')
  }

  // Nobody is there to be asked: the text goes with its directory.
  #asLast(failure: unknown): CommandError {
    const { state } = this.#task
    const now = failure instanceof FileChanged ? '' : `${state} `
    const hint = [...hintOf(failure), `${now}The edited text is gone.`].join(' ')
    return new CommandError(exitStatus(failure, 'encrypt'), messageOf(failure, 'encrypt'), hint)
  }
}

function hintOf(failure: unknown): readonly string[] {
  if (!(failure instanceof SopsError) && !(failure instanceof CommandError)) return []
  // That of the error tells to decrypt the file.
  if (failure instanceof SopsError && failure.code === 'ERR_SOPS_ALREADY_ENCRYPTED') return [otherName]
  return failure.hint === undefined ? [] : [failure.hint]
}

const otherName = 'Give the entry another name: it is reserved for the metadata.'

const overwriteQuestion =
  'Type o and Enter to write over that change, only Enter to return to the editor, ' +
  'or Ctrl-C to throw your changes away.'

function isUnchanged(error: unknown): boolean {
  return error instanceof CommandError && error.status === unchangedStatus
}
