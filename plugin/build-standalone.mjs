// Compiles both programs into dist/tsops, one executable that needs nothing beside it, and writes dist/LICENSES.txt, the
// licences of what is in it. npm run build:binary puts Bun into PATH; arguments are handed on to it.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const options = [
  '--compile',
  '--format=esm',
  '--minify',
  // Parts are loaded when they are needed, and none is parsed: a third of the time to start.
  '--splitting',
  '--bytecode',
  // Nothing of the directory that it runs in, which may be a stranger's, gets into the process: neither variables nor code.
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
]

mkdirSync('dist', { recursive: true })
const metafile = join('dist', 'standalone-inputs.json')
const args = ['build', 'plugin/standalone.ts', ...options, `--metafile=${metafile}`, '--outfile', join('dist', 'tsops')]
const { status, error } = spawnSync('bun', [...args, ...process.argv.slice(2)], { stdio: 'inherit' })
if (status !== 0) throw new Error(`Bun could not compile it${error === undefined ? '' : `: ${error.message}`}`)

const version = spawnSync('bun', ['--version'], { encoding: 'utf8' }).stdout.trim()
const { inputs } = JSON.parse(readFileSync(metafile, 'utf8'))
rmSync(metafile)
const folders = new Set(Object.keys(inputs).flatMap(folderOf))
const texts = [ownLicence(), runtimeLicence(), ...[...folders].sort().map(licenceOf)]
writeFileSync(join('dist', 'LICENSES.txt'), texts.join(`\n${'-'.repeat(80)}\n\n`))

/** The folder of the package that a file belongs to. */
function folderOf(file) {
  return /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.slice(0, 1) ?? []
}

function ownLicence() {
  return `tsops\n\n${readFileSync('LICENSE', 'utf8')}`
}

function runtimeLicence() {
  return `Bun ${version} (MIT), with JavaScriptCore (LGPL-2.1) and other libraries\n\nhttps://bun.com/docs/project/license\n`
}

// A few packages say no more than the name of their licence.
function licenceOf(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const files = readdirSync(folder).filter((file) => /^(licen[sc]e|notice|copying)/i.test(file))
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
  const owner = typeof author === 'string' ? author : author?.name
  if (texts.length === 0 && owner !== undefined) texts.push(`By ${owner}`)
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
}
