// What the person who runs the build decides, and no configuration can: environment variables.
import type { Host } from '../src/index.ts'
import { Refusal } from './finding.ts'

export const modes = ['decrypt', 'placeholder', 'passthrough'] as const

/** placeholder: stable texts instead of values; passthrough: everything stays encrypted. Both need no key. */
export type Mode = (typeof modes)[number]

export interface Settings {
  /** undefined: the configuration says. */
  readonly mode: Mode | undefined
  /** Paths must stay below this directory; undefined: below the root of the kustomization. */
  readonly root: string | undefined
  /** In bytes. */
  readonly maxFileSize: number
  /** How many files are worked on at the same time. */
  readonly concurrency: number
  /** Whether plain text may go back into a package of files. */
  readonly writesPackage: boolean
}

const defaultMaxFileSize = 64 << 20
const defaultConcurrency = 256

/** Throws Refusal. */
export function readSettings(host: Host): Settings {
  const text = (name: string): string | undefined => {
    const value = host.env(name)
    return value === '' ? undefined : value
  }
  const mode = text('TSOPS_KRM_MODE')
  if (mode !== undefined && !modes.some((each) => each === mode)) {
    throw new Refusal(`TSOPS_KRM_MODE must be ${modes.join(', ')}`)
  }
  const writing = text('TSOPS_KRM_PACKAGE')
  if (writing !== undefined && writing !== 'allow') throw new Refusal('TSOPS_KRM_PACKAGE must be allow')
  return {
    mode: modes.find((each) => each === mode),
    root: text('TSOPS_KRM_ROOT'),
    maxFileSize: count('TSOPS_KRM_MAX_FILE_SIZE', text) ?? defaultMaxFileSize,
    concurrency: count('KSOPS_CONCURRENCY_LIMIT', text) ?? defaultConcurrency,
    writesPackage: writing === 'allow',
  }
}

function count(name: string, text: (name: string) => string | undefined): number | undefined {
  const value = text(name)
  if (value === undefined) return undefined
  if (!/^\+?0*[1-9]\d{0,14}$/.test(value)) throw new Refusal(`${name} must be a whole number from 1 on`)
  return Number(value)
}
