// What `publish` does. Where everything goes is settled before anything goes there; then file after file, since it may
// ask for each.
import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { destinationWarnings } from '../config/destination-rule.ts'
import { destinationKinds } from '../destinations/registry.ts'
import type { Outcome, World } from '../destinations/types.ts'
import type { Call } from './command.ts'
import { CommandError, exitStatus } from './exit-status.ts'
import { parseOrder } from './file-options.ts'
import { explain, writeStdout, requireFile } from './files.ts'
import { type Logger, logLine } from './log.ts'
import { confirm } from './prompt.ts'
import { configNotFound, findPublication, type Publication } from './publication.ts'
import { openPayload } from './published-content.ts'
import { filesBelow } from './published-files.ts'
import { quoteGo, showLine } from './quote.ts'
import { describeError } from './report.ts'
import { openSession, type Session } from './session.ts'
import { conflict, warnOfMore } from './transform.ts'

/** Publishes the file or directory of a call; gives the exit status. */
export async function publishFiles(call: Call): Promise<number> {
  const { io, flags, positionals } = call
  const session = openSession(call)
  // What is wrong with it is told after what is wrong with the command line, as in sops.
  const [loading] = await Promise.allSettled([session.config()])
  if (loading.status === 'fulfilled' && loading.value === undefined) throw configNotFound()
  const file = requireFile(positionals)
  warnOfMore(call)
  const isDirectory = await checkFile(io.cwd, file)
  if (isDirectory && !flags.isOn('recursive')) {
    logLine(io, 'fatal', "can't operate on a directory without --recursive flag.")
    return 1
  }
  parseOrder(flags)
  if (loading.status === 'rejected') throw loading.reason
  if (loading.value !== undefined) {
    for (const warning of destinationWarnings(loading.value, destinationKinds)) logLine(io, 'warning', warning)
  }
  const publisher = new Publisher(call, session)
  if (isDirectory) return publisher.directory(file)
  await publisher.file(file)
  return 0
}

async function checkFile(cwd: string, file: string): Promise<boolean> {
  try {
    return (await stat(resolve(cwd, file))).isDirectory()
  } catch (error) {
    throw new CommandError(1, `stat ${file}: ${explain(error)}`)
  }
}

type State = Outcome | 'canceled'

/** Without an answer nothing more can be asked. */
class NoAnswer extends Error {
  override readonly cause: unknown
  constructor(cause: unknown) {
    super('there was no answer')
    this.cause = cause
  }
}

interface Failure {
  readonly file: string
  readonly error: unknown
}

class Publisher {
  readonly #call: Call
  readonly #session: Session

  constructor(call: Call, session: Session) {
    this.#call = call
    this.#session = session
  }

  async file(file: string): Promise<void> {
    try {
      await this.#publish(await this.#find(file))
    } catch (error) {
      throw error instanceof NoAnswer ? error.cause : error
    }
  }

  async directory(root: string): Promise<number> {
    const { io } = this.#call
    const { publications, failures } = await this.#plan(root)
    const counts = { written: 0, unchanged: 0, canceled: 0 }
    const failed = [...failures]
    for (const failure of failures) this.#tell(failure)
    for (const publication of publications) {
      try {
        counts[await this.#publish(publication)] += 1
      } catch (error) {
        if (error instanceof NoAnswer) throw error.cause
        failed.push({ file: publication.file, error })
        this.#tell({ file: publication.file, error })
      }
    }
    const { written, unchanged, canceled } = counts
    io.stderr.write(`published ${written}, unchanged ${unchanged}, canceled ${canceled}, failed ${failed.length}\n`)
    const [first = 0, ...others] = new Set(failed.map(({ error }) => exitStatus(error, 'publish')))
    return others.length > 0 ? 1 : first
  }

  async #plan(root: string): Promise<{ publications: readonly Publication[]; failures: readonly Failure[] }> {
    const found = await filesBelow(resolve(this.#call.io.cwd, root))
    const failures: Failure[] = found.failures.map(({ file, error }) => ({ file: join(root, file), error }))
    const publications: Publication[] = []
    for (const below of found.files) {
      const file = join(root, below)
      await this.#find(file, below).then(
        (publication) => publications.push(publication),
        (error: unknown) => failures.push({ file, error }),
      )
    }
    const counts = new Map<string, number>()
    for (const { uri } of publications) counts.set(uri, (counts.get(uri) ?? 0) + 1)
    const clashes = publications.filter(({ uri }) => counts.get(uri) !== 1)
    for (const { file, uri } of clashes) {
      failures.push({ file, error: conflict(`two files would both be published as ${quoteGo(uri)}`) })
    }
    return { publications: publications.filter(({ uri }) => counts.get(uri) === 1), failures }
  }

  #find(file: string, below?: string): Promise<Publication> {
    const { io, flags } = this.#call
    return findPublication(this.#session, file, { cwd: io.cwd, below, omitExtensions: flags.isOn('omit-extensions') })
  }

  async #publish(publication: Publication): Promise<State> {
    const { io, flags } = this.#call
    const { path, uri } = publication
    const world = this.#worldFor(publication)
    const upload = await openPayload(publication, this.#call, this.#session, world)
    if (!flags.isOn('yes') && !(await this.#confirm(`uploading ${showLine(path)} to ${showLine(uri)} ? (y/n): `))) {
      const message = `Publication of ${path} canceled`
      if (!flags.isOn('recursive')) throw new CommandError(1, message)
      await writeStdout(io, Buffer.from(`${showLine(message)}\n`))
      return 'canceled'
    }
    return upload()
  }

  async #confirm(question: string): Promise<boolean> {
    try {
      return await confirm(this.#call.io, question, 'Answer y or n, or give --yes.')
    } catch (error) {
      throw new NoAnswer(error)
    }
  }

  #worldFor({ file }: Publication): World & { readonly log: (message: string, logger?: Logger) => void } {
    const { io, flags, root } = this.#call
    const verbose = flags.isOn('verbose') || root.isOn('verbose')
    const named = (message: string): string => (flags.isOn('recursive') ? `${file}: ${message}` : message)
    return {
      host: this.#session.options.host,
      warn: (message) => logLine(io, 'warning', named(message), 'PUBLISH'),
      log: (message, logger = 'SOPS') => logLine(io, 'warning', named(message), logger),
      inform(message) {
        if (verbose) logLine(io, 'info', named(message), 'PUBLISH')
      },
    }
  }

  #tell({ file, error }: Failure): void {
    const { io } = this.#call
    io.stderr.write(`${showLine(file)}: ${describeError(io, error, 'publish')}\n`)
  }
}
