// `git diff` and `git log -p` through our git-textconv, in a real repository.

import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { alice, bob } from '../test-keys.ts'
import { sopsBin } from './peers.ts'
import { cliPath, sops, tsops } from './sops.ts'

let repository = ''

const keys = { SOPS_AGE_KEY: alice.identity }
const identity = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' }

function environment(env: Readonly<Record<string, string>>): Record<string, string | undefined> {
  const noConfiguration = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_PAGER: 'cat' }
  return { PATH: process.env.PATH, HOME: repository, ...identity, ...noConfiguration, ...env }
}

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: repository, env: environment(keys), encoding: 'utf8' })
}

/** The lines that were added and removed, and what went to stderr. */
function diff(
  args: readonly string[],
  env: Readonly<Record<string, string>> = keys,
): { changes: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync('git', args, {
    cwd: repository,
    env: environment(env),
    encoding: 'utf8',
  })
  expect([status, stderr.includes('fatal')]).toEqual([0, false])
  const changes = stdout.split('\n').filter((line) => /^[+-](?!\+\+|--)/.test(line))
  return { changes: changes.join('\n'), stderr }
}

const path = (name: string): string => join(repository, name)

async function writeEncrypted(name: string, text: string, key = alice): Promise<void> {
  const args = ['encrypt', '--age', key.recipient, '--filename-override', name]
  const { status, stdout } = await sops(args, { stdin: Buffer.from(text) })
  expect(status).toBe(0)
  writeFileSync(path(name), stdout)
}

beforeEach(async () => {
  repository = mkdtempSync(join(tmpdir(), 'tsops-git-'))
  git('init', '-q')
  git('config', 'diff.sops.textconv', `'${process.execPath}' '${cliPath}' git-textconv`)
  writeFileSync(path('.gitattributes'), '*.yaml diff=sops\n*.env diff=sops\n*.bin diff=sops\n*.json diff=sops\n')
  await writeEncrypted('secret.yaml', 'a: one\nb: two\n')
  await writeEncrypted('secret.env', 'A=one\n')
  await writeEncrypted('other.yaml', 'c: hidden\n', bob)
  writeFileSync(path('plain.yaml'), 'd: 1 # kept\n')
  writeFileSync(path('broken.yaml'), 'e: [\n')
  writeFileSync(path('picture.bin'), Buffer.from([0, 1, 2, 0xff, 0x0a]))
  git('add', '.')
  git('commit', '-qm', 'first')
})
afterEach(() => rmSync(repository, { recursive: true }))

async function change(): Promise<void> {
  await writeEncrypted('secret.yaml', 'a: one\nb: three\n')
  await writeEncrypted('secret.env', 'A=two\n')
  appendFileSync(path('plain.yaml'), 'f: 2\n')
  appendFileSync(path('broken.yaml'), 'g: {\n')
  appendFileSync(path('picture.bin'), Buffer.from([0xfe, 0x0a]))
}

const expected = ['+g: {', '+f: 2', '-A=one', '+A=two', '-b: two', '+b: three']

test('git diff shows plain text, whatever else is changed', async () => {
  await change()
  const { changes, stderr } = diff(['diff'])
  expect(changes.split('\n').filter((line) => !line.includes('\ufffd') && !line.includes('\u0001'))).toEqual(expected)
  expect(stderr).toBe('')
})

test('with sops itself one plain file is the end of it', async () => {
  await change()
  git('config', 'diff.sops.textconv', `'${sopsBin}' decrypt`)
  const { status } = spawnSync('git', ['diff'], { cwd: repository, env: environment(keys) })
  expect(status).not.toBe(0)
})

test('git log -p, git show and git diff --cached do, too', async () => {
  await change()
  git('add', '.')
  expect(diff(['diff', '--cached']).changes).toContain('-b: two\n+b: three')
  git('commit', '-qm', 'second')
  expect(diff(['show']).changes).toContain('-A=one\n+A=two')
  const { changes } = diff(['log', '-p'])
  expect(changes).toContain('-b: two\n+b: three')
  expect(changes).toContain('+a: one\n+b: two')
  expect(changes).toContain('+d: 1 # kept')
  expect(diff(['log', '-p', '-Sthree', '--textconv', '--', 'secret.yaml']).changes).toContain('+b: three')
})

test('a file that was renamed and changed', async () => {
  renameSync(path('secret.yaml'), path('renamed.yaml'))
  git('add', '.')
  expect(diff(['diff', '--cached', '-M']).changes).toBe('')
  const { status } = await tsops(['set', path('renamed.yaml'), '["b"]', '"three"'], { env: keys })
  expect(status).toBe(0)
  git('add', '.')
  expect(diff(['diff', '--cached', '-M30%']).changes).toBe('-b: two\n+b: three')
})

test('a file whose key is not at hand is shown as it is, with a note', () => {
  const text = readFileSync(path('other.yaml'), 'utf8')
  writeFileSync(path('other.yaml'), `# note\n${text}`)
  const { changes, stderr } = diff(['diff'])
  expect(changes).toBe('+# note')
  expect(stderr).toMatch(/^(?:\S*other\.yaml: not decrypted, shown as it is: none of its keys could be used\n){2}$/)
  expect(diff(['show'], { SOPS_AGE_KEY: '' }).changes).toContain('+a: ENC[AES256_GCM,')
})

test('a merge conflict and a broken .sops.yaml stop nothing', async () => {
  git('checkout', '-qb', 'theirs')
  await writeEncrypted('secret.yaml', 'a: one\nb: theirs\n')
  git('commit', '-qam', 'theirs')
  git('checkout', '-q', '-')
  await writeEncrypted('secret.yaml', 'a: one\nb: ours\n')
  git('commit', '-qam', 'ours')
  writeFileSync(path('.sops.yaml'), 'creation_rules: [')
  expect(diff(['diff', 'theirs', 'HEAD']).changes).toBe('-b: theirs\n+b: ours')
  expect(spawnSync('git', ['merge', 'theirs'], { cwd: repository, env: environment(keys) }).status).toBe(1)
  const { changes } = diff(['diff', 'HEAD'])
  expect(changes).toContain('+<<<<<<< HEAD')
})

test('a deleted, an empty and an added file', async () => {
  rmSync(path('secret.env'))
  writeFileSync(path('secret.yaml'), '')
  await writeEncrypted('new.json', '{"n": 1}')
  git('add', '-A')
  const { changes } = diff(['diff', '--cached'])
  expect(changes).toContain('-A=one')
  expect(changes).toContain('-b: two')
  expect(changes).toMatch(/^\+\s*"n": 1$/m)
})
