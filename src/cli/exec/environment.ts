// The environment of a program: what tsops was started with, the user's own variables, the secrets. Later ones win.
import type { Environment } from '../argv.ts'

/** `pristine`: without what tsops was started with. */
export function makeEnvironment(
  io: { readonly env: Environment },
  pristine: boolean,
  ...additions: readonly ReadonlyMap<string, string>[]
): Record<string, string> {
  const variables = new Map<string, readonly [name: string, value: string]>()
  const set = (name: string, value: string): void => {
    // Windows knows one variable by any of its spellings.
    variables.set(process.platform === 'win32' ? name.toLowerCase() : name, [name, value])
  }
  if (!pristine) {
    for (const [name, value] of Object.entries(io.env)) if (value !== undefined) set(name, value)
  }
  for (const addition of additions) for (const [name, value] of addition) set(name, value)
  // Also for a key that is called __proto__.
  return Object.fromEntries(variables.values())
}
