// A process for the function that reaches nothing but given variables and the files below one directory.
import { main } from '../../plugin/program.ts'
import { nodeFiles } from '../../plugin/node-files.ts'
import type { Files } from '../../plugin/world.ts'
import type { Host } from '../../src/index.ts'
import { hostWith } from '../ours.ts'

export interface Run {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly args?: readonly string[]
  readonly stdin?: string | Uint8Array | undefined
  readonly env?: Readonly<Record<string, string>>
  readonly host?: Host
  readonly files?: Files
}

/** A host with these variables besides the identities of `base`. */
export function hostWithVariables(base: Host, env: Readonly<Record<string, string>>): Host {
  const variables = new Map(Object.entries(env))
  return { ...base, env: (name) => (variables.has(name) ? variables.get(name) : base.env(name)) }
}

/** Runs the function in `root`, which is a real path. */
export async function runIn(root: string, options: RunOptions = {}): Promise<Run> {
  const { args = [], stdin, env = {}, host = hostWith(), files = nodeFiles(root) } = options
  let stdout = ''
  let stderr = ''
  const status = await main(args, {
    host: hostWithVariables(host, env),
    files,
    readStdin: async () => (stdin === undefined ? undefined : Buffer.from(stdin)),
    writeStdout: async (text) => {
      stdout += text
    },
    writeStderr: (text) => {
      stderr += text
    },
  })
  return { status, stdout, stderr }
}
