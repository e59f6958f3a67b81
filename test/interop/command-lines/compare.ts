// Whether two outcomes of one command line are the same.
import { expect } from 'vitest'
import { contextOf } from '../../../src/operations/options.ts'
import { load } from '../../../src/operations/open.ts'
import type { Metadata } from '../../../src/metadata/types.ts'
import { sops, tsops, type RunResult } from '../sops.ts'
import { alice, bob, carol } from '../../test-keys.ts'
import type { CommandLine } from './line.ts'
import type { Outcome, StoredFile } from './outcome.ts'
import type { World } from './world.ts'

export interface Pair {
  readonly theirs: Outcome
  readonly ours: Outcome
  /** The files before. */
  readonly before: ReadonlyMap<string, StoredFile>
}

/** Throws what differs against the marks of the line. */
export async function compareOutcomes(line: CommandLine, pair: Pair, world: World): Promise<void> {
  const { marks } = line
  const { theirs, ours } = pair
  expect(ours.status, ours.stderr).toBe(marks.status ?? theirs.status)
  expect(ours.temporaries, 'left in TMPDIR').toEqual([])
  compareStderr(line, theirs, ours)
  // A status of our own: nothing is printed and changed unless the line says what.
  const refused = marks.status !== undefined && marks.status !== 0
  if (marks.stdout !== undefined) expect(ours.stdout.toString()).toMatch(marks.stdout)
  else if (refused) expect(ours.stdout.toString()).toBe('')
  else await compareBytes(theirs.stdout, ours.stdout, world)
  if (refused) expect(ours.files).toEqual(pair.before)
  else await compareFiles(line, pair, world)
}

async function compareFiles({ marks }: CommandLine, { theirs, ours }: Pair, world: World): Promise<void> {
  const differing = new Set(marks.files)
  const names = (outcome: Outcome): readonly string[] =>
    [...outcome.files.keys()].filter((name) => !differing.has(name))
  expect(names(ours)).toEqual(names(theirs))
  for (const name of names(ours)) {
    const [one, other] = [theirs.files.get(name), ours.files.get(name)]
    expect(other?.mode, name).toBe(one?.mode)
    await compareBytes(one?.bytes ?? Buffer.alloc(0), other?.bytes ?? Buffer.alloc(0), world)
  }
}

async function compareBytes(theirs: Buffer, ours: Buffer, world: World): Promise<void> {
  if (theirs.equals(ours)) return
  const format = formatOf(theirs)
  if (isHelp(theirs)) compareHelp(theirs.toString(), ours.toString())
  else if (format === undefined) expect(ours.toString()).toBe(theirs.toString())
  else await compareEncrypted(format, { theirs, ours }, world)
}

const usageError = /^(Incorrect Usage[.:]|Cannot use two forms)[^\n]*/

function isHelp(text: Buffer): boolean {
  return /^USAGE:$/m.test(text.toString())
}

// Each prints its own help, below the same complaint.
function compareHelp(theirs: string, ours: string): void {
  expect(usageError.exec(ours)?.[0]).toBe(usageError.exec(theirs)?.[0])
  expect(ours).toMatch(/^Usage:$/m)
}

/** The format of an encrypted file; its text tells. */
function formatOf(bytes: Buffer): string | undefined {
  const text = bytes.toString()
  if (/^sops_version=/m.test(text)) return 'dotenv'
  if (/^\[sops\]/m.test(text)) return 'ini'
  if (/^\{[^]*"sops": *\{[^]*"version"/.test(text)) return 'json'
  return /^\s*"?sops"?:/m.test(text) ? 'yaml' : undefined
}

// Each program opens the other's file and finds the same, and the same master keys and rules stand in both.
async function compareEncrypted(
  format: string,
  { theirs, ours }: { readonly theirs: Buffer; readonly ours: Buffer },
  world: World,
): Promise<void> {
  expect(formatOf(ours), ours.toString()).toBe(format)
  expect(describeMetadata(format, ours)).toEqual(describeMetadata(format, theirs))
  const env = { ...world.env, ...everyKey, TSOPS_LAYOUT: 'sops' }
  const open = (program: typeof sops, stdin: Buffer): Promise<RunResult> =>
    program(['decrypt', '--input-type', format, '--output-type', format], { stdin, env })
  const [sopsOfTheirs, sopsOfOurs, oursOfTheirs] = await Promise.all([
    open(sops, theirs),
    open(sops, ours),
    open(tsops, theirs),
  ])
  expect(sopsOfOurs.status, sopsOfOurs.stderr).toBe(sopsOfTheirs.status)
  expect(oursOfTheirs.status, oursOfTheirs.stderr).toBe(sopsOfTheirs.status)
  expect(sopsOfOurs.stdout.toString()).toBe(sopsOfTheirs.stdout.toString())
  expect(oursOfTheirs.stdout.toString()).toBe(sopsOfTheirs.stdout.toString())
}

const everyKey = { SOPS_AGE_KEY: [alice, bob, carol].map(({ identity }) => identity).join('\n') }

// All but what is new in each encryption.
function describeMetadata(format: string, file: Buffer): unknown {
  const { metadata } = load(file, contextOf({ format }))
  const { keyGroups, mac, ...rest }: Metadata = metadata
  const groups = keyGroups.map((group) => group.map((key) => ({ ...key, enc: key.enc !== '', createdAt: '' })))
  return { ...rest, groups, mac: mac !== '', lastModified: '' }
}

function compareStderr({ marks }: CommandLine, theirs: Outcome, ours: Outcome): void {
  if (marks.stderr !== undefined) return expect(ours.stderr).toMatch(marks.stderr)
  const text = marks.warns ? withoutWarnings(ours.stderr, theirs.stderr) : ours.stderr
  if (marks.words) return expect(shapeOf(text.replace(/^Hint: [^]*$/m, ''))).toEqual(shapeOf(theirs.stderr))
  // A hint of ours may follow.
  const [same, more] = [text.slice(0, theirs.stderr.length), text.slice(theirs.stderr.length)]
  expect(same, text).toBe(theirs.stderr)
  expect(more).toMatch(/^(\n?Hint: [^]*\n)?$/)
}

/** Without the warnings that are ours alone; there is one. */
function withoutWarnings(ours: string, theirs: string): string {
  const known = new Set(theirs.split('\n'))
  const isOurs = (line: string): boolean => /^\[\w+\]\t time="…" level=warning /.test(line) && !known.has(line)
  const lines = ours.split('\n')
  expect(lines.filter(isOurs).length, ours).toBeGreaterThan(0)
  return lines.filter((line) => !isOurs(line)).join('\n')
}

/** Log lines by logger and level, other text as such; one of each that follow each other. */
function shapeOf(text: string): readonly string[] {
  const kinds = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => /^\[\w+\]\t time="…" level=\w+ /.exec(line)?.[0] ?? 'text')
  return kinds.filter((kind, index) => kind !== kinds[index - 1])
}
