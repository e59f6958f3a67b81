// Runs the commands of the workflow: node examples/github/run.mjs
// kustomize and bash must be in PATH.
import { readFileSync } from 'node:fs'
import { pathOf, run } from '../programs.mjs'

const workflow = readFileSync(pathOf('github/secrets.yaml'), 'utf8')
const jobs = [...workflow.matchAll(/^ {8}env:\n {10}(\w+): (.*)\n {8}run: \|\n((?: {10}.*\n)+)/gm)]

for (const [, name, value, script] of jobs) {
  // The key of the workflow is a secret of the repository; here it is that of the examples.
  const env = value.includes('secrets.') ? {} : { [name]: value, SOPS_AGE_KEY_FILE: '' }
  run('.', ['bash', '-e', '-c', script], { env })
  console.log(`${name}: the build holds what it should`)
}
if (jobs.length !== 2) process.exitCode = 1
