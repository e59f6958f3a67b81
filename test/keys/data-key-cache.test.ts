import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { DataKeyCache } from '../../src/keys/data-key-cache.ts'

const key = { type: 'age', id: 'age1x', enc: 'wrapped' }
const owner = {}
let opened = 0
const open = (): Promise<Uint8Array> => Promise.resolve(new Uint8Array(32).fill(++opened))

beforeEach(() => {
  opened = 0
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('a data key is opened again when its time is over', async () => {
  const cache = new DataKeyCache({ seconds: 60 })
  await cache.get(owner, key, open)
  vi.advanceTimersByTime(59_000)
  expect((await cache.get(owner, key, open))[0]).toBe(1)
  vi.advanceTimersByTime(1_000)
  expect((await cache.get(owner, key, open))[0]).toBe(2)
})

test('without a time it stays until it is cleared', async () => {
  const cache = new DataKeyCache()
  await cache.get(owner, key, open)
  vi.advanceTimersByTime(1e9)
  expect((await cache.get(owner, key, open))[0]).toBe(1)
  cache.clear()
  expect((await cache.get(owner, key, open))[0]).toBe(2)
})

test('wiping the cache does not reach a key that somebody has', async () => {
  const cache = new DataKeyCache({ seconds: 1 })
  const mine = await cache.get(owner, key, open)
  vi.advanceTimersByTime(2_000)
  expect(mine[0]).toBe(1)
})

test('callers at the same time share one opening, and a failure is not kept', async () => {
  const cache = new DataKeyCache()
  await Promise.all([cache.get(owner, key, open), cache.get(owner, key, open)])
  expect(opened).toBe(1)
  const other = { ...key, enc: 'other' }
  await expect(cache.get(owner, other, () => Promise.reject(new Error('offline')))).rejects.toThrow('offline')
  expect((await cache.get(owner, other, open))[0]).toBe(2)
})

test('keys that differ in more than their id are two', async () => {
  const cache = new DataKeyCache()
  const one = { ...key, context: [['a', 'b,c:d']] }
  const two = {
    ...key,
    context: [
      ['a', 'b'],
      ['c', 'd'],
    ],
  }
  expect((await cache.get(owner, one, open))[0]).toBe(1)
  expect((await cache.get(owner, two, open))[0]).toBe(2)
})

test('wiping the cache while a key is handed out gives nobody a key of zeros', async () => {
  for (let turns = 0; turns < 4; turns++) {
    const cache = new DataKeyCache()
    await cache.get(owner, key, open)
    const handingOut = cache.get(owner, key, open)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    cache.clear()
    expect((await handingOut)[0]).not.toBe(0)
  }
})
