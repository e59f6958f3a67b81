// What only root can try: --user beside the real one, and systems that lack something. Each runs in a mount namespace of
// its own, so that nothing of the machine is changed.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { run, type RunResult, useBuiltCli } from '../cli/built-cli.ts'
import { useSecretFiles } from '../cli/secret-files.ts'
import { alice } from '../test-keys.ts'
import { sopsBin } from './peers.ts'

const cli = useBuiltCli()
const secrets = useSecretFiles({ 'e.yaml': 'name: bar\nHOME: /of-the-file\n', 'large.txt': 'x'.repeat(100_000) })
const setup = (): string => join(secrets(), 'setup.sh')

beforeAll(() => {
  if (process.getuid?.() !== 0) throw new Error('These tests become other users: run them as root')
  const probe = (): Buffer => execFileSync('unshare', ['--mount', 'true'], { stdio: 'pipe' })
  expect(probe, 'a mount namespace (unshare --mount)').not.toThrow()
  // daemon is in groups of its own, and has a second name.
  const group = join(secrets(), 'group')
  copyFileSync('/etc/group', group)
  writeFileSync(group, 'tsops-one:x:64990:daemon\ntsops-two:x:64991:nobody,daemon\n', { flag: 'a' })
  const passwords = join(secrets(), 'passwd')
  writeFileSync(passwords, `${readFileSync('/etc/passwd', 'utf8')}tsops-alias:x:1:64990::/home/alias:/bin/sh\n`)
  mkdirSync(join(secrets(), 'tmp'), { mode: 0o1777 })
  execFileSync('chmod', ['755', secrets(), dirname(cli())])
  execFileSync('chmod', ['1777', join(secrets(), 'tmp')])
  writeFileSync(setup(), `mount --bind ${group} /etc/group\nmount --bind ${passwords} /etc/passwd\n`)
})

/** Runs a command line after some others, which may mount what they like. */
function runAfter(script: string, file: string, args: readonly string[]): Promise<RunResult> {
  const env = { SOPS_AGE_KEY: alice.identity, TMPDIR: join(secrets(), 'tmp') }
  const all = ['--mount', '/bin/sh', '-ec', `${script}\nexec "$0" "$@"`, file, ...args]
  return run('unshare', all, { cwd: secrets(), env })
}

async function both(args: readonly string[]): Promise<readonly RunResult[]> {
  const script = `. ${setup()}`
  return [await runAfter(script, sopsBin, args), await runAfter(script, process.execPath, [cli(), ...args])]
}

const ids = 'id; grep -E "^(Uid|Gid|Groups|CapEff|CapPrm):" /proc/self/status; echo "$HOME $USER $LOGNAME $name"'

describe('--user', () => {
  test.for(
    ['daemon', 'nobody', 'root', 'tsops-alias'].flatMap((user) =>
      [
        ['exec-env', '--user', user, 'e.yaml', ids],
        ['exec-env', '--user', user, '--pristine', 'e.yaml', ids],
        ['exec-env', '--user', user, '--same-process', 'e.yaml', ids],
        ['exec-file', '--user', user, 'e.yaml', `${ids}; cat {}; stat -c "%U %G %a" {} $(dirname {})`],
        ['exec-file', '--user', user, '--no-fifo', 'e.yaml', `cat {}; stat -c "%U %G %a" {} $(dirname {})`],
      ].map((args) => ({ args, name: args.slice(0, 4).join(' ') })),
    ),
  )('$name', async ({ args }) => {
    const [theirs, ours] = await both(args)
    expect(ours?.stdout.toString()).toBe(theirs?.stdout.toString())
    expect([ours?.status, ours?.stderr]).toEqual([theirs?.status, theirs?.stderr])
    expect(execFileSync('ls', ['-A', join(secrets(), 'tmp')]).toString()).toBe('')
  })

  test('the groups are those of the user, and no other', async () => {
    const [, ours] = await both(['exec-env', '--user', 'daemon', 'e.yaml', 'id -G'])
    expect(ours?.stdout.toString()).toBe('1 64990 64991\n')
    const few = `. ${setup()}; set -- setpriv --groups 0,4,24 "$0" "$@"; exec "$@"`
    const result = await runAfter(few, process.execPath, [cli(), 'exec-env', '--user', 'nobody', 'e.yaml', 'id -G'])
    expect(result.stdout.toString()).toBe('65534 64991\n')
  })

  test('there is no way back', async () => {
    const back =
      'process.on("exit", () => 0); try { process.setuid(0); console.log("root") } catch { console.log("no") }'
    for (const flags of [[], ['--same-process']]) {
      const args = ['exec-env', ...flags, '--user', 'daemon', 'e.yaml', '--', process.execPath, '-e', back]
      expect((await both(args))[1]?.stdout.toString()).toBe('no\n')
    }
  })

  test('a user that nobody knows', async () => {
    for (const name of ['no-such-user', '1', '-1', 'root:x', '']) {
      const [theirs, ours] = await both(['exec-env', '--user', name, 'e.yaml', 'id -u'])
      expect([ours?.status, ours?.stdout.toString()]).toEqual([theirs?.status, theirs?.stdout.toString()])
      if (name !== '') expect(ours?.stderr).toContain(`user: unknown user ${name}\n`)
    }
  })

  test('without the rights to become one', async () => {
    const drop = 'set -- setpriv --reuid 1 --regid 1 --clear-groups "$0" "$@"; exec "$@"'
    for (const name of ['nobody', 'daemon', 'root']) {
      const args = [cli(), 'exec-env', '--user', name, 'e.yaml', 'echo no']
      const { status, stdout, stderr } = await runAfter(drop, process.execPath, args)
      expect([status, stdout.toString()]).toEqual([1, ''])
      expect(stderr).toBe(`cannot become the user "${name}": operation not permitted\nHint: Only root can.\n`)
    }
  })

  test('a directory that the user may not enter does not matter', async () => {
    const args = [cli(), 'exec-env', '--user', 'nobody', 'e.yaml', 'echo $name']
    const { stdout, stderr } = await runAfter(`chmod 700 .; trap 'chmod 755 .' EXIT`, process.execPath, args)
    execFileSync('chmod', ['755', secrets()])
    expect([stdout.toString(), stderr]).toEqual(['bar\n', ''])
  })
})

describe('a system without', () => {
  const noMkfifo =
    'for each in $(realpath /usr/bin/mkfifo /bin/mkfifo | sort -u); do mount --bind /dev/null $each; done'

  test('mkfifo: a file in memory, with a warning', async () => {
    const args = [cli(), 'exec-file', 'e.yaml', 'cat {}; stat -c "%F %a" {}']
    const { status, stdout, stderr } = await runAfter(`${noMkfifo}; unset TMPDIR`, process.execPath, args)
    expect([status, stdout.toString()]).toEqual([0, 'name: bar\nHOME: /of-the-file\nregular file 600\n'])
    expect(stderr).toMatch(
      /^\[EXEC\]\t .* level=warning msg="no mkfifo here: the program gets a regular file, in memory"\n$/,
    )
  })

  test('mkfifo and memory: nothing is written that nobody asked for', async () => {
    const args = [cli(), 'exec-file', 'e.yaml', 'echo no']
    const { status, stdout, stderr } = await runAfter(noMkfifo, process.execPath, args)
    expect([status, stdout.toString()]).toEqual([1, ''])
    expect(stderr).toMatch(/^Could not make a named pipe: there is no program mkfifo\nHint: --no-fifo writes/)
  })

  test('room for the file: nothing of it is left', async () => {
    const small = 'mount -t tmpfs -o size=8k tmpfs tmp; "$0" "$@" || status=$?; ls -A tmp; exit $status'
    const args = [cli(), 'exec-file', '--no-fifo', 'large.txt', 'echo no']
    const { status, stdout, stderr } = await runAfter(small, process.execPath, args)
    expect([status, stdout.toString()]).toEqual([1, ''])
    expect(stderr).toMatch(/^open \S+: no space left on device\nHint: TMPDIR names another place for the file\.\n$/)
  })
})
