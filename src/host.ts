// The only way from the core to the world outside the process' memory. node-host.ts is the default.

export interface RunOptions {
  /** Added to the environment of the process. */
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: Uint8Array
  /** Whether a failure's RunError may carry what the program wrote to stderr; else it is thrown away. */
  readonly keepStderr?: boolean
}

/** A program that ended with another status than 0. */
export class RunError extends Error {
  /** undefined: it was ended by a signal. */
  readonly status: number | undefined
  /** '' unless keepStderr was asked for. */
  readonly stderr: string
  constructor(message: string, status: number | undefined, stderr: string) {
    super(message)
    this.name = 'RunError'
    this.status = status
    this.stderr = stderr
  }
}

/** A program that is talked to while it runs. */
export interface Conversation {
  /** What it writes to stdout. */
  readonly output: AsyncIterable<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
  /** Closes its stdin. */
  end(): void
  kill(): void
  /** Its exit status; undefined when it was ended by a signal. Rejects when it cannot start. */
  readonly status: Promise<number | undefined>
}

/** What sets a connection apart from those of fetch. Certificates and keys are in PEM. */
export interface Connection {
  /** Trusted instead of what the system trusts. */
  readonly ca?: readonly string[]
  readonly clientCertificate?: string
  readonly clientKey?: string
  /** The name that the server's certificate must have. */
  readonly serverName?: string
  /** Whether any certificate will do. */
  readonly skipVerify?: boolean
  /** The path of a Unix socket to connect to, whatever the URL says. */
  readonly socketPath?: string
}

export interface ConnectionRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
}

export interface Host {
  readonly platform: 'linux' | 'darwin' | 'win32'
  /** The value of an environment variable; undefined when it is not set. */
  env(name: string): string | undefined
  /** Throws an error whose `code` is 'ENOENT' when there is no such file. */
  readFile(path: string): Promise<Uint8Array>
  /** Runs a program without a shell and gives its stdout. Throws when it cannot start or its status is not 0. */
  run(file: string, args: readonly string[], options?: RunOptions): Promise<Uint8Array>
  /** Starts a program without a shell, to talk with it. */
  start?(file: string, args: readonly string[], options?: RunOptions): Conversation
  /** Asks the user at the terminal. Absent, or throws, when there is no terminal. */
  prompt?(question: string, options: { readonly secret: boolean }): Promise<string>
  readonly fetch: typeof fetch
  /** The names of what a directory holds. */
  readDirectory?(path: string): Promise<readonly string[]>
  /** A request over a connection of its own kind. Calls with the same connection share it. It follows no redirect. */
  fetchOver?(connection: Connection, url: string, request: ConnectionRequest): Promise<Response>
}
