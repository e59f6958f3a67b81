// The real programs that this project is held against, at pinned versions. A missing one fails the run; it is never skipped.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const cacheHome = process.env.XDG_CACHE_HOME ?? ''

export const peersDirectory: string = join(cacheHome === '' ? join(homedir(), '.cache') : cacheHome, 'tsops-peers')

const binDirectory = join(peersDirectory, 'bin')

export const sopsBin: string = join(binDirectory, 'sops')
export const ageBin: string = join(binDirectory, 'age')
export const fakeGcsBin: string = join(binDirectory, 'fake-gcs-server')
export const ageKeygenBin: string = join(binDirectory, 'age-keygen')

const motoDirectory = join(peersDirectory, 'moto')
export const motoServerBin: string = join(motoDirectory, 'bin', 'moto_server')
const motoVersion = '5.2.5'

/** A client of sops, and the collection of it that speaks to sops. */
const ansibleVersions = { core: '2.19.14', package: '12.3.0', hook: '1.1' }
const ansibleDirectory = join(peersDirectory, 'ansible')
export const ansibleBin: string = join(ansibleDirectory, 'bin', 'ansible-playbook')
/** Has `-m pre_commit_hook_ensure_sops`, too, which asks whether files are encrypted. */
export const ansiblePython: string = join(ansibleDirectory, 'bin', 'python')
/** Holds community.sops 2.2.7. */
export const ansibleCollections: string = join(peersDirectory, 'ansible-collections')

const npmDirectory = join(peersDirectory, 'npm')
export const npmDotenv: string = join(npmDirectory, 'node_modules', 'dotenv')
/** A reader of SOPS files in TypeScript that is stricter than sops. */
export const npmSopsAge: string = join(npmDirectory, 'node_modules', 'sops-age')
const npmVersions: Readonly<Record<string, string>> = { dotenv: '18.0.10', 'sops-age': '4.0.2' }

export const direnvBin: string = join(binDirectory, 'direnv')
/** Prints what `docker run --env-file` reads from a file, as JSON. */
export const dockerEnvFileBin: string = join(binDirectory, 'docker-env-file')

export const kustomizeBin: string = join(binDirectory, 'kustomize')
const oldKustomizeDirectory = join(peersDirectory, 'kustomize-5.0.0')
/** A release of 2023. */
export const oldKustomizeBin: string = join(oldKustomizeDirectory, 'kustomize')

/** The directory of the peers, for those that are looked up in PATH. */
export const peersPath: string = binDirectory

interface Peer {
  readonly name: string
  readonly module: string
  readonly version: string
  /** What `--version` must print somewhere; '' when it has no such flag. */
  readonly shows: string
  /** Where it goes instead of among the others. */
  readonly directory?: string
}

const sopsModule = 'github.com/getsops/sops/v3/cmd/sops'

export const peers: readonly Peer[] = [
  { name: 'sops', module: sopsModule, version: 'v3.13.3', shows: '3.13.3' },
  { name: 'age', module: 'filippo.io/age/cmd/age', version: 'v1.3.2', shows: 'v1.3.2' },
  { name: 'age-keygen', module: 'filippo.io/age/cmd/age-keygen', version: 'v1.3.2', shows: 'v1.3.2' },
  plugin('batchpass', 'cmd'),
  plugin('pq', 'extra'),
  plugin('tag', 'extra'),
  plugin('tagpq', 'extra'),
  // It tells no version.
  { name: 'fake-gcs-server', module: 'github.com/fsouza/fake-gcs-server', version: 'v1.56.1', shows: '' },
  // It has a command for its version, no flag.
  { name: 'kustomize', module: 'sigs.k8s.io/kustomize/kustomize/v5', version: 'v5.8.2', shows: '' },
  {
    ...{ name: 'kustomize', module: 'sigs.k8s.io/kustomize/kustomize/v5', version: 'v5.0.0', shows: '' },
    directory: oldKustomizeDirectory,
  },
  // It holds the private keys of two recipients for tests, and tells no version.
  { ...plugin('tagtest', 'tag/internal'), shows: '' },
]

function plugin(name: string, folder: string): Peer {
  const program = `age-plugin-${name}`
  return { name: program, module: `filippo.io/age/${folder}/${program}`, version: 'v1.3.2', shows: 'v1.3.2' }
}

/** Installs what is missing or of another version. Throws with the way out when that does not work. */
export function installPeers(list: readonly Peer[] = peers): void {
  mkdirSync(binDirectory, { recursive: true })
  for (const peer of list) if (!isInstalled(peer)) install(peer)
  installMoto()
}

/** The AWS services that somebody else wrote, in a Python environment of their own. */
function installMoto(): void {
  const stamp = join(peersDirectory, 'moto.version')
  if (existsSync(motoServerBin) && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === motoVersion) return
  const pip = join(motoDirectory, 'bin', 'pip')
  const steps = [
    ['python3', '-m', 'venv', motoDirectory],
    [pip, 'install', '--quiet', `moto[server]==${motoVersion}`],
  ] as const
  for (const [file, ...args] of steps) {
    const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 20 * 60_000 })
    if (status === 0) continue
    throw new Error(
      `The interop tests need moto ${motoVersion} and could not install it.\n` +
        `Install Python 3 with venv and run: ${[file, ...args].join(' ')}\n${error?.message ?? stderr.trim()}`,
    )
  }
  writeFileSync(stamp, `${motoVersion}\n`)
}

function isInstalled(peer: Peer): boolean {
  const binary = binaryOf(peer)
  if (!existsSync(binary)) return false
  const stamp = stampOf(peer)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === peer.version) return true
  if (peer.shows === '' || !showsVersion(binary, peer)) return false
  writeFileSync(stamp, `${peer.version}\n`)
  return true
}

function showsVersion(binary: string, peer: Peer): boolean {
  if (peer.shows === '') return true
  const environment = { ...process.env, SOPS_DISABLE_VERSION_CHECK: '1' }
  const { status, stdout } = spawnSync(binary, ['--version'], { encoding: 'utf8', env: environment })
  return status === 0 && stdout.includes(peer.shows)
}

function install(peer: Peer): void {
  const target = `${peer.module}@${peer.version}`
  const result = spawnSync('go', ['install', target], {
    encoding: 'utf8',
    env: { ...process.env, GOBIN: dirname(binaryOf(peer)) },
    timeout: 20 * 60_000,
  })
  const binary = binaryOf(peer)
  if (result.status !== 0 || !showsVersion(binary, peer)) {
    const reason = result.error?.message ?? result.stderr.trim()
    throw new Error(
      `The interop tests need ${peer.name} ${peer.version} and could not install it.\n` +
        `Install Go and run: GOBIN=${dirname(binary)} go install ${target}\n${reason}`,
    )
  }
  writeFileSync(stampOf(peer), `${peer.version}\n`)
}

function binaryOf(peer: Peer): string {
  return join(peer.directory ?? binDirectory, peer.name)
}

function stampOf(peer: Peer): string {
  return join(peersDirectory, `${basename(peer.directory ?? peer.name)}.version`)
}

/** Programs of the system, each with the Debian package that has it. */
export function installPackages(packages: Readonly<Record<string, string>>): void {
  const missing = Object.entries(packages).filter(([program]) => !isInPath(program))
  if (missing.length === 0) return
  const names = missing.map(([, name]) => name)
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n']
  const apt = [...sudo, 'apt-get', '-q', '-y', '-o', 'DPkg::Lock::Timeout=600']
  runStep('packages of the system', [...apt, 'update'])
  runStep('packages of the system', [...apt, 'install', '--no-install-recommends', ...names])
}

function isInPath(program: string): boolean {
  return (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, program)))
}

interface GoModule {
  readonly module: string
  readonly version: string
  /** Without it the module itself is the program. */
  readonly source?: string
}

/** Builds a Go program from a module that does not say it is one, or whose list of versions is not to be had. */
function buildGo(binary: string, { module, version, source }: GoModule): void {
  const stamp = `${binary}.version`
  if (existsSync(binary) && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === version) return
  const directory = join(peersDirectory, 'go', basename(binary))
  mkdirSync(directory, { recursive: true })
  mkdirSync(binDirectory, { recursive: true })
  writeFileSync(join(directory, 'go.mod'), `module peer\n\ngo 1.24\n\nrequire ${module} ${version}\n`)
  writeFileSync(join(directory, 'main.go'), source ?? 'package main\n')
  const target = source === undefined ? module : '.'
  runStep(basename(binary), ['go', 'build', '-mod=mod', '-o', binary, target], directory)
  writeFileSync(stamp, `${version}\n`)
}

/** The program that turns .env files into shell commands, as direnv does in a shell. */
export function installDirenv(): void {
  buildGo(direnvBin, { module: 'github.com/direnv/direnv/v2', version: 'v2.37.1' })
}

/** The reader in Docker's command line, without the rest. */
export function installDockerReader(): void {
  const source = `package main

import (
	"encoding/json"
	"os"

	"github.com/docker/cli/pkg/kvfile"
)

func main() {
	lines, err := kvfile.Parse(os.Args[1], func(string) (string, bool) { return "", false })
	if err != nil {
		panic(err)
	}
	json.NewEncoder(os.Stdout).Encode(lines)
}
`
  buildGo(dockerEnvFileBin, { module: 'github.com/docker/cli', version: 'v28.5.1+incompatible', source })
}

export function installNpmPackages(): void {
  const isThere = ([name, version]: readonly [string, string]): boolean => {
    const manifest = join(npmDirectory, 'node_modules', name, 'package.json')
    return existsSync(manifest) && readFileSync(manifest, 'utf8').includes(`"version": "${version}"`)
  }
  const wanted = Object.entries(npmVersions)
  if (wanted.every(isThere)) return
  mkdirSync(npmDirectory, { recursive: true })
  const options = ['--prefix', npmDirectory, '--no-audit', '--no-fund', '--ignore-scripts']
  runStep('npm packages', ['npm', 'install', ...options, ...wanted.map(([name, version]) => `${name}@${version}`)])
}

/** ansible-core and the hook in a Python environment of their own; of the large package only what is needed. */
export function installAnsible(): void {
  const stamp = join(peersDirectory, 'ansible.version')
  const version = JSON.stringify(ansibleVersions)
  if (existsSync(ansibleBin) && existsSync(stamp) && readFileSync(stamp, 'utf8').trim() === version) return
  const pip = join(ansibleDirectory, 'bin', 'pip')
  const downloads = join(ansibleDirectory, 'downloads')
  runStep('Ansible', ['python3', '-m', 'venv', ansibleDirectory])
  const hook = `pre-commit-hook-ensure-sops==${ansibleVersions.hook}`
  runStep('Ansible', [pip, 'install', '--quiet', `ansible-core==${ansibleVersions.core}`, hook])
  const download = [pip, 'download', '--quiet', '--no-deps', '--dest', downloads]
  runStep('Ansible', [...download, `ansible==${ansibleVersions.package}`])
  runStep('Ansible', ['python3', '-c', extraction, downloads, ansibleCollections])
  rmSync(downloads, { recursive: true })
  writeFileSync(stamp, `${version}\n`)
}

const extraction = `
import glob, sys, zipfile
archive = zipfile.ZipFile(glob.glob(sys.argv[1] + '/ansible-*.whl')[0])
wanted = tuple('ansible_collections/community/' + name + '/' for name in ('sops', 'library_inventory_filtering_v1'))
for name in archive.namelist():
    if name.startswith(wanted):
        archive.extract(name, sys.argv[2])
`

function runStep(peer: string, [file = '', ...args]: readonly string[], cwd?: string): void {
  const { status, error, stderr } = spawnSync(file, args, { encoding: 'utf8', timeout: 20 * 60_000, cwd })
  if (status === 0) return
  throw new Error(
    `The interop tests need ${peer}, and this did not work: ${[file, ...args].join(' ')}\n` +
      (error?.message ?? stderr.trim()),
  )
}
