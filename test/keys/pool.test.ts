import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { poolOf } from '../../src/keys/pool.ts'

test('no more than its size runs at a time, and a failure makes room too', async () => {
  const inPool = poolOf(3)
  let running = 0
  let most = 0
  const work = (index: number) => async (): Promise<number> => {
    most = Math.max(most, ++running)
    await setImmediate()
    running--
    if (index % 5 === 0) throw new Error('no')
    return index
  }
  const results = await Promise.allSettled(Array.from({ length: 50 }, (_, index) => inPool(work(index))))
  expect(most).toBe(3)
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(40)
  expect(await inPool(work(1))).toBe(1)
})
