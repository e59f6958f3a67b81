// Questions at a real terminal: passphrases of SSH keys and identity files, typed into sops and into our own host.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encrypt } from '../../src/index.ts'
import { ageGroup, hostWith } from '../ours.ts'
import { alice } from '../test-keys.ts'
import { ageBin, peersPath, sopsBin } from './peers.ts'

const passphrase = 'Tr0ub4dor ☂'
let directory = ''
let asker = ''

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tsops-terminal-'))
  asker = join(directory, 'ask.mjs')
  const code = `import { decrypt } from './src/index.ts'
    import { nodeHost } from './src/node-host.ts'
    import { readFile, writeFile } from 'node:fs/promises'
    const [action, path] = process.argv.slice(2)
    await writeFile(process.env.PID_FILE, String(process.pid))
    const answer = action === 'ask'
      ? Buffer.from(JSON.stringify(await nodeHost().prompt('Say something:', { secret: path === 'secret' })))
      : await decrypt(await readFile(path), { format: 'json', host: nodeHost() })
    await writeFile(process.env.ANSWER, answer)`
  const stdin = { contents: code, resolveDir: process.cwd() }
  await build({ stdin, bundle: true, packages: 'external', platform: 'node', format: 'esm', outfile: asker })
  // Packages are looked for beside the script.
  execFileSync('ln', ['-s', join(process.cwd(), 'node_modules'), join(directory, 'node_modules')])
})
afterAll(() => rm(directory, { recursive: true, force: true }))

interface Screen {
  readonly text: string
  readonly answer: string
}

/**
 * Runs a shell command at a terminal of its own; `type` gives what is typed once `question` stands on the screen,
 * `before` what is typed at once.
 */
async function atTerminal(
  command: string,
  question: string,
  type: () => string | Promise<string>,
  before = '',
): Promise<Screen> {
  const answer = join(directory, 'answer')
  await rm(answer, { force: true })
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: {
      ...{ PATH: process.env.PATH, HOME: directory, TERM: 'dumb', ANSWER: answer },
      ...{ PID_FILE: join(directory, 'pid'), SOPS_AGE_SSH_PRIVATE_KEY_FILE: join(directory, 'key') },
      ...{ SOPS_AGE_KEY_FILE: join(directory, 'locked.txt') },
    },
  })
  let text = ''
  let asked = false
  child.stdin.write(before)
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (asked || !text.includes(question)) return
    asked = true
    void Promise.resolve(type()).then((typed) => child.stdin.write(typed))
  })
  await new Promise((done) => child.on('close', done))
  return { text, answer: await readFile(answer, 'utf8').catch(() => '') }
}

const ask = (how: string): string => `trap : INT TERM; ${process.execPath} ${asker} ask ${how}; stty -a`

test('a secret is read without echo, which is there again afterwards', async () => {
  const { text, answer } = await atTerminal(
    ask('secret'),
    'Say something:',
    () => `x\u0015${passphrase}é\u007f!\u007f\r`,
  )
  expect(JSON.parse(answer)).toBe(passphrase)
  expect(text).not.toContain('Tr0ub')
  expect(text).toMatch(/[^-]echo\b/)
  expect(text).toMatch(/[^-]icanon\b/)
})

// As Emacs' sops-file.el does, which sends the text of a file and two ends of input, then the passphrase.
test('an end of input that was sent before is no part of the answer', async () => {
  const command = `cat; ${ask('secret')}`
  const { answer } = await atTerminal(command, 'Say something:', () => `${passphrase}\r`, 'text\n\u0004\u0004')
  expect(JSON.parse(answer)).toBe(passphrase)
})

test('an answer that is no secret is seen', async () => {
  const { text, answer } = await atTerminal(ask('public'), 'Say something:', () => 'yes, of course\r')
  expect(JSON.parse(answer)).toBe('yes, of course')
  expect(text).toContain('yes, of course')
})

const endings: readonly (readonly [string, () => Promise<string>])[] = [
  ['Ctrl-C', async () => '\u0003'],
  ['Ctrl-D', async () => '\u0004'],
  [
    'SIGTERM',
    async () => {
      process.kill(Number(await readFile(join(directory, 'pid'), 'utf8')), 'SIGTERM')
      return ''
    },
  ],
]

test.each(endings)('%s ends the question and brings the echo back', async (_, type) => {
  const { text, answer } = await atTerminal(ask('secret'), 'Say something:', type)
  expect(answer).toBe('')
  expect(text).toMatch(/[^-]echo\b/)
  expect(text).toMatch(/[^-]icanon\b/)
})

test('the passphrase of an SSH key: sops opens our file, and we open it', async () => {
  const path = join(directory, 'key')
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-a', '2', '-N', passphrase, '-C', 'me', '-f', path])
  await openBoth((await readFile(`${path}.pub`, 'utf8')).trim(), `Enter passphrase for "${path}":`)
})

test('the passphrase of an identity file: sops opens our file, and we open it', async () => {
  const env = {
    ...{ PATH: `${peersPath}:${process.env.PATH ?? ''}` },
    ...{ AGE_PASSPHRASE: passphrase, AGE_PASSPHRASE_WORK_FACTOR: '10' },
  }
  const file = execFileSync(ageBin, ['-e', '-a', '-j', 'batchpass'], { input: alice.identity, env })
  await writeFile(join(directory, 'locked.txt'), file)
  await openBoth(alice.recipient, 'Enter passphrase for identity')
})

async function openBoth(recipient: string, question: string): Promise<void> {
  const file = join(directory, 'file.json')
  const rule = { keyGroups: [ageGroup(recipient)] }
  await writeFile(file, await encrypt(Buffer.from('{"a": "b"}\n'), rule, { format: 'json', host: hostWith() }))
  const ours = await atTerminal(`${process.execPath} ${asker} decrypt ${file}`, question, () => `${passphrase}\r`)
  expect(JSON.parse(ours.answer), ours.text).toEqual({ a: 'b' })
  expect(ours.text).not.toContain('Tr0ub')
  const theirs = await atTerminal(`${sopsBin} decrypt ${file} > $ANSWER`, question, () => `${passphrase}\r`)
  expect(JSON.parse(theirs.answer), theirs.text).toEqual({ a: 'b' })
}
