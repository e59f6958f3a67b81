import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decryptAs, encryptAs, updateAs } from '../ours.ts'
import { yamlComments, yamlValues } from './comparison.ts'
import { dotenvFile, iniFile, jsonFile, yamlFile } from './random-documents.ts'
import { bytesOf, sopsDecrypt, sopsEncrypt } from './sops.ts'

const slow = process.env.SLOW === '1' ? 10 : 1
const seed = Number(process.env.SEED ?? 20)

const kinds = [
  { format: 'yaml', file: yamlFile, runs: 300 },
  { format: 'json', file: jsonFile, runs: 120 },
  { format: 'dotenv', file: dotenvFile, runs: 50 },
  { format: 'ini', file: iniFile, runs: 50 },
]

describe.for(kinds)('random $format files', ({ format, file, runs }) => {
  const parameters = {
    numRuns: runs * slow,
    seed,
    interruptAfterTimeLimit: 8 * 60_000,
    markInterruptAsFailure: false,
    includeErrorInReport: true,
  }

  test('decrypt undoes encrypt, and sops agrees', async () => {
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const plain = Buffer.from(text)
        const byThem = await sopsEncrypt(format, plain)
        fc.pre(byThem.status === 0)
        const encrypted = await encryptAs(format, plain)
        expect(Buffer.from(await decryptAs(format, encrypted)).toString()).toBe(text)
        await expectSameInSops(format, text, encrypted, byThem.stdout)
      }),
      parameters,
    )
  })

  test('update keeps the ciphertext of unchanged values', async () => {
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const encrypted = await encryptAs(format, Buffer.from(text)).catch(() => undefined)
        fc.pre(encrypted !== undefined)
        const changed = text.replace('before', 'after')
        const updated = Buffer.from(await updateAs(format, encrypted, Buffer.from(changed)))
        expect(Buffer.from(await decryptAs(format, updated)).toString()).toBe(changed)
        const old = new Set(ciphertexts(encrypted))
        const fresh = ciphertexts(updated).filter((ciphertext) => !old.has(ciphertext))
        // The value itself, the MAC and the record of the layout.
        expect(fresh.length).toBeLessThanOrEqual(3)
        expect(Buffer.from(await updateAs(format, encrypted, Buffer.from(text))).equals(encrypted)).toBe(true)
      }),
      parameters,
    )
  })
})

async function expectSameInSops(format: string, text: string, ours: Uint8Array, theirs: Buffer): Promise<void> {
  const [opened, reference] = await Promise.all([
    sopsDecrypt(format, ours),
    // sops cannot print some of what it encrypts (an INI comment without text): then there is nothing to hold it against.
    bytesOf(sopsDecrypt(format, theirs)).catch(() => undefined),
  ])
  fc.pre(reference !== undefined)
  expect(opened.stderr).toBe('')
  expect(opened.status).toBe(0)
  expect(opened.stdout.toString()).not.toContain('ENC[AES256_GCM')
  if (format !== 'yaml') {
    expect(opened.stdout.toString()).toBe(reference.toString())
    return
  }
  expect(yamlValues(opened.stdout.toString())).toBe(yamlValues(reference.toString()))
  const found = yamlComments(opened.stdout.toString())
  expect(found).toEqual(expect.arrayContaining([...(await printedComments(text))]))
  const written = new Set(yamlComments(text))
  expect(found.filter((comment) => !written.has(comment))).toEqual([])
}

// What sops prints of the comments when nothing is encrypted: where two claim one place, it prints one; some strings it cannot print at all.
async function printedComments(text: string): Promise<readonly string[]> {
  const nothing = ['--encrypted-suffix', 'no_key_ends_like_this']
  const { stdout } = await sopsEncrypt('yaml', Buffer.from(text), nothing)
  return yamlComments(stdout.toString())
}

function ciphertexts(bytes: Uint8Array): readonly string[] {
  return (
    Buffer.from(bytes)
      .toString('latin1')
      .match(/ENC\[AES256_GCM,[^\]]*\]/g) ?? []
  )
}
