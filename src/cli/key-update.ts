// What `updatekeys` does: file after file, since it may ask for each.
import { stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { DataKeyError, SopsError } from '../errors.ts'
import { compareKeys, type KeyChanges, rotate, updateKeys, type WantedKeys } from '../index.ts'
import type { Call } from './command.ts'
import { CommandError } from './exit-status.ts'
import { explain, readInput, requireFile, rewriteFile, writeStdout } from './files.ts'
import type { Io } from './io.ts'
import { matchingRule } from './key-changes.ts'
import { keyDifference } from './key-difference.ts'
import { logLine, timedLine, type Warn, warnerTo } from './log.ts'
import { confirm } from './prompt.ts'
import { describeError, hintText, messageOf } from './report.ts'
import { formatOf, openSession, type Session } from './session.ts'

/** Updates the keys of the files of a call; gives the exit status. */
export async function updateFiles(call: Call): Promise<number> {
  const { io, positionals } = call
  const session = openSession(call)
  const config = await session.config()
  if (config === undefined) {
    const hint = 'updatekeys takes the keys from the creation rules of a .sops.yaml here or above, or of --config FILE.'
    throw new CommandError(1, 'config file not found', hint)
  }
  const only = requireFile(positionals)
  const update = new KeyUpdate(call, session, call.root.text('config') || relative(io.cwd, config.file))
  if (positionals.length === 1) {
    await update.file(only)
    return 0
  }
  let failed = 0
  for (const file of positionals) {
    try {
      await update.file(file)
    } catch (error) {
      failed += 1
      logFailure(io, error)
    }
  }
  if (failed > 0) throw new CommandError(1, `failed updating ${failed} key(s)`)
  return 0
}

function logFailure(io: Io, error: unknown): void {
  const hint = error instanceof SopsError || error instanceof CommandError ? error.hint : undefined
  const isReport = error instanceof DataKeyError
  logLine(io, 'error', isReport ? describeError(io, error, 'updatekeys') : messageOf(error, 'updatekeys'))
  if (!isReport && hint !== undefined) io.stderr.write(`${hintText(hint)}\n`)
}

interface Rotation {
  readonly rotates: boolean
  readonly onWarning: Warn
}

class KeyUpdate {
  readonly #call: Call
  readonly #session: Session
  readonly #config: string

  /** `config`: the configuration as the user knows it. */
  constructor(call: Call, session: Session, config: string) {
    this.#call = call
    this.#session = session
    this.#config = config
  }

  async file(name: string): Promise<void> {
    const { io, flags } = this.#call
    const path = resolve(io.cwd, name)
    await checkFile(path)
    const onWarning = warnerTo(io)
    // sops tries the keys in the order of the file here.
    const format = formatOf(flags.text('input-type'), path)
    const audit = this.#session.auditOf(path)
    const options = { ...this.#session.options, format, order: [], audit, onWarning }
    timedLine(io, `Syncing keys for file ${path}`)
    const bytes = await readInput(io, path)
    const { wanted, needed } = await this.#wantedKeys(path)
    const changes = await compareKeys(bytes, wanted, options)
    const rotates = removes(changes) && flags.isOn('rotate-on-removal')
    this.#checkThreshold(changes, needed, { rotates, onWarning })
    if (!changes.any) {
      timedLine(io, `File ${path} already up to date`)
      return
    }
    await writeStdout(io, Buffer.from(keyDifference(io, changes)))
    if (!flags.isOn('yes') && !(await confirm(io, 'Is this okay? (y/n):', 'Answer y or n, or give --yes.'))) {
      timedLine(io, `File ${path} left unchanged`)
      return
    }
    const updated = await (rotates ? rotate(bytes, { ...options, ...wanted }) : updateKeys(bytes, wanted, options))
    // While it was asked about, the file may have been changed by somebody else.
    await rewriteFile(io, path, bytes, updated)
    timedLine(io, `File ${path} synced with new keys`)
    if (removes(changes)) onWarning(rotates ? changeSecrets : rotateToo)
  }

  // sops keeps the threshold of the file, which anybody can lower who can write the file.
  #checkThreshold({ shamirThreshold: { after } }: KeyChanges, needed: number, { rotates, onWarning }: Rotation): void {
    const flag = '--shamir-secret-sharing-threshold'
    if (this.#call.flags.integer('shamir-secret-sharing-threshold') !== 0 || after === 0 || after >= needed) return
    const difference = `the file asks for ${after} of its key groups, the creation rule for ${needed}`
    const advice = `Give ${flag} ${needed}, or ${after} if that is right`
    if (!rotates) return onWarning(`Somebody may have lowered the threshold: ${difference}. ${advice}`)
    const message = `${difference}: somebody may have lowered the threshold`
    throw new SopsError('ERR_SOPS_DATA_KEY_WRAP', message, { hint: `${advice}.` })
  }

  /** `needed`: how many groups the rule asks for. */
  async #wantedKeys(path: string): Promise<{ readonly wanted: WantedKeys; readonly needed: number }> {
    const { flags } = this.#call
    const rule = await matchingRule(this.#session, path, { mustMatch: true })
    if (rule === undefined) {
      throw new CommandError(1, `The config file ${this.#config} does not contain any creation rule`)
    }
    const shamirThreshold = flags.integer('shamir-secret-sharing-threshold')
    const wanted = { keyGroups: rule.keyGroups, ...(shamirThreshold !== 0 && { shamirThreshold }) }
    const count = rule.keyGroups.length
    const threshold = rule.shamirThreshold ?? 0
    return { wanted, needed: threshold === 0 ? count : Math.min(threshold, count) }
  }
}

async function checkFile(path: string): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new CommandError(1, `stat ${path}: ${explain(error)}`)
  })
  if (stats.isDirectory()) throw new CommandError(1, "can't operate on a directory")
}

function removes({ groups }: KeyChanges): boolean {
  return groups.some(({ removed }) => removed.length > 0)
}

const changeSecrets =
  'Keys were removed: they still open earlier versions of the file, so change the secrets themselves, too'
const rotateToo =
  'Keys were removed: they still open earlier versions of the file, and the data key is the same. ' +
  'Rotate the file (tsops rotate -i, or --rotate-on-removal next time) and change the secrets themselves'
