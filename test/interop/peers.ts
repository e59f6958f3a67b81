// The real programs that this project is held against, at pinned versions. A missing one fails the run; it is never skipped.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const cacheHome = process.env.XDG_CACHE_HOME ?? ''

export const peersDirectory: string = join(cacheHome === '' ? join(homedir(), '.cache') : cacheHome, 'tsops-peers')

const binDirectory = join(peersDirectory, 'bin')

export const sopsBin: string = join(binDirectory, 'sops')
export const ageBin: string = join(binDirectory, 'age')
export const ageKeygenBin: string = join(binDirectory, 'age-keygen')

const motoDirectory = join(peersDirectory, 'moto')
export const motoServerBin: string = join(motoDirectory, 'bin', 'moto_server')
const motoVersion = '5.2.5'

/** The directory of the peers, for those that are looked up in PATH. */
export const peersPath: string = binDirectory

interface Peer {
  readonly name: string
  readonly module: string
  readonly version: string
  /** What `--version` must print somewhere; '' when it has no such flag. */
  readonly shows: string
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
  const binary = join(binDirectory, peer.name)
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
    env: { ...process.env, GOBIN: binDirectory },
    timeout: 20 * 60_000,
  })
  const binary = join(binDirectory, peer.name)
  if (result.status !== 0 || !showsVersion(binary, peer)) {
    const reason = result.error?.message ?? result.stderr.trim()
    throw new Error(
      `The interop tests need ${peer.name} ${peer.version} and could not install it.\n` +
        `Install Go and run: GOBIN=${binDirectory} go install ${target}\n${reason}`,
    )
  }
  writeFileSync(stampOf(peer), `${peer.version}\n`)
}

function stampOf(peer: Peer): string {
  return join(peersDirectory, `${peer.name}.version`)
}
