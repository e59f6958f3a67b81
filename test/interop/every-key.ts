// A key of every kind that both programs can use, and the programs themselves, for tests of who can open what.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { backends } from '../../src/keys/registry.ts'
import { type RunResult, run, useBuiltCli } from '../cli/built-cli.ts'
import { alice, bob } from '../test-keys.ts'
import { startWorld, type World } from './command-lines/world.ts'
import { sopsBin } from './peers.ts'

export type Program = (args: readonly string[], options?: RunOptions) => Promise<RunResult>

export interface EveryKey {
  /** The text that names the key of a kind in flags. */
  readonly spec: (type: string) => string
  /** A file of the test's own directory. */
  readonly path: (name: string) => string
  readonly write: (name: string, content: string | Uint8Array) => void
  /** Runs ours or sops in that directory, with the identity of alice, or without. */
  readonly ours: Program
  readonly sops: Program
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly identities?: string
  readonly stdin?: string
}

/** Every kind, with the name of its flags and the name of its list in a flat rule. */
export const kinds: readonly { readonly type: string; readonly flag: string; readonly rule: string }[] = backends.map(
  ({ type, names }) => ({ type, flag: names.flag, rule: names.rule }),
)

const places: Readonly<Record<string, string>> = {
  kms: 'ARN',
  gcp_kms: 'GCP',
  hckms: 'HUAWEI',
  azure_kv: 'AZURE',
  hc_vault: 'VAULT',
  pgp: 'PGP',
}

export function useEveryKey(): EveryKey {
  const cli = useBuiltCli()
  let world: World
  let directory = ''
  beforeAll(async () => {
    world = await startWorld()
    directory = mkdtempSync(join(tmpdir(), 'every-key-'))
  })
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true })
    await world.close()
  })
  const start = (program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> => {
    const env = { ...world.env, HOME: directory, SOPS_AGE_KEY: options.identities ?? alice.identity, ...options.env }
    return run(program, args, { cwd: directory, env, stdin: options.stdin ?? '' })
  }
  return {
    spec: (type) => (type === 'age' ? bob.recipient : (world.names[places[type] ?? ''] ?? '')),
    path: (name) => join(directory, name),
    write: (name, content) => {
      writeFileSync(join(directory, name), content)
    },
    ours: (args, options) => start(process.execPath, [cli(), ...args], options),
    sops: (args, options) => start(sopsBin, args, options),
  }
}

/** The identity with which the key of a kind alone opens a file: those of the others need none. */
export function identityOf(type: string): string {
  return type === 'age' ? bob.identity : ''
}
