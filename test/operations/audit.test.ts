// The audit of a caller: told what is done before it is done, and able to stop it.

import { describe, expect, test } from 'vitest'
import { type AuditAction, decrypt, encrypt, openTree, rotate, update, updateKeys } from '../../src/index.ts'
import { ageGroup, ageRule, hostWith } from '../ours.ts'
import { alice, bob } from '../test-keys.ts'

const options = { format: 'yaml', host: hostWith(alice.identity) }
const plain = Buffer.from('a: b\n')
const rule = ageRule()

type Run = (audited: Audited, file: Uint8Array) => Promise<unknown>
type Audited = typeof options & { readonly audit: (action: AuditAction) => Promise<void> }

const operations: readonly (readonly [string, Run, readonly AuditAction[]])[] = [
  ['encrypt', (audited) => encrypt(plain, rule, audited), ['encrypt']],
  ['decrypt', (audited, file) => decrypt(file, audited), ['decrypt']],
  ['openTree', (audited, file) => openTree(file, audited), ['decrypt']],
  ['rotate', (audited, file) => rotate(file, audited), ['rotate', 'decrypt', 'encrypt']],
  ['update', (audited, file) => update(file, Buffer.from('a: c\n'), audited), ['decrypt', 'encrypt']],
  ['update without a change', (audited, file) => update(file, plain, audited), ['decrypt']],
  ['updateKeys', (audited, file) => updateKeys(file, { keyGroups: [ageGroup(bob.recipient)] }, audited), []],
]

describe.each(operations)('%s', (_, run, actions) => {
  test('tells its actions', async () => {
    const told: AuditAction[] = []
    const audit = async (action: AuditAction): Promise<void> => void told.push(action)
    await run({ ...options, audit }, await encrypt(plain, rule, options))
    expect(told).toEqual(actions)
  })

  test.each(actions)('stops when %s may not be', async (refused) => {
    const file = await encrypt(plain, rule, options)
    const audit = (action: AuditAction): Promise<void> =>
      action === refused ? Promise.reject(new Error('no record')) : Promise.resolve()
    await expect(run({ ...options, audit }, file)).rejects.toThrow('no record')
  })
})

test('what the keys do not open is not told', async () => {
  const told: AuditAction[] = []
  const audit = async (action: AuditAction): Promise<void> => void told.push(action)
  const file = await encrypt(plain, rule, options)
  await expect(decrypt(file, { ...options, host: hostWith(bob.identity), audit })).rejects.toThrow()
  expect(told).toEqual([])
})
