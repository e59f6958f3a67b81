import { expect, test } from 'vitest'
import type { Credentials } from '../../../src/keys/kms/failure.ts'
import { keptCredentials } from '../../../src/keys/kms/kept-credentials.ts'

const inMinutes = (minutes: number): { readonly expiration: Date } => ({
  expiration: new Date(Date.now() + minutes * 60_000),
})

/** Credentials that are numbered, with these expirations. */
function source(...expirations: readonly ({ readonly expiration?: Date } | Error)[]): () => Promise<Credentials> {
  let asked = 0
  return async () => {
    const given = expirations[asked++] ?? {}
    await new Promise(setImmediate)
    if (given instanceof Error) throw given
    return { accessKeyId: String(asked), secretAccessKey: 'fake', ...given }
  }
}

async function ids(from: () => Promise<Credentials>, times: number): Promise<readonly string[]> {
  const all = await Promise.all(Array.from({ length: times }, from))
  return all.map(({ accessKeyId }) => accessKeyId)
}

test('many ask once', async () => {
  const kept = keptCredentials(source(inMinutes(60)))
  expect(await ids(kept, 3)).toEqual(['1', '1', '1'])
  expect(await ids(kept, 3)).toEqual(['1', '1', '1'])
  expect(await ids(keptCredentials(source({})), 2)).toEqual(['1', '1'])
})

test('what expires within five minutes is asked for again, once for all', async () => {
  const kept = keptCredentials(source(inMinutes(4), inMinutes(60)))
  await kept()
  expect(await ids(kept, 3)).toEqual(['2', '2', '2'])
  expect(await ids(kept, 3)).toEqual(['2', '2', '2'])
})

test('a failure is not kept', async () => {
  const kept = keptCredentials(source(new Error('no'), {}))
  await expect(kept()).rejects.toThrow('no')
  expect((await kept()).accessKeyId).toBe('2')
})
