// A named pipe that gives a content to each that opens it, one after the other. A reader gets a pipe of its own: at the
// same moment another one takes the name, so that no reader sees what was meant for the one before.
import { spawnSync } from 'node:child_process'
import { closeSync, constants, openSync, renameSync, writeSync } from 'node:fs'
import { delimiter } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { findInPath } from '../../node-host.ts'
import type { Environment } from '../argv.ts'
import { CommandError } from '../exit-status.ts'

export interface Fifo {
  readonly path: string
  /** No more readers; those that still read lose the rest. */
  close(): Promise<void>
}

/** The program that makes named pipes, which Node.js cannot; undefined where there is none. */
export function findMaker(env: Environment): string | undefined {
  return findInPath('mkfifo', ['/usr/bin', '/bin', env.PATH].join(delimiter))
}

/**
 * @param spare where the next pipe waits: not beside the path, where a program could find it
 * @throws CommandError
 */
export function openFifo(maker: string, path: string, spare: string, content: Uint8Array): Fifo {
  if (!make(maker, path, spare))
    throw new CommandError(1, `Could not make a named pipe: ${path}`, '--no-fifo uses a file.')
  const end = new AbortController()
  const readers = new Set<Promise<void>>()
  const closing = new AbortController()
  const served = serve(end.signal, () => {
    const pipe = openForReader(path)
    if (pipe === undefined) return false
    renameSync(spare, path)
    const reader = send(pipe, content, closing.signal).finally(() => readers.delete(reader))
    readers.add(reader)
    // Without another pipe nobody may be let in: an empty file would be a lie.
    if (!make(maker, spare)) end.abort()
    return true
  })
  return {
    path,
    async close() {
      end.abort()
      closing.abort()
      await Promise.all([served, ...readers])
    },
  }
}

const shortestWait = 1
const longestWait = 40

// A pipe cannot tell that it is opened: it has to be tried. At first often, for a program opens it when it starts; then,
// for one that runs for days, seldom.
async function serve(end: AbortSignal, tryOnce: () => boolean): Promise<void> {
  let pause = shortestWait
  try {
    for (;;) {
      pause = tryOnce() ? shortestWait : Math.min(pause * 1.1, longestWait)
      await wait(pause, undefined, { signal: end })
    }
  } catch {
    // The end, or somebody has taken the directory away: then there is nobody to serve.
  }
}

function make(maker: string, ...paths: readonly string[]): boolean {
  return spawnSync(maker, ['-m', '600', ...paths], { stdio: 'ignore', env: {} }).status === 0
}

// Undefined while nobody reads.
function openForReader(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENXIO') return undefined
    throw error
  }
}

// In our own steps: not every runtime's streams wait for a full pipe.
async function send(pipe: number, content: Uint8Array, end: AbortSignal): Promise<void> {
  try {
    let pause = shortestWait
    for (let sent = 0; sent < content.length;) {
      const written = writeSome(pipe, content.subarray(sent))
      sent += written
      pause = written > 0 ? shortestWait : Math.min(pause * 1.1, longestWait)
      if (sent < content.length) await wait(written > 0 ? 0 : pause, undefined, { signal: end })
    }
  } catch {
    // A reader that has seen enough is no failure, nor is the end.
  } finally {
    closeSync(pipe)
  }
}

function writeSome(pipe: number, bytes: Uint8Array): number {
  try {
    return writeSync(pipe, bytes)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0
    throw error
  }
}
