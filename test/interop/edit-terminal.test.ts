// Real editors in a real terminal: what is typed is saved, what is wrong is shown, and however it ends, the plain text is
// gone.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { alice } from '../test-keys.ts'
import { installPackages, sopsBin } from './peers.ts'
import { cliPath, sops, sopsEncrypt } from './sops.ts'
import { Terminal } from './tmux.ts'

const root = mkdtempSync(join(tmpdir(), 'edit-terminal-'))
const plain = '# about\none: first\ntwo:\n    - second\n'
const tsops = `${process.execPath} ${cliPath}`

let directory = ''
let runtime = ''
let terminal: Terminal
let encrypted = ''

beforeAll(() => installPackages({ tmux: 'tmux', vim: 'vim', nano: 'nano' }))
afterAll(() => rmSync(root, { recursive: true, force: true }))

beforeEach(async () => {
  directory = mkdtempSync(join(root, 'case-'))
  // Of its own, so that nobody else's directories are seen.
  runtime = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : root, 'runtime-'))
  const { stdout } = await sopsEncrypt('yaml', Buffer.from(plain))
  encrypted = stdout.toString()
  writeFileSync(join(directory, 'x.yaml'), encrypted)
  terminal = start({ EDITOR: 'vim -u NONE -i NONE' })
})
afterEach(() => {
  terminal.close()
  rmSync(runtime, { recursive: true, force: true })
})

function start(env: Readonly<Record<string, string>>): Terminal {
  const shared = { SOPS_AGE_KEY: alice.identity, XDG_RUNTIME_DIR: runtime, SOPS_DISABLE_VERSION_CHECK: '1' }
  return new Terminal({ cwd: directory, env: { ...shared, ...env } })
}

const file = (): string => readFileSync(join(directory, 'x.yaml'), 'utf8')

/** The private directories that there are now. */
const privates = (): readonly string[] => readdirSync(runtime)

async function opened(): Promise<string> {
  const { status, stdout, stderr } = await sops(['decrypt', join(directory, 'x.yaml')])
  expect(status, stderr).toBe(0)
  return stdout.toString()
}

function changedLines(): readonly string[] {
  const old = new Set(encrypted.split('\n'))
  const changed = file()
    .split('\n')
    .filter((line) => !old.has(line))
  return changed.map((line) => line.trim().split(' ')[0] ?? '').filter((name) => name !== 'lastmodified:')
}

/** Opens the file in vim. */
async function openVim(command = `${tsops} edit x.yaml`): Promise<void> {
  await terminal.run(command)
  await terminal.see(/^one: first/m)
}

describe('vim', () => {
  test('a value is changed and saved: sops reads it, and the other lines are as they were', async () => {
    await openVim()
    const [name = ''] = privates()
    const modes = [join(runtime, name), join(runtime, name, 'x.yaml')].map((path) => statSync(path).mode & 0o777)
    expect(modes).toEqual([0o700, 0o600])
    await terminal.type(':%s/first/changed/', 'Enter', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(changedLines()).toEqual(['one:', 'mac:'])
    expect(await opened()).toBe(plain.replace('first', 'changed'))
    expect(privates()).toEqual([])
  })

  test('without a change there is none', async () => {
    await openVim()
    await terminal.type(':q', 'Enter')
    expect(await terminal.status()).toBe(200)
    expect(terminal.screen()).toContain('File has not changed, exiting.')
    expect(file()).toBe(encrypted)
    expect(privates()).toEqual([])
  })

  test('is what edits when nobody says what, and leaves no trace of what was typed', async () => {
    terminal.close()
    terminal = start({ EDITOR: '' })
    await openVim()
    await terminal.type(':%s/first/changed/', 'Enter', ':2yank', 'Enter', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toContain('changed')
    expect(readdirSync(directory)).toEqual(['x.yaml'])
  })

  test('a text that does not parse comes back with what is wrong, and is saved once it is right', async () => {
    await openVim()
    await terminal.type(':%s/first/[first/', 'Enter', ':wq', 'Enter')
    await terminal.see(/Error unmarshalling file: yaml: line \d+: /)
    await terminal.see(/Press Enter to return to the editor, or Ctrl-C/)
    expect(file()).toBe(encrypted)
    await terminal.type('Enter')
    await terminal.see(/^# \[tsops \w+\] Error unmarshalling file: yaml: line \d+: .*\n# \[tsops \w+\] Not saved/m)
    await terminal.see(/^one: \[first/m)
    await terminal.type(':%s/\\[first/third/', 'Enter', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toBe(plain.replace('first', 'third'))
    expect(privates()).toEqual([])
  })

  test('Ctrl-C at the question throws the changes away', async () => {
    await openVim()
    await terminal.type(':%s/first/[first/', 'Enter', ':wq', 'Enter')
    await terminal.see(/Press Enter to return/)
    await terminal.type('C-c')
    expect(await terminal.status()).toBe(1)
    expect(terminal.screen()).toMatch(/User canceled operation\nHint: .*x\.yaml is as it\s+was\./)
    expect(file()).toBe(encrypted)
    expect(privates()).toEqual([])
  })

  test('Ctrl-C in the editor is the editor’s', async () => {
    await openVim()
    await terminal.type('C-c', 'ggOnew: 1', 'C-c', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toBe(`new: 1\n${plain}`)
    expect(privates()).toEqual([])
  })

  test('Ctrl-Z goes to the shell and back', async () => {
    await openVim()
    await terminal.type('C-z')
    await terminal.see(/Stopped/)
    await terminal.type('fg', 'Enter')
    await terminal.see(/^one: first/m)
    await terminal.type(':%s/first/changed/', 'Enter', ':wq', 'Enter')
    await terminal.see(/\$ $/m)
    await wait(500)
    expect(await opened()).toBe(plain.replace('first', 'changed'))
    expect(privates()).toEqual([])
  })

  /** Opens the file and gives the number of our process. */
  async function openWithPid(): Promise<number> {
    await openVim(`sh -c 'echo $$ > pid; exec ${tsops} edit x.yaml'`)
    expect(privates()).toHaveLength(1)
    return Number(readFileSync(join(directory, 'pid'), 'utf8'))
  }

  test.for(['SIGTERM', 'SIGHUP'] as const)('%s to our process takes the text and the editor away', async (signal) => {
    process.kill(await openWithPid(), signal)
    expect(await terminal.status()).toBe(1)
    expect(terminal.screen()).toMatch(/^User canceled operation\nHint: .*as it\s+was/m)
    expect(file()).toBe(encrypted)
    expect(privates()).toEqual([])
  })

  test.for(['SIGINT', 'SIGQUIT'] as const)('%s, which a terminal sends, is left to the editor', async (signal) => {
    process.kill(await openWithPid(), signal)
    await terminal.type(':%s/first/changed/', 'Enter', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toBe(plain.replace('first', 'changed'))
    expect(privates()).toEqual([])
  })

  test('closing the window takes the text away', async () => {
    await openVim()
    await terminal.type('ggOnew: 1', 'Escape', ':w', 'Enter')
    expect(privates()).toHaveLength(1)
    terminal.close()
    for (const end = Date.now() + 10_000; privates().length > 0 && Date.now() < end;) await wait(50)
    expect(privates()).toEqual([])
    expect(file()).toBe(encrypted)
  })

  test('a change by somebody else is written over only when the user says so', async () => {
    await openVim()
    const other = await sopsEncrypt('yaml', Buffer.from('other: 1\n'))
    writeFileSync(join(directory, 'x.yaml'), other.stdout)
    await terminal.type(':%s/first/mine/', 'Enter', ':wq', 'Enter')
    await terminal.see(/was changed by somebody else/)
    await terminal.see(/Type o and Enter to write over/)
    await terminal.type('Enter')
    await terminal.see(/^# \[tsops \w+\] .* was changed by somebody else/m)
    await terminal.type(':wq', 'Enter')
    await terminal.see(/Type o and Enter to write over/)
    await terminal.type('o', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toBe(plain.replace('first', 'mine'))
    expect(privates()).toEqual([])
  })

  test('-s shows the recipients', async () => {
    await openVim(`${tsops} edit -s x.yaml`)
    await terminal.see(new RegExp(`recipient: ${alice.recipient}`))
    await terminal.type(':%s/first/changed/', 'Enter', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toBe(plain.replace('first', 'changed'))
  })

  test('with backups and undo files beside the file leaves none of them', async () => {
    terminal.close()
    const settings = 'set backup backupcopy=no backupdir=. undofile undodir=. directory=.'
    terminal = start({ EDITOR: `vim -u NONE -i NONE --cmd '${settings}'` })
    await openVim()
    await terminal.type(':%s/first/changed/', 'Enter', ':w', 'Enter')
    await terminal.see(/written/)
    expect(readdirSync(join(runtime, privates()[0] ?? '')).length).toBeGreaterThan(2)
    await terminal.type(':q', 'Enter')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toContain('changed')
    expect(privates()).toEqual([])
    expect(readdirSync(directory)).toEqual(['x.yaml'])
  })
})

describe('other editors', () => {
  test('nano saves and leaves nothing', async () => {
    terminal.close()
    terminal = start({ SOPS_EDITOR: 'nano --ignorercfiles --backup', EDITOR: 'false' })
    await terminal.run(`${tsops} edit x.yaml`)
    await terminal.see(/^one: first/m)
    await terminal.type('zero: typed', 'Enter', 'C-o', 'Enter')
    await terminal.see(/Wrote 5 lines/)
    await terminal.type('C-x')
    expect(await terminal.status()).toBe(0)
    expect(await opened()).toBe(`zero: typed\n${plain}`)
    expect(privates()).toEqual([])
  })

  test('one that waits for its window ends with Ctrl-C', async () => {
    terminal.close()
    writeFileSync(join(directory, 'gui'), '#!/bin/sh\necho waiting\nsleep 100\n', { mode: 0o755 })
    terminal = start({ EDITOR: './gui --wait' })
    await terminal.run(`${tsops} edit x.yaml`)
    await terminal.see(/^waiting/m)
    await terminal.type('C-c')
    expect(await terminal.status()).toBe(1)
    expect(terminal.screen()).toMatch(/User canceled operation/)
    expect(privates()).toEqual([])
  })
})

describe('sops in the same terminal', () => {
  test('opens what we saved, and we open what it saved', async () => {
    await openVim()
    await terminal.type(':%s/first/ours/', 'Enter', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    await terminal.run(`${sopsBin} edit x.yaml`)
    await terminal.see(/^one: ours/m)
    await terminal.type(':%s/ours/theirs/', 'Enter', ':wq', 'Enter')
    expect(await terminal.status()).toBe(0)
    await terminal.run(`${tsops} edit x.yaml`)
    await terminal.see(/^one: theirs/m)
    await terminal.type(':q', 'Enter')
    expect(await terminal.status()).toBe(200)
  })
})
