// Questions that sops asks on stdout and reads the answer to from stdin (Go's fmt.Scanln), by pipe or by hand.
import { CommandError } from './exit-status.ts'
import { explain, writeStdout } from './files.ts'
import type { Io } from './io.ts'

/** Asks until the answer is y or n. Throws CommandError at the end of stdin. */
export async function confirm(io: Io, question: string, hint?: string): Promise<boolean> {
  for (;;) {
    await writeStdout(io, Buffer.from(question))
    const line = await readLine(io)
    const words = line?.split(/[ \t\r]+/).filter((word) => word !== '') ?? []
    if (words.length === 1 && (words[0] === 'y' || words[0] === 'n')) return words[0] === 'y'
    const problem = line === undefined ? 'EOF' : words.length === 0 ? 'unexpected newline' : 'expected newline'
    if (words.length !== 1) throw new CommandError(1, problem, hint)
  }
}

const maxLength = 4096

async function readLine(io: Io): Promise<string | undefined> {
  const bytes: number[] = []
  try {
    for (;;) {
      const byte = await nextByte(io)
      if (byte === undefined && bytes.length === 0) return undefined
      if (byte === undefined || byte === 0x0a) return Buffer.from(bytes).toString('latin1')
      if (bytes.length < maxLength) bytes.push(byte)
    }
  } catch (error) {
    throw new CommandError(1, `read /dev/stdin: ${explain(error)}`)
  }
}

function nextByte(io: Io): Promise<number | undefined> {
  if (io.stdin.readByte !== undefined) return io.stdin.readByte()
  const bytes = unread.get(io) ?? bytesOf(io.stdin)
  unread.set(io, bytes)
  return bytes.next().then((result) => (result.done === true ? undefined : result.value))
}

const unread = new WeakMap<Io, AsyncGenerator<number, undefined>>()

async function* bytesOf(stdin: Io['stdin']): AsyncGenerator<number, undefined> {
  for await (const chunk of stdin) yield* chunk
  return undefined
}
