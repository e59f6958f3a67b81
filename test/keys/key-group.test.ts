import { describe, expect, test } from 'vitest'
import { DataKeyError, KeyBackendError } from '../../src/errors.ts'
import { DataKeyCache } from '../../src/keys/data-key-cache.ts'
import { decryptDataKey, encryptDataKey, type DataKeyAccess } from '../../src/keys/key-group.ts'
import { localKeyService } from '../../src/keys/key-service/local.ts'
import { backends as builtIn } from '../../src/keys/registry.ts'
import type { KeyBackend, KeyGroup, KeyService, MasterKey } from '../../src/keys/types.ts'
import { fakeHost } from './hosts.ts'

const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index * 7)
const host = fakeHost({})

/** Wraps by writing the part into `enc`. A key whose id starts with `bad` fails, one with `none` has no credential. */
function plainBackend(type: string, tried: string[] = []): KeyBackend {
  const refuse = (key: MasterKey, doing: string): void => {
    tried.push(`${doing} ${key.id}`)
    const hint = { hint: `look after ${key.id}` }
    if (key.id.startsWith('bad')) throw new KeyBackendError(type, key.id, 'denied', `${key.id} says no`, hint)
  }
  return {
    type,
    names: { rule: type, flag: type, env: type, flagHelp: type },
    parse: (spec) => [{ type, id: spec, enc: '' }],
    parseGroupEntry: () => [],
    toMetadata: ({ id, enc }) => ({ id, enc }),
    fromMetadata: () => ({ type, id: '', enc: '' }),
    async encryptDataKey(key, part) {
      refuse(key, 'encrypt')
      return { ...key, enc: Buffer.from(part).toString('hex') }
    },
    async decryptDataKey(key) {
      refuse(key, 'decrypt')
      return key.id.startsWith('none') ? null : new Uint8Array(Buffer.from(key.enc, 'hex'))
    },
  }
}

const keys = (...ids: readonly string[]): KeyGroup => ids.map((id) => ({ type: 'plain', id, enc: '' }))
const local = (...backends: readonly KeyBackend[]): KeyService[] => [localKeyService(host, backends)]
const plain = local(plainBackend('plain'))
const access = (changes: Partial<DataKeyAccess> = {}): DataKeyAccess => ({
  order: [],
  keyServices: plain,
  owner: host,
  ...changes,
})
const encrypt = (groups: readonly KeyGroup[], threshold = 0, keyServices: readonly KeyService[] = plain) =>
  encryptDataKey(groups, threshold, dataKey, keyServices)

describe('encryptDataKey', () => {
  test('thousands of keys are not used all at once', async () => {
    let running = 0
    let most = 0
    const service: KeyService = {
      encrypt: async (key) => {
        most = Math.max(most, ++running)
        await new Promise(setImmediate)
        running--
        return key
      },
      decrypt: () => Promise.reject(new Error('not asked')),
    }
    const [group] = await encrypt([keys(...Array.from({ length: 1000 }, (_, index) => `k${index}`))], 0, [service])
    expect(group).toHaveLength(1000)
    expect(most).toBeLessThanOrEqual(8)
  })

  test('one group: every key wraps the data key itself', async () => {
    const [group] = await encrypt([keys('a', 'b')], 1)
    expect(group?.map(({ enc }) => enc)).toEqual(Array(2).fill(Buffer.from(dataKey).toString('hex')))
  })

  test('several groups: every group wraps its own share', async () => {
    const groups = await encrypt([keys('a', 'b'), keys('c'), keys('d')], 2)
    const parts = groups.map((group) => group.map(({ enc }) => enc))
    expect(parts[0]?.[0]).toBe(parts[0]?.[1])
    expect(parts.map(([enc]) => enc?.slice(-2))).toEqual(['01', '02', '03'])
    expect(parts.flat().every((enc) => enc.length === 66)).toBe(true)
  })

  test.each<[readonly KeyGroup[], number, string]>([
    [[], 0, 'Could not generate data key: [no key groups provided]'],
    [[keys()], 0, 'Could not generate data key: [empty key group provided]'],
    [[keys('a'), keys()], 0, 'Could not generate data key: [empty key group provided]'],
    [
      [keys('a'), keys('b')],
      1,
      'Could not generate data key: [could not split data key into parts for Shamir: threshold must be at least 2]',
    ],
    [
      [keys('a'), keys('b')],
      3,
      'Could not generate data key: [could not split data key into parts for Shamir: parts cannot be less than threshold]',
    ],
    [
      [keys('bad1', 'a', 'bad2')],
      0,
      'Could not generate data key: [failed to encrypt new data key with master key "bad1": bad1 says no ' +
        'failed to encrypt new data key with master key "bad2": bad2 says no]',
    ],
  ])('%j with threshold %i', async (groups, threshold, message) => {
    await expect(encrypt(groups, threshold)).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY_WRAP', message })
  })

  test('the hint of the first failure is kept', async () => {
    await expect(encrypt([keys('bad')])).rejects.toMatchObject({ hint: 'look after bad' })
  })

  test('a key that no backend knows is an error', async () => {
    await expect(encrypt([[{ type: 'unheard', id: 'x', enc: '' }]])).rejects.toMatchObject({
      message: expect.stringContaining('there is no backend for unheard keys') as string,
    })
  })
})

describe('decryptDataKey', () => {
  test('a defect in the use of one key does not keep another from opening', async () => {
    const defective: KeyService = {
      encrypt: (key) => Promise.resolve(key),
      decrypt: ({ id }) => (id === 'good' ? Promise.resolve(dataKey) : Promise.reject(new TypeError('broken'))),
    }
    expect(await decryptDataKey([keys('broken', 'good')], 0, access({ keyServices: [defective] }))).toEqual(dataKey)
  })

  test('one group: the first key that works', async () => {
    const tried: string[] = []
    const [group] = await encrypt([keys('a', 'b')])
    const found = await decryptDataKey(
      [[...keys('bad', 'none'), ...(group ?? [])]],
      0,
      access({ keyServices: local(plainBackend('plain', tried)) }),
    )
    expect(found).toEqual(dataKey)
    expect(tried).toEqual(['decrypt bad', 'decrypt none', 'decrypt a'])
  })

  test.each([
    [
      ['b', 'c'],
      ['b1', 'c1', 'c2', 'a1', 'a2'],
    ],
    [[], ['a1', 'c1', 'b1', 'a2', 'c2']],
    [
      ['unheard', 'c'],
      ['c1', 'c2', 'a1', 'b1', 'a2'],
    ],
  ])('order %j', async (order, expected) => {
    const tried: string[] = []
    const group = ['a1', 'c1', 'b1', 'a2', 'c2'].map((id) => ({ type: id.charAt(0), id: `bad ${id}`, enc: '' }))
    const keyServices = local(...['a', 'b', 'c'].map((type) => plainBackend(type, tried)))
    await expect(decryptDataKey([group], 0, access({ order, keyServices }))).rejects.toBeInstanceOf(DataKeyError)
    expect(tried).toEqual(expected.map((id) => `decrypt bad ${id}`))
  })

  test('several groups: all are tried, though the threshold is met', async () => {
    const tried: string[] = []
    const groups = await encrypt([keys('a'), keys('b'), keys('c')], 2)
    const found = await decryptDataKey(groups, 2, access({ keyServices: local(plainBackend('plain', tried)) }))
    expect(found).toEqual(dataKey)
    expect(tried).toEqual(['decrypt a', 'decrypt b', 'decrypt c'])
  })

  test('several groups: a threshold of them is enough', async () => {
    const [a, , c] = await encrypt([keys('a'), keys('b'), keys('c')], 2)
    expect(await decryptDataKey([a ?? [], keys('bad'), c ?? []], 2, access())).toEqual(dataKey)
  })

  test('too few groups: what went wrong, key by key', async () => {
    const [a] = await encrypt([keys('a'), keys('b')], 2)
    await expect(decryptDataKey([a ?? [], keys('bad', 'none')], 2, access())).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY',
      message: 'Error getting data key: 2 successful groups required, got 1',
      threshold: 2,
      hint: 'look after bad',
      groups: [
        { recovered: true, keys: [{ id: 'a', errors: [], recovered: true }] },
        {
          recovered: false,
          keys: [
            { id: 'bad', errors: ['bad says no'], recovered: false },
            { id: 'none', errors: ['no credential for plain keys was found'], recovered: false },
          ],
        },
      ],
    })
  })

  test('one group without success: the threshold that is told is the one of the file', async () => {
    await expect(decryptDataKey([keys('bad')], 0, access())).rejects.toMatchObject({
      message: 'Error getting data key: 0 successful groups required, got 0',
      threshold: 0,
    })
  })

  test('no groups at all', async () => {
    await expect(decryptDataKey([], 0, access())).rejects.toBeInstanceOf(DataKeyError)
  })

  test('shares that do not fit together', async () => {
    const [a] = await encrypt([keys('a'), keys('b')], 2)
    await expect(decryptDataKey([a ?? [], a ?? []], 2, access())).rejects.toMatchObject({
      code: 'ERR_SOPS_DATA_KEY',
      message: 'could not get data key from shamir parts: duplicate part detected',
    })
  })

  test.each([0, 1])('a threshold of %i does not let one share pass for the data key', async (threshold) => {
    const [a] = await encrypt([keys('a'), keys('b')], 2)
    await expect(decryptDataKey([a ?? [], keys('bad')], threshold, access())).rejects.toBeInstanceOf(DataKeyError)
  })

  test('a data key of another length is refused', async () => {
    const short = [{ type: 'plain', id: 'a', enc: '00ff' }]
    await expect(decryptDataKey([short], 0, access())).rejects.toMatchObject({
      message: 'the data key has 2 bytes instead of 32',
    })
  })

  test('an error that is no SopsError is not hidden', async () => {
    const broken = { ...plainBackend('plain'), decryptDataKey: () => Promise.reject(new TypeError('a bug')) }
    await expect(decryptDataKey([keys('a')], 0, access({ keyServices: local(broken) }))).rejects.toBeInstanceOf(
      TypeError,
    )
  })

  test("a caller's backend goes before the one of the same type", async () => {
    const group = [{ type: 'age', id: 'x', enc: Buffer.from(dataKey).toString('hex') }]
    expect(await decryptDataKey([group], 0, access({ keyServices: local(plainBackend('age'), ...builtIn) }))).toEqual(
      dataKey,
    )
  })
})

describe('several key services', () => {
  const says = (text: string, tried: string[] = []): KeyService => {
    const refuse = ({ type, id }: MasterKey): Promise<never> => {
      tried.push(`${text} ${id}`)
      return Promise.reject(new KeyBackendError(type, id, 'offline', text, { hint: `about ${text}` }))
    }
    return { encrypt: refuse, decrypt: refuse }
  }

  test('each key goes to one after the other, until one has it', async () => {
    const tried: string[] = []
    const keyServices = [says('first', tried), ...plain, says('last', tried)]
    const groups = await encrypt([keys('a', 'b')], 0, keyServices)
    expect(await decryptDataKey(groups, 0, access({ keyServices }))).toEqual(dataKey)
    expect(tried).toEqual(['first a', 'first b', 'first a'])
  })

  test('when none has it, all that they said is told, with the first hint', async () => {
    const keyServices = [says('one'), says('two')]
    await expect(encrypt([keys('a')], 0, keyServices)).rejects.toMatchObject({
      hint: 'about one',
      message:
        'Could not generate data key: [failed to encrypt new data key with master key "a": one ' +
        'failed to encrypt new data key with master key "a": two]',
    })
    await expect(decryptDataKey([keys('a')], 0, access({ keyServices }))).rejects.toMatchObject({
      hint: 'about one',
      groups: [{ recovered: false, keys: [{ id: 'a', errors: ['one', 'two'], recovered: false }] }],
    })
  })

  test('no key service at all', async () => {
    await expect(encrypt([keys('a')], 0, [])).rejects.toMatchObject({
      message: 'Could not generate data key: [no key services provided, cannot update master keys]',
    })
    await expect(decryptDataKey([keys('a')], 0, access({ keyServices: [] }))).rejects.toMatchObject({
      groups: [{ recovered: false, keys: [{ id: 'a', errors: [], recovered: false }] }],
    })
  })
})

describe('DataKeyCache', () => {
  test('the same enc is unwrapped once, also at the same time', async () => {
    const tried: string[] = []
    const groups = await encrypt([keys('a')])
    const shared = access({ keyServices: local(plainBackend('plain', tried)), dataKeys: new DataKeyCache() })
    const [one, other] = await Promise.all([decryptDataKey(groups, 0, shared), decryptDataKey(groups, 0, shared)])
    await decryptDataKey(groups, 0, shared)
    expect(tried).toEqual(['decrypt a'])
    one.fill(0)
    expect(other).toEqual(dataKey)
  })

  test('owners and keys are told apart', async () => {
    const tried: string[] = []
    const shared = access({ keyServices: local(plainBackend('plain', tried)), dataKeys: new DataKeyCache() })
    const [a, b] = [await encrypt([keys('a')]), await encrypt([keys('b')])]
    await decryptDataKey(a, 0, shared)
    await decryptDataKey(b, 0, shared)
    await decryptDataKey(a, 0, { ...shared, owner: fakeHost({}) })
    expect(tried).toEqual(['decrypt a', 'decrypt b', 'decrypt a'])
  })

  test('failures and missing credentials are asked for again', async () => {
    const tried: string[] = []
    const shared = access({ keyServices: local(plainBackend('plain', tried)), dataKeys: new DataKeyCache() })
    for (const id of ['bad', 'bad', 'none', 'none']) {
      await expect(decryptDataKey([keys(id)], 0, shared)).rejects.toBeInstanceOf(DataKeyError)
    }
    expect(tried).toHaveLength(4)
  })

  test('it does not grow without end', async () => {
    const tried: string[] = []
    const shared = access({ keyServices: local(plainBackend('plain', tried)), dataKeys: new DataKeyCache() })
    const [group] = await encrypt([keys(...Array.from({ length: 1100 }, (_, index) => `k${index}`))])
    for (const key of group ?? []) await decryptDataKey([[key]], 0, shared)
    await decryptDataKey([(group ?? []).slice(-1)], 0, shared)
    await decryptDataKey([(group ?? []).slice(0, 1)], 0, shared)
    expect(tried).toHaveLength(1101)
  })

  test('clear forgets and wipes', async () => {
    const opened = new Uint8Array(dataKey)
    const dataKeys = new DataKeyCache()
    const key = { type: 'plain', id: 'a', enc: 'x' }
    await dataKeys.get(host, key, () => Promise.resolve(opened))
    dataKeys.clear()
    expect(opened).toEqual(new Uint8Array(32))
    const again = new Uint8Array(dataKey)
    expect(await dataKeys.get(host, key, () => Promise.resolve(again))).toEqual(dataKey)
  })
})
