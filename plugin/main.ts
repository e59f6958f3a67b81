#!/usr/bin/env node
// The only place that sets the exit status.
import { pointConsoleAtStderr, processShell } from './node-shell.ts'
import { main } from './program.ts'

pointConsoleAtStderr()
process.exitCode = await main(process.argv.slice(2), processShell())
