import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SopsError } from '../../src/errors.ts'
import { decrypt, update } from '../../src/index.ts'
import { liftInlineComments } from '../interop/comparison.ts'
import { hostWith } from '../ours.ts'
import * as testKeys from '../test-keys.ts'
import type { KeyName, Manifest } from './manifest.ts'

const folder = 'test/vectors/files'
const { good, bad } = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Manifest

const identitiesOf = (keys: readonly KeyName[]): readonly string[] => keys.map((name) => testKeys[name].identity)

describe('files that sops wrote open', () => {
  test.for(good)('$name', async ({ format, outputFormat = format, file, plain, keys, ignoreMac = false }) => {
    const host = hostWith(...identitiesOf(keys))
    const opened = await decrypt(readFileSync(join(folder, file)), { format, outputFormat, host, ignoreMac })
    const ours = Buffer.from(opened)
    const theirs = readFileSync(join(folder, plain))
    // sops moves a comment from behind a value to above it; we leave it where it is.
    if (outputFormat === 'yaml') expect(liftInlineComments(ours.toString())).toBe(liftInlineComments(theirs.toString()))
    else expect(ours.toString('latin1')).toBe(theirs.toString('latin1'))
  })

  const unchanged = good.filter(({ outputFormat }) => outputFormat === undefined)
  test.for(unchanged)(
    '$name stays as it is when nothing changes',
    async ({ format, file, keys, ignoreMac = false }) => {
      const host = hostWith(...identitiesOf(keys))
      const encrypted = readFileSync(join(folder, file))
      const plain = await decrypt(encrypted, { format, host, ignoreMac })
      const updated = await update(encrypted, plain, { format, host, ignoreMac })
      expect(Buffer.from(updated).equals(encrypted)).toBe(true)
    },
  )
})

describe('files that somebody changed do not', () => {
  test.for(bad)('$name: $code', async ({ format, file, keys, code }) => {
    const host = hostWith(...identitiesOf(keys))
    const error: unknown = await decrypt(readFileSync(join(folder, file)), { format, host }).catch(
      (caught: unknown) => caught,
    )
    expect(error).toBeInstanceOf(SopsError)
    expect((error as SopsError).code).toBe(code)
    expect(String(error)).not.toContain('canary')
  })
})
