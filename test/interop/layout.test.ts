// TSOPS_LAYOUT=sops: what we encrypt and decrypt has the bytes that sops prints, but for what is new each time.
import { expect, test } from 'vitest'
import { decrypt, encrypt } from '../../src/index.ts'
import { corpus } from '../corpus/corpus.ts'
import { ageRule, hostWith } from '../ours.ts'
import { alice } from '../test-keys.ts'
import { bytesOf, sopsDecrypt, sopsEncrypt, tsops } from './sops.ts'

const host = hostWith(alice.identity)
const layout = {}

/** Where the bytes differ, on purpose. */
const different = new Map<string, string>()

const files = corpus().filter(({ name }) => !different.has(name))

test.concurrent.for(files)('$name', async ({ format, bytes }, { expect }) => {
  const theirs = await bytesOf(sopsEncrypt(format, bytes))
  const ours = Buffer.from(await encrypt(bytes, ageRule(), { format, layout, host, allowUnencrypted: true }))
  expect(masked(ours)).toBe(masked(theirs))
  const plain = await sopsDecrypt(format, theirs)
  if (plain.status !== 0) return
  const opened = Buffer.from(await decrypt(theirs, { format, layout, host }))
  expect(opened.toString('latin1')).toBe(plain.stdout.toString('latin1'))
})

test('the variable stands for that', async () => {
  const stdin = Buffer.from('a:   1 # one')
  const args = ['--input-type', 'yaml', '--output-type', 'yaml']
  const encrypted = await bytesOf(
    tsops(['encrypt', '--age', alice.recipient, '--filename-override', 'x.yaml'], { stdin }),
  )
  const print = async (TSOPS_LAYOUT: string): Promise<string> =>
    (await bytesOf(tsops(['decrypt', ...args], { stdin: encrypted, env: { TSOPS_LAYOUT } }))).toString()
  expect(await print('keep')).toBe(stdin.toString())
  expect(await print('sops')).toBe((await bytesOf(sopsDecrypt('yaml', encrypted))).toString())
  const { status, stdout, stderr } = await tsops(['decrypt', ...args], { stdin: encrypted, env: { TSOPS_LAYOUT: 'x' } })
  expect([status, stdout.length, stderr]).toEqual([1, 0, 'TSOPS_LAYOUT is "x": it must be keep or sops\n'])
})

// Ciphertexts, encrypted data keys, the time.
function masked(file: Uint8Array): string {
  return Buffer.from(file)
    .toString('latin1')
    .replaceAll(/ENC\[AES256_GCM,[^\]]*type:(\w+)\]/g, 'ENC[$1]')
    .replaceAll(/-----BEGIN AGE[^]*?END AGE ENCRYPTED FILE-----/g, 'AGE')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'TIME')
}
