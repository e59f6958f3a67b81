import { describe, expect, test } from 'vitest'
import { DataKeyCache, decrypt, encrypt, localKeyService, rotate, update, updateKeys } from '../../src/index.ts'
import type { KeyService } from '../../src/keys/types.ts'
import { ageGroup, ageRule, hostWith } from '../ours.ts'
import { alice, bob } from '../test-keys.ts'

const plain = Buffer.from('a: b\n')
const stranger = hostWith()

/** The key service of somebody's host, and what it was asked. */
function serviceOf(identity: string): { readonly service: KeyService; readonly asked: string[] } {
  const local = localKeyService(hostWith(identity))
  const asked: string[] = []
  const service: KeyService = {
    encrypt(key, dataKey) {
      asked.push(`encrypt ${key.id}`)
      return local.encrypt(key, dataKey)
    },
    decrypt(key) {
      asked.push(`decrypt ${key.id}`)
      return local.decrypt(key)
    },
  }
  return { service, asked }
}

describe('key services of the caller', () => {
  test('do what the host would do, in every operation', async () => {
    const { service, asked } = serviceOf(alice.identity)
    const options = { format: 'yaml', host: stranger, keyServices: [service] }
    const file = await encrypt(plain, ageRule(), options)
    expect(Buffer.from(await decrypt(file, options)).toString()).toBe('a: b\n')
    await rotate(file, options)
    await update(file, Buffer.from('a: c\n'), options)
    await updateKeys(file, { keyGroups: [ageGroup(alice.recipient, bob.recipient)] }, options)
    expect(asked.map((each) => each.replace(alice.recipient, 'alice').replace(bob.recipient, 'bob'))).toEqual([
      ...['encrypt alice', 'decrypt alice', 'decrypt alice', 'encrypt alice', 'decrypt alice', 'decrypt alice'],
      // The entry of alice stays as it is.
      'encrypt bob',
    ])
    await expect(decrypt(file, { format: 'yaml', host: stranger })).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
  })

  test('without any, this machine is not asked', async () => {
    const host = hostWith(alice.identity)
    const file = await encrypt(plain, ageRule(), { format: 'yaml', host })
    const none = { format: 'yaml', host, keyServices: [] }
    await expect(decrypt(file, none)).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
    await expect(encrypt(plain, ageRule(), none)).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY_WRAP' })
  })

  test('the data keys of one list are not given to another', async () => {
    const dataKeys = new DataKeyCache()
    const { service, asked } = serviceOf(alice.identity)
    const keyServices = [service]
    const file = await encrypt(plain, ageRule(), { format: 'yaml', host: stranger })
    for (let time = 0; time < 3; time++) await decrypt(file, { format: 'yaml', host: stranger, dataKeys, keyServices })
    expect(asked).toHaveLength(1)
    const others: readonly (readonly KeyService[] | undefined)[] = [undefined, [], [serviceOf(bob.identity).service]]
    for (const list of others) {
      const opened = decrypt(file, { format: 'yaml', host: stranger, dataKeys, keyServices: list })
      await expect(opened).rejects.toMatchObject({ code: 'ERR_SOPS_DATA_KEY' })
    }
  })
})
