// Runs a TypeScript file with its imports on a Node.js that cannot read types: node test/run.mjs FILE [ARGUMENT…]
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const [file, ...args] = process.argv.slice(2)
mkdirSync('dist', { recursive: true })
const directory = mkdtempSync(join('dist', 'run-'))
try {
  const outfile = join(directory, 'script.mjs')
  await build({ entryPoints: [file], bundle: true, packages: 'external', platform: 'node', format: 'esm', outfile })
  process.exitCode = spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit' }).status ?? 1
} finally {
  rmSync(directory, { recursive: true, force: true })
}
