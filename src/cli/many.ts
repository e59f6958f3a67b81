// Many files in one process. Every failure is told and none stops the others; what goes to stdout goes there whole or
// not at all.
import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { SopsError } from '../errors.ts'
import { refuseFlags, UsageError } from './argv.ts'
import type { Call } from './command.ts'
import { exitStatus } from './exit-status.ts'
import { checkExists, explain, readInput, readStdin, rewriteFile, writeOutput, writeStdout } from './files.ts'
import { joinDocuments } from './join-documents.ts'
import { type Logger, logLine, type Warn } from './log.ts'
import { startProgress } from './progress.ts'
import { quoteGo, showLine } from './quote.ts'
import { describeError } from './report.ts'
import { findTargets, identify, type Target } from './targets.ts'
import { conflict, type Transformation, transformOne } from './transform.ts'

type Result =
  | { readonly state: 'done'; readonly bytes: Uint8Array }
  | { readonly state: 'skipped' }
  | { readonly state: 'failed'; readonly error: unknown }

interface Warning {
  readonly message: string
  readonly logger: Logger
}

type Outcome = Result & { readonly name: string; readonly warnings: readonly Warning[] }

/** Runs a transformation on the files of a call, one or many; gives the exit status. */
export async function transform(call: Call, transformation: Transformation): Promise<number> {
  const { flags, positionals } = call
  const [first, second] = positionals
  // `file --oops` is what sops takes for a file and an argument to pass over.
  const single = positionals.length < 2 || (second !== '-' && second?.startsWith('-') === true)
  if (!single || (flags.isOn('recursive') && first !== undefined)) return transformMany(call, transformation)
  await transformOne(call, transformation, first === '-' && transformation.operation !== 'rotate' ? undefined : first)
  return 0
}

async function transformMany(call: Call, transformation: Transformation): Promise<number> {
  checkFlags(call, transformation)
  const { io, flags, positionals } = call
  const { targets, failures } = await findTargets(positionals, io.cwd, flags.isOn('recursive'))
  if (flags.text('output') !== '') await checkDestinations(targets, resolve(io.cwd, flags.text('output')))
  const progress = startProgress(io, targets.length)
  const results = await runPool(targets, jobCount(call), async (target) => {
    const outcome = await convert(call, transformation, target)
    progress.step()
    return outcome
  })
  progress.clear()
  const failed = failures.map((each): Outcome => ({ ...each, state: 'failed', warnings: [] }))
  const outcomes = [...failed, ...results]
  const status = report(call, transformation, outcomes)
  if (status === 0 && writesStream(call)) {
    await writeStdout(io, joinDocuments(results.flatMap((each) => (each.state === 'done' ? [each.bytes] : []))))
  }
  return status
}

function checkFlags({ flags, positionals }: Call, { operation }: Transformation): void {
  refuseFlags(positionals)
  const inPlace = flags.isOn('in-place')
  const output = flags.text('output') !== ''
  if (inPlace && output) throw conflict('cannot operate on both --output and --in-place')
  for (const name of ['filename-override', 'extract']) {
    if (flags.text(name) !== '') throw conflict(`cannot use --${name} with several files`)
  }
  if (!inPlace && !output && operation !== 'decrypt') {
    throw conflict('several files need --in-place or --output DIRECTORY')
  }
  if (positionals.includes('-') && (inPlace || output)) {
    throw conflict('cannot use stdin (-) with --in-place or --output')
  }
}

function writesStream({ flags }: Call): boolean {
  return !flags.isOn('in-place') && flags.text('output') === ''
}

// Nothing may be lost because two results bear one name, or because a result lies on a file that is still to be read.
async function checkDestinations(targets: readonly Target[], directory: string): Promise<void> {
  const inputs = new Set(targets.map(({ identity }) => identity))
  const outputs = new Set<string>()
  for (const { below } of targets) {
    const path = join(directory, below)
    if (outputs.has(path)) throw conflict(`two files would both be written to ${quoteGo(path)}`)
    outputs.add(path)
    if (inputs.has(await identify(path))) {
      throw conflict(
        `${quoteGo(path)} is one of the files to read`,
        'To write the files where they are, use --in-place.',
      )
    }
  }
}

// While one file waits for the disk another can be worked on.
const leastJobs = 16

function jobCount({ flags }: Call): number {
  if (!flags.isSet('jobs')) return Math.max(availableParallelism(), leastJobs)
  const jobs = flags.integer('jobs')
  if (jobs >= 1) return jobs
  throw new UsageError('syntax', `invalid value "${jobs}" for flag -jobs: it must be at least 1`)
}

async function runPool<T, R>(items: readonly T[], jobs: number, work: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results = new Array<R>(items.length)
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(jobs, items.length) }, worker))
  return results
}

async function convert(call: Call, transformation: Transformation, target: Target): Promise<Outcome> {
  const warnings: Warning[] = []
  const warn: Warn = (message, logger = 'SOPS') => void warnings.push({ message, logger })
  try {
    return { ...(await convertTarget(call, transformation, target, warn)), name: target.name, warnings }
  } catch (error) {
    return { state: 'failed', error, name: target.name, warnings }
  }
}

async function convertTarget(call: Call, transformation: Transformation, target: Target, warn: Warn): Promise<Result> {
  const { io, flags } = call
  const { path, found } = target
  if (path !== undefined) await checkExists(path)
  try {
    const conversion = await transformation.prepare(path, warn)
    const input = path === undefined ? await readStdin(io) : await readInput(io, path)
    if (found && !(await conversion.isDue(input))) return { state: 'skipped' }
    if (writesStream(call) && conversion.outputFormat !== 'yaml') {
      throw conflict('only YAML files can be printed one after the other', 'Use --in-place or --output DIRECTORY.')
    }
    const bytes = await conversion.run(input)
    if (writesStream(call)) return { state: 'done', bytes }
    if (flags.isOn('in-place')) await rewriteFile(io, path ?? '', input, bytes)
    else await writeBelow(call, target, bytes)
    return { state: 'done', bytes: new Uint8Array() }
  } catch (error) {
    if (found && error instanceof SopsError && error.code === 'ERR_SOPS_NO_RULE') return { state: 'skipped' }
    throw error
  }
}

async function writeBelow({ io, flags }: Call, target: Target, bytes: Uint8Array): Promise<void> {
  const path = resolve(io.cwd, flags.text('output'), target.below)
  try {
    await mkdir(dirname(path), { recursive: true })
  } catch (error) {
    throw new SopsError('ERR_SOPS_OUTPUT', `Could not create directory ${dirname(path)}: ${explain(error)}`)
  }
  await writeOutput(io, path, bytes, 'output')
}

const past = { encrypt: 'encrypted', decrypt: 'decrypted', rotate: 'rotated' }

function report({ io }: Call, { operation }: Transformation, outcomes: readonly Outcome[]): number {
  const statuses = new Set<number>()
  for (const outcome of outcomes) {
    for (const { message, logger } of outcome.warnings) {
      logLine(io, 'warning', `${outcome.name}: ${message}`, logger)
    }
    if (outcome.state !== 'failed') continue
    io.stderr.write(`${showLine(outcome.name)}: ${describeError(io, outcome.error, operation)}\n`)
    statuses.add(exitStatus(outcome.error, operation))
  }
  const count = (state: Result['state']): number => outcomes.filter((each) => each.state === state).length
  io.stderr.write(`${past[operation]} ${count('done')}, skipped ${count('skipped')}, failed ${count('failed')}\n`)
  const [first = 0] = statuses
  return statuses.size > 1 ? 1 : first
}
