// What every key backend must keep to, whatever its kind.
import { describe, expect, test } from 'vitest'
import { ConfigError, KeyBackendError, SopsError } from '../../src/errors.ts'
import type { Host } from '../../src/host.ts'
import type { KeyBackend, MasterKey } from '../../src/keys/types.ts'

export interface BackendFixture {
  /** Texts of a flag, each for one key; at least two different ones. */
  readonly specs: readonly [string, string, ...string[]]
  readonly badSpecs: readonly string[]
  /** An entry of a key group in a creation rule, for the first spec's key. */
  readonly groupEntry: unknown
  /** A host that holds what it takes to use all keys. */
  readonly host: () => Host
  /** A host that holds nothing. */
  readonly emptyHost: () => Host
  /** Texts that no error may show. */
  readonly secrets: readonly string[]
}

/** `skip` names what a backend cannot do, with the reason. */
export function testKeyBackend<K extends MasterKey>(backend: KeyBackend<K>, fixture: BackendFixture): void {
  const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index)
  const [first, second] = fixture.specs.map((spec) => backend.parse(spec)[0]!)

  describe(`${backend.type}: the contract of key backends`, () => {
    test('names are spelled as sops spells them', () => {
      expect(backend.names.flag).toMatch(/^[a-z-]+$/)
      expect(backend.names.env).toMatch(/^SOPS_[A-Z_]+$/)
      expect(backend.names.rule).toMatch(/^[a-z_]+$/)
      expect(backend.type).toMatch(/^[a-z_]+$/)
    })

    test('nothing gives no keys', () => {
      expect(backend.parse('')).toEqual([])
    })

    test('a list gives one key each, in its order', () => {
      const keys = backend.parse(fixture.specs.join(','))
      expect(keys.map(({ id }) => id)).toEqual(fixture.specs.map((spec) => backend.parse(spec)[0]?.id))
      for (const key of keys) expect(key).toMatchObject({ type: backend.type, enc: '' })
    })

    test('different keys have different ids', () => {
      expect(first!.id).not.toBe(second!.id)
    })

    test('an entry of a key group gives the same key', () => {
      expect(backend.parseGroupEntry(fixture.groupEntry)).toEqual([first])
    })

    test.each(fixture.badSpecs.map((spec) => [spec]))('%j is refused', (spec) => {
      expect(() => backend.parse(spec)).toThrow(ConfigError)
    })

    test('metadata keeps the key', () => {
      const key = { ...first!, enc: 'wrapped\n' }
      const entry = backend.toMetadata(key)
      expect(entry.enc).toBe('wrapped\n')
      expect(backend.fromMetadata(entry)).toEqual(key)
    })

    test('broken metadata is told of', () => {
      const broken = Object.fromEntries(Object.keys(backend.toMetadata(first!)).map((name) => [name, { a: 'map' }]))
      expect(() => backend.fromMetadata(broken)).toThrow(
        expect.objectContaining({ code: 'ERR_SOPS_METADATA_INVALID' }) as Error,
      )
    })

    test('decryption undoes encryption, for a data key and for a share', async () => {
      for (const part of [dataKey, Uint8Array.of(...dataKey, 7)]) {
        const wrapped = await backend.encryptDataKey(first!, part, fixture.host())
        expect({ ...wrapped, enc: '' }).toEqual(first)
        expect(wrapped.enc).not.toBe('')
        expect(new Uint8Array((await backend.decryptDataKey(wrapped, fixture.host())) ?? [])).toEqual(part)
      }
    })

    test('a host without credentials says so', async () => {
      const wrapped = await backend.encryptDataKey(first!, dataKey, fixture.host())
      const answer = await backend.decryptDataKey(wrapped, fixture.emptyHost()).catch((error: unknown) => error)
      if (answer !== null) expect(answer).toMatchObject({ code: 'ERR_SOPS_KEY_BACKEND', reason: 'no-credential' })
    })

    test.each(['', 'nonsense', '\0', '-----BEGIN'])('an enc of %j is refused', async (enc) => {
      await expect(backend.decryptDataKey({ ...first!, enc }, fixture.host())).rejects.toBeInstanceOf(KeyBackendError)
    })

    test('the enc of another key is refused', async () => {
      const wrapped = await backend.encryptDataKey(first!, dataKey, fixture.host())
      const damaged = { ...wrapped, enc: swapMiddle(wrapped.enc) }
      await expect(backend.decryptDataKey(damaged, fixture.host())).rejects.toBeInstanceOf(KeyBackendError)
    })

    test('no error shows a secret', async () => {
      const wrapped = await backend.encryptDataKey(first!, dataKey, fixture.host())
      const failures = await Promise.all([
        backend.decryptDataKey(wrapped, fixture.emptyHost()).catch((error: unknown) => error),
        backend
          .decryptDataKey({ ...wrapped, enc: swapMiddle(wrapped.enc) }, fixture.host())
          .catch((error: unknown) => error),
      ])
      for (const failure of failures) {
        if (!(failure instanceof SopsError)) continue
        for (const secret of fixture.secrets) expect(`${failure.message}\n${failure.hint ?? ''}`).not.toContain(secret)
      }
    })
  })
}

// Still of the right shape, but with other bytes in its middle.
function swapMiddle(enc: string): string {
  const middle = Math.floor(enc.length / 2)
  const flipped = enc[middle] === 'A' ? 'B' : 'A'
  return `${enc.slice(0, middle)}${flipped}${enc.slice(middle + 1)}`
}
