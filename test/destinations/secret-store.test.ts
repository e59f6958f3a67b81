// One secret for each key.
import { beforeEach, describe, expect, test } from 'vitest'
import { azureKeyVault } from '../../src/destinations/azure-key-vault.ts'
import { type SecretStoreKind, secretDestination } from '../../src/destinations/secret-store.ts'
import { ConfigError, SopsError } from '../../src/errors.ts'
import { json } from '../../src/stores/json.ts'
import type { Branch } from '../../src/tree/types.ts'
import { fieldsOf, hear } from '../contract/destination.ts'
import { fakeHost } from '../keys/hosts.ts'

const held = new Map<string, string>()
const written: string[] = []
let refused = ''

const kind: SecretStoreKind = {
  title: 'Store',
  prefix: 'p-',
  secretPerKey: true,
  separator: '-',
  spell: (name) => name.replaceAll('.', '-'),
  namePattern: /^[\w-]{1,40}$/,
  maxBytes: 20,
  takesEmpty: true,
  address: { place: 'here' },
  uri: (name) => `store://${name}`,
  open: () => ({
    read: async (name) => held.get(name),
    async write({ name, text, isJson }) {
      if (name === refused) throw new SopsError('ERR_SOPS_DESTINATION', 'no')
      expect(isJson).toBe(false)
      written.push(name)
      held.set(name, text)
    },
  }),
}
const destination = secretDestination(kind)
const read = (value: unknown): readonly Branch[] => json.parse(Buffer.from(JSON.stringify(value))).branches
const { world } = hear(fakeHost({}))

beforeEach(() => {
  held.clear()
  written.length = 0
  refused = ''
})

describe('one secret for each key', () => {
  test('texts as they are, all else as JSON', async () => {
    const values = { text: 'a "b"\n', number: 1, yes: true, nothing: null, map: { b: [1, 'x'], a: 2 }, empty: '' }
    expect(await destination.upload('f.x', read(values), world)).toBe('written')
    expect(Object.fromEntries(held)).toEqual({
      'p-f-x-text': 'a "b"\n',
      'p-f-x-number': '1',
      'p-f-x-yes': 'true',
      'p-f-x-nothing': 'null',
      'p-f-x-map': '{"a":2,"b":[1,"x"]}',
      'p-f-x-empty': '',
    })
  })

  test('only those that changed are written', async () => {
    await destination.upload('f', read({ a: '1', b: '2' }), world)
    written.length = 0
    expect(await destination.upload('f', read({ a: '1', b: '3' }), world)).toBe('written')
    expect(written).toEqual(['p-f-b'])
    expect(await destination.upload('f', read({ a: '1', b: '3' }), world)).toBe('unchanged')
  })

  test('what can be known to fail fails before anything is written', async () => {
    const bad: readonly (readonly [object, unknown])[] = [
      [{ ok: '1', 'a.b': '1', 'a-b': '2' }, ConfigError],
      [{ ok: '1', 'a b': '1' }, ConfigError],
      [{ ok: '1', ['x'.repeat(40)]: '1' }, ConfigError],
      [{ ok: '1', large: 'x'.repeat(21) }, SopsError],
      [{ ok: '1', empty: '' }, SopsError],
    ]
    const strict = secretDestination({ ...kind, takesEmpty: false })
    for (const [values, type] of bad) {
      await expect(strict.upload('f', read(values), world)).rejects.toBeInstanceOf(type)
    }
    expect(written).toEqual([])
  })

  test('a failure in the middle is one; what was written is not written again', async () => {
    refused = 'p-f-b'
    await expect(destination.upload('f', read({ a: '1', b: '2' }), world)).rejects.toMatchObject({ message: 'no' })
    refused = ''
    written.length = 0
    await destination.upload('f', read({ a: '1', b: '2' }), world)
    expect(written).toEqual(['p-f-b'])
  })

  test('each is found under its own name', () => {
    expect(destination.locate('f.x', 'a.b', world.host)).toEqual({
      store: { place: 'here' },
      secret: 'p-f-x-a-b',
      property: undefined,
    })
    expect(destination.uri('f.x', world.host)).toBe('store://p-f-x-*')
  })

  test('the rule asks for it', () => {
    const rule = { azure_key_vault_url: 'https://v.vault.azure.net', secret_per_key: true }
    const opened = azureKeyVault.open(fieldsOf(rule))
    if (opened.takes !== 'values') throw new Error('it takes files')
    expect(opened.locate('app.yaml', 'db_password', world.host)).toEqual({
      store: { vaultUrl: 'https://v.vault.azure.net' },
      secret: 'app-yaml-db-password',
      property: undefined,
    })
  })
})
