// The only way from the core to the world outside the process' memory. node-host.ts is the default.

export interface RunOptions {
  /** Added to the environment of the process. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: Uint8Array
}

export interface Host {
  readonly platform: 'linux' | 'darwin' | 'win32'
  /** The value of an environment variable; undefined when it is not set. */
  env(name: string): string | undefined
  /** Throws an error whose `code` is 'ENOENT' when there is no such file. */
  readFile(path: string): Promise<Uint8Array>
  /** Runs a program without a shell and gives its stdout. Throws when it cannot start or its status is not 0. */
  run(file: string, args: readonly string[], options?: RunOptions): Promise<Uint8Array>
  readonly fetch: typeof fetch
}
