// What the examples run, from where they run it.
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const examples = fileURLToPath(new URL('.', import.meta.url))
const dist = join(examples, '..', 'dist', 'bin')

// As `npm install --global tsops` puts them into PATH; `ksops` is there for configurations that name it.
const programs = {
  tsops: resolve(process.env.TSOPS_TEST_CLI ?? join(dist, 'tsops.js')),
  'tsops-krm': resolve(process.env.TSOPS_TEST_KRM ?? join(dist, 'tsops-krm.js')),
  ksops: resolve(process.env.TSOPS_TEST_KRM ?? join(dist, 'tsops-krm.js')),
}
const directory = mkdtempSync(join(tmpdir(), 'tsops-example-'))
process.on('exit', () => rmSync(directory, { recursive: true }))
for (const [name, file] of Object.entries(programs)) {
  chmodSync(file, 0o755)
  symlinkSync(file, join(directory, name))
}

export const environment = {
  ...process.env,
  PATH: `${directory}:${process.env.PATH}`,
  SOPS_AGE_KEY_FILE: join(examples, 'age-key.txt'),
  SOPS_DISABLE_VERSION_CHECK: '1',
}

export function pathOf(name) {
  return join(examples, name)
}

/** Runs a program in a directory of the examples and gives what it prints; `input` is its stdin. */
export function run(folder, [file, ...args], { env = {}, input = '' } = {}) {
  const options = { cwd: join(examples, folder), env: { ...environment, ...env }, input, encoding: 'utf8' }
  const { status, stdout, stderr, error } = spawnSync(file, args, options)
  if (status !== 0) throw new Error(`${file}: status ${status}: ${error?.message ?? stderr}`)
  return stdout
}

/** Runs a program and gives its exit status. */
export function statusOf(folder, [file, ...args], { env = {}, input = '' } = {}) {
  return spawnSync(file, args, { cwd: join(examples, folder), env: { ...environment, ...env }, input }).status
}
