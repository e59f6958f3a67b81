// What the shells are told; that they understand it is shown in test/interop.

import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { shells } from '../../src/cli/completion/shells.ts'
import { rootFlags } from '../../src/cli/flags.ts'
import { backends } from '../../src/keys/registry.ts'
import { stores } from '../../src/stores/registry.ts'
import { tsops } from './in-process.ts'

const settings = { cwd: import.meta.dirname, env: {} }

/** What `fish` is told, which needs nothing from its words; `_` is the cursor's empty word. */
async function ask(line: string, shell = 'fish'): Promise<readonly string[]> {
  const words = line.split(' ').map((word) => (word === '_' ? '' : word))
  const { status, stdout, stderr } = await tsops(['completion', shell, '--', ...words], settings)
  expect([status, stderr]).toEqual([0, ''])
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((each) => each.split('\t')[0] ?? '')
}

const formats = stores.map(({ name }) => name)

describe('completes', () => {
  test.each<[string, readonly string[]]>([
    ['decr', ['decrypt']],
    ['exec', ['exec-env', 'exec-file']],
    ['nosuch', [':file']],
    ['nosuch _', [':file']],
    ['decrypt _', [':file']],
    ['decrypt a b', [':file']],
    ['filestatus a _', []],
    ['keygen _', []],
    ['decrypt --inp', ['--input-type']],
    ['decrypt --input-type _', formats],
    ['decrypt -input-type _', formats],
    ['decrypt --input-type y', ['yaml']],
    ['decrypt --input-type=j', ['--input-type=json']],
    ['decrypt --input-type yaml _', [':file']],
    ['decrypt f --output-type d', ['dotenv']],
    ['decrypt --dotenv-dialect s', ['sops', 'shell']],
    ['decrypt --decryption-order _', backends.map(({ type }) => type)],
    ['decrypt --decryption-order pgp,ag', ['pgp,age']],
    ['decrypt --decryption-order age,age', []],
    ['decrypt --output _', [':file']],
    ['decrypt --extract _', []],
    ['decrypt --jobs _', []],
    ['decrypt --enable-local-keyservice=_', []],
    ['decrypt --enable-local-keyservice=f', ['--enable-local-keyservice=false']],
    ['decrypt --in-place _', [':file']],
    ['decrypt -- --inp', [':file']],
    ['decrypt --nosuch', []],
    ['decrypt --nosuch=_', []],
    ['--conf', ['--config']],
    ['--config _', [':file']],
    ['--config x decr', ['decrypt']],
    ['--config=x --indent 2 decr', ['decrypt']],
    ['--add-', []],
    ['keyservice --network _', ['tcp', 'unix']],
    ['completion _', ['bash', 'zsh', 'fish', 'help']],
    ['completion b', ['bash']],
    ['completion bash _', []],
    ['groups _', ['add', 'delete', 'help']],
    ['groups delete --f', ['--file']],
    ['help decr', ['decrypt']],
    ['help decrypt _', []],
    ['exec-env f -- _', [':command']],
    ['exec-env f -- env _', [':file']],
    ['exec-env f -- env --in', [':file']],
  ])('%s', async (line, expected) => {
    expect(await ask(line)).toEqual(expected)
  })

  test('every command and every flag that the help shows', async () => {
    const { stdout } = await tsops(['--help'], settings)
    const section = /^Commands:\n((?: .*\n)+)/m.exec(stdout)?.[1] ?? ''
    const commands = [...section.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name ?? '')
    expect(commands.length).toBeGreaterThan(15)
    expect(await ask('_')).toEqual([...commands, 'help'])
    for (const command of commands) {
      const text = (await tsops([command, '--help'], settings)).stdout
      if (/^Commands:/m.test(text)) continue
      const flags = [...text.matchAll(/^ {2}(-\S+?)(?:, (-\S+?))?(?:[ =[].*)?$/gm)].flatMap(([, a, b]) => [
        a ?? '',
        b ?? '',
      ])
      expect((await ask(`${command} -`)).toSorted()).toEqual([...flags, '--help', '-h'].filter(Boolean).toSorted())
    }
  })

  test('nothing that is hidden', async () => {
    const hidden = rootFlags.filter((flag) => flag.hidden === true).map(({ names }) => `--${names[0]}`)
    expect(hidden.length).toBeGreaterThan(0)
    const all = await ask('-')
    expect(hidden.filter((name) => all.includes(name))).toEqual([])
  })

  test('without a trace of words that mean nothing', async () => {
    for (const line of [
      '',
      '=',
      '--',
      '-',
      '---',
      '--=',
      '-=x',
      '_ _',
      '$(x)',
      '__proto__',
      'toString _',
      '--__proto__=x',
      '--constructor _',
    ]) {
      for (const { name } of shells) await ask(line, name)
    }
  })

  test('bash: words that it broke at =', async () => {
    expect(await ask('decrypt --input-type = y', 'bash')).toEqual(['yaml'])
    expect(await ask('decrypt --input-type = _', 'bash')).toEqual(formats)
    expect(await ask('decrypt --input-type =', 'bash')).toEqual(formats)
    expect(await ask('decrypt --output = x _', 'bash')).toEqual([':file'])
    expect(await ask('decrypt a = b _', 'bash')).toEqual([':file'])
  })
})

describe('the script', () => {
  test.each(shells.map(({ name }) => name))('of %s names the program', async (name) => {
    const { status, stdout, stderr } = await tsops(['completion', name, '--name', 'x-y.z'], settings)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/\btsops\b/)
    expect(stdout).toMatch(/ x-y\.z$/m)
    expect(stdout).not.toContain('--input-type')
  })

  test.each(['a b', '$(x)', "'", '-x', '', 'a;b'])('of no other name: %j', async (name) => {
    const { status, stdout } = await tsops(['completion', 'bash', `--name=${name}`], settings)
    if (name === '') return expect([status, stdout]).toEqual([0, expect.stringContaining('tsops')])
    expect([status, stdout]).toEqual([1, ''])
  })

  test('of an unknown shell', async () => {
    expect(await tsops(['completion', 'nosuch'], settings)).toMatchObject({ status: 3, stdout: '' })
    expect((await tsops(['completion'], settings)).stdout).toMatch(/^ {2}bash .*^ {2}zsh .*^ {2}fish /ms)
  })

  test('of bash is one', async () => {
    const { stdout } = await tsops(['completion', 'bash'], settings)
    const { error, status, stderr } = spawnSync('bash', ['-n'], { input: stdout, encoding: 'utf8' })
    // Where there is no bash there is nothing to check.
    if (error === undefined) expect([status, stderr]).toEqual([0, ''])
  })

  // As in the bash of macOS, which has no compopt.
  test.each(['directory', 'command'])('of bash brings no %s unquoted into the line', async (place) => {
    const { stdout: script } = await tsops(['completion', 'bash'], settings)
    const cwd = mkdtempSync(join(tmpdir(), 'tsops-completion-'))
    const name = './a $(touch pwned) `b` c'
    if (place === 'directory') mkdirSync(join(cwd, name))
    else writeFileSync(join(cwd, name), '', { mode: 0o755 })
    const run = `tsops() { echo :${place}; }; type() { echo tsops; }
_tsops_complete tsops ./a; eval "set -- \${COMPREPLY[0]}"; printf %s "$1"`
    const { error, stdout } = spawnSync('bash', ['-c', `${script}${run}`], { cwd, encoding: 'utf8' })
    rmSync(cwd, { recursive: true })
    if (error === undefined) expect(stdout).toBe(name)
  })
})

describe('--generate-bash-completion', () => {
  const generate = async (line: string, env = {}): Promise<readonly string[]> => {
    const args = line === '' ? [] : line.split(' ')
    const { status, stdout, stderr } = await tsops([...args, '--generate-bash-completion'], { ...settings, env })
    expect([status, stderr]).toEqual([0, ''])
    return stdout.split('\n').slice(0, -1)
  }

  test('is for the scripts of sops', async () => {
    expect(await generate('')).toEqual(expect.arrayContaining(['decrypt', 'exec-env', 'help']))
    expect(await generate('decrypt')).toEqual([])
    expect(await generate('decrypt --input-t')).toEqual(['--input-type'])
    expect(await generate('decrypt -')).toEqual(expect.arrayContaining(['--in-place', '-i']))
    expect(await generate('decrypt --input-type')).toEqual(formats)
    expect(await generate('decrypt --output')).toEqual(['--output', '--output-type'])
    expect(await generate('groups')).toEqual(['add', 'delete', 'help'])
    expect(await generate('--config x')).toContain('decrypt')
    const zsh = await generate('', { _CLI_ZSH_AUTOCOMPLETE_HACK: '1' })
    expect(zsh).toContain('decrypt:decrypt files')
  })

  test('counts as the last argument only', async () => {
    const { status } = await tsops(['decrypt', '--generate-bash-completion', 'x'], settings)
    expect(status).toBe(1)
  })
})
