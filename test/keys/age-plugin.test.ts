import { describe, expect, test, vi } from 'vitest'
import { KeyBackendError } from '../../src/errors.ts'
import { age, type AgeKey } from '../../src/keys/age/backend.ts'
import { encodeBech32 } from '../../src/keys/age/bech32.ts'
import { emitStanza, StanzaReader } from '../../src/keys/age/plugin-stanza.ts'
import { fakePlugin, type PluginSide } from '../fakes/age-plugin.ts'
import { alice, bob } from '../test-keys.ts'
import { fakeHost, type FakeHost, type World } from './hosts.ts'

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
const recipient = encodeBech32('age1toy', Buffer.from('a public key'))
const identity = encodeBech32('AGE-PLUGIN-TOY-', Buffer.from('a secret that no error may show'))
const keyOf = (id: string, enc = ''): AgeKey => ({ type: 'age', id, enc })

type Behave = (plugin: PluginSide) => Promise<void>

interface PluginHost extends FakeHost {
  readonly starts: { readonly file: string; readonly args: readonly string[] }[]
  readonly running: { readonly killed: boolean }[]
}

/** A host on which every program is a plugin that behaves so. */
function pluginHost(behave: Behave, more: World = {}): PluginHost {
  const starts: PluginHost['starts'] = []
  const running: { readonly killed: boolean }[] = []
  const start: World['start'] = (file, args) => {
    starts.push({ file, args })
    const conversation = fakePlugin(behave)
    running.push(conversation)
    return conversation
  }
  return { ...fakeHost({ env: { SOPS_AGE_KEY: identity }, start, ...more }), starts, running }
}

// It "wraps" by turning every bit over, and knows its own stanzas by their type.
const turn = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 255)

const toy: Behave = async (plugin) => {
  const heard = await plugin.readAll()
  const [first] = heard
  if (first?.type === 'add-recipient') {
    const fileKey = heard.find(({ type }) => type === 'wrap-file-key')!.body
    plugin.send('labels', ['postquantum'])
    await plugin.read()
    plugin.send('recipient-stanza', ['0', 'toy', 'x'], turn(fileKey))
  } else {
    const mine = heard.find(({ type, args }) => type === 'recipient-stanza' && args[1] === 'toy')
    if (mine === undefined) {
      plugin.send('done')
      return
    }
    plugin.send('file-key', ['0'], turn(mine.body))
  }
  const { type } = await plugin.read()
  if (type === 'ok') plugin.send('done')
}

const named = (): AgeKey => age.parse(recipient)[0]!
const wrap = (): Promise<AgeKey> => age.encryptDataKey(named(), dataKey, pluginHost(toy))

async function failureOf(work: Promise<unknown>): Promise<KeyBackendError> {
  const error: unknown = await work.catch((failure: unknown) => failure)
  if (error instanceof KeyBackendError) return error
  throw new Error('a KeyBackendError was expected', { cause: error })
}

describe('a conversation', () => {
  test('wraps and unwraps', async () => {
    const host = pluginHost(toy)
    const wrapped = await age.encryptDataKey(named(), dataKey, host)
    expect(new Uint8Array((await age.decryptDataKey(wrapped, host)) ?? [])).toEqual(dataKey)
    expect(host.starts).toEqual([
      { file: 'age-plugin-toy', args: ['--age-plugin=recipient-v1'] },
      { file: 'age-plugin-toy', args: ['--age-plugin=identity-v1'] },
    ])
    expect(host.running.every(({ killed }) => killed)).toBe(true)
  })

  test('says what the protocol asks for', async () => {
    const heard: string[][] = []
    const listen: Behave = async (plugin) => {
      heard.push((await plugin.readAll()).map(({ type, args }) => [type, ...args].join(' ')))
      plugin.send('error', ['internal'], Buffer.from('enough'))
    }
    const wrapped = await wrap()
    await failureOf(age.encryptDataKey(named(), dataKey, pluginHost(listen)))
    await failureOf(age.decryptDataKey(wrapped, pluginHost(listen)))
    expect(heard).toEqual([
      [`add-recipient ${recipient}`, 'wrap-file-key', 'extension-labels'],
      [`add-identity ${identity}`, 'recipient-stanza 0 toy x'],
    ])
  })

  test('is one at a time', async () => {
    let open = 0
    const alone: Behave = async (plugin) => {
      expect(++open).toBe(1)
      await toy(plugin)
      open--
    }
    const host = pluginHost(alone)
    await Promise.all([1, 2, 3].map(() => age.encryptDataKey(named(), dataKey, host)))
    expect(host.starts).toHaveLength(3)
  })

  test('is not begun when another identity opens the file', async () => {
    const wrapped = await age.encryptDataKey(keyOf(alice.recipient), dataKey, fakeHost({}))
    const host = pluginHost(toy, { env: { SOPS_AGE_KEY: `${identity} ${alice.identity}` } })
    expect(await age.decryptDataKey(wrapped, host)).not.toBeNull()
    expect(host.starts).toEqual([])
  })

  test('leaves what is not for the plugin to others', async () => {
    const wrapped = await age.encryptDataKey(keyOf(bob.recipient), dataKey, fakeHost({}))
    const { message, hint, reason } = await failureOf(age.decryptDataKey(wrapped, pluginHost(toy)))
    expect(message).toContain('identity did not match any of the recipients')
    expect(hint).toContain('the plugin toy (SOPS_AGE_KEY)')
    expect(reason).toBe('no-credential')
  })
})

describe('what a plugin wants from the user', () => {
  const asks =
    (type: string, args: readonly string[] = [], body = 'PIN\u001b[31m for\nme'): Behave =>
    async (plugin) => {
      await plugin.readAll()
      plugin.send(type, args, Buffer.from(body))
      const answer = await plugin.read()
      const text = [answer.type, ...answer.args, Buffer.from(answer.body).toString()].join('|')
      plugin.send('error', ['internal'], Buffer.from(`heard ${text}`))
    }
  const yes = Buffer.from('Yes').toString('base64')
  const no = 'Tm8'

  test.each([
    ['request-secret', [], '1234', 'ok|1234', 'toy plugin: PIN [31m for me'],
    ['request-public', [], '', 'ok|', 'toy plugin: PIN [31m for me'],
    ['confirm', [yes], '', 'ok|yes|', 'toy plugin: PIN [31m for me (press enter for "Yes")'],
    ['confirm', [yes, no], '1', 'ok|yes|', 'toy plugin: PIN [31m for me (press [1] for "Yes" or [2] for "No")'],
    ['confirm', [yes, no], '2', 'ok|no|', 'toy plugin: PIN [31m for me (press [1] for "Yes" or [2] for "No")'],
    ['confirm', [yes, no], 'x', 'fail|', 'toy plugin: PIN [31m for me (press [1] for "Yes" or [2] for "No")'],
    ['something-new', [], '', 'unsupported|', undefined],
    ['msg', [], '', 'fail|', undefined],
  ])('%s %j, answered with %j', async (type, args, answer, expected, question) => {
    const prompt = vi.fn(() => answer)
    const host = pluginHost(asks(type, args), { prompt })
    const { message } = await failureOf(age.decryptDataKey(await wrap(), host))
    expect(message).toContain(`toy plugin: heard ${expected}`)
    expect(prompt.mock.calls).toEqual(question === undefined ? [] : [[question]])
  })

  test('without a terminal the plugin is told', async () => {
    for (const type of ['request-secret', 'request-public', 'confirm']) {
      const host = pluginHost(asks(type, type === 'confirm' ? [yes] : []))
      expect((await failureOf(age.decryptDataKey(await wrap(), host))).message).toContain('heard fail|')
    }
  })

  test('a message is shown where the host can', async () => {
    const show = vi.fn()
    const host = { ...pluginHost(asks('msg')), show }
    expect((await failureOf(age.decryptDataKey(await wrap(), host))).message).toContain('heard ok|')
    expect(show).toHaveBeenCalledWith('toy plugin: PIN [31m for me')
  })

  test('a malformed question ends the conversation', async () => {
    const host = pluginHost(asks('confirm', ['***']), { prompt: () => '' })
    expect((await failureOf(age.decryptDataKey(await wrap(), host))).message).toContain('malformed confirm stanza')
  })
})

describe('a plugin that does not keep to the protocol', () => {
  const says =
    (text: string): Behave =>
    async (plugin) => {
      await plugin.readAll()
      plugin.sendRaw(text)
    }
  const stanza = (type: string, args: readonly string[] = [], body = ''): string =>
    emitStanza(type, args, Buffer.from(body)).toString()

  test.each([
    ['nothing', '', 'it ended before it had answered'],
    ['half a stanza', '-> file-key', 'it ended before it had answered'],
    ['no stanza', 'Welcome!\n', 'malformed stanza'],
    ['a stanza without a name', '->\n\n', 'malformed stanza'],
    ['a double space', '->  file-key\n\n', 'malformed stanza'],
    ['other base64', '-> file-key 0\nAA==\n', 'malformed stanza'],
    ['a long line', `-> file-key 0\n${'A'.repeat(68)}\n\n`, 'malformed stanza'],
    ['a line without end', 'A'.repeat(100_000), 'too long'],
    ['another index', stanza('file-key', ['1'], '0123456789abcdef'), 'malformed file-key'],
    ['no index', stanza('file-key', [], '0123456789abcdef'), 'malformed file-key'],
    ['a long file key', stanza('file-key', ['0'], '0123456789abcdef0'), 'malformed file-key'],
    ['two file keys', stanza('file-key', ['0'], '0123456789abcdef').repeat(2), 'two file keys'],
  ])('%s', async (_, text, reason) => {
    const host = pluginHost(says(text))
    const error = await failureOf(age.decryptDataKey(await wrap(), host))
    expect(error.message).toContain('toy plugin: ')
    expect(error.message).toContain(reason)
    expect(host.running[0]?.killed).toBe(true)
  })

  test.each([
    ['no stanza', stanza('done'), 'it sent no recipient stanza'],
    ['another index', stanza('recipient-stanza', ['1', 'toy']), 'malformed recipient stanza'],
    ['a stanza without a type', stanza('recipient-stanza', ['0']), 'malformed recipient stanza'],
    ['labels twice', stanza('labels').repeat(2), 'labels twice'],
  ])('wrapping: %s', async (_, text, reason) => {
    const error = await failureOf(age.encryptDataKey(named(), dataKey, pluginHost(says(text))))
    expect(error.message).toContain(reason)
  })

  test('words without end are cut off', async () => {
    const endless: Behave = async (plugin) => {
      await plugin.readAll()
      for (let count = 0; count < 300; count++) plugin.sendRaw(stanza('msg', [], 'x'.repeat(60_000)))
    }
    expect((await failureOf(age.decryptDataKey(await wrap(), pluginHost(endless)))).message).toContain('too much')
  })

  test('its complaint is shown without control characters, length or the identity', async () => {
    const text = `bad ${identity} \u001b]0;title\u0007\u202e ${'x'.repeat(100_000)}`
    const host = pluginHost(says(stanza('error', ['internal'], text)))
    const { message, reason } = await failureOf(age.decryptDataKey(await wrap(), host))
    expect(message).toContain('toy plugin: bad … ]0;title xxx')
    expect(message).not.toContain(identity)
    // eslint-disable-next-line no-control-regex -- these are what must not be there
    expect(message).not.toMatch(/[\u0000-\u001f\u202e]/)
    expect(message.length).toBeLessThan(2000)
    expect(reason).toBe('denied')
  })
})

describe('which program is started', () => {
  test('none for a recipient that only a file names', async () => {
    const stranger = encodeBech32('age1stranger', Buffer.from('x'))
    const host = pluginHost(toy)
    const error = await failureOf(age.encryptDataKey(age.fromMetadata({ recipient: stranger }), dataKey, host))
    expect(error).toMatchObject({ reason: 'denied', hint: expect.stringContaining('creation rule') as string })
    await failureOf(age.decryptDataKey(keyOf(stranger, (await wrap()).enc), pluginHost(toy, { env: {} })))
    expect(host.starts).toEqual([])
  })

  test('one that is not there is named', async () => {
    const start: World['start'] = () => ({
      ...fakePlugin(toy),
      write: () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' })),
    })
    const host = pluginHost(toy, { start })
    const { message, hint, reason } = await failureOf(age.encryptDataKey(named(), dataKey, host))
    expect(message).toContain('"age-plugin-toy": executable file not found in $PATH')
    expect(hint).toContain('age-plugin-toy')
    expect(reason).toBe('not-installed')
  })

  test('none on a host that starts no programs', async () => {
    const failure = await failureOf(age.encryptDataKey(named(), dataKey, fakeHost({})))
    expect(failure).toMatchObject({ reason: 'not-installed' })
  })

  test.each(['', '../x', 'a/b', 'a\\b', 'a b', 'a:b', 'a%b', 'a\u0000b', 'ü', '~', '$x', 'x'.repeat(101)])(
    'none for the name %j',
    async (name) => {
      const bytes = Buffer.from('x')
      const texts = [`age1${name}`, `AGE-PLUGIN-${name.toUpperCase()}-`].map((prefix) => encodeBech32(prefix, bytes))
      expect(() => age.parse(texts[0]!)).toThrow(/invalid|malformed|unknown/)
      const host = pluginHost(toy, { env: { SOPS_AGE_KEY_FILE: '/k', HOME: '/home/me' }, files: { '/k': texts[1]! } })
      const { message } = await failureOf(age.decryptDataKey(await wrap(), host))
      expect(message).toMatch(/invalid plugin name|invalid identity encoding|unknown identity type|not a plugin/)
      expect(host.starts).toEqual([])
    },
  )

  test.each(['a', 'se', 'fido2-hmac', 'a.b', 'a_b', 'a+b', '0'])('one for the name %j', (name) => {
    expect(age.parse(encodeBech32(`age1${name}`, Buffer.from('x')))).toHaveLength(1)
  })
})

describe('stanzas', () => {
  test.each([0, 1, 47, 48, 49, 96, 1000])('a body of %i bytes comes back', async (length) => {
    const body = Uint8Array.from({ length }, (_, index) => index)
    const bytes = emitStanza('type', ['a', 'b'], body)
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (const byte of bytes) yield Uint8Array.of(byte)
    }
    const stanza = await new StanzaReader(pieces()).read()
    expect({ ...stanza, body: new Uint8Array(stanza.body) }).toEqual({ type: 'type', args: ['a', 'b'], body })
  })
})
