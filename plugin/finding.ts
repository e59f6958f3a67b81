// What the function has to say: KRM results for an orchestrator, one line on stderr for people. Names of files and
// fields, never what stands in them.
import { DataKeyError, SopsError } from '../src/errors.ts'
import type { ObjectReference } from '../src/kubernetes/object.ts'

export interface Finding {
  readonly severity: 'error' | 'warning' | 'info'
  readonly message: string
  /** As the configuration names it. */
  readonly file?: string | undefined
  /** Which document of the file, from 0. */
  readonly index?: number | undefined
  readonly field?: string | undefined
  readonly resource?: ObjectReference | undefined
}

export type Place = Pick<Finding, 'file' | 'index' | 'field' | 'resource'>

/** Collects findings in their order. */
export class Report {
  readonly findings: Finding[] = []

  error(message: string, place: Place = {}): void {
    this.findings.push({ severity: 'error', message, ...place })
  }

  warn(message: string, place: Place = {}): void {
    this.findings.push({ severity: 'warning', message, ...place })
  }

  note(message: string, place: Place = {}): void {
    this.findings.push({ severity: 'info', message, ...place })
  }

  get failed(): boolean {
    return this.findings.some(({ severity }) => severity === 'error')
  }
}

/** A failure that is fully said by its message and its place. */
export class Refusal extends Error {
  readonly place: Place
  constructor(message: string, place: Place = {}) {
    super(message)
    this.name = 'Refusal'
    this.place = place
  }
}

/** What was thrown, with the place that it is about. */
export function placed(error: unknown, place: Place): Refusal {
  return new Refusal(describe(error), error instanceof Refusal ? { ...place, ...error.place } : place)
}

/** Does `work` and puts what it throws into the report. */
export async function attempt<T>(report: Report, place: Place, work: () => Promise<T> | T): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    const refusal = placed(error, place)
    report.error(refusal.message, refusal.place)
    return undefined
  }
}

/** Does all at the same time; what they report and give stands in the order of the items. */
export async function inOrder<T, R>(
  items: readonly T[],
  report: Report,
  work: (item: T, report: Report, index: number) => Promise<R>,
): Promise<R[]> {
  const reports = items.map(() => new Report())
  const results = await Promise.all(items.map((item, index) => work(item, reports[index] ?? report, index)))
  // Not as arguments of one call: there may be more than a call takes.
  for (const { findings } of reports) for (const finding of findings) report.findings.push(finding)
  return results
}

/** Does several things at the same time; what they report stands in their order. */
export async function together<T>(report: Report, works: readonly ((report: Report) => Promise<T>)[]): Promise<T[]> {
  return inOrder(works, report, (work, inner) => work(inner))
}

function describe(error: unknown): string {
  if (error instanceof Refusal) return error.message
  // The message of an unforeseen error may quote what it stumbled over.
  if (!(error instanceof SopsError)) {
    return `unexpected error (${error instanceof Error ? error.constructor.name : typeof error}): a defect of tsops`
  }
  const reasons = error instanceof DataKeyError ? keyReasons(error) : []
  const message = [error.message, ...reasons].join('; ')
  return error.hint === undefined ? message : `${message.replace(/\.$/, '')}. ${error.hint}`
}

function keyReasons({ groups }: DataKeyError): readonly string[] {
  const failed = groups.flatMap(({ keys }) => keys.filter(({ recovered }) => !recovered))
  return failed.map(({ id, errors }) => `${id}: ${errors.join(', ')}`)
}

/** One line, whatever the texts hold. */
export function lineOf({ severity, message, file, index, field, resource }: Finding): string {
  const document = index === undefined || index === 0 ? file : `${file ?? ''} (document ${String(index + 1)})`
  const object = resource === undefined ? undefined : [resource.kind, resource.name].filter(Boolean).join(' ')
  const place = [document, object, field].filter((part) => part !== undefined && part !== '')
  return oneLine(['tsops-krm', severity, ...place, message].join(': '))
}

/** Line breaks become spaces; what a terminal would obey or show in another order is spelled out. */
function oneLine(text: string): string {
  return text
    .replace(/\s+/g, (run) => (/[\r\n]/.test(run) ? ' ' : run))
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Surrogate}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
}
