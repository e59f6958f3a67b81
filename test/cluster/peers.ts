// What only the slower tests need: a Kubernetes API server with its database, and kubeseal, at pinned versions. What is
// missing is installed; a failure fails the run.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { installPackages, peersDirectory, peersPath } from '../interop/peers.ts'

const kubernetes = '1.36.3'
const sealedSecrets = '0.40.0'

export const apiServerBin: string = join(peersPath, 'kube-apiserver')
export const kubectlBin: string = join(peersPath, 'kubectl')
export const kubesealBin: string = join(peersPath, 'kubeseal')

/** Runs once before the tests. */
export default function setup(): void {
  installPackages({ etcd: 'etcd-server' })
  if (!isInstalled('kubernetes', kubernetes, [apiServerBin, kubectlBin])) buildKubernetes()
  if (!isInstalled('sealed-secrets', sealedSecrets, [kubesealBin])) buildKubeseal()
}

/** The folder of a published Go module, for what it holds beside code. */
export function moduleFolder(module: string, version: string): string {
  const answer = run('go', ['mod', 'download', '-json', `${module}@v${version}`], '/')
  return /"Dir": "([^"]+)"/.exec(answer)?.[1] ?? ''
}

function stampOf(name: string): string {
  return join(peersDirectory, `${name}.version`)
}

function isInstalled(name: string, version: string, files: readonly string[]): boolean {
  const stamp = stampOf(name)
  return files.every((file) => existsSync(file)) && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === version
}

// Its go.mod points into its own source tree, so that `go install` refuses it: a module beside it points to the
// published parts instead.
function buildKubernetes(): void {
  const folder = makeFolder('kubernetes')
  mkdirSync(join(folder, 'sample-cli-plugin'))
  writeFileSync(join(folder, 'sample-cli-plugin', 'go.mod'), 'module k8s.io/sample-cli-plugin\n')
  const download = run('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${kubernetes}`], folder)
  const goMod = /"GoMod": "([^"]+)"/.exec(download)?.[1] ?? ''
  const parts = readFileSync(goMod, 'utf8').matchAll(/^\t(k8s\.io\/\S+) => \.\/staging\//gm)
  const published = kubernetes.replace(/^1\./, 'v0.')
  const replaced = [...parts].map(([, name = '']) =>
    name === 'k8s.io/sample-cli-plugin' ? `${name} => ./sample-cli-plugin` : `${name} => ${name} ${published}`,
  )
  const version = `-X k8s.io/component-base/version.gitVersion=v${kubernetes}`
  const packages = ['kube-apiserver', 'kubectl'].map((name) => `k8s.io/kubernetes/cmd/${name}`)
  buildModule(folder, { require: `k8s.io/kubernetes v${kubernetes}`, replaced, packages, version })
  writeFileSync(stampOf('kubernetes'), `${kubernetes}\n`)
}

// Its go.mod bears another name than the place that it is published at.
function buildKubeseal(): void {
  const [name, place] = ['github.com/bitnami/sealed-secrets', 'github.com/bitnami-labs/sealed-secrets']
  buildModule(makeFolder('sealed-secrets'), {
    require: `${name} v${sealedSecrets}`,
    replaced: [`${name} => ${place} v${sealedSecrets}`],
    packages: [`${name}/cmd/kubeseal`],
    version: `-X main.VERSION=${sealedSecrets}`,
  })
  writeFileSync(stampOf('sealed-secrets'), `${sealedSecrets}\n`)
}

function makeFolder(name: string): string {
  const folder = join(peersDirectory, name)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  return folder
}

interface Module {
  readonly require: string
  readonly replaced: readonly string[]
  readonly packages: readonly string[]
  readonly version: string
}

function buildModule(folder: string, { require, replaced, packages, version }: Module): void {
  const goMod = `module peers\n\ngo 1.26\n\nrequire ${require}\n\nreplace (\n\t${replaced.join('\n\t')}\n)\n`
  writeFileSync(join(folder, 'go.mod'), goMod)
  const imports = packages.map((each) => `\t_ "${each}"\n`).join('')
  writeFileSync(join(folder, 'tools.go'), `//go:build tools\n\npackage peers\n\nimport (\n${imports})\n`)
  run('go', ['mod', 'tidy'], folder)
  for (const each of packages) {
    run('go', ['build', '-ldflags', `-s -w ${version}`, '-o', join(peersPath, basename(each)), each], folder)
  }
}

function run(file: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(file, args, {
    cwd,
    encoding: 'utf8',
    timeout: 30 * 60_000,
  })
  if (status === 0) return stdout
  throw new Error(
    `The cluster tests need this to work: ${[file, ...args].join(' ')}\n${error?.message ?? stderr.trim()}`,
  )
}
