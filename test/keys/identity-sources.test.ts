import { describe, expect, test } from 'vitest'
import { defaultKeyFile, loadIdentities } from '../../src/keys/age/identity-sources.ts'
import { alice, bob, carol, quantum } from '../test-keys.ts'
import { fakeHost, type World } from './hosts.ts'

const home = '/home/me'
const keysFile = `${home}/.config/sops/age/keys.txt`
const wanted = 'age1wanted'

const load = (world: World) => loadIdentities(fakeHost(world), wanted)
const held = async (world: World) =>
  (await load(world)).identities.map(({ recipient, location }) => [recipient, location])

describe('sources', () => {
  test('all of them are read and merged in order', async () => {
    const world: World = {
      env: { HOME: home, SOPS_AGE_KEY: alice.identity, SOPS_AGE_KEY_FILE: '/k', SOPS_AGE_KEY_CMD: 'print-key' },
      files: { '/k': bob.identity, [keysFile]: quantum.identity },
      run: () => carol.identity,
    }
    expect(await held(world)).toEqual([
      [alice.recipient, 'SOPS_AGE_KEY'],
      [bob.recipient, 'SOPS_AGE_KEY_FILE'],
      [carol.recipient, 'SOPS_AGE_KEY_CMD'],
      [undefined, keysFile],
    ])
  })

  test('SOPS_AGE_KEY: several on a line, comments on lines of their own', async () => {
    const text = `# mine\n${alice.identity}  ${bob.identity}\t\n\r\n${carol.identity}`
    expect(await held({ env: { HOME: home, SOPS_AGE_KEY: text } })).toHaveLength(3)
  })

  test('files: one on a line, comments, either line break', async () => {
    const text = `# created: today\r\n# public key: x\r\n${alice.identity}\r\n\r\n${bob.identity}`
    expect(await held({ env: { HOME: home }, files: { [keysFile]: text } })).toHaveLength(2)
  })

  test('files: two on a line are an error', async () => {
    const world: World = { env: { HOME: home }, files: { [keysFile]: `#\n${alice.identity} ${bob.identity}` } }
    expect((await load(world)).errors).toEqual([
      `failed to parse '${keysFile}' age identities: malformed secret key: invalid character human-readable part (line 2)`,
    ])
  })

  test('one bad line spoils its source and no other', async () => {
    const loaded = await load({
      env: { HOME: home, SOPS_AGE_KEY: `${alice.identity}\nnonsense` },
      files: { [keysFile]: bob.identity },
    })
    expect(loaded.identities.map(({ recipient }) => recipient)).toEqual([bob.recipient])
    expect(loaded.errors).toEqual(["failed to parse 'SOPS_AGE_KEY' age identities: unknown identity type (line 2)"])
  })

  test('an empty variable is a source without identities', async () => {
    const { errors, unused } = await load({ env: { HOME: home, SOPS_AGE_KEY: '' } })
    expect(errors).toEqual([])
    expect(unused.at(-1)).toBe('SOPS_AGE_KEY')
    expect(unused).not.toContain(keysFile)
  })

  test('a file that is not there', async () => {
    const { errors } = await load({ env: { HOME: home, SOPS_AGE_KEY_FILE: '/gone' } })
    expect(errors).toEqual(['failed to open SOPS_AGE_KEY_FILE file: open /gone: no such file or directory'])
  })
})

describe('SOPS_AGE_KEY_CMD', () => {
  test('runs without a shell, with the recipient in its environment', async () => {
    const host = fakeHost({ env: { HOME: home, SOPS_AGE_KEY_CMD: `pass 'my key' "$HOME"` }, run: () => alice.identity })
    await loadIdentities(host, wanted)
    expect(host.runs).toEqual([{ file: 'pass', args: ['my key', '$HOME'], env: { SOPS_AGE_RECIPIENT: wanted } }])
  })

  test('runs once per recipient', async () => {
    const run = (_: string, __: readonly string[], env: Readonly<Record<string, string>>): string =>
      env.SOPS_AGE_RECIPIENT === alice.recipient ? alice.identity : bob.identity
    const host = fakeHost({ env: { SOPS_AGE_KEY_CMD: 'print-key', HOME: home }, run })
    for (const { recipient } of [alice, bob, alice, bob]) {
      const { identities } = await loadIdentities(host, recipient)
      expect(identities[0]?.recipient).toBe(recipient)
    }
    expect(host.runs).toHaveLength(2)
  })

  const secret = `echo ${alice.identity}`
  test.each([
    [secret, 'executable file not found in $PATH', undefined],
    [secret, 'exit status 3', new Error('exit status 3')],
    [secret, 'failed', new Error(`Command failed: ${secret}`)],
    [`${secret} 'x`, 'EOF found when expecting closing quote', undefined],
    ['', 'no command', undefined],
    [' # nothing', 'no command', undefined],
  ])('%j fails: %s', async (line, reason, failure) => {
    const world: World = { env: { HOME: home, SOPS_AGE_KEY_CMD: line } }
    const run = (): never => {
      throw failure ?? new Error()
    }
    const { errors } = await load(failure === undefined ? world : { ...world, run })
    expect(errors).toEqual([`failed to execute the command in SOPS_AGE_KEY_CMD: ${reason}`])
  })
})

describe('the configuration directory', () => {
  test.each([
    ['linux', { HOME: home }, keysFile],
    ['linux', { HOME: home, XDG_CONFIG_HOME: '/xdg' }, '/xdg/sops/age/keys.txt'],
    ['linux', { HOME: home, XDG_CONFIG_HOME: 'relative' }, undefined],
    ['linux', { HOME: '' }, undefined],
    ['linux', {}, undefined],
    ['darwin', { HOME: '/Users/me' }, '/Users/me/Library/Application Support/sops/age/keys.txt'],
    ['darwin', { HOME: '/Users/me', XDG_CONFIG_HOME: '/xdg' }, '/xdg/sops/age/keys.txt'],
    ['win32', { AppData: 'C:\\Users\\me\\AppData\\Roaming' }, 'C:\\Users\\me\\AppData\\Roaming\\sops\\age\\keys.txt'],
    ['win32', { HOME: home }, undefined],
  ] as const)('%s with %j', (platform, env, expected) => {
    expect(defaultKeyFile(fakeHost({ platform, env }))).toBe(expected)
  })

  test('on macOS ~/.config is looked at too', async () => {
    const file = '/Users/me/.config/sops/age/keys.txt'
    expect(await held({ platform: 'darwin', env: { HOME: '/Users/me' }, files: { [file]: alice.identity } })).toEqual([
      [alice.recipient, file],
    ])
  })

  test('its file is not named as missing when another source has something', async () => {
    const { unused } = await load({ env: { HOME: home, SOPS_AGE_KEY: alice.identity } })
    expect(unused).not.toContain(keysFile)
  })
})

describe('the cache', () => {
  test('a host is read once', async () => {
    const host = fakeHost({ env: { HOME: home }, files: { [keysFile]: alice.identity } })
    await Promise.all([loadIdentities(host, 'a'), loadIdentities(host, 'b')])
    await loadIdentities(host, 'c')
    expect(host.reads.filter((path) => path === keysFile)).toHaveLength(1)
  })

  test('a host without identities is read again', async () => {
    const host = fakeHost({ env: { HOME: home } })
    await loadIdentities(host, wanted)
    await loadIdentities(host, wanted)
    expect(host.reads.filter((path) => path === keysFile)).toHaveLength(2)
  })

  test('hosts do not share identities', async () => {
    expect(await held({ env: { HOME: home, SOPS_AGE_KEY: alice.identity } })).toHaveLength(1)
    expect(await held({ env: { HOME: home } })).toHaveLength(0)
  })
})
