// `tsops edit` with editors that are small scripts: what is in the file while they run, what is left afterwards, and what
// is said.
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { decrypt, encrypt, keyGroup } from '../../src/index.ts'
import { templateOf } from '../../src/cli/editor/template.ts'
import { stores } from '../../src/stores/registry.ts'
import { ageRule, hostWith } from '../ours.ts'
import { alice, bob } from '../test-keys.ts'
import { type Result, type Settings, tsops } from './in-process.ts'

const root = mkdtempSync(join(tmpdir(), 'edit-'))
let directory = ''
let runs = 0

const plain = '# about\na: 1\nb: text\n'

beforeEach(async () => {
  directory = mkdtempSync(join(root, 'case-'))
  runs = 0
  await put('x.yaml', plain)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const at = (name: string): string => join(directory, name)
const read = (name: string): string => readFileSync(at(name), 'utf8')

async function put(
  name: string,
  text: string | Uint8Array,
  format = 'yaml',
  recipient = alice.recipient,
): Promise<void> {
  const rule = { ...ageRule(), keyGroups: [keyGroup({ age: recipient })] }
  writeFileSync(at(name), await encrypt(Buffer.from(text), rule, { format, host: hostWith() }))
}

const open = async (name: string, format = 'yaml'): Promise<string> =>
  Buffer.from(await decrypt(readFileSync(at(name)), { format, host: hostWith(alice.identity) })).toString()

/** An editor: JavaScript that finds the `path` and the `text` of the file, and which `run` of it this is. */
function editor(code: string): string {
  const script = at('editor.mjs')
  const count = at('runs')
  writeFileSync(
    script,
    `import * as fs from 'node:fs'
    import { dirname, join } from 'node:path'
    const path = process.argv.at(-1)
    const text = fs.readFileSync(path, 'utf8')
    const run = (fs.existsSync(${JSON.stringify(count)}) ? Number(fs.readFileSync(${JSON.stringify(count)})) : 0) + 1
    fs.writeFileSync(${JSON.stringify(count)}, String(run))
    const write = (text) => fs.writeFileSync(path, text)
    const log = (what) => fs.appendFileSync(${JSON.stringify(at('log'))}, JSON.stringify(what) + '\\n')
    ${code}\n`,
  )
  return `"${process.execPath}" '${script}'`
}

const logged = (): readonly unknown[] =>
  read('log')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))

async function edit(
  code: string,
  args: readonly string[] = ['x.yaml'],
  settings: Partial<Settings> = {},
): Promise<Result> {
  const env = { SOPS_AGE_KEY: alice.identity, PATH: process.env.PATH ?? '', EDITOR: editor(code), ...settings.env }
  const result = await tsops(['edit', ...args], { cwd: directory, ...settings, env })
  runs = existsSync(at('runs')) ? Number(read('runs')) : 0
  return result
}

/** Presses Enter, a few times. */
function enter(): (question: string) => Promise<string> {
  let left = 3
  return async () => {
    if (left-- === 0) throw new Error('nobody is there any more')
    return ''
  }
}

const where = `log(path)`

/** The directory of the edited file, which must be gone. */
function checkGone(): void {
  for (const path of logged()) expect(existsSync(join(String(path), '..')), String(path)).toBe(false)
}

describe('a file in the editor', () => {
  test('has the name of the encrypted one and is nobody else’s', async () => {
    const { status } = await edit(`
      log([path.split('/').at(-1), fs.statSync(path).mode & 0o777, fs.statSync(dirname(path)).mode & 0o777])
      log(fs.readdirSync(dirname(path)))
      log(text)`)
    expect(status).toBe(200)
    expect(logged()).toEqual([['x.yaml', 0o600, 0o700], ['x.yaml'], plain])
  })

  test('changes the encrypted one when it is saved', async () => {
    const before = read('x.yaml')
    const { status, stdout, stderr } = await edit(`${where}; write(text.replace('a: 1', 'a: 2'))`)
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(await open('x.yaml')).toBe(plain.replace('a: 1', 'a: 2'))
    const old = new Set(before.split('\n'))
    const changed = read('x.yaml')
      .split('\n')
      .filter((line) => !old.has(line))
      .map((line) => line.trim().split(' ')[0])
    expect(changed.filter((name) => name !== 'lastmodified:')).toEqual(['a:', 'mac:'])
    checkGone()
  })

  test('changes nothing when it does not change', async () => {
    const before = statSync(at('x.yaml'), { bigint: true })
    const { status, stdout, stderr } = await edit(`${where}; write(text)`)
    expect({ status, stdout, stderr }).toEqual({ status: 200, stdout: '', stderr: 'File has not changed, exiting.\n' })
    expect(statSync(at('x.yaml'), { bigint: true })).toMatchObject({ ino: before.ino, mtimeNs: before.mtimeNs })
    checkGone()
  })

  test.for([
    ['saved by renaming', `fs.writeFileSync(path + '~new', 'a: 2\\n'); fs.renameSync(path + '~new', path)`],
    ['with swap and backup files', `write('a: 2\\n'); fs.writeFileSync(dirname(path) + '/.x.yaml.swp', text)`],
    [
      'with a directory of backups that cannot be entered',
      `write('a: 2\\n'); fs.mkdirSync(dirname(path) + '/.b', 0o700); fs.writeFileSync(dirname(path) + '/.b/x', text)
       fs.chmodSync(dirname(path) + '/.b', 0); fs.chmodSync(dirname(path), 0o500)`,
    ],
    ['made by somebody else’s rights', `write('a: 2\\n'); fs.chmodSync(path, 0o444)`],
    ['that became a link', `fs.renameSync(path, path + '2'); fs.symlinkSync(path + '2', path); write('a: 2\\n')`],
  ] as const)('%s is read and leaves nothing', async ([, code]) => {
    const { status, stderr } = await edit(`${where}; ${code}`)
    expect(stderr).toBe('')
    expect(status).toBe(0)
    expect(await open('x.yaml')).toBe('a: 2\n')
    checkGone()
  })

  test('is overwritten, but not what it leads to', async () => {
    writeFileSync(at('mine'), 'mine')
    writeFileSync(at('also'), 'mine')
    const code = `${where}; write('a: 2\\n')
      fs.symlinkSync(${JSON.stringify(at('mine'))}, join(dirname(path), 's'))
      fs.symlinkSync(${JSON.stringify(directory)}, join(dirname(path), 'd'))`
    const link = JSON.stringify(at('also'))
    const { status } = await edit(`${code}; try { fs.linkSync(${link}, join(dirname(path), 'h')) } catch {}`)
    expect(status).toBe(0)
    expect([read('mine'), read('also')]).toEqual(['mine', 'mine'])
    checkGone()
  })

  test.for([
    ['is gone', `fs.rmSync(path)`, /^Could not read edited file: .*: no such file or directory\nHint: .* is as it was/],
    ['is a directory', `fs.rmSync(path); fs.mkdirSync(path)`, /: is a directory\n/],
  ] as const)('that %s changes nothing', async ([, code, message]) => {
    const before = read('x.yaml')
    const { status, stderr } = await edit(`${where}; ${code}`)
    expect(status).toBe(2)
    expect(stderr).toMatch(message)
    expect(read('x.yaml')).toBe(before)
    checkGone()
  })
})

describe('an editor', () => {
  test('that fails changes nothing', async () => {
    const before = read('x.yaml')
    const { status, stderr } = await edit(`${where}; write('a: 2\\n'); process.exit(3)`)
    expect(status).toBe(201)
    expect(stderr).toMatch(/^Could not run editor: exit status 3\nHint: \/.*x\.yaml is as it was\.\n$/s)
    expect(read('x.yaml')).toBe(before)
    checkGone()
  })

  test('that is killed changes nothing', async () => {
    const { status, stderr } = await edit(`${where}; write('a: 2\\n'); process.kill(process.pid, 'SIGKILL')`)
    expect(status).toBe(201)
    expect(stderr).toMatch(/^Could not run editor: signal: killed\n/)
    checkGone()
  })

  test('is taken from SOPS_EDITOR before EDITOR, and gets its arguments', async () => {
    const SOPS_EDITOR = `${editor(`log(process.argv.slice(2, -1))`)} --wait 'a b' "c\\"d"`
    const env = { SOPS_AGE_KEY: alice.identity, EDITOR: 'false', SOPS_EDITOR }
    expect((await tsops(['edit', 'x.yaml'], { cwd: directory, env })).status).toBe(200)
    expect(logged()).toEqual([['--wait', 'a b', 'c"d']])
  })

  test.for([
    ['nosuch', 'Could not run editor: exec: "nosuch": executable file not found in $PATH\n'],
    ['/no/such', 'Could not run editor: fork/exec /no/such: no such file or directory\n'],
    ['/', 'Could not run editor: fork/exec /: permission denied\n'],
    [`'open`, `Could not run editor: invalid $EDITOR: 'open\n`],
    [' ', 'Could not run editor: $EDITOR names no program\n'],
    ['# vim', 'Could not run editor: $EDITOR names no program\n'],
    ['a\u001b[31m', 'Could not run editor: exec: "a\\x1b[31m": executable file not found in $PATH\n'],
  ] as const)('that is %j is told of', async ([EDITOR, message]) => {
    const { status, stderr } = await edit('', ['x.yaml'], { env: { EDITOR } })
    expect(status).toBe(201)
    expect(stderr.startsWith(message), stderr).toBe(true)
  })

  test('is looked for in PATH when none is named, and not in the directory of the file', async () => {
    const bin = at('bin')
    mkdirSync(bin)
    const settings = { cwd: directory, env: { SOPS_AGE_KEY: alice.identity, EDITOR: '', PATH: `:.:${bin}` } }
    writeFileSync(at('vim'), `#!/bin/sh\nexit 9\n`, { mode: 0o755 })
    expect(await tsops(['edit', 'x.yaml'], settings)).toMatchObject({ status: 201 })
    for (const [name, status] of [
      ['vi', 7],
      ['nano', 6],
      ['vim', 5],
    ] as const) {
      writeFileSync(join(bin, name), `#!/bin/sh\nexit ${status}\n`, { mode: 0o755 })
      const { stderr } = await tsops(['edit', 'x.yaml'], settings)
      expect(stderr).toMatch(`Could not run editor: exit status ${status}\n`)
    }
    chmodSync(join(bin, 'vim'), 0o644)
    expect((await tsops(['edit', 'x.yaml'], settings)).stderr).toMatch('exit status 6')
  })
})

describe('a text that cannot be encrypted', () => {
  const cases = [
    [
      'does not parse',
      'a: [',
      2,
      /^Error unmarshalling file: yaml: line \d: .*\nHint: .*as it was\.\s+The\s+edited\s+text\s+is\s+gone/s,
    ],
    ['is empty', '', 92, /^File cannot be completely empty/],
    ['has a reserved key', 'sops: 1\n', 203, /^The file has a top-level entry called 'sops'.*another name/s],
    ['would stay in clear', 'a_unencrypted: 1\n', 1, /--allow-unencrypted/],
  ] as const

  test.for(cases)('because it %s ends the work when nobody is there', async ([, text, status, message]) => {
    const before = read('x.yaml')
    const result = await edit(`${where}; write(${JSON.stringify(text)})`)
    expect(result.stderr).toMatch(message)
    expect(result.status).toBe(status)
    expect(runs).toBe(1)
    expect(read('x.yaml')).toBe(before)
    checkGone()
  })

  test.for(cases)('because it %s comes back with what is wrong on top', async ([, text]) => {
    const questions: string[] = []
    const code = `${where}
      if (run === 1) write(${JSON.stringify(text)})
      else { fs.writeFileSync(${JSON.stringify(at('second'))}, text); write(text + '\\nz: done\\n') }`
    const after = text === 'a: [' ? code.replace("text + '", "text.replace('a: [', '') + '") : code
    const fixed = text.startsWith('sops') ? after.replace("text + '", "text.replace(/^sops/m, 'soap') + '") : after
    const { status, stderr } = await edit(fixed, ['x.yaml'], {
      answer: async (question) => {
        questions.push(question)
        return ''
      },
    })
    expect(status, stderr).toBe(0)
    expect(questions).toEqual(['Press Enter to return to the editor, or Ctrl-C to throw the changes away.'])
    expect(stderr).toMatch(/x\.yaml is as it was\./)
    const [first = '', ...rest] = read('second').split('\n')
    expect(first).toMatch(/^# \[tsops [0-9a-f]{8}\] /)
    expect(rest.join('\n')).toMatch(/^# \[tsops [0-9a-f]{8}\] Not saved\./m)
    expect(await open('x.yaml')).not.toContain('tsops')
    expect(await open('x.yaml')).toMatch(/z: done\n$/)
    checkGone()
  })

  test('shows the line at which the editor has it', async () => {
    const code = `if (run === 1) write('a: 1\\nb: [\\n'); else { log(text); write('a: 2\\n') }`
    expect((await edit(code, ['x.yaml'], { answer: enter() })).status).toBe(0)
    const [shown] = logged()
    const lines = String(shown).split('\n')
    const line = Number(/yaml: line (\d+):/.exec(lines[0] ?? '')?.[1])
    expect([lines.indexOf('b: [') + 1, lines.indexOf('b: [') + 2]).toContain(line)
  })

  test('may be put back as it was', async () => {
    const code = `if (run === 1) write('a: ['); else write(${JSON.stringify(plain)})`
    expect((await edit(code, ['x.yaml'], { answer: enter() })).status).toBe(200)
  })

  test('keeps what somebody wrote into the note out of the file', async () => {
    const code = `
      if (run === 1) write('a: [')
      if (run === 2) write(text.replace('a: [', 'a: 2').replace(' Not saved', ' joined: 1 Not saved'))
      if (run === 3) { log(text); write(text.replace(/^.*joined.*\\n/m, '')) }`
    const { status, stderr } = await edit(code, ['x.yaml'], { answer: enter() })
    expect(status, stderr).toBe(0)
    expect(runs).toBe(3)
    expect(stderr).toMatch(/line 2 holds something else beside a note of tsops/)
    expect(await open('x.yaml')).toBe('a: 2')
  })

  test('is not asked about twice by itself: leaving the question ends it', async () => {
    const before = read('x.yaml')
    const { status, stderr } = await edit(`${where}; write('a: [')`, ['x.yaml'], {
      answer: () => Promise.reject(new Error('the terminal was closed')),
    })
    expect(status).toBe(1)
    expect(stderr).toMatch(/User canceled operation\nHint: .*is as it was\.\n$/s)
    expect(runs).toBe(1)
    expect(read('x.yaml')).toBe(before)
    checkGone()
  })

  test.for([
    ['x.json', 'json', '{"a": 1}\n', '{"a": ', '//', '{"a": 2}\n'],
    ['x.env', 'dotenv', 'A=1\n', 'nothing\n', '#', 'A=2\n'],
    ['x.ini', 'ini', '[s]\na = 1\n', '[s\n', '#', '[s]\na = 2\n'],
    ['x.yaml', 'yaml', '\uFEFFa: 1\n', '\uFEFFa: [\n', '#', '\uFEFFa: 2\n'],
    ['x.yaml', 'yaml', 'a: 1\r\n', 'a: [\r\n', '#', 'a: 2\r\n'],
  ] as const)('%s: %s %j', async ([name, format, before, broken, leader, after]) => {
    await put(name, before, format)
    const code = `
      if (run === 1) write(${JSON.stringify(broken)})
      else { log(text); write(text.includes(${JSON.stringify(broken)}) ? text.replace(${JSON.stringify(broken)}, ${JSON.stringify(after)})
        : text.replace(${JSON.stringify(broken.slice(1))}, ${JSON.stringify(after.slice(1))})) }`
    const { status, stderr } = await edit(code, [name], { answer: enter() })
    expect(status, stderr).toBe(0)
    const [shown] = logged()
    expect(String(shown).replace('\uFEFF', '').startsWith(`${leader} [tsops `)).toBe(true)
    expect(await open(name, format)).toBe(after)
  })

  test('in another encoding comes back without a note', async () => {
    const code = `
      if (run === 1) fs.writeFileSync(path, Buffer.concat([Buffer.from('a: "'), Buffer.of(0xff, 0x22, 0x0a)]))
      else { log(text.startsWith('a: ')); write('a: 2\\n') }`
    expect((await edit(code, ['x.yaml'], { answer: enter() })).status).toBe(0)
    expect(logged()).toEqual([true])
  })
})

describe('a file that somebody else changes meanwhile', () => {
  const other = `fs.writeFileSync(${JSON.stringify('TARGET')}, fs.readFileSync(${JSON.stringify('OTHER')}))`
  const change = (): string =>
    other.replace('"TARGET"', JSON.stringify(at('x.yaml'))).replace('"OTHER"', JSON.stringify(at('other.yaml')))

  beforeEach(async () => put('other.yaml', 'other: 1\n'))

  test('keeps that change', async () => {
    const { status, stderr } = await edit(`${where}; ${change()}; write('a: 2\\n')`)
    expect(status).toBe(3)
    expect(stderr).toMatch(/x\.yaml was changed by somebody else while you edited it: nothing is written\n/)
    expect(stderr).toMatch(/The edited text is gone/)
    expect(stderr).not.toMatch(/as it was/)
    expect(await open('x.yaml')).toBe('other: 1\n')
    checkGone()
  })

  test('is written over when the user says so, with the keys that it has now', async () => {
    await put('other.yaml', 'other: 1\n', 'yaml', `${alice.recipient},${bob.recipient}`)
    const { status, stderr } = await edit(`if (run === 1) { ${change()} } write('a: 2\\n')`, ['x.yaml'], {
      answer: async (question) => (question.includes('write over') ? 'o' : ''),
    })
    expect(status, stderr).toBe(0)
    expect(runs).toBe(1)
    expect(await open('x.yaml')).toBe('a: 2\n')
    expect(read('x.yaml')).toContain(bob.recipient)
  })

  test('is not written over when it cannot be opened any more', async () => {
    writeFileSync(at('other.yaml'), 'conflict: 1\n')
    const questions: string[] = []
    const { status } = await edit(`if (run === 1) { ${change()} } write('a: 2\\n')`, ['x.yaml'], {
      answer: async (question) => {
        questions.push(question)
        if (questions.length > 3) throw new Error('enough')
        return question.includes('write over') ? 'o' : ''
      },
    })
    expect(status).toBe(1)
    expect(read('x.yaml')).toBe('conflict: 1\n')
    expect(questions.length).toBeGreaterThan(2)
  })

  test('comes back to the editor otherwise', async () => {
    const code = `${where}; if (run === 1) { ${change()} } else log(text); write('a: 2\\n')`
    const { status } = await edit(code, ['x.yaml'], { answer: enter() })
    expect(status).toBe(1)
    expect(runs).toBe(4)
    const note = /^# \[tsops \w+\] .*x\.yaml was changed by somebody else/
    expect(logged().some((each) => note.test(String(each)))).toBe(true)
    expect(await open('x.yaml')).toBe('other: 1\n')
  })

  test('may be removed, and then is not made anew', async () => {
    const { status } = await edit(`fs.rmSync(${JSON.stringify(at('x.yaml'))}); write('a: 2\\n')`)
    expect(status).toBe(3)
    expect(existsSync(at('x.yaml'))).toBe(false)
  })

  test('may be written again as it was', async () => {
    const same = `fs.writeFileSync(${JSON.stringify(at('x.yaml'))}, fs.readFileSync(${JSON.stringify(at('x.yaml'))}))`
    expect((await edit(`${same}; write('a: 2\\n')`)).status).toBe(0)
  })

  test('by a second edit: the later one to save is told', async () => {
    const go = JSON.stringify(at('go'))
    const first = edit(
      `while (!fs.existsSync(${go})) await new Promise((done) => setTimeout(done, 20)); write('a: late\\n')`,
    )
    while (!existsSync(at('runs'))) await new Promise((done) => setTimeout(done, 20))
    const script = at('second.mjs')
    writeFileSync(script, `import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[2], 'a: early\\n')`)
    const env = { SOPS_AGE_KEY: alice.identity, EDITOR: `"${process.execPath}" "${script}"` }
    expect((await tsops(['edit', 'x.yaml'], { cwd: directory, env })).status).toBe(0)
    writeFileSync(at('go'), '')
    expect((await first).status).toBe(3)
    expect(await open('x.yaml')).toBe('a: early\n')
  })
})

describe('a new file', () => {
  const age = ['--age', alice.recipient]

  test.for(stores.map(({ name, extensions }) => [name, `new${extensions[0] ?? '.bin'}`] as const))(
    '%s starts with an example',
    async ([format, name]) => {
      expect(await edit(`log(text)`, [...age, name])).toMatchObject({ status: 200, stdout: '' })
      expect(existsSync(at(name))).toBe(false)
      const { status, stderr } = await edit(`write(text.replace(/user|PASSWORD|text/, 'other'))`, [...age, name])
      expect(status, stderr).toBe(0)
      const after = await open(name, format)
      expect(logged()[0]).toBe(Buffer.from(templateOf(format)).toString())
      expect(after).toContain('other')
      expect(after.length).toBeGreaterThan(20)
    },
  )

  test('needs keys, a rule and a directory before anybody writes a text', async () => {
    expect(await edit('', ['new.yaml'])).toMatchObject({ status: 1 })
    expect(await edit('', [...age, 'none/new.yaml'])).toMatchObject({ status: 3 })
    writeFileSync(at('.sops.yaml'), `creation_rules:\n  - path_regex: other\n    age: ${alice.recipient}\n`)
    expect((await edit('', [...age, 'new.yaml'])).stderr).toMatch('no matching creation rules found')
    expect(runs).toBe(0)
  })

  test('follows its creation rule', async () => {
    writeFileSync(at('.sops.yaml'), `creation_rules:\n  - age: ${alice.recipient}\n    encrypted_regex: ^password$\n`)
    expect((await edit(`write(text.replace('change-me', 'changed'))`, ['new.yaml'])).status).toBe(0)
    expect(read('new.yaml')).toMatch(/user: app\n +password: ENC/)
  })

  test('does not take the place of one that came meanwhile', async () => {
    const come = `fs.writeFileSync(${JSON.stringify(at('new.yaml'))}, 'theirs')`
    const { status, stderr } = await edit(`${come}; write('a: 1\\n')`, [...age, 'new.yaml'])
    expect({ status, text: read('new.yaml') }).toEqual({ status: 3, text: 'theirs' })
    expect(stderr).toMatch('changed by somebody else')
  })

  test('says that there is none when it failed', async () => {
    const { stderr } = await edit(`write('a: [')`, [...age, 'new.yaml'])
    expect(stderr).toMatch(/new\.yaml was not made\.\s+The edited\s+text\s+is gone/)
  })
})

describe('files and flags', () => {
  test('a symbolic link is written through', async () => {
    symlinkSync('x.yaml', at('link.yaml'))
    expect((await edit(`log(path.split('/').at(-1)); write('a: 2\\n')`, ['link.yaml'])).status).toBe(0)
    expect(logged()).toEqual(['link.yaml'])
    expect(await open('x.yaml')).toBe('a: 2\n')
  })

  test('the mode stays, and another hard link is told of', async () => {
    chmodSync(at('x.yaml'), 0o640)
    linkSync(at('x.yaml'), at('hard.yaml'))
    const { status, stderr } = await edit(`write('a: 2\\n')`)
    expect({ status, mode: statSync(at('x.yaml')).mode & 0o777 }).toEqual({ status: 0, mode: 0o640 })
    expect(stderr).toMatch('hard links')
  })

  test.for([
    [['.'], 2, /is a directory/],
    [['/dev/null'], 2, /not a regular file/],
    [['plain.yaml'], 1, /^sops metadata not found/],
    [[], 100, /^Error: no file specified/],
    [['--input-type', 'nope', 'x.yaml'], 100, /unknown format/],
    [['--decryption-order', 'age,age', 'x.yaml'], 112, /Duplicate/],
  ] as const)('%j ends before the editor', async ([args, status, message]) => {
    writeFileSync(at('plain.yaml'), 'a: 1\n')
    const result = await edit('', args)
    expect(result.status).toBe(status)
    expect(result.stderr).toMatch(message)
    expect(runs).toBe(0)
  })

  test('more than one file is warned of', async () => {
    const { status, stderr } = await edit('', ['x.yaml', 'y.yaml'])
    expect({ status, runs }).toEqual({ status: 200, runs: 1 })
    expect(stderr).toMatch('Only the first one will be used')
  })

  test('--output-type shows and writes another format', async () => {
    const code = `log(JSON.parse(text)); write(text.replace('text', 'more'))`
    expect((await edit(code, ['--output-type', 'json', 'x.yaml'])).status).toBe(0)
    expect(logged()).toEqual([{ a: 1, b: 'text' }])
    expect(JSON.parse(await open('x.yaml', 'json'))).toEqual({ a: 1, b: 'more' })
  })

  test('--ignore-mac opens a file that was changed, with a warning', async () => {
    writeFileSync(at('x.yaml'), read('x.yaml').replace(/^ +mac: .*\n/m, ''))
    expect((await edit('')).status).toBe(51)
    const { status, stderr } = await edit(`write('a: 2\\n')`, ['--ignore-mac', 'x.yaml'])
    expect(status).toBe(0)
    expect(stderr).toMatch('level=warning')
    expect(await open('x.yaml')).toBe('a: 2\n')
  })

  test('-s shows the metadata: values change, and a key that is added opens the file', async () => {
    const code = `write(text.replace('a: 1', 'a: 2').replace('    age:\\n', '    age:\\n        - recipient: ${bob.recipient}\\n'))`
    expect((await edit(code, ['-s', 'x.yaml'])).status).toBe(0)
    const file = readFileSync(at('x.yaml'))
    const opened = await decrypt(file, { format: 'yaml', host: hostWith(bob.identity) })
    expect(Buffer.from(opened).toString()).toBe(plain.replace('a: 1', 'a: 2'))
  })

  test('-s does not write over another change, whatever is answered', async () => {
    await put('other.yaml', 'other: 1\n')
    const code = `fs.writeFileSync(${JSON.stringify(at('x.yaml'))}, fs.readFileSync(${JSON.stringify(at('other.yaml'))}))
      write(text.replace('a: 1', 'a: 2'))`
    let asked = 0
    const { status } = await edit(code, ['-s', 'x.yaml'], {
      answer: async () => {
        if (asked++ > 1) throw new Error()
        return 'o'
      },
    })
    expect(status).toBe(1)
    expect(await open('x.yaml')).toBe('other: 1\n')
  })

  test('TMPDIR is used where there is no memory, or too little', async () => {
    const place = at('tmp')
    mkdirSync(place)
    const XDG_RUNTIME_DIR = at('none')
    const { status } = await edit(where, ['x.yaml'], { env: { TMPDIR: place, XDG_RUNTIME_DIR } })
    expect(status).toBe(200)
    const inMemory = existsSync('/dev/shm')
    expect(String(logged()[0]).startsWith(inMemory ? '/dev/shm/' : place)).toBe(true)
    expect(readdirSync(place)).toEqual([])
  })
})
