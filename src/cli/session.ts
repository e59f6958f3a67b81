// What the files of one run share: the configuration, the host, the data keys that were opened.
import { resolve } from 'node:path'
import { stat } from 'node:fs/promises'
import { findConfigFile } from '../config/find.ts'
import type { Config } from '../config/types.ts'
import { readConfig } from '../config/schema.ts'
import { ConfigError, ParseError, SopsError } from '../errors.ts'
import type { Host } from '../host.ts'
import { DataKeyCache } from '../index.ts'
import { backends } from '../keys/registry.ts'
import type { KeyService } from '../keys/types.ts'
import { storeFor, storeForPath } from '../stores/registry.ts'
import type { Layout } from '../stores/types.ts'
import { type Audit, openTrail } from './audit/trail.ts'
import type { Call } from './command.ts'
import { CommandError } from './exit-status.ts'
import { explain } from './files.ts'
import { hostOf } from './io.ts'
import type { Io } from './io.ts'
import { openKeyServices } from './key-services.ts'
import { inform, logLine } from './log.ts'
import { quoteGo } from './quote.ts'

export interface Session {
  readonly options: {
    readonly host: Host
    readonly dataKeys: DataKeyCache
    readonly keyServices: readonly KeyService[]
    /** Of a file that nobody named; see auditOf. */
    readonly audit: Audit
  }
  /** Records what is done to a file; undefined: stdin. Goes into the options of every operation. */
  auditOf(file: string | undefined): Audit
  /** The configuration; undefined when there is none. Throws ConfigError. */
  config(): Promise<Config | undefined>
  /** The layout that the user asked for in a format. */
  layout(format: string): Promise<Layout | undefined>
}

/** `root`: the flags before a subcommand. */
export function openSession({ io, root, flags }: Pick<Call, 'io' | 'root' | 'flags'>): Session {
  const host = hostOf(io)
  const trailOf = openTrail(io)
  const auditOf = (file: string | undefined): Audit => {
    const audit = trailOf(file)
    let isTold = false
    return async (action) => {
      // An edit opens its file twice.
      if (action === 'decrypt' && !isTold) inform({ io, flags }, 'Data key recovered successfully', 'SOPS')
      isTold ||= action === 'decrypt'
      await audit(action)
    }
  }
  let loading: Promise<Config | undefined> | undefined
  const config = (): Promise<Config | undefined> => (loading ??= loadConfig(io, root.text('config')))
  return {
    options: {
      ...{ host, dataKeys: new DataKeyCache(), keyServices: openKeyServices(io, flags, host) },
      audit: auditOf(undefined),
    },
    auditOf,
    config,
    async layout(format) {
      const stores = (await config())?.stores
      const indents = new Map([
        ['yaml', stores?.yaml],
        ['json', stores?.json],
        ['binary', stores?.binary],
      ])
      const indent = indents.has(format) && root.isSet('indent') ? root.integer('indent') : indents.get(format)
      if (indent !== undefined) return { indent }
      return printsAnew(io) ? {} : undefined
    },
  }
}

// ° TSOPS_LAYOUT=sops prints every file as sops prints it, for a caller who compares the bytes.
function printsAnew({ env }: Io): boolean {
  const layout = env.TSOPS_LAYOUT ?? ''
  if (layout === 'sops') return true
  if (layout === '' || layout === 'keep') return false
  throw new CommandError(1, `TSOPS_LAYOUT is ${quoteGo(layout)}: it must be keep or sops`)
}

async function loadConfig(io: Io, named: string): Promise<Config | undefined> {
  const file = named === '' ? await findFile(io) : resolve(io.cwd, named)
  if (file === undefined) return undefined
  const config = parseConfig(await readConfigFile(io, named === '' ? file : named), file)
  for (const warning of config.warnings) logLine(io, 'warning', warning)
  return config
}

function parseConfig(bytes: Uint8Array, file: string): Config {
  try {
    return readConfig(storeFor('yaml')?.parse(bytes).branches[0], file, backends)
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    throw new ConfigError(`error loading config: Could not unmarshal config file: ${error.message}`, file)
  }
}

async function findFile(io: Io): Promise<string | undefined> {
  const exists = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    )
  const { path, warning } = await findConfigFile(io.cwd, { platform: hostOf(io).platform, exists })
  if (warning !== undefined) logLine(io, 'warning', warning)
  return path
}

async function readConfigFile(io: Io, path: string): Promise<Uint8Array> {
  try {
    return await hostOf(io).readFile(path)
  } catch (error) {
    throw new CommandError(1, `could not read config file: open ${path}: ${explain(error)}`)
  }
}

/** The format that a flag names, or else the path; binary for stdin. Throws SopsError ERR_SOPS_INPUT. */
export function formatOf(flag: string, path: string | undefined): string {
  if (flag === '') return path === undefined ? 'binary' : storeForPath(path).name
  // An editor's name for files without a format of their own.
  if (flag === 'plaintext') return 'binary'
  const store = storeFor(flag)
  if (store !== undefined) return store.name
  throw new SopsError('ERR_SOPS_INPUT', `Error: unknown format ${quoteGo(flag)}`, {
    hint: 'The formats are yaml, json, dotenv, ini and binary.',
  })
}

/** What a file that was found holds; `check` reads its metadata. */
export async function stateOf(check: () => boolean | Promise<boolean>): Promise<'encrypted' | 'plain' | 'unreadable'> {
  try {
    return (await check()) ? 'encrypted' : 'plain'
  } catch (error) {
    if (error instanceof SopsError) return 'unreadable'
    throw error
  }
}
