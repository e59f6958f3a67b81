// One command line run by one program, and what is left of it.
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { sops, tsops, type RunResult } from '../sops.ts'
import { type CommandLine } from './line.ts'
import type { World } from './world.ts'

export interface Outcome {
  readonly status: number
  readonly stdout: Buffer
  readonly stderr: string
  readonly files: ReadonlyMap<string, StoredFile>
  /** What is left in the directory for temporary files. */
  readonly temporaries: readonly string[]
}

export interface StoredFile {
  readonly mode: string
  readonly bytes: Buffer
}

/** How long a program may take; shorter where it is known not to end by itself. In milliseconds. */
const [patience, shortPatience] = [60_000, 1500]

/** Runs a line in a new copy of the world's files, which is gone afterwards. */
export async function runLine(program: 'sops' | 'tsops', line: CommandLine, world: World): Promise<Outcome> {
  const place = mkdtempSync(join(world.root, 'run-'))
  const [work, temporary] = [join(place, 'work'), join(place, 'tmp')]
  cpSync(world.template, work, { recursive: true, verbatimSymlinks: true })
  mkdirSync(temporary)
  chmodSync(place, 0o755)
  chmodSync(temporary, 0o1777)
  const endless = program === 'sops' && line.marks.endless
  const result = await (program === 'sops' ? sops : tsops)(line.args, {
    cwd: work,
    env: { SOPS_DISABLE_VERSION_CHECK: '', ...world.env, TMPDIR: temporary, ...line.env },
    stdin: stdinOf(line, world),
    timeout: endless ? shortPatience : patience,
  })
  const outcome = {
    ...withoutPlaces(result, { [work]: '/work', [temporary]: '/tmp' }),
    files: readTree(work),
    temporaries: readdirSync(temporary),
  }
  rmSync(place, { recursive: true })
  return outcome
}

function stdinOf({ stdin }: CommandLine, world: World): Buffer {
  if (stdin === undefined) return Buffer.alloc(0)
  return 'text' in stdin ? Buffer.from(stdin.text) : readFileSync(join(world.template, stdin.file))
}

// What differs between two runs of one program: where they ran, when, and names by chance.
function withoutPlaces(result: RunResult, places: Readonly<Record<string, string>>): RunResult {
  const strip = (text: string): string => {
    let stripped = text
    for (const [place, name] of Object.entries(places)) stripped = stripped.replaceAll(place, name)
    return stripped
      .replaceAll(/\/tmp\/[^\s/"]+\//g, '/tmp/…/')
      .replaceAll(/(\/tmp\/…\/tmp-file)\d+/g, '$1…')
      .replaceAll(/time="[^"]*"/g, 'time="…"')
      .replaceAll(/^\d{4}(\/\d\d){2} \d\d(:\d\d){2} /gm, '… ')
  }
  const stdout = result.stdout.toString('latin1')
  const stripped = strip(stdout)
  return {
    status: result.status,
    stdout: stripped === stdout ? result.stdout : Buffer.from(stripped, 'latin1'),
    stderr: strip(result.stderr),
  }
}

/** The files below a directory by their path. */
export function readTree(directory: string): ReadonlyMap<string, StoredFile> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
  const files = entries.map((entry): [string, StoredFile] => {
    const path = join(entry.parentPath, entry.name)
    const target = entry.isSymbolicLink() ? ` -> ${readlinkSync(path)}` : ''
    const mode = statSync(path).mode.toString(8) + target
    return [relative(directory, path), { mode, bytes: entry.isFile() ? readFileSync(path) : Buffer.alloc(0) }]
  })
  return new Map(files.sort(([one], [other]) => (one < other ? -1 : 1)))
}
