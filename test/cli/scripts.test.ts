// Runs test/cli-scripts/*.txt: steps first, then the files they start from, each after a line `-- NAME --`.
//   tsops ARGUMENT…        runs a command line ('' quotes); `stdin FILE` and `env NAME=VALUE` before it prepare it
//   status N               the status of the last one; 0 when the step is missing
//   stdout|stderr REGEX    (multi-line) finds it; `! stdout REGEX` does not; `stdout empty` there is none
//   cmp A B                two files are equal; `stdout` names the last output
//   exists|missing FILE    grep REGEX FILE    cp A B    mode OCTAL FILE

import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { alice, bob } from '../test-keys.ts'
import { type Result, tsops } from './in-process.ts'

const folder = join(import.meta.dirname, '..', 'cli-scripts')
const root = mkdtempSync(join(tmpdir(), 'cli-scripts-'))

afterAll(() => rmSync(root, { recursive: true, force: true }))

test.for(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', async (name) => {
  const directory = join(root, name)
  const steps = unpack(readFileSync(join(folder, name), 'utf8'), directory)
  const script = new Script(directory)
  for (const [index, step] of steps.entries()) {
    if (step.trim() === '' || step.startsWith('#')) continue
    await script.run(words(fill(step)), `${name}:${index + 1}: ${step}`)
  }
  script.finish(name)
})

class Script {
  readonly #directory: string
  #env: Record<string, string> = { SOPS_AGE_KEY: alice.identity }
  #stdin = ''
  #last: Result | undefined
  #checked = true
  #place = ''

  constructor(directory: string) {
    this.#directory = directory
  }

  async run([verb = '', ...rest]: readonly string[], place: string): Promise<void> {
    const [first = '', second = ''] = rest
    if (verb === 'tsops') await this.#tsops(rest, place)
    else if (verb === 'env') this.#env[first.split('=', 1)[0] ?? ''] = first.slice(first.indexOf('=') + 1)
    else if (verb === 'stdin') this.#stdin = this.#read(first)
    else if (verb === 'cp') cpSync(this.#path(first), this.#path(second))
    else this.#check(verb, rest, place)
  }

  finish(place: string): void {
    if (!this.#checked) expect(this.#last?.status, `${this.#place || place}\n${this.#last?.stderr ?? ''}`).toBe(0)
    this.#checked = true
  }

  async #tsops(args: readonly string[], place: string): Promise<void> {
    this.finish(place)
    this.#last = await tsops(args, { cwd: this.#directory, env: this.#env, stdin: this.#stdin })
    this.#stdin = ''
    this.#checked = false
    this.#place = place
  }

  #check(verb: string, rest: readonly string[], place: string): void {
    const [first = '', second = ''] = rest
    switch (verb) {
      case 'status':
        this.#checked = true
        return expect(this.#last?.status, `${place}\n${this.#last?.stderr ?? ''}`).toBe(Number(first))
      case 'stdout':
      case 'stderr':
        return expect(this.#last?.[verb], place).toMatch(first === 'empty' ? /^$/ : new RegExp(first, 'm'))
      case '!':
        return expect(this.#read(first), place).not.toMatch(new RegExp(second, 'm'))
      case 'cmp':
        return expect(this.#read(first), place).toBe(this.#read(second))
      case 'grep':
        return expect(this.#read(second), place).toMatch(new RegExp(first, 'm'))
      case 'exists':
        return expect(existsSync(this.#path(first)), place).toBe(true)
      case 'missing':
        return expect(existsSync(this.#path(first)), place).toBe(false)
      case 'mode':
        return expect((statSync(this.#path(second)).mode & 0o7777).toString(8), place).toBe(first)
      default:
        throw new Error(`${place}: no such step`)
    }
  }

  #path(name: string): string {
    return join(this.#directory, name)
  }

  #read(name: string): string {
    if (name === 'stdout' || name === 'stderr') return this.#last?.[name] ?? ''
    return readFileSync(this.#path(name), 'utf8')
  }
}

function unpack(text: string, directory: string): readonly string[] {
  const [steps = '', ...parts] = text.split(/^-- (.+) --\n/m)
  for (let at = 0; at < parts.length; at += 2) {
    const path = join(directory, parts[at] ?? '')
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, fill(parts[at + 1] ?? ''))
  }
  mkdirSync(directory, { recursive: true })
  return steps.split('\n')
}

function fill(text: string): string {
  return text.replaceAll('$ALICE', alice.recipient).replaceAll('$BOB', bob.recipient)
}

function words(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
