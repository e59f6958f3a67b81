// Every line of the README that a user would type after `npx`, in the order in which it stands there.

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tsops } from './cli/in-process.ts'

const readme = readFileSync('README.md', 'utf8')
const block = /## Command\n\n```sh\n([^]*?)```/.exec(readme)?.[1] ?? ''
const lines = block.split('\n').filter((line) => line.startsWith('npx tsops '))

const home = mkdtempSync(join(tmpdir(), 'readme-'))
copyFileSync('examples/cli/secret.yaml', join(home, 'secret.yaml'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

// An editor that changes the password.
const editor = `${process.execPath} -e "const fs=require('fs'),f=process.argv[1];fs.writeFileSync(f,fs.readFileSync(f,'utf8').replace('not a real','another'))"`

let recipient = ''

test('the README shows commands', () => expect(lines.length).toBeGreaterThan(10))

test.for(lines)('%s', async (line) => {
  const args = words(line.replace('age1…', recipient)).slice(2)
  const settings = { cwd: home, env: { HOME: home, PATH: process.env.PATH ?? '', EDITOR: editor } }
  const { status, stdout, stderr } = await tsops(args, settings)
  expect(status, stderr).toBe(0)
  if (args[0] === 'keygen') recipient = stdout.trim()
  const comment = /# (\{.*\})$/.exec(line)?.[1]
  if (comment !== undefined) expect(stdout.trim()).toBe(comment)
})

/** As a shell reads the line, up to its comment. */
function words(line: string): readonly string[] {
  const command = line.replace(/\s+# .*$/, '')
  return [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
