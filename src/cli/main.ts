#!/usr/bin/env node
// The only place that sets the exit status.
import { kill, pid } from 'node:process'
import { removeTemporaries } from './files.ts'
import { processIo } from './io.ts'
import { main } from './program.ts'

for (const signal of ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    removeTemporaries()
    kill(pid, signal)
  })
}

process.exitCode = await main(process.argv.slice(2), processIo())
