// exec-env and exec-file as whole processes: what the program sees, what is left when it has ended, however it ends.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { alice } from '../test-keys.ts'
import { run, type RunResult, useBuiltCli } from './built-cli.ts'
import { useSecretFiles } from './secret-files.ts'

const cli = useBuiltCli()
const large = `${'0123456789abcdef'.repeat(16 * 1024)}\n`.repeat(2)
const secrets = useSecretFiles({
  'e.yaml': '# who\nname: "bar"   # why\nlines: |\n  a\n  b\n',
  'more.yaml': 'other: x\n',
  'nested.json': '{"db": {"host": "h", "ports": [1, 2]}}',
  'odd.json': '{"my-key": "1", "__proto__": "2"}',
  'wide.json': JSON.stringify({ wide: 'w'.repeat(200_000) }),
  'large.txt': large,
  'empty.txt': '',
})

/** Runs tsops with a TMPDIR of its own, in which nothing may be left. */
async function tsops(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  const temporary = mkdtempSync(join(secrets(), 'tmp-'))
  // For other users.
  for (const path of [secrets(), temporary]) chmodSync(path, 0o777)
  const settings = { cwd: secrets(), env: { SOPS_AGE_KEY: alice.identity, TMPDIR: temporary, ...env } }
  const result = await run(process.execPath, [cli(), ...args], settings)
  expect(readdirSync(temporary)).toEqual([])
  return result
}

async function output(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await tsops(args)
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.toString()
}

describe('exec-env', () => {
  test('a command for the shell', async () => {
    expect(await output('exec-env', 'e.yaml', 'echo "$name"; echo "$lines"')).toBe('bar\na\nb\n\n')
    expect(await output('exec-env', 'e.yaml', '--', 'echo "$name"')).toBe('bar\n')
    expect(await output('exec-env', '--pristine', 'e.yaml', '--', 'echo "$name"')).toBe('bar\n')
  })

  test('a program without a shell', async () => {
    const show = 'console.log(process.env.name, JSON.stringify(process.argv.slice(1)))'
    const args = ['$name', '*', 'a b', '--user', '--', '{}', '']
    expect(await output('exec-env', 'e.yaml', '--', process.execPath, '-e', show, '--', ...args)).toBe(
      `bar ${JSON.stringify(args)}\n`,
    )
  })

  test('several files', async () => {
    expect(await output('exec-env', 'e.yaml', 'more.yaml', '--', 'printenv', 'name', 'other')).toBe('bar\nx\n')
    const { status, stderr } = await tsops(['exec-env', 'e.yaml', 'e.yaml', '--', 'printenv', 'name'])
    expect(status).toBe(1)
    expect(stderr).toBe('the environment variable name is set twice: by e.yaml: name and by e.yaml: name\n')
  })

  test.for([
    [['--flatten', 'nested.json', 'echo $db__host $db__ports__1']],
    [['nested.json', '--flatten', 'echo $db__host $db__ports__1']],
    [['nested.json', '--flatten', '--', 'echo $db__host $db__ports__1']],
    [['--upper', '--flatten=_', '--prefix', 'x_', 'nested.json', 'echo $X_DB_HOST $X_DB_PORTS_1']],
  ] as const)('nested values: %j', async ([args]) => {
    expect(await output('exec-env', ...args)).toBe('h 2\n')
  })

  test.for([
    ['--flatten=.', 'Error: --flatten takes letters, digits and underscores only\n'],
    ['--flatten=', 'Error: --flatten takes letters, digits and underscores only\n'],
    ['--prefix=a-', 'Error: --prefix takes letters, digits and underscores only\n'],
  ] as const)('%s is refused', async ([flag, message]) => {
    const { status, stderr } = await tsops(['exec-env', flag, 'nested.json', 'echo no'])
    expect([status, stderr]).toEqual([1, message])
  })

  test('a flag that nobody knows is no file', async () => {
    const { status, stdout } = await tsops(['exec-env', '--upper', 'e.yaml', '--oops', '--', 'printenv', 'name'])
    expect(status).toBe(1)
    expect(stdout.toString()).toMatch(/^Incorrect Usage: flag provided but not defined: -oops\n/)
  })

  test('names that no shell has reach a program', async () => {
    const shown = await output('exec-env', '--pristine', 'odd.json', '--', '/usr/bin/env', '-u', 'X')
    expect(shown).toBe('my-key=1\n__proto__=2\n')
    expect(await output('exec-env', '--pristine', '--same-process', 'odd.json', '--', '/usr/bin/env', '-u', 'X')).toBe(
      shown,
    )
  })

  test('the environment', async () => {
    const args = ['exec-env', 'e.yaml', 'echo "$name $OWN"']
    expect((await tsops(args, { name: 'old', OWN: 'own' })).stdout.toString()).toBe('bar own\n')
    args.splice(1, 0, '--pristine')
    expect((await tsops(args, { name: 'old', OWN: 'own' })).stdout.toString()).toBe('bar \n')
  })

  test('values that the system has no room for', async () => {
    for (const flags of [[], ['--same-process'], ['--background']]) {
      const { status, stderr } = await tsops(['exec-env', ...flags, 'wide.json', 'true'])
      expect(status).toBe(1)
      expect(stderr).toMatch(/^fork\/exec \/bin\/sh: argument list too long$/m)
      expect(stderr).not.toContain('www')
    }
  })

  test('a program that is not there, or is none', async () => {
    writeFileSync(join(secrets(), 'no-program'), 'x', { mode: 0o644 })
    for (const flags of [[], ['--same-process']]) {
      const missing = await tsops(['exec-env', ...flags, 'e.yaml', '--', 'no-such-program', 'x'])
      expect(missing.status).toBe(127)
      const wrong = await tsops(['exec-env', ...flags, 'e.yaml', '--', './no-program', 'x'])
      expect(wrong.status).toBe(126)
    }
  })

  test('it starts with signals and pipes as a shell would start it', async () => {
    for (const flags of [[], ['--same-process']]) {
      const show = 'yes | head -1; dd if=/dev/zero bs=1000 count=500 2>/dev/null | wc -c; cat /proc/self/fdinfo/1'
      const { stdout, stderr } = await tsops(['exec-env', ...flags, 'e.yaml', show])
      expect(stderr).toBe('')
      expect(stdout.toString()).toMatch(/^y\n500000\n/)
      // Not O_NONBLOCK.
      if (process.platform === 'linux')
        expect(stdout.toString()).toMatch(/^flags:\t0[0-7]*[0-3][0-7]{3}$|^flags:\t0[12]$/m)
    }
  })

  test('--background does not wait, and warns', async () => {
    const mark = join(secrets(), 'mark')
    const { status, stderr } = await tsops(['exec-env', '--background', 'e.yaml', `sleep 0.3; echo $name > ${mark}`])
    expect(status).toBe(0)
    expect(stderr).toMatch(/level=warning msg="exec-env's --background option is deprecated/)
    expect(existsSync(mark)).toBe(false)
    await until(() => existsSync(mark) && readFileSync(mark, 'utf8') === 'bar\n')
  })

  test('--background and --same-process', async () => {
    expect((await tsops(['exec-env', '--background', '--same-process', 'e.yaml', 'true'])).status).toBe(8)
  })
})

describe('the end of the program', () => {
  test.for([
    ['exit 3', 3, 'exit status 3\n'],
    ['exit 255', 255, 'exit status 255\n'],
    ['kill -KILL $$', 255, 'signal: killed\n'],
    ['kill -TERM $$', 255, 'signal: terminated\n'],
    ['kill -SEGV $$', 255, 'signal: segmentation fault\n'],
  ] as const)('%s', async ([command, status, stderr]) => {
    for (const name of ['exec-env', 'exec-file']) {
      const result = await tsops([name, 'e.yaml', command])
      expect([result.status, result.signal, result.stderr]).toEqual([status, null, stderr])
    }
  })

  test('as if it had been this process', async () => {
    const self = (command: string): Promise<RunResult> => tsops(['exec-env', '--same-process', 'e.yaml', command])
    expect(await self('exit 3')).toMatchObject({ status: 3, signal: null, stderr: '' })
    expect(await self('kill -TERM $$')).toMatchObject({ status: null, signal: 'SIGTERM', stderr: '' })
    expect(await self('kill -KILL $$')).toMatchObject({ status: null, signal: 'SIGKILL', stderr: '' })
    expect(await self('kill -PIPE $$')).toMatchObject({ status: null, signal: 'SIGPIPE', stderr: '' })
  })
})

describe('exec-file', () => {
  const whole = '# who\nname: "bar"   # why\nlines: |\n  a\n  b\n'

  test('a named pipe, as its author wrote the file', async () => {
    expect(await output('exec-file', 'e.yaml', 'cat {}')).toBe(whole)
    expect(await output('exec-file', 'e.yaml', '--', 'cat', '{}')).toBe(whole)
    expect(await output('exec-file', '--output-type', 'json', 'more.yaml', 'cat {}')).toBe('{\n\t"other": "x"\n}\n')
  })

  test('who can read it', async () => {
    const show = 'stat -c "%F %a" {}; stat -c "%F %a" $(dirname {}); ls $(dirname {}); basename {}'
    expect(await output('exec-file', 'e.yaml', show)).toBe('fifo 600\ndirectory 700\ntmp-file\ntmp-file\n')
    expect(await output('exec-file', '--no-fifo', 'e.yaml', show)).toMatch(
      /^regular file 600\ndirectory 700\n(tmp-file\d+)\n\1\n$/,
    )
    expect(await output('exec-file', '--no-fifo', '--filename', 'x.yaml', 'e.yaml', show)).toBe(
      'regular file 600\ndirectory 700\nx.yaml\nx.yaml\n',
    )
  })

  test('every {} is the path', async () => {
    expect(await output('exec-file', '--filename', 'f', 'e.yaml', '--', 'echo', 'x{}y{}', '{}')).toMatch(
      /^x(\S+\/f)y\1 \1\n$/,
    )
    expect(await output('exec-file', '--filename', `$&'"`, 'e.yaml', '--', 'echo', '{}')).toMatch(/\/\$&'"\n$/)
  })

  test.for(['../x', '/x', 'a/../../x', 'C:\\x', 'c:x', '..\\x', '\\x', '..', '.', 'a/b', 'a/..', './'])(
    'a file called %s is refused',
    async (name) => {
      for (const flags of name === '../x' ? [[], ['--no-fifo'], ['--background']] : [['--no-fifo']]) {
        const { status, stdout, stderr } = await tsops(['exec-file', ...flags, '--filename', name, 'e.yaml', 'echo no'])
        expect([status, stdout.toString()]).toEqual([1, ''])
        expect(stderr).toMatch(/^The provided filename is not (a local path|the name of a file)\.$/m)
      }
    },
  )

  test('a pipe can be read again and again, whole, in part, and not at all', async () => {
    const { length } = large
    expect(await output('exec-file', 'large.txt', 'wc -c < {}; head -c 5 {}; echo; wc -c < {}; wc -c < {}')).toBe(
      `${length}\n01234\n${length}\n${length}\n`,
    )
    expect(await output('exec-file', 'large.txt', 'cat {} {} | wc -c')).toBe(`${2 * length}\n`)
    expect(await output('exec-file', 'large.txt', 'cat {}')).toBe(large)
    expect(await output('exec-file', 'large.txt', '{ sleep 0.3; cat; } < {} | wc -c')).toBe(`${length}\n`)
    expect(await output('exec-file', 'large.txt', 'sleep 0.7; wc -c < {}')).toBe(`${length}\n`)
    expect(await output('exec-file', 'large.txt', 'echo done')).toBe('done\n')
    expect(await output('exec-file', 'empty.txt', 'wc -c < {}; wc -c < {}')).toBe('0\n0\n')
  })

  test('somebody still reads when the program ends', async () => {
    const started = Date.now()
    expect(await output('exec-file', 'large.txt', '(sleep 5 < {}) > /dev/null 2>&1 & sleep 0.2')).toBe('')
    expect(Date.now() - started).toBeLessThan(5_000)
  })

  test('the program leaves what cannot be entered', async () => {
    const mess = 'd=$(dirname {}); mkdir -p $d/x/y; touch $d/x/y/z; chmod 0 $d/x/y $d/x; chmod 500 $d'
    expect(await output('exec-file', '--no-fifo', 'e.yaml', mess)).toBe('')
    // Root may enter all.
    if (process.getuid?.() !== 0) return
    expect(await output('exec-file', '--no-fifo', '--user', 'nobody', 'e.yaml', mess)).toBe('')
  })

  test('the program takes the directory away itself', async () => {
    for (const flags of [[], ['--no-fifo']]) {
      expect(await output('exec-file', ...flags, 'e.yaml', 'cat {}; rm -rf $(dirname {}); sleep 0.2')).toBe(whole)
    }
    // A link in its place is not followed.
    const bystander = join(secrets(), 'bystander')
    mkdirSync(bystander, { recursive: true })
    writeFileSync(join(bystander, 'x'), '')
    await output('exec-file', 'e.yaml', `d=$(dirname {}); rm -rf $d; ln -s ${bystander} $d`)
    expect(existsSync(join(bystander, 'x'))).toBe(true)
  })

  test('without TMPDIR the file stays in memory where there is a place for it', async () => {
    if (process.platform !== 'linux') return
    const settings = { cwd: secrets(), env: { SOPS_AGE_KEY: alice.identity } }
    const { stdout } = await run(process.execPath, [cli(), 'exec-file', '--no-fifo', 'e.yaml', 'echo {}'], settings)
    expect(stdout.toString()).toMatch(/^\/dev\/shm\/\.sops/)
    expect(existsSync(stdout.toString().trim())).toBe(false)
  })

  test('a TMPDIR that cannot be written to', async () => {
    const settings = { cwd: secrets(), env: { SOPS_AGE_KEY: alice.identity, TMPDIR: 'nowhere' } }
    const { status, stderr } = await run(process.execPath, [cli(), 'exec-file', 'e.yaml', 'echo no'], settings)
    expect(status).toBe(1)
    expect(stderr).toBe(
      `Could not make a private directory in ${join(secrets(), 'nowhere')}: no such file or directory\n`,
    )
  })

  test('several files are one too many', async () => {
    const { status, stderr } = await tsops(['exec-file', 'e.yaml', 'more.yaml', '--', 'cat', '{}'])
    expect([status, stderr]).toEqual([1, 'error: exec-file takes one file\n'])
  })

  test('--background: the file is there until the program ends', async () => {
    const temporary = mkdtempSync(join(secrets(), 'background-'))
    const mark = join(secrets(), 'background-mark')
    const command = `sleep 0.3; cat {} > ${mark}.new; mv ${mark}.new ${mark}`
    const settings = { cwd: secrets(), env: { SOPS_AGE_KEY: alice.identity, TMPDIR: temporary } }
    const { status, stderr } = await run(
      process.execPath,
      [cli(), 'exec-file', '--background', 'e.yaml', command],
      settings,
    )
    expect(status).toBe(0)
    expect(stderr).toMatch(/level=warning msg="exec-file's --background option is deprecated/)
    await until(() => existsSync(mark))
    expect(readFileSync(mark, 'utf8')).toBe(whole)
    await until(() => readdirSync(temporary).length === 0)
  })
})

test('--user, without the rights to become one', async () => {
  if (process.getuid?.() === 0) return
  const { status, stderr } = await tsops(['exec-env', '--user', 'root', 'e.yaml', 'echo no'])
  expect(status).toBe(1)
  expect(stderr).toMatch(/^cannot become the user "root": operation not permitted$/m)
})

test('--user that does not exist', async () => {
  const { status, stdout, stderr } = await tsops(['exec-env', '--user', 'no-such-user', 'e.yaml', 'echo no'])
  expect([status, stdout.toString()]).toEqual([1, ''])
  expect(stderr).toMatch(/unknown user no-such-user|not permitted/)
})

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition();) {
    if (Date.now() > end) throw new Error('it never happened')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
