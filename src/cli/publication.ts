// Where a file is published: by which destination rule, under which name.
import { basename, extname, resolve, sep } from 'node:path'
import { findDestinationRule, type DestinationRule } from '../config/destination-rule.ts'
import { destinationKinds } from '../destinations/registry.ts'
import type { Location } from '../destinations/types.ts'
import { backends } from '../keys/registry.ts'
import { CommandError } from './exit-status.ts'
import type { Session } from './session.ts'

export interface Publication {
  /** As the user typed it: that is what the rules see. */
  readonly file: string
  /** Absolute. */
  readonly path: string
  readonly rule: DestinationRule
  /** The file's name at the destination. */
  readonly name: string
  /** The whole of it, for the user. */
  readonly uri: string
  /** Where the value of a top-level key stands once it is published; undefined: the destination holds files. */
  readonly locate: ((key: string) => Location) | undefined
}

export interface PublicationOptions {
  readonly cwd: string
  /** The path below the directory that is published; undefined: the file is published on its own. */
  readonly below?: string | undefined
  readonly omitExtensions: boolean
}

/** Throws ConfigError, SopsError ERR_SOPS_NO_RULE, CommandError without a configuration. */
export async function findPublication(
  session: Session,
  file: string,
  { cwd, below, omitExtensions }: PublicationOptions,
): Promise<Publication> {
  const config = await session.config()
  if (config === undefined) throw configNotFound()
  const rule = await findDestinationRule(config, file, destinationKinds, backends)
  const { destination } = rule
  const { host } = session.options
  const path = resolve(cwd, file)
  const full = (below ?? basename(path)).replaceAll(sep, '/')
  // Of `.env` nothing would be left, and sops leaves nothing.
  const name = omitExtensions || rule.omitExtensions ? full.slice(0, full.length - extname(full).length) : full
  return {
    ...{ file, path, rule, name, uri: destination.uri(name, host) },
    locate: destination.takes === 'values' ? (key): Location => destination.locate(name, key, host) : undefined,
  }
}

export function configNotFound(): CommandError {
  const hint = 'publish follows the destination_rules of a .sops.yaml here or above, or of --config FILE.'
  return new CommandError(1, 'config file not found', hint)
}
