import type { Conversation, Host } from '../../src/host.ts'

export interface FakeHost extends Host {
  /** The programs that were started: file, arguments and the variables that were added. */
  readonly runs: { readonly file: string; readonly args: readonly string[]; readonly env: unknown }[]
  /** The paths that were asked for. */
  readonly reads: string[]
}

export interface World {
  readonly platform?: Host['platform']
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly start?: (file: string, args: readonly string[]) => Conversation
  readonly prompt?: (question: string) => string
  readonly run?: (file: string, args: readonly string[], env: Readonly<Record<string, string>>) => string
}

/** A host that is made of what a test gives it. */
export function fakeHost({ platform = 'linux', env = {}, files = {}, run, start, prompt }: World): FakeHost {
  const runs: FakeHost['runs'] = []
  const reads: string[] = []
  return {
    platform,
    runs,
    reads,
    env: (name) => (Object.hasOwn(env, name) ? env[name] : undefined),
    async readFile(path) {
      reads.push(path)
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error(`${path} is not there`), { code: 'ENOENT' })
      return new TextEncoder().encode(text)
    },
    async run(file, args, options) {
      runs.push({ file, args, env: options?.env })
      if (run === undefined) throw Object.assign(new Error(`${file} is not there`), { code: 'ENOENT' })
      return new TextEncoder().encode(run(file, args, options?.env ?? {}))
    },
    ...(start && { start }),
    ...(prompt && { prompt: async (question: string) => prompt(question) }),
    fetch: () => Promise.reject(new Error('there is no network')),
  }
}
