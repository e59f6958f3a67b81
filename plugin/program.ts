// The forms in which the function is called: as a KRM function, with a ResourceList on stdin; and, with one argument, as
// kustomize's older exec plug-in, which names the file of the configuration and reads objects from stdout.
import { Report, attempt, lineOf, type Finding, Refusal } from './finding.ts'
import { processList } from './list-processor.ts'
import { emitObject, emitResourceList, emptyList, parseDocuments, parseResourceList } from './resource-list.ts'
import { readSettings } from './settings.ts'
import type { World } from './world.ts'

export interface Shell extends World {
  /** Everything on stdin; undefined when it is a terminal. Fails when there is more than `limit`. */
  readStdin(limit: number): Promise<Uint8Array | undefined>
  writeStdout(text: string): Promise<void>
  writeStderr(text: string): void
}

/** Gives the exit status. */
export async function main(args: readonly string[], shell: Shell): Promise<number> {
  const [first, ...others] = args
  if (others.length > 0 || first?.startsWith('-') === true) return help(shell)
  return first === undefined ? runFunction(shell) : runPlugin(first, shell)
}

const usage = `tsops-krm makes Kubernetes objects from files that are encrypted with SOPS.

Usage:
  kustomize build --enable-alpha-plugins --enable-exec    a generator or transformer names tsops-krm (or ksops)
  tsops-krm < ResourceList                                as a KRM function on its own
  tsops-krm CONFIGURATION                                 as an exec plug-in of older releases of kustomize
`

function help(shell: Shell): number {
  shell.writeStderr(usage)
  return 1
}

async function runFunction(shell: Shell): Promise<number> {
  const report = new Report()
  const bytes = await attempt(report, {}, () => shell.readStdin(maxInput))
  if (bytes === undefined && !report.failed) return help(shell)
  const list = bytes && (await attempt(report, {}, () => parseResourceList(bytes)))
  if (list === undefined) return fail(emptyList, report.findings, shell)
  const { items, findings, failed } = await processList(list, shell)
  if (failed) return fail(list, findings, shell)
  return finish({ text: () => emitResourceList({ ...list, items }, findings), findings }, shell)
}

// Many times what any cluster holds.
const maxInput = 1 << 30

/** The legacy form. kustomize hands over a copy of the configuration, in a directory for temporary files. */
async function runPlugin(path: string, shell: Shell): Promise<number> {
  const report = new Report()
  const config = await attempt(report, { file: path }, async () => {
    const bytes = await readConfiguration(path, shell)
    const [document, ...others] = parseDocuments(bytes)
    if (document === undefined || others.length > 0) throw new Refusal('one configuration is expected')
    return document
  })
  if (config === undefined) return tell(report.findings, shell)
  const { items, findings, failed } = await processList({ ...emptyList, functionConfig: config }, shell)
  if (failed) return tell(findings, shell)
  return finish({ text: () => items.map((item) => `---\n${emitObject(item)}\n`).join(''), findings }, shell)
}

async function readConfiguration(path: string, { files, host }: Shell): Promise<Uint8Array> {
  try {
    return await files.read(await files.realPath(path), readSettings(host).maxFileSize)
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal('the configuration cannot be read')
  }
}

function fail(list: typeof emptyList, findings: readonly Finding[], shell: Shell): Promise<number> {
  const text = emitResourceList({ apiVersion: list.apiVersion, items: [], functionConfig: undefined }, findings)
  return write(text, tell(findings, shell), shell)
}

interface Output {
  readonly text: () => string
  readonly findings: readonly Finding[]
}

async function finish({ text, findings }: Output, shell: Shell): Promise<number> {
  tell(findings, shell)
  const report = new Report()
  const written = await attempt(report, {}, text)
  return written === undefined ? tell(report.findings, shell) : write(written, 0, shell)
}

async function write(text: string, status: number, shell: Shell): Promise<number> {
  const report = new Report()
  await attempt(report, {}, () =>
    shell.writeStdout(text).catch(() => {
      throw new Refusal('stdout cannot be written')
    }),
  )
  return report.failed ? tell(report.findings, shell) : status
}

/** One line for each error and warning. */
function tell(findings: readonly Finding[], shell: Shell): number {
  for (const finding of findings) if (finding.severity !== 'info') shell.writeStderr(`${lineOf(finding)}\n`)
  return findings.some(({ severity }) => severity === 'error') ? 1 : 0
}
