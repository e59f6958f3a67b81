#!/usr/bin/env node
// Both programs in one executable: its name says which one it is. As `ksops` it takes the place of that program.
import { copyFileSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { argv, argv0, execPath, pid } from 'node:process'

const functionNames: readonly string[] = ['tsops-krm', 'ksops']
const [command, directory, ...others] = argv.slice(2)

if (!functionNames.includes(basename(argv0))) await import('../src/cli/main.ts')
else if (command === 'install' && directory !== undefined && others.length === 0) install(directory)
else await import('./main.ts')

// An image that holds nothing else has no other program that could put it into a volume.
function install(target: string): void {
  try {
    replace(target, 'tsops', (path) => copyFileSync(execPath, path))
    for (const name of functionNames) replace(target, name, (path) => symlinkSync('tsops', path))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'it failed'
    process.stderr.write(`${basename(argv0)}: error: ${target}: the programs cannot be put there: ${code}\n`)
    process.exitCode = 1
  }
}

// At once: somebody may be running the one before.
function replace(target: string, name: string, make: (path: string) => void): void {
  const path = join(target, `.${name}-${pid}`)
  rmSync(path, { force: true })
  make(path)
  renameSync(path, join(target, name))
}
